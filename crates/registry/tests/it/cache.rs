use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use blob::Digest;
use registry::Upstream;

use crate::server::{MANIFEST, Server, manifest_of};

fn cache_of(address: SocketAddr, fresh: Duration) -> Server {
    Server::with(|config| {
        config.upstreams.push(Upstream { prefix: "up.example".to_owned(), host: address.to_string(), fresh });
    })
}

#[test]
fn what_was_pulled_once_stays_when_the_upstream_is_gone() {
    let mut upstream = Server::start();
    let (digest, _) = upstream.push_image("team/app", "v1", "layer");
    let cache = cache_of(upstream.address, Duration::ZERO);
    let manifest = cache.get("/v2/up.example/team/app/manifests/v1").expect(200);
    assert_eq!(manifest.header("docker-content-digest"), Some(digest.to_string().as_str()));
    for content in [&b"layer"[..], b"{}"] {
        let path = format!("/v2/up.example/team/app/blobs/{}", Digest::of(content));
        let head = cache.send("HEAD", &path, &[], b"").expect(200);
        assert_eq!(head.header("content-length"), Some(content.len().to_string().as_str()));
        assert_eq!(cache.get(&path).expect(200).body, content);
    }
    // A tag that moves is seen.
    let (moved, _) = upstream.push_image("team/app", "v1", "moved");
    let seen = cache.get("/v2/up.example/team/app/manifests/v1").expect(200);
    assert_eq!(seen.header("docker-content-digest"), Some(moved.to_string().as_str()));

    cache.get("/v2/up.example/team/app/manifests/none").refused(404, "MANIFEST_UNKNOWN");
    cache.get("/v2/up.example/none/manifests/v1").refused(404, "MANIFEST_UNKNOWN");
    let wait = upstream.ask_to_stop();
    wait(&upstream);
    let stale = cache.get("/v2/up.example/team/app/manifests/v1").expect(200);
    assert_eq!(stale.header("docker-content-digest"), Some(moved.to_string().as_str()));
    cache.get(&format!("/v2/up.example/team/app/manifests/{digest}")).expect(200);
    cache.get(&format!("/v2/up.example/team/app/blobs/{}", Digest::of(b"layer"))).expect(200);
    // Never asked for, so not here.
    cache.get(&format!("/v2/up.example/team/app/blobs/{}", Digest::of(b"moved"))).refused(502, "UNKNOWN");
    cache.get("/v2/up.example/team/app/manifests/v2").refused(502, "UNKNOWN");
}

#[test]
fn a_fresh_tag_is_not_asked_again() {
    let upstream = Server::start();
    let (first, _) = upstream.push_image("app", "v1", "layer");
    let cache = cache_of(upstream.address, Duration::from_secs(3600));
    let seen =
        || cache.get("/v2/up.example/app/manifests/v1").expect(200).header("docker-content-digest").unwrap().to_owned();
    assert_eq!(seen(), first.to_string());
    upstream.push_image("app", "v1", "moved");
    assert_eq!(seen(), first.to_string());
}

#[test]
fn nothing_is_pushed_there() {
    let upstream = Server::start();
    let cache = cache_of(upstream.address, Duration::ZERO);
    cache.send("POST", "/v2/up.example/app/blobs/uploads/", &[], b"").refused(405, "UNSUPPORTED");
    cache.push_image("up.example.other/app", "v1", "layer");
    // A blob that no manifest of the repository names is none of its blobs.
    let digest = upstream.push_blob("app", b"loose");
    cache.get(&format!("/v2/up.example/app/blobs/{digest}")).refused(404, "BLOB_UNKNOWN");
}

/// An upstream with one image, which sends its layer's first half, then waits to be told how to go on.
fn slow_upstream(layer: String, wrong: bool) -> (SocketAddr, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (go_on, gate) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let manifest = manifest_of(&layer).to_string();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let head = |length: usize, kind: &str| {
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                )
            };
            if path.contains("/manifests/") {
                let _ = stream.write_all((head(manifest.len(), MANIFEST) + &manifest).as_bytes());
            } else if path.contains("/blobs/") {
                let (first, second) = layer.split_at(layer.len() / 2);
                let _ = stream.write_all((head(layer.len(), "application/octet-stream") + first).as_bytes());
                let _ = gate.recv();
                let second = if wrong { "!".repeat(second.len()) } else { second.to_owned() };
                let _ = stream.write_all(second.as_bytes());
            } else {
                let _ = stream.write_all(head(2, "application/json").as_bytes());
                let _ = stream.write_all(b"{}");
            }
        }
    });
    (address, go_on)
}

/// Reads until the answer has so many bytes of its body.
fn read_body(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n")
            && bytes.len() >= end + 4 + length
        {
            return bytes[end + 4..].to_vec();
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return bytes,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

#[test]
fn blobs_are_sent_on_while_they_arrive() {
    let layer = "0123456789".repeat(20_000);
    let (address, go_on) = slow_upstream(layer.clone(), false);
    let cache = cache_of(address, Duration::ZERO);
    cache.get("/v2/up.example/app/manifests/v1").expect(200);
    let path = format!("/v2/up.example/app/blobs/{}", Digest::of(layer.as_bytes()));
    let mut stream = TcpStream::connect(cache.address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    // The upstream still holds the second half back.
    let first = read_body(&mut stream, layer.len() / 2);
    assert_eq!(first, &layer.as_bytes()[..first.len()]);
    go_on.send(()).unwrap();
    let mut rest = first;
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, layer.as_bytes());
    // From here now: the upstream would wait for another word.
    assert_eq!(cache.get(&path).expect(200).body, layer.as_bytes());
}

#[test]
fn wrong_content_is_cut_off_and_not_kept() {
    let layer = "0123456789".repeat(20_000);
    let (address, go_on) = slow_upstream(layer.clone(), true);
    let cache = cache_of(address, Duration::ZERO);
    cache.get("/v2/up.example/app/manifests/v1").expect(200);
    let digest = Digest::of(layer.as_bytes());
    go_on.send(()).unwrap();
    let answer = cache.get(&format!("/v2/up.example/app/blobs/{digest}"));
    assert!(answer.status == 502 || answer.body.len() < layer.len(), "{}", answer.status);
    assert!(!cache.registry.blobs().contains(&digest));
}
