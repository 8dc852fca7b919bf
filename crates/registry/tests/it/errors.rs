use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use blob::Digest;

use crate::server::Server;

#[test]
fn the_base() {
    let server = Server::start();
    let base = server.get("/v2/").expect(200);
    assert_eq!(base.header("docker-distribution-api-version"), Some("registry/2.0"));
    server.get("/v2").expect(200);
    assert_eq!(server.get("/healthz").expect(200).body, b"ok\n");
    server.get("/").expect(404);
}

#[test]
fn wrong_names_methods_and_paths() {
    let server = Server::start();
    let long = "a/".repeat(140) + "a";
    for (method, path, status, code) in [
        ("GET", "/v2/UPPER/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("POST", "/v2/a..b/blobs/uploads/".to_owned(), 400, "NAME_INVALID"),
        ("GET", format!("/v2/{long}/tags/list"), 400, "NAME_INVALID"),
        ("GET", "/v2/%2e%2e/%2e%2e/tags/list".to_owned(), 400, "NAME_INVALID"),
        ("PUT", "/v2/a/manifests/-bad".to_owned(), 400, "MANIFEST_INVALID"),
        ("GET", "/v2/a/manifests/-bad".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/a/blobs/latest".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/a/something".to_owned(), 404, "UNSUPPORTED"),
        ("PUT", "/v2/a/tags/list".to_owned(), 405, "UNSUPPORTED"),
        ("POST", format!("/v2/a/blobs/{}", Digest::of(b"")), 405, "UNSUPPORTED"),
        ("BREW", "/v2/".to_owned(), 405, "UNSUPPORTED"),
    ] {
        server.send(method, &path, &[], b"").refused(status, code);
    }
}

#[test]
fn read_only() {
    let server = Server::start();
    let (digest, _) = server.push_image("a", "x", "layer");
    let frozen = Server::with(|config| {
        config.root = server.dir().join("registry");
        config.read_only = true;
    });
    frozen.get("/v2/a/manifests/x").expect(200);
    frozen.send("HEAD", &format!("/v2/a/blobs/{}", Digest::of(b"layer")), &[], b"").expect(200);
    frozen.send("POST", "/v2/a/blobs/uploads/", &[], b"").refused(405, "UNSUPPORTED");
    frozen.send("PUT", "/v2/a/manifests/y", &[], b"{}").refused(405, "UNSUPPORTED");
    frozen.send("DELETE", &format!("/v2/a/manifests/{digest}"), &[], b"").refused(405, "UNSUPPORTED");
}

#[test]
fn deletes_can_be_forbidden() {
    let server = Server::with(|config| config.deletes = false);
    server.push_image("a", "x", "layer");
    server.send("DELETE", "/v2/a/manifests/x", &[], b"").refused(405, "UNSUPPORTED");
    // Giving up an upload is no delete.
    let location = server.send("POST", "/v2/a/blobs/uploads/", &[], b"").expect(202).location();
    server.send("DELETE", &location, &[], b"").expect(204);
}

#[test]
fn figures() {
    let server = Server::start();
    let digest = server.push_blob("a", b"counted");
    server.get(&format!("/v2/a/blobs/{digest}"));
    server.get("/v2/a/manifests/none");
    let figures = String::from_utf8(server.get("/metrics").expect(200).body).unwrap();
    for line in [
        "trunkline_registry_requests_total{method=\"POST\",endpoint=\"upload\",status=\"201\"} 1",
        "trunkline_registry_requests_total{method=\"GET\",endpoint=\"manifest\",status=\"404\"} 1",
        "trunkline_registry_blob_sent_bytes_total 7",
        "trunkline_registry_blob_received_bytes_total 7",
        "trunkline_registry_response_seconds_count{endpoint=\"blob\"} 1",
    ] {
        assert!(figures.lines().any(|known| known == line), "{line}\n{figures}");
    }
}

/// Asked to stop, it answers what it was asked, and nobody else.
#[test]
fn requests_under_way_are_finished() {
    let mut server = Server::start();
    let location = server.send("POST", "/v2/a/blobs/uploads/", &[], b"").expect(202).location();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "PUT {location}?digest={} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        Digest::of(b"hello")
    );
    stream.write_all(head.as_bytes()).unwrap();
    // From here on the request is under way.
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    let wait = server.ask_to_stop();
    stream.write_all(b"hello").unwrap();
    crate::http::read_answer(&mut stream, "PUT").expect(201);
    wait(&server);
    assert!(TcpStream::connect(server.address).is_err());
    assert!(server.registry.blobs().contains(&Digest::of(b"hello")));
}

#[test]
fn bytes_that_are_no_request() {
    let server = Server::start();
    for bytes in [&b"\0\0\0"[..], b"GET\r\n\r\n", b"PUT /v2/a/manifests/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    }
    server.get("/v2/").expect(200);
}
