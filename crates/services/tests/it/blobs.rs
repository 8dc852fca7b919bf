//! Blocks, lists and addresses over real HTTP.

use crate::fixture::{Fixture, job};
use crate::http::{Answer, authorization, request, twirp};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use services::JobEnvironment;

struct Upload {
    fixture: Fixture,
    environment: JobEnvironment,
    url: String,
}

impl Upload {
    fn start(max: u64) -> Upload {
        let fixture = Fixture::with(|config| config.max_blob_bytes = max);
        let environment = fixture.environment(&job("a"));
        let created =
            twirp(&fixture, &environment, "CacheService/CreateCacheEntry", &json!({"key": "k", "version": "v"}));
        let url = created.json()["signed_upload_url"].as_str().unwrap().to_owned();
        Upload { fixture, environment, url }
    }

    fn block(&self, id: &str, content: &[u8]) -> Answer {
        let id = BASE64_STANDARD.encode(id).replace('=', "%3D").replace('+', "%2B");
        request("PUT", &format!("{}&comp=block&blockid={id}", self.url), &[], content)
    }

    fn commit(&self, ids: &[&str]) -> Answer {
        let items: String = ids.iter().map(|id| format!("<Latest>{}</Latest>", BASE64_STANDARD.encode(id))).collect();
        let xml = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{items}</BlockList>");
        request("PUT", &format!("{}&comp=blocklist", self.url), &[], xml.as_bytes())
    }

    fn finish(&self, size: usize) -> Vec<u8> {
        let body = json!({"key": "k", "version": "v", "size_bytes": size.to_string()});
        let ended = twirp(&self.fixture, &self.environment, "CacheService/FinalizeCacheEntryUpload", &body);
        assert_eq!(ended.json()["ok"], true, "{ended:?}");
        let found = twirp(&self.fixture, &self.environment, "CacheService/GetCacheEntryDownloadURL", &body).json();
        request("GET", found["signed_download_url"].as_str().unwrap(), &[], b"").body
    }
}

#[test]
fn blocks_in_any_order_are_joined_by_the_list() {
    let upload = Upload::start(1 << 20);
    for (id, content) in [("c", "333"), ("a", "old"), ("b", "22"), ("a", "1"), ("unlisted", "no")] {
        let answer = upload.block(id, content.as_bytes());
        assert_eq!(answer.status, 201);
        assert!(answer.head.contains("x-ms-request-id: ") && answer.head.contains("etag: "), "{}", answer.head);
    }
    assert_eq!(upload.commit(&["a", "b", "c"]).status, 201);
    assert_eq!(upload.commit(&["a", "b", "c"]).status, 201, "sent again after a lost answer");
    assert_eq!(upload.finish(6), b"122333");
}

#[test]
fn lists_that_do_not_fit() {
    let upload = Upload::start(1 << 20);
    upload.block("a", b"1");
    upload.block("b", b"2");
    for ids in [vec!["a", "z"], vec!["a", "a"]] {
        let answer = upload.commit(&ids);
        assert_eq!(answer.status, 400, "{ids:?}");
        assert!(answer.head.contains("x-ms-error-code: invalidblocklist"), "{}", answer.head);
    }
    for xml in ["", "<BlockList>", "{}", "<BlockList><Latest>a</Latest>"] {
        let answer = request("PUT", &format!("{}&comp=blocklist", upload.url), &[], xml.as_bytes());
        assert_eq!(answer.status, 400, "{xml}");
    }
    // Nothing was lost by the refusals.
    assert_eq!(upload.commit(&["b", "a"]).status, 201);
    assert_eq!(upload.finish(2), b"21");
}

#[test]
fn bad_block_requests() {
    let upload = Upload::start(1 << 20);
    for query in ["&comp=block", "&comp=block&blockid=", "&comp=block&blockid=***", "&comp=page", "&comp=lease"] {
        assert_eq!(request("PUT", &format!("{}{query}", upload.url), &[], b"x").status, 400, "{query}");
    }
    let long = BASE64_STANDARD.encode([b'x'; 65]);
    assert_eq!(request("PUT", &format!("{}&comp=block&blockid={long}", upload.url), &[], b"x").status, 400);
}

#[test]
fn oversize_bodies_are_refused() {
    let upload = Upload::start(1000);
    assert_eq!(request("PUT", &upload.url, &[], &[0; 1001]).status, 413);
    let announced = ["content-length: 99999999999".to_owned()];
    assert_eq!(request("PUT", &upload.url, &announced, b"").status, 413);
    assert_eq!(upload.block("a", &[0; 600]).status, 201);
    assert_eq!(upload.block("b", &[0; 600]).status, 413, "together too large");
    assert_eq!(upload.block("a", &[0; 400]).status, 201, "a block sent again counts once");
    assert_eq!(upload.block("b", &[0; 600]).status, 201);
    // Chunked, so that the length is not known before.
    let chunked = ["transfer-encoding: chunked".to_owned(), "content-length-is: no".to_owned()];
    let body = format!("{:x}\r\n{}\r\n0\r\n\r\n", 2000, "x".repeat(2000));
    let answer = request("PUT", &upload.url, &chunked, body.as_bytes());
    assert_eq!(answer.status, 413);
}

