use blob::{Algorithm, Digest};

use crate::server::Server;

#[test]
fn whole_parts_and_heads() {
    let server = Server::start();
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let digest = server.push_blob("a/b", &content);
    let path = format!("/v2/a/b/blobs/{digest}");
    let whole = server.get(&path).expect(200);
    assert_eq!(whole.body, content);
    assert_eq!(whole.header("docker-content-digest"), Some(digest.to_string().as_str()));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    let head = server.send("HEAD", &path, &[], b"").expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("3000000"), 0));

    for (range, first, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=2999990-", 2_999_990, 3_000_000),
        ("bytes=-5", 2_999_995, 3_000_000),
        ("bytes=1-9999999", 1, 3_000_000),
    ] {
        let part = server.send("GET", &path, &[("Range", range)], b"").expect(206);
        assert_eq!(part.body, &content[first..end], "{range}");
        let said = format!("bytes {first}-{}/3000000", end - 1);
        assert_eq!(part.header("content-range"), Some(said.as_str()));
    }
    let beyond = server.send("GET", &path, &[("Range", "bytes=3000000-")], b"").expect(416);
    assert_eq!(beyond.header("content-range"), Some("bytes */3000000"));
    assert_eq!(server.send("GET", &path, &[("Range", "bytes=500-0")], b"").expect(200).body.len(), content.len());

    let etag = whole.header("etag").unwrap();
    let known = server.send("GET", &path, &[("If-None-Match", etag)], b"").expect(304);
    assert!(known.body.is_empty());
}

/// What stands for a file in the server's memory must never reach a client, however requests follow each other.
#[test]
fn many_requests_on_one_connection() {
    use std::io::{Read as _, Write as _};

    let server = Server::start();
    let contents: Vec<Vec<u8>> = [1, 65_537, 1 << 20, (2 << 20) + 3].iter().map(|size| vec![b'x'; *size]).collect();
    let digests: Vec<Digest> = contents.iter().map(|content| server.push_blob("a", content)).collect();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let mut requests = String::new();
    for digest in digests.iter().chain(digests.iter().rev()) {
        requests +=
            &format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    requests += "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(requests.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(!answer.contains(&0));
    let sent = answer.iter().filter(|byte| **byte == b'x').count();
    assert!(sent >= 2 * contents.iter().map(Vec::len).sum::<usize>());
    assert!(answer.ends_with(b"ok\n"));
}

/// Connections that a thread sends by, and that go back to the runtime when the client does not keep up: more of both than
/// there are threads.
#[test]
fn large_blobs_for_clients_of_every_kind() {
    use std::io::{Read as _, Write as _};

    let mut server = Server::start();
    // More than sockets hold.
    let content: Vec<u8> = (0..24_000_000_u32).map(|number| (number % 241 + 1) as u8).collect();
    let digest = server.push_blob("a", &content);
    let request = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\n\r\n");
    let last = format!("GET /v2/a/blobs/{digest} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let open = |requests: &str| {
        let mut stream = std::net::TcpStream::connect(server.address).unwrap();
        stream.write_all(requests.as_bytes()).unwrap();
        stream
    };
    // They ask and leave, some of them in the middle.
    for taken in 0..40 {
        let mut stream = open(&request);
        stream.read_exact(&mut vec![0; taken * 1000]).unwrap();
    }
    // They ask, and read nothing until everybody else is served.
    let waiting: Vec<_> = (0..40).map(|_| open(&last)).collect();
    let mut busy = open(&format!("{request}{last}"));
    let mut answer = Vec::new();
    busy.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&content));
    let first = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(answer[first..].starts_with(&content));
    let answers: Vec<_> = waiting
        .into_iter()
        .map(|mut stream| {
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer.ends_with(&content)
        })
        .collect();
    assert!(answers.iter().all(|whole| *whole), "{answers:?}");
    let part = server.send("GET", &format!("/v2/a/blobs/{digest}"), &[("Range", "bytes=5-9000000")], b"").expect(206);
    assert!(part.body == content[5..=9_000_000]);
    server.ask_to_stop()(&server);
}

#[test]
fn both_algorithms_and_nothing() {
    let server = Server::start();
    for content in [&b""[..], b"some"] {
        for algorithm in Algorithm::ALL {
            let digest = Digest::with(algorithm, content);
            let start = format!("/v2/a/blobs/uploads/?digest-algorithm={}", algorithm.name());
            let location = server.send("POST", &start, &[], b"").expect(202).location();
            let done = server.send("PUT", &format!("{location}?digest={digest}"), &[], content).expect(201);
            assert_eq!(done.header("docker-content-digest"), Some(digest.to_string().as_str()));
            assert_eq!(server.get(&done.location()).expect(200).body, content);
        }
    }
    server.send("POST", "/v2/a/blobs/uploads/?digest-algorithm=md5", &[], b"").refused(400, "DIGEST_INVALID");
}

#[test]
fn mounts() {
    let server = Server::start();
    let digest = server.push_blob("from/here", b"mounted");
    let to = |name: &str, query: &str| {
        server.send("POST", &format!("/v2/{name}/blobs/uploads/?mount={digest}{query}"), &[], b"")
    };
    let mounted = to("to/there", "&from=from/here").expect(201);
    assert_eq!(server.get(&mounted.location()).expect(200).body, b"mounted");
    // Nobody says where from.
    let mounted = to("to/where", "").expect(201);
    assert_eq!(mounted.location(), format!("/v2/to/where/blobs/{digest}"));
    // The other repository has no such blob: an upload begins.
    let begun = to("to/nowhere", "&from=not/there").expect(202);
    server.get(&format!("/v2/to/nowhere/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
    let location = begun.location();
    server.send("PUT", &format!("{location}?digest={digest}"), &[], b"mounted").expect(201);
    // One file for all of them.
    assert_eq!(server.registry.blobs().iter().unwrap().count(), 1);
}

#[test]
fn a_repository_shows_its_own_blobs_only() {
    let server = Server::start();
    let digest = server.push_blob("mine", b"private");
    server.get(&format!("/v2/yours/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
    let manifest = crate::server::manifest_of("private");
    server.push_blob("yours", b"{}");
    server.put_manifest("yours", "latest", crate::server::MANIFEST, &manifest).refused(404, "MANIFEST_BLOB_UNKNOWN");
}

#[test]
fn deletes() {
    let server = Server::start();
    let digest = server.push_blob("a", b"gone");
    server.push_blob("b", b"gone");
    let path = format!("/v2/a/blobs/{digest}");
    server.send("DELETE", &path, &[], b"").expect(202);
    server.get(&path).refused(404, "BLOB_UNKNOWN");
    server.send("DELETE", &path, &[], b"").refused(404, "BLOB_UNKNOWN");
    server.get(&format!("/v2/b/blobs/{digest}")).expect(200);
}

#[test]
fn siblings_lend_what_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let images = blob::Store::open(dir.path().join("images")).unwrap();
    let digest = images.put(b"built here").unwrap();
    let server = Server::with(|config| config.siblings.push(images.clone()));
    let path = format!("/v2/a/blobs/{digest}");
    assert_eq!(server.send("HEAD", &path, &[], b"").expect(200).header("content-length"), Some("10"));
    assert!(images.delete(&digest).unwrap());
    assert_eq!(server.get(&path).expect(200).body, b"built here");
}
