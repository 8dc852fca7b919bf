use blob::{Algorithm, Digest};
use serde_json::json;

use crate::server::{INDEX, MANIFEST, Server, descriptor, manifest_of};

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

#[test]
fn by_tag_and_by_digest() {
    let server = Server::start();
    let bytes = format!("  {}\n", server.image("a/b", "layer"));
    let pushed = server.put_bytes("a/b", "v1", MANIFEST, bytes.as_bytes()).expect(201);
    let digest = Digest::of(bytes.as_bytes());
    assert_eq!(pushed.location(), format!("/v2/a/b/manifests/{digest}"));
    for target in ["v1".to_owned(), digest.to_string()] {
        let path = format!("/v2/a/b/manifests/{target}");
        let got = server.get(&path).expect(200);
        assert_eq!(got.body, bytes.as_bytes(), "to the byte");
        assert_eq!(got.header("content-type"), Some(MANIFEST));
        assert_eq!(got.header("docker-content-digest"), Some(digest.to_string().as_str()));
        let head = server.send("HEAD", &path, &[], b"").expect(200);
        assert_eq!((head.header("content-length"), head.body.len()), (Some(bytes.len().to_string().as_str()), 0));
        let known = server.send("GET", &path, &[("If-None-Match", got.header("etag").unwrap())], b"");
        known.expect(304);
    }
    // The tag moves on; the manifest stays.
    let (other, _) = server.push_image("a/b", "v1", "other");
    assert_eq!(server.get("/v2/a/b/manifests/v1").header("docker-content-digest"), Some(other.to_string().as_str()));
    server.get(&format!("/v2/a/b/manifests/{digest}")).expect(200);
    server.get("/v2/a/b/manifests/v2").refused(404, "MANIFEST_UNKNOWN");
    server.get("/v2/c/manifests/v1").refused(404, "MANIFEST_UNKNOWN");
}

#[test]
fn tags_with_a_digest() {
    let server = Server::start();
    for algorithm in Algorithm::ALL {
        let bytes = server.image("a", "layer").to_string();
        let digest = Digest::with(algorithm, bytes.as_bytes());
        let target = format!("{digest}?tag=one&tag=two");
        let pushed = server.put_bytes("a", &target, MANIFEST, bytes.as_bytes()).expect(201);
        assert_eq!(pushed.all("oci-tag"), ["one", "two"]);
        assert_eq!(
            server.get("/v2/a/manifests/two").header("docker-content-digest"),
            Some(digest.to_string().as_str())
        );
    }
    let wrong = Digest::of(b"x");
    let bytes = manifest_of("layer").to_string();
    server.put_bytes("a", &wrong.to_string(), MANIFEST, bytes.as_bytes()).refused(400, "DIGEST_INVALID");
    server
        .put_bytes("a", &format!("{}?tag=.x", Digest::of(bytes.as_bytes())), MANIFEST, bytes.as_bytes())
        .refused(400, "MANIFEST_INVALID");
}

#[test]
fn every_kind() {
    let server = Server::start();
    let image = server.image("a", "layer");
    let (digest, size) = server.push_image("a", "image", "layer");
    let child = json!({ "mediaType": MANIFEST, "digest": digest, "size": size, "platform": { "os": "linux", "architecture": "amd64" } });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child] });
    server.put_manifest("a", "index", INDEX, &index).expect(201);
    let nested = descriptor(INDEX, index.to_string().as_bytes());
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar";
    for (tag, media_type, manifest) in [
        ("nested", INDEX, json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [nested] })),
        ("empty-index", INDEX, json!({ "schemaVersion": 2, "manifests": [] })),
        ("no-layers", MANIFEST, json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [] })),
        (
            "artifact",
            MANIFEST,
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x", "config": empty, "layers": [empty] }),
        ),
        (
            "foreign",
            MANIFEST,
            json!({ "schemaVersion": 2, "config": empty, "layers": [descriptor(foreign, b"elsewhere")] }),
        ),
        (
            "custom",
            MANIFEST,
            json!({ "schemaVersion": 2, "config": empty, "layers": [], "org.example": { "x": [1, null] } }),
        ),
        (
            "data",
            MANIFEST,
            json!({ "schemaVersion": 2, "config": { "mediaType": "application/x", "digest": Digest::of(b"{}"), "size": 2, "data": "e30=" }, "layers": [] }),
        ),
        ("docker", DOCKER, {
            let mut image = image;
            image["mediaType"] = DOCKER.into();
            image
        }),
        ("docker-list", DOCKER_LIST, json!({ "schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": [child] })),
    ] {
        server.put_manifest("a", tag, media_type, &manifest).expect(201);
        let got = server.get(&format!("/v2/a/manifests/{tag}")).expect(200);
        assert_eq!((got.header("content-type"), got.json()), (Some(media_type), manifest), "{tag}");
    }
}

