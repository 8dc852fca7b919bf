//! Processes that die in the middle, and several at once.

use crate::fixture::{Fixture, job};
use crate::http::{request, twirp};
use serde_json::json;
use services::{ArtifactOwner, ArtifactStore, CacheOwner, CacheStore, UploadOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const DIR: &str = "SERVICES_TEST_DIR";
const ROLE: &str = "SERVICES_TEST_ROLE";

fn child(role: &str, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::act_a_part", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn cache_owner(job_id: &str) -> CacheOwner {
    CacheOwner { run_id: "1".into(), job_id: job_id.into() }
}

/// Not a test by itself: what the children of the tests below do.
#[test]
fn act_a_part() {
    let (Ok(role), Ok(dir)) = (std::env::var(ROLE), std::env::var(DIR)) else {
        return;
    };
    let dir = PathBuf::from(dir);
    match role.as_str() {
        "hang in uploads" => {
            let mut cache = CacheStore::open(&dir).reserve("o/r", "main", "half", "v", &cache_owner("x")).unwrap();
            cache.write_all(&[1; 100_000]).unwrap();
            let owner = ArtifactOwner { run_id: "1".into(), job_id: "x".into() };
            let store = ArtifactStore::open(&dir);
            let mut artifact = store.begin("half", &owner, &UploadOptions::default()).unwrap();
            artifact.write_all(&[1; 100_000]).unwrap();
            let fixture = Fixture::with(|config| config.data_dir.clone_from(&dir));
            let environment = fixture.environment(&job("a"));
            let create = json!({"key": "http", "version": "v"});
            let created = twirp(&fixture, &environment, "CacheService/CreateCacheEntry", &create).json();
            let put = request("PUT", created["signed_upload_url"].as_str().unwrap(), &[], &[1; 100_000]);
            assert_eq!(put.status, 201);
            println!("\nREADY");
            // Until killed.
            let _ = std::io::stdin().read_line(&mut String::new());
            std::mem::forget((cache, artifact));
        }
        "save" => {
            let store = CacheStore::open(&dir);
            for number in 0..10 {
                let key = format!("{}-{number}", std::process::id());
                let mut cache = store.reserve("o/r", "main", &key, "v", &cache_owner("x")).unwrap();
                cache.write_all(key.as_bytes()).unwrap();
                cache.finalize().unwrap();
            }
        }
        other => panic!("no part {other}"),
    }
}

fn staged(dir: &Path) -> usize {
    std::fs::read_dir(dir).map_or(0, Iterator::count)
}

#[test]
fn a_killed_process_leaves_nothing_half_visible() {
    let dir = TempDir::new().unwrap();
    let mut child = child("hang in uploads", dir.path());
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "READY"));
    let staging = ["caches/staging", "artifacts/staging"].map(|name| dir.path().join(name));
    assert_eq!(staged(&staging[0]), 2, "two stores, each with a directory");

    // While it lives, others leave its files alone.
    let living = CacheStore::open(dir.path());
    living.reserve("o/r", "main", "other", "v", &cache_owner("y")).unwrap().finalize().unwrap();
    assert_eq!(staged(&staging[0]), 3);
    drop(living);
    assert_eq!(staged(&staging[0]), 2);

    child.kill().unwrap();
    child.wait().unwrap();
    // Content that was moved in place before the index could name it.
    std::fs::write(dir.path().join("caches/blobs/99"), "orphan").unwrap();
    std::fs::write(dir.path().join("caches/index.json.new"), "{\"half").unwrap();

    let store = CacheStore::open(dir.path());
    let keys: Vec<String> = store.list().unwrap().into_iter().map(|usage| usage.entry.key).collect();
    assert_eq!(keys, ["other"]);
    store.reserve("o/r", "main", "half", "v", &cache_owner("y")).unwrap().finalize().unwrap();
    assert_eq!(staged(&staging[0]), 1, "swept but for our own");
    assert!(!dir.path().join("caches/blobs/99").exists());

    let artifacts = ArtifactStore::open(dir.path());
    assert!(artifacts.list().unwrap().is_empty());
    let owner = ArtifactOwner { run_id: "1".into(), job_id: "x".into() };
    artifacts.upload_raw("half", &owner, "x", &b"x"[..], &UploadOptions::default()).unwrap();
    assert_eq!(staged(&staging[1]), 1);
}

#[test]
fn several_processes_save_at_once() {
    let dir = TempDir::new().unwrap();
    let children: Vec<Child> = (0..4).map(|_| child("save", dir.path())).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let store = CacheStore::open(dir.path());
    let usages = store.list().unwrap();
    assert_eq!(usages.len(), 40);
    for usage in usages {
        assert_eq!(std::io::read_to_string(store.reader(usage.entry.id).unwrap()).unwrap(), usage.entry.key);
    }
    assert_eq!(staged(&dir.path().join("caches/staging")), 0);
}
