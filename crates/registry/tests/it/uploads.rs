use std::io::Write as _;
use std::net::TcpStream;

use blob::Digest;

use crate::server::Server;

fn start(server: &Server) -> String {
    server.send("POST", "/v2/a/blobs/uploads/", &[], b"").expect(202).location()
}

fn chunk(server: &Server, location: &str, range: &str, content: &[u8]) -> crate::http::Answer {
    server.send("PATCH", location, &[("Content-Range", range), ("Content-Type", "application/octet-stream")], content)
}

#[test]
fn chunks_in_order() {
    let server = Server::start();
    let location = start(&server);
    let first = chunk(&server, &location, "0-4", b"hello").expect(202);
    assert_eq!(first.header("range"), Some("0-4"));
    let status = server.get(&first.location()).expect(204);
    assert_eq!((status.header("range"), status.body.len()), (Some("0-4"), 0));
    let second = chunk(&server, &first.location(), "5-5", b" ").expect(202);
    assert_eq!(second.header("range"), Some("0-5"));
    let digest = Digest::of(b"hello world");
    // The last one comes with the end.
    let path = format!("{}?digest={digest}", second.location());
    let done = server.send("PUT", &path, &[("Content-Range", "6-10")], b"world").expect(201);
    assert_eq!(server.get(&done.location()).expect(200).body, b"hello world");
    server.get(&location).refused(404, "BLOB_UPLOAD_UNKNOWN");
}

#[test]
fn chunks_out_of_order() {
    let server = Server::start();
    let location = start(&server);
    // The first one must begin at the beginning.
    chunk(&server, &location, "3-4", b"lo").refused(416, "BLOB_UPLOAD_INVALID");
    chunk(&server, &location, "0-2", b"hel").expect(202);
    for range in ["0-2", "2-3", "5-6"] {
        let refused = chunk(&server, &location, range, &b"xyz"[..if range == "0-2" { 3 } else { 2 }]);
        let refused = refused.refused(416, "BLOB_UPLOAD_INVALID");
        assert_eq!((refused.header("range"), refused.location()), (Some("0-2"), location.clone()));
    }
    let digest = Digest::of(b"hello");
    let end = format!("{location}?digest={digest}");
    server.send("PUT", &end, &[("Content-Range", "4-5")], b"lo").refused(416, "BLOB_UPLOAD_INVALID");
    // What was right is still there.
    assert_eq!(server.get(&location).expect(204).header("range"), Some("0-2"));
    server.send("PUT", &end, &[("Content-Range", "3-4")], b"lo").expect(201);
}

#[test]
fn ranges_that_make_no_sense() {
    let server = Server::start();
    let location = start(&server);
    chunk(&server, &location, "x", b"abc").refused(400, "BLOB_UPLOAD_INVALID");
    chunk(&server, &location, "2-0", b"abc").refused(400, "BLOB_UPLOAD_INVALID");
    chunk(&server, &location, "0-9", b"abc").refused(400, "SIZE_INVALID");
    // The same of a body whose length is not said: what came is taken back.
    let headers = [("Content-Range", "0-9"), ("Transfer-Encoding", "chunked")];
    server.send("PATCH", &location, &headers, b"3\r\nabc\r\n0\r\n\r\n").refused(400, "SIZE_INVALID");
    let done = format!("{location}?digest={}", Digest::of(b"abc"));
    server.send("PUT", &done, &[("Content-Range", "0-2")], b"abc").expect(201);
}

#[test]
fn streams_without_ranges() {
    let server = Server::start();
    let location = start(&server);
    let body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer = server.send("PATCH", &location, &[("Transfer-Encoding", "chunked")], body).expect(202);
    assert_eq!(answer.header("range"), Some("0-10"));
    server.send("PUT", &format!("{location}?digest={}", Digest::of(b"hello world")), &[], b"").expect(201);
}

#[test]
fn wrong_digests() {
    let server = Server::start();
    let wrong = Digest::of(b"other");
    let location = start(&server);
    server.send("PUT", &location, &[], b"x").refused(400, "DIGEST_INVALID");
    server.send("PUT", &format!("{location}?digest=sha256:x"), &[], b"x").refused(400, "DIGEST_INVALID");
    server.send("PUT", &format!("{location}?digest={wrong}"), &[], b"x").refused(400, "DIGEST_INVALID");
    server.send("POST", &format!("/v2/a/blobs/uploads/?digest={wrong}"), &[], b"x").refused(400, "DIGEST_INVALID");
    server.send("POST", "/v2/a/blobs/uploads/?digest=md5:00", &[], b"x").refused(400, "DIGEST_INVALID");
    server.get(&format!("/v2/a/blobs/{wrong}")).refused(404, "BLOB_UNKNOWN");
    assert_eq!(server.registry.blobs().iter().unwrap().count(), 0);
}

#[test]
fn cancelled_and_foreign_uploads() {
    let server = Server::start();
    let location = start(&server);
    // An upload belongs to its repository.
    server.get(&location.replace("/v2/a/", "/v2/b/")).refused(404, "BLOB_UPLOAD_UNKNOWN");
    server.send("DELETE", &location, &[], b"").expect(204);
    server.send("DELETE", &location, &[], b"").refused(404, "BLOB_UPLOAD_UNKNOWN");
    chunk(&server, &location, "0-0", b"x").refused(404, "BLOB_UPLOAD_UNKNOWN");
    server.get("/v2/a/blobs/uploads/..%2f..%2fx").refused(404, "UNSUPPORTED");
    server.get("/v2/a/blobs/uploads/made-up").refused(404, "BLOB_UPLOAD_UNKNOWN");
}

/// A client whose connection breaks asks how far it came, and goes on.
#[test]
fn broken_connections_are_continued() {
    let server = Server::start();
    let location = start(&server);
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: x\r\nContent-Range: 0-9\r\nContent-Length: 10\r\n\r\nhello");
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream);
    // The server reads the rest of the broken connection when it comes to it.
    while server.get(&location).expect(204).header("range") != Some("0-4") {
        std::thread::yield_now();
    }
    chunk(&server, &location, "5-9", b"world").expect(202);
    server.send("PUT", &format!("{location}?digest={}", Digest::of(b"helloworld")), &[], b"").expect(201);
}

#[test]
fn uploads_survive_a_restart() {
    let server = Server::start();
    let location = start(&server);
    chunk(&server, &location, "0-4", b"hello").expect(202);
    let mut first = server;
    let wait = first.ask_to_stop();
    wait(&first);
    let again = Server::with(|config| config.root = first.dir().join("registry"));
    drop(std::mem::replace(&mut first.registry, again.registry.clone()));
    assert_eq!(again.get(&location).expect(204).header("range"), Some("0-4"));
    let end = format!("{location}?digest={}", Digest::of(b"hello world"));
    again.send("PUT", &end, &[("Content-Range", "5-10")], b" world").expect(201);
}

#[test]
fn sizes_are_limited() {
    let server = Server::with(|config| config.max_blob = Some(8));
    let location = start(&server);
    server.send("PATCH", &location, &[], b"more than eight").refused(413, "SIZE_INVALID");
    server.send("PATCH", &location, &[], b"eight").expect(202);
    server
        .send("PATCH", &location, &[("Transfer-Encoding", "chunked")], b"4\r\nmore\r\n0\r\n\r\n")
        .refused(413, "SIZE_INVALID");
}