#[test]
fn a_body_cut_off_is_not_content() {
    let upload = Upload::start(1 << 20);
    let cut = std::panic::catch_unwind(|| {
        // The connection closes after 3 of 10 bytes, without an answer.
        use std::io::Write;
        let (host, path) = upload.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        write!(stream, "PUT /{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    });
    assert!(cut.is_ok());
    let body = json!({"key": "k", "version": "v", "size_bytes": "3"});
    let ended = twirp(&upload.fixture, &upload.environment, "CacheService/FinalizeCacheEntryUpload", &body);
    assert_eq!(ended.status, 412, "{ended:?}");
}

#[test]
fn addresses_are_signed_and_expire() {
    let upload = Upload::start(1 << 20);
    let (path, query) = upload.url.split_once('?').unwrap();
    let tampered = [
        path.to_owned(),
        format!("{path}?se=99999999999"),
        format!("{path}?{}", query.replace("se=", "se=9")),
        format!("{path}?{query}A"),
        format!("{path}9?{query}"),
        upload.url.replace("upload", "cache"),
    ];
    for url in tampered {
        assert_ne!(request("PUT", &url, &[], b"x").status, 201, "{url}");
    }
    assert_eq!(request("GET", &upload.url.replace("/upload/", "/cache/"), &[], b"").status, 403);
    assert_eq!(request("PUT", &upload.url, &[], b"x").status, 201);
    upload.fixture.now.advance(6 * 3600);
    assert_eq!(request("PUT", &upload.url, &[], b"x").status, 403);
}

#[test]
fn ranges_of_v1() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let base = format!("{}_apis/artifactcache/", fixture.services.url());
    let auth = || authorization(&environment);
    let reserve = |key: &str| {
        let body = json!({"key": key, "version": "v", "cacheSize": 6});
        request("POST", &format!("{base}caches"), &[auth()], body.to_string().as_bytes())
    };
    let reserved = reserve("k");
    assert_eq!(reserved.status, 201);
    let id = reserved.json()["cacheId"].as_u64().unwrap();
    let patch = |range: &str, content: &[u8]| {
        request("PATCH", &format!("{base}caches/{id}"), &[auth(), format!("content-range: {range}")], content).status
    };
    let commit = |size: u64| {
        request("POST", &format!("{base}caches/{id}"), &[auth()], json!({"size": size}).to_string().as_bytes()).status
    };
    assert_eq!(patch("bytes 3-5/*", b"def"), 204);
    assert_eq!(patch("bytes x-5/*", b"def"), 400);
    assert_eq!(patch("bytes 0-2/*", b"abcd"), 400, "longer than announced");
    assert_eq!(patch("bytes 0-2/*", b"ab"), 400, "shorter than announced");
    assert_eq!(patch("bytes 0-99999999999999/*", b"ab"), 413);
    assert_eq!(patch("bytes 0-2/*", b"abc"), 204);
    assert_eq!(reserve("k").status, 409, "being saved");
    assert_eq!(request("POST", &format!("{base}caches/{id}"), &[], b"{}").status, 401);
    assert_eq!(commit(6), 204);
    assert_eq!(commit(6), 404, "ended");
    assert_eq!(reserve("k").status, 409, "immutable");
    let found = request("GET", &format!("{base}cache?keys=zz,k&version=v"), &[auth()], b"");
    assert_eq!(found.json()["cacheKey"], "k");
    let got = request("GET", found.json()["archiveLocation"].as_str().unwrap(), &[], b"");
    assert_eq!(got.body, b"abcdef");
    assert_eq!(request("GET", &format!("{base}cache?keys=zz&version=v"), &[auth()], b"").status, 204);
    assert_eq!(request("GET", &format!("{base}cache"), &[auth()], b"").status, 400);
    let listed = request("GET", &format!("{base}caches?key=k"), &[auth()], b"").json();
    assert_eq!(listed["totalCount"], 1);
    let too_large = json!({"key": "big", "version": "v", "cacheSize": u64::MAX});
    let refused = request("POST", &format!("{base}caches"), &[auth()], too_large.to_string().as_bytes());
    assert_eq!(refused.status, 400);
}

#[test]
fn ranges_with_a_gap_are_no_cache() {
    let fixture = Fixture::start();
    let environment = fixture.environment(&job("a"));
    let base = format!("{}_apis/artifactcache/caches", fixture.services.url());
    let auth = authorization(&environment);
    let body = json!({"key": "k", "version": "v"}).to_string();
    let id = request("POST", &base, std::slice::from_ref(&auth), body.as_bytes()).json()["cacheId"].as_u64().unwrap();
    let range = "content-range: bytes 3-5/*".to_owned();
    assert_eq!(request("PATCH", &format!("{base}/{id}"), &[auth.clone(), range], b"def").status, 204);
    assert_eq!(request("POST", &format!("{base}/{id}"), &[auth], b"{\"size\": 6}").status, 400);
    assert!(fixture.services.caches().list().unwrap().is_empty());
}
