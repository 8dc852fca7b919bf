use blob::Digest;
use serde_json::{Value, json};

use crate::server::{INDEX, MANIFEST, Server, descriptor};

#[test]
fn tags_in_pages() {
    let server = Server::start();
    server.get("/v2/a/tags/list").refused(404, "NAME_UNKNOWN");
    for tag in ["b", "a", "B", "1.10", "1.9"] {
        server.push_image("a", tag, "layer");
    }
    let list = |query: &str| server.get(&format!("/v2/a/tags/list{query}")).expect(200);
    assert_eq!(list("").json(), json!({ "name": "a", "tags": ["1.10", "1.9", "B", "a", "b"] }));
    let page = list("?n=2");
    assert_eq!(page.json()["tags"], json!(["1.10", "1.9"]));
    let link = page.header("link").unwrap().to_owned();
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    assert!(link.ends_with("; rel=\"next\""), "{link}");
    assert_eq!(server.get(next).json()["tags"], json!(["B", "a"]));
    for (query, expected) in [
        ("?n=0", json!([])),
        ("?n=100", json!(["1.10", "1.9", "B", "a", "b"])),
        ("?last=a", json!(["b"])),
        ("?last=b&n=3", json!([])),
        ("?last=C&n=1", json!(["a"])),
        ("?n=5", json!(["1.10", "1.9", "B", "a", "b"])),
    ] {
        let page = list(query);
        assert_eq!(page.json()["tags"], expected, "{query}");
        assert_eq!(page.header("link").is_some(), query == "?last=C&n=1", "{query}");
    }
    server.get("/v2/a/tags/list?n=x").refused(400, "PAGINATION_NUMBER_INVALID");
}

#[test]
fn repositories_in_pages() {
    let server = Server::start();
    for name in ["b", "a/b/c", "a", "a/b"] {
        server.push_image(name, "x", "layer");
    }
    // Blobs alone make no repository.
    server.push_blob("z", b"blob");
    let all = server.get("/v2/_catalog").expect(200).json();
    assert_eq!(all, json!({ "repositories": ["a", "a/b", "a/b/c", "b"] }));
    let page = server.get("/v2/_catalog?n=2");
    assert_eq!(page.header("link"), Some("</v2/_catalog?n=2&last=a%2Fb>; rel=\"next\""));
    assert_eq!(server.get("/v2/_catalog?n=2&last=a%2Fb").json(), json!({ "repositories": ["a/b/c", "b"] }));
}

fn put(server: &Server, manifest: &Value) -> (Digest, crate::http::Answer) {
    let digest = Digest::of(manifest.to_string().as_bytes());
    let media_type = manifest["mediaType"].as_str().unwrap().to_owned();
    (digest, server.put_manifest("a", &digest.to_string(), &media_type, manifest).expect(201))
}

#[test]
fn referrers() {
    let server = Server::start();
    server.push_blob("a", b"{}");
    let subject = server.image("a", "layer");
    let subject_digest = Digest::of(subject.to_string().as_bytes());
    let list = |query: &str| {
        let answer = server.get(&format!("/v2/a/referrers/{subject_digest}{query}")).expect(200);
        assert_eq!(answer.header("content-type"), Some(INDEX));
        answer
    };
    assert_eq!(list("").json(), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
    let pointer = descriptor(MANIFEST, subject.to_string().as_bytes());
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    // Before the subject itself is there.
    let typed = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/sbom", "config": empty, "layers": [], "subject": pointer, "annotations": { "k": "v" } });
    let by_config = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor("application/sig", b"{}"), "layers": [], "subject": pointer });
    let untyped = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": pointer });
    let (typed_digest, answer) = put(&server, &typed);
    assert_eq!(answer.header("oci-subject"), Some(subject_digest.to_string().as_str()));
    put(&server, &subject);
    let (by_config_digest, _) = put(&server, &by_config);
    let (untyped_digest, _) = put(&server, &untyped);
    // Twice is once.
    put(&server, &typed);

    let manifests = list("").json()["manifests"].as_array().unwrap().clone();
    assert_eq!(manifests.len(), 3);
    let of = |digest: Digest| manifests.iter().find(|entry| entry["digest"] == digest.to_string()).unwrap().clone();
    assert_eq!(
        of(typed_digest),
        json!({ "mediaType": MANIFEST, "size": typed.to_string().len(), "digest": typed_digest, "artifactType": "application/sbom", "annotations": { "k": "v" } })
    );
    assert_eq!(of(by_config_digest)["artifactType"], "application/sig");
    assert_eq!(of(untyped_digest).get("artifactType"), None);

    let filtered = list("?artifactType=application/sbom");
    assert_eq!(filtered.header("oci-filters-applied"), Some("artifactType"));
    assert_eq!(filtered.json()["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(list("?artifactType=none/such").json()["manifests"], json!([]));

    server.send("DELETE", &format!("/v2/a/manifests/{typed_digest}"), &[], b"").expect(202);
    assert_eq!(list("").json()["manifests"].as_array().unwrap().len(), 2);
    // The subject may go: what refers to it stays.
    server.send("DELETE", &format!("/v2/a/manifests/{subject_digest}"), &[], b"").expect(202);
    assert_eq!(list("").json()["manifests"].as_array().unwrap().len(), 2);
    server.get("/v2/a/referrers/latest").refused(400, "DIGEST_INVALID");
}

#[test]
fn long_lists_of_referrers_come_in_pages() {
    let server = Server::start();
    server.push_blob("a", b"{}");
    let pointer = descriptor(MANIFEST, b"somewhere");
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    for number in 0..3 {
        let note = format!("{number}").repeat(1 << 20);
        put(
            &server,
            &json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [], "subject": pointer, "annotations": { "note": note } }),
        );
    }
    let mut path = format!("/v2/a/referrers/{}", Digest::of(b"somewhere"));
    let mut found = Vec::new();
    loop {
        let page = server.get(&path).expect(200);
        found.extend(page.json()["manifests"].as_array().unwrap().iter().map(|entry| entry["digest"].to_string()));
        let Some(link) = page.header("link") else { break };
        path = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 3);
}
