//! The server killed in the middle of pushes. The test binary starts itself again as the server.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use blob::Digest;
use registry::{Config, Registry};

use crate::server::{MANIFEST, Server, manifest_of};

const ROOT: &str = "REGISTRY_TEST_CRASH_ROOT";

/// The server: says where it listens, and goes on until it is killed.
#[test]
fn server_process() {
    let Ok(root) = std::env::var(ROOT) else { return };
    let registry = Registry::open(Config::new(root)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("\nlistening {}", listener.local_addr().unwrap());
        registry.serve(listener, None, std::future::pending()).await.unwrap();
    });
}

fn start(root: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::server_process", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| line.unwrap().strip_prefix("listening ").map(|text| text.parse().unwrap()));
    (child, address.unwrap())
}

/// One request to a server that may die at any moment: `None` when it did not answer.
fn try_send(address: SocketAddr, head: &str, body: &[u8]) -> Option<(u16, String)> {
    use std::io::{Read as _, Write as _};

    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let request = format!("{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(request.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let location = text.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned();
    Some((status, location))
}

/// Pushes image after image until the server dies; gives the numbers of those that were acknowledged.
fn push_until_dead(address: SocketAddr, name: &str, from: usize, acknowledged: &AtomicUsize) -> Vec<usize> {
    let mut done = Vec::new();
    for number in from.. {
        let layer = layer(name, number);
        let push = || {
            for content in [b"{}", layer.as_bytes()] {
                let (status, location) = try_send(address, &format!("POST /v2/{name}/blobs/uploads/ HTTP/1.1"), b"")?;
                assert_eq!(status, 202);
                let (first, second) = content.split_at(content.len() / 2);
                try_send(address, &format!("PATCH {location} HTTP/1.1"), first)?;
                let end = format!("PUT {location}?digest={} HTTP/1.1", Digest::of(content));
                assert_eq!(try_send(address, &end, second)?.0, 201);
            }
            let manifest = manifest_of(&layer).to_string();
            let head = format!("PUT /v2/{name}/manifests/t{number} HTTP/1.1\r\nContent-Type: {MANIFEST}");
            assert_eq!(try_send(address, &head, manifest.as_bytes())?.0, 201);
            Some(())
        };
        if push().is_none() {
            break;
        }
        done.push(number);
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    done
}

fn layer(name: &str, number: usize) -> String {
    format!("{name} {number} ").repeat(3000)
}

#[test]
fn killed_while_pushes_are_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("registry");
    let mut acknowledged: Vec<(&'static str, Vec<usize>)> = vec![("a", Vec::new()), ("b/c", Vec::new())];
    for round in 0..8 {
        let (mut child, address) = start(&root);
        let count = AtomicUsize::new(0);
        let next: Vec<(&'static str, usize)> =
            acknowledged.iter().map(|(name, done)| (*name, done.last().map_or(0, |last| last + 1))).collect();
        let pushed = std::thread::scope(|scope| {
            let count = &count;
            let pushes: Vec<_> = next
                .iter()
                .map(|(name, from)| scope.spawn(move || push_until_dead(address, name, *from, count)))
                .collect();
            // After so many images, and then at whatever moment that is.
            while count.load(Ordering::SeqCst) < 1 + round % 3 {
                std::thread::yield_now();
            }
            for _ in 0..round * 2000 {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
            child.wait().unwrap();
            pushes.into_iter().map(|push| push.join().unwrap()).collect::<Vec<_>>()
        });
        for ((_, done), pushed) in acknowledged.iter_mut().zip(pushed) {
            done.extend(pushed);
        }
        check(&root, &acknowledged);
    }
}

/// Everything acknowledged is there; everything visible is whole.
fn check(root: &Path, acknowledged: &[(&str, Vec<usize>)]) {
    let server = Server::with(|config| config.root = root.to_owned());
    for (name, numbers) in acknowledged {
        for number in numbers {
            let manifest = server.get(&format!("/v2/{name}/manifests/t{number}")).expect(200);
            assert_eq!(manifest.body, manifest_of(&layer(name, *number)).to_string().as_bytes());
        }
        let tags = server.get(&format!("/v2/{name}/tags/list"));
        if tags.status == 404 {
            assert!(numbers.is_empty());
            continue;
        }
        for tag in tags.json()["tags"].as_array().unwrap() {
            let manifest = server.get(&format!("/v2/{name}/manifests/{}", tag.as_str().unwrap())).expect(200).json();
            for blob in [&manifest["config"], &manifest["layers"][0]] {
                let digest = blob["digest"].as_str().unwrap();
                let content = server.get(&format!("/v2/{name}/blobs/{digest}")).expect(200).body;
                assert_eq!(Digest::of(&content).to_string(), digest);
            }
        }
    }
    for digest in server.registry.blobs().iter().unwrap().map(Result::unwrap) {
        assert_eq!(Digest::of(&server.registry.blobs().read(&digest, u64::MAX).unwrap()), digest);
    }
}
