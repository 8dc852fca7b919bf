//! Servers that are killed while a client sends: what came by halves is never to be seen, and the client's next attempt counts.

use std::io::Write as _;
use std::net::TcpStream;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use store::testing::Database;

use super::site::{Plan, Site};
use super::steps::{head, repository, until};
use crate::server::instance::PASSWORD;

/// Begins to send a body, and has sent half of it when the server is killed.
fn killed_half_way(site: &mut Site, method: &str, path: &str, kind: &str, body: &[u8]) {
    let api = &site.apis[0];
    let mut stream = TcpStream::connect(("127.0.0.1", api.port)).expect("the server");
    let login = BASE64_STANDARD.encode(format!("ann:{PASSWORD}"));
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {login}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("a request");
    stream.write_all(&body[..body.len() / 2]).expect("half a body");
    site.servers[0].kill();
    site.servers[0].start();
    site.wait_until_ready();
}

fn sha256(content: &[u8]) -> String {
    hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content))
}

/// Files in a directory and below it.
fn files(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

#[test]
fn what_a_killed_server_received_by_halves_is_not_there_and_can_be_sent_again() {
    let mut site = Site::of(Database::sqlite(), Plan { runners: 0, ..Plan::small() });
    let repository = repository("on: push\njobs: { a: { runs-on: nobody, steps: [{ run: 'true' }] } }\n");
    site.push(0, &repository).expect("a push");
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let hash = sha256(&content);

    // A large file.
    let object = format!("/ann/app.git/info/lfs/objects/{hash}");
    killed_half_way(&mut site, "PUT", &object, "application/octet-stream", &content);
    let wanted = json!({ "operation": "download", "objects": [{ "oid": hash, "size": content.len() }] });
    let batch = |site: &Site| {
        let body = wanted.to_string();
        site.apis[0]
            .send("POST", "/ann/app.git/info/lfs/objects/batch", &[], body.as_bytes())
            .expect("an answer")
            .json()
    };
    assert_eq!(batch(&site)["objects"][0]["error"]["code"], 404);
    assert_eq!(site.apis[0].send("GET", &object, &[], &[]).expect("an answer").status, 404);
    assert_eq!(site.apis[0].send("PUT", &object, &[], &content).expect("an answer").status, 200);
    assert_eq!(batch(&site)["objects"][0]["error"], Value::Null);
    assert!(site.apis[0].send("GET", &object, &[], &[]).expect("an answer").body == content);

    // A file of a release.
    let made = json!({ "tag_name": "v1", "target_commitish": "main" });
    let release = site.apis[0].ask("POST", "/repos/ann/app/releases", Some(&made)).expect("an answer").json();
    let assets = format!("/api/v3/repos/ann/app/releases/{}/assets", release["id"]);
    let upload = format!("{assets}?name=app.bin");
    killed_half_way(&mut site, "POST", &upload, "application/octet-stream", &content);
    let listed = |site: &Site| site.apis[0].send("GET", &assets, &[], &[]).expect("an answer").json();
    assert_eq!(listed(&site), json!([]));
    let kind = [("Content-Type", "application/octet-stream")];
    let stored = site.apis[0].send("POST", &upload, &kind, &content).expect("an answer");
    assert_eq!(stored.status, 201, "{}", stored.text());
    let file = "/ann/app/releases/download/v1/app.bin";
    assert!(site.apis[0].send("GET", file, &[], &[]).expect("an answer").body == content);

    // A layer of an image: the client goes on where the server says that it is.
    let login = format!("Basic {}", BASE64_STANDARD.encode(format!("ann:{PASSWORD}")));
    let ask = |site: &Site, method: &str, path: &str, body: &[u8]| {
        let headers = [("Authorization", login.as_str()), ("Content-Type", "application/octet-stream")];
        site.apis[0].send(method, path, &headers, body).expect("an answer")
    };
    let begun = ask(&site, "POST", "/v2/ann/app/blobs/uploads/", &[]);
    assert_eq!(begun.status, 202, "{}", begun.text());
    let place = |answer: &super::api::Answer| {
        let location = answer.header("location").expect("a place").to_owned();
        location.find("/v2/").map_or(location.clone(), |at| location[at..].to_owned())
    };
    let (first, rest) = content.split_at(5_000_000);
    let sent = ask(&site, "PATCH", &place(&begun), first);
    assert_eq!(sent.status, 202, "{}", sent.text());
    let upload = place(&sent);
    killed_half_way(&mut site, "PATCH", &upload, "application/octet-stream", rest);
    let blob = format!("/v2/ann/app/blobs/sha256:{hash}");
    assert_eq!(ask(&site, "HEAD", &blob, &[]).status, 404);
    let at = ask(&site, "GET", &upload, &[]);
    assert_eq!(at.status, 204, "{}", at.text());
    let end: usize = at.header("range").and_then(|range| range.rsplit('-').next()?.parse().ok()).expect("a range");
    assert!((first.len()..content.len()).contains(&(end + 1)), "what was acknowledged is there: {end}");
    let sent = ask(&site, "PATCH", &place(&at), &content[end + 1..]);
    assert_eq!(sent.status, 202, "{}", sent.text());
    let place = place(&sent);
    let joint = if place.contains('?') { '&' } else { '?' };
    let done = ask(&site, "PUT", &format!("{place}{joint}digest=sha256:{hash}"), &[]);
    assert_eq!(done.status, 201, "{}", done.text());
    assert!(ask(&site, "GET", &blob, &[]).body == content);

    // What was left of the halves is removed once nobody can be sending it any more.
    let incoming = site.path("data/incoming");
    let left = files(&incoming);
    assert!(!left.is_empty(), "the first halves were on the disk");
    let days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 3600);
    for path in &left {
        std::fs::File::options().append(true).open(path).and_then(|file| file.set_modified(days_ago)).expect("a file");
    }
    site.servers[0].kill();
    site.servers[0].start();
    site.wait_until_ready();
    assert_eq!(files(&incoming), Vec::<std::path::PathBuf>::new());
    site.end();
}