#[test]
fn what_is_refused() {
    let server = Server::with(|config| config.max_manifest = 5 << 20);
    let image = server.image("a", "layer");
    let put = |media_type: &str, manifest: &str| server.put_bytes("a", "x", media_type, manifest.as_bytes());
    put(MANIFEST, "").refused(400, "MANIFEST_INVALID");
    put(MANIFEST, "[]").refused(400, "MANIFEST_INVALID");
    put("text/plain", "{\"schemaVersion\":2}").refused(400, "MANIFEST_INVALID");
    put(INDEX, &image.to_string()).refused(400, "MANIFEST_INVALID");
    put(MANIFEST, &image.to_string().replace(":2,", ":1,")).refused(400, "MANIFEST_INVALID");
    put(MANIFEST, &image.to_string().replace("sha256:", "md5:")).refused(400, "MANIFEST_INVALID");
    // A size that its blob does not have.
    put(MANIFEST, &image.to_string().replace("\"size\":5", "\"size\":6")).refused(400, "MANIFEST_INVALID");
    let unknown = put(MANIFEST, &manifest_of("never pushed").to_string()).refused(404, "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(unknown.json()["errors"][0]["detail"]["digests"][0], Digest::of(b"never pushed").to_string());
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor(MANIFEST, b"never pushed")] });
    put(INDEX, &index.to_string()).refused(404, "MANIFEST_BLOB_UNKNOWN");
    // 4 MiB must be possible; what is too much is told before it is read.
    let mut large = image.clone();
    large["annotations"] = json!({ "x": "y".repeat(4 << 20) });
    put(MANIFEST, &large.to_string()).expect(201);
    large["annotations"] = json!({ "x": "y".repeat(6 << 20) });
    put(MANIFEST, &large.to_string()).refused(413, "MANIFEST_INVALID");
    // Nothing of the refused is there.
    assert_eq!(server.get("/v2/a/tags/list").json()["tags"], json!(["x"]));
}

#[test]
fn parameters_of_a_media_type_do_not_count() {
    let server = Server::start();
    let image = server.image("a", "layer").to_string();
    server.put_bytes("a", "x", &format!("{MANIFEST}; charset=utf-8"), image.as_bytes()).expect(201);
    assert_eq!(server.get("/v2/a/manifests/x").header("content-type"), Some(MANIFEST));
}

#[test]
fn clients_that_know_no_index_get_the_image() {
    let server = Server::start();
    let (digest, size) = server.push_image("a", "image", "layer");
    let child = json!({ "mediaType": MANIFEST, "digest": digest, "size": size, "platform": { "os": "linux", "architecture": "amd64" } });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child] });
    server.put_manifest("a", "index", INDEX, &index).expect(201);
    let accept = |accepted: &str| {
        let answer = server.send("GET", "/v2/a/manifests/index", &[("Accept", accepted)], b"").expect(200);
        answer.header("content-type").unwrap().to_owned()
    };
    assert_eq!(accept(MANIFEST), MANIFEST);
    assert_eq!(accept(&format!("{DOCKER}, {MANIFEST}")), MANIFEST);
    for accepted in [INDEX, "*/*", "application/json", &format!("{MANIFEST}, {INDEX}")] {
        assert_eq!(accept(accepted), INDEX, "{accepted}");
    }
}

#[test]
fn deletes() {
    let server = Server::start();
    let (digest, _) = server.push_image("a", "one", "layer");
    server.push_image("a", "two", "layer");
    server.push_image("a", "other", "other");
    let delete = |target: &str| server.send("DELETE", &format!("/v2/a/manifests/{target}"), &[], b"");
    delete("one").expect(202);
    delete("one").refused(404, "MANIFEST_UNKNOWN");
    server.get("/v2/a/manifests/one").refused(404, "MANIFEST_UNKNOWN");
    server.get(&format!("/v2/a/manifests/{digest}")).expect(200);
    delete(&digest.to_string()).expect(202);
    delete(&digest.to_string()).refused(404, "MANIFEST_UNKNOWN");
    server.get("/v2/a/manifests/two").refused(404, "MANIFEST_UNKNOWN");
    assert_eq!(server.get("/v2/a/tags/list").json()["tags"], json!(["other"]));
}

#[test]
fn incomplete_images_where_that_is_wanted() {
    let server = Server::with(|config| config.sparse = true);
    server.put_manifest("a", "x", MANIFEST, &manifest_of("never pushed")).expect(201);
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor(MANIFEST, b"never pushed")] });
    server.put_manifest("a", "y", INDEX, &index).expect(201);
}
