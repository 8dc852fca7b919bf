use std::path::Path;
use std::time::{Duration, SystemTime};

use blob::Digest;
use registry::{Collected, Collection};
use serde_json::json;

use crate::server::{INDEX, MANIFEST, Server, descriptor};

const HOUR: Duration = Duration::from_secs(3600);

/// Makes everything that was stored so far two days old.
fn age(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            age(&entry.path());
        } else {
            let file = std::fs::File::options().write(true).open(entry.path()).unwrap();
            file.set_modified(SystemTime::now() - 48 * HOUR).unwrap();
        }
    }
}

fn server(untagged: Option<Duration>) -> Server {
    Server::with(|config| config.collection = Collection { every: None, untagged, ..Collection::default() })
}

#[test]
fn only_what_nobody_refers_to() {
    let server = server(None);
    server.push_image("a", "kept", "layer");
    let (untagged, _) = server.push_image("a", "moved", "untagged");
    server.push_image("a", "moved", "newer");
    let loose = server.push_blob("a", b"loose");
    server.push_blob("b", b"layer");
    let (deleted, _) = server.push_image("b", "deleted", "deleted");
    server.send("DELETE", &format!("/v2/b/manifests/{deleted}"), &[], b"").expect(202);
    server.send("POST", "/v2/a/blobs/uploads/", &[], b"").expect(202);
    age(&server.dir().join("registry"));
    let fresh = server.push_blob("a", b"fresh");
    let asked = Digest::of(b"deleted");
    server.send("HEAD", &format!("/v2/b/blobs/{asked}"), &[], b"").expect(200);

    // The manifest of the deleted image and the loose blob.
    let collected = server.registry.collect().unwrap();
    assert_eq!((collected.manifests, collected.blobs), (0, 2));
    server.get(&format!("/v2/a/blobs/{loose}")).refused(404, "BLOB_UNKNOWN");
    for path in [
        "/v2/a/manifests/kept".to_owned(),
        format!("/v2/a/manifests/{untagged}"),
        format!("/v2/a/blobs/{}", Digest::of(b"untagged")),
        format!("/v2/a/blobs/{fresh}"),
        format!("/v2/b/blobs/{asked}"),
    ] {
        server.get(&path).expect(200);
    }
    // A link that nothing needs goes; the blob stays for the other repository.
    server.get(&format!("/v2/b/blobs/{}", Digest::of(b"layer"))).refused(404, "BLOB_UNKNOWN");
    server.get(&format!("/v2/a/blobs/{}", Digest::of(b"layer"))).expect(200);
    assert_eq!(server.registry.collect().unwrap(), Collected::default());
}

#[test]
fn untagged_manifests_where_that_is_wanted() {
    let server = server(Some(24 * HOUR));
    let (image, size) = server.push_image("a", "image", "in the index");
    let child = json!({ "mediaType": MANIFEST, "digest": image, "size": size });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [child] });
    server.put_manifest("a", "index", INDEX, &index).expect(201);
    server.send("DELETE", "/v2/a/manifests/image", &[], b"").expect(202);
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let subject = descriptor(INDEX, index.to_string().as_bytes());
    let signature =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": empty, "layers": [], "subject": subject });
    let signature_digest = Digest::of(signature.to_string().as_bytes());
    server.put_manifest("a", &signature_digest.to_string(), MANIFEST, &signature).expect(201);
    let (old, _) = server.push_image("a", "moved", "old");
    server.push_image("a", "moved", "new");
    age(&server.dir().join("registry"));
    let (young, _) = server.push_image("a", "moved", "young");
    server.push_image("a", "moved", "youngest");

    assert_eq!(server.registry.collect().unwrap().manifests, 2);
    server.get(&format!("/v2/a/manifests/{old}")).refused(404, "MANIFEST_UNKNOWN");
    for kept in [image, signature_digest, young] {
        server.get(&format!("/v2/a/manifests/{kept}")).expect(200);
    }
    server.get(&format!("/v2/a/blobs/{}", Digest::of(b"in the index"))).expect(200);
    server.get(&format!("/v2/a/blobs/{}", Digest::of(b"old"))).refused(404, "BLOB_UNKNOWN");
}

#[test]
fn forgotten_uploads() {
    let server = server(None);
    // Made by a process that is gone: nobody holds it.
    drop(server.registry.blobs().upload("forgotten").unwrap());
    age(&server.dir().join("registry"));
    assert_eq!(server.registry.collect().unwrap().uploads, 1);
}

/// Images are pushed and pulled while collections run without any grace: nothing acknowledged is ever missing.
#[test]
fn collections_beside_pushes() {
    let server = Server::with(|config| {
        config.collection = Collection { every: None, grace: Duration::ZERO, untagged: None, uploads: HOUR };
    });
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                server.registry.collect().unwrap();
            }
        });
        for round in 0..40 {
            let layer = format!("layer {}", round % 5);
            let manifest = crate::server::manifest_of(&layer);
            // With no grace at all a blob may go before its manifest comes; a client pushes it again then.
            loop {
                server.push_blob("a", b"{}");
                server.push_blob("a", layer.as_bytes());
                let answer = server.put_manifest("a", "tag", MANIFEST, &manifest);
                if answer.status == 201 {
                    break;
                }
                answer.refused(404, "MANIFEST_BLOB_UNKNOWN");
            }
            // Once it is acknowledged, all of it is there.
            let pulled = server.get("/v2/a/manifests/tag").expect(200).json();
            for blob in [&pulled["config"], &pulled["layers"][0]] {
                server.get(&format!("/v2/a/blobs/{}", blob["digest"].as_str().unwrap())).expect(200);
            }
            let digest = Digest::of(manifest.to_string().as_bytes());
            server.send("DELETE", &format!("/v2/a/manifests/{digest}"), &[], b"").expect(202);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        collector.join().unwrap();
    });
}