/// Uploads ten megabytes, saves a cache of as much, and tells when it has begun.
const UPLOADS: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: |
          head -c 30000000 /dev/urandom >out.bin
          sha256sum out.bin >"$RUNNER_TOOL_CACHE/sum"
          touch "$RUNNER_TOOL_CACHE/ready"
      - uses: actions/upload-artifact@v4
        with: { name: out, path: out.bin, compression-level: 0 }
      - uses: actions/cache/save@v4
        with: { key: big, path: out.bin }
      - uses: actions/cache/restore@v4
        with: { key: big, path: out.bin, fail-on-cache-miss: true }
      - uses: actions/download-artifact@v4
        with: { name: out, path: down }
      - run: |
          (cd down && sha256sum -c "$RUNNER_TOOL_CACHE/sum")
          sha256sum -c "$RUNNER_TOOL_CACHE/sum"
"#;

#[test]
fn a_job_that_uploads_sees_nothing_of_a_server_that_is_killed_meanwhile() {
    let mut site = Site::of(Database::sqlite(), Plan::small());
    let repository = repository(UPLOADS);
    site.push(0, &repository).expect("a push");
    until(&site, "the job is about to upload", || site.tools().join("ready").exists().then_some(()));
    let sha = head(&repository);
    // As often as there is time for.
    for _ in 0..4 {
        site.servers[0].kill();
        site.servers[0].start();
        site.wait_until_ready();
    }
    let run = site.completed(0, &sha);
    assert_eq!(run["conclusion"], "success", "{}\n{}", site.log(0, &sha).unwrap_or_default(), site.said());
    // Only what is referred to stays: one artifact, one cache, the log at most.
    let collected = site.admin(&["gc"], "").expect("a collection");
    assert!(collected.starts_with("removed "), "{collected}");
    site.end();
}
