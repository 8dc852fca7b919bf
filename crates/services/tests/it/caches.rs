//! The cache store's Rust interface: matching, scopes, ageing, quota, explanations.

use crate::fixture::{TestClock, job};
use services::{CacheOwner, CacheQuery, CacheScopes, CacheStore, Error, JobIdentity, Outcome, Verdict};
use std::io::{Read, Write};
use tempfile::TempDir;

const DAY: i64 = 24 * 3600;

struct Store {
    store: CacheStore,
    now: TestClock,
    dir: TempDir,
}

fn owner() -> CacheOwner {
    CacheOwner { run_id: "1".into(), job_id: "a".into() }
}

impl Store {
    fn new(quota: u64) -> Store {
        let (dir, now) = (TempDir::new().unwrap(), TestClock::new());
        Store { store: CacheStore::with_quota(dir.path(), quota, now.clock()), now, dir }
    }

    fn save(&self, scope: &str, key: &str, content: &str) -> Result<u64, Error> {
        self.save_as("o/r", scope, key, "v", content)
    }

    fn save_as(&self, repository: &str, scope: &str, key: &str, version: &str, content: &str) -> Result<u64, Error> {
        let mut reservation = self.store.reserve(repository, scope, key, version, &owner())?;
        reservation.write_from(content.as_bytes())?;
        Ok(reservation.finalize()?.id)
    }

    fn restore(&self, scopes: &[&str], key: &str, restore_keys: &[&str]) -> services::Restored {
        self.store.restore(&query(scopes, key, restore_keys)).unwrap()
    }

    /// What was read, if anything.
    fn content(&self, scopes: &[&str], key: &str, restore_keys: &[&str]) -> Option<(String, bool)> {
        let mut hit = self.restore(scopes, key, restore_keys).hit?;
        let mut text = String::new();
        hit.reader.read_to_string(&mut text).unwrap();
        Some((text, hit.exact))
    }
}

fn query(scopes: &[&str], key: &str, restore_keys: &[&str]) -> CacheQuery {
    CacheQuery {
        repository: "o/r".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        key: key.into(),
        restore_keys: restore_keys.iter().map(|key| (*key).to_owned()).collect(),
        version: "v".into(),
    }
}

#[test]
fn matching() {
    let store = Store::new(1 << 20);
    for (scope, key) in [
        ("main", "npm-1"),
        ("main", "npm-2"),
        ("main", "npm"),
        ("topic", "npm-0"),
        ("other", "npm-3"),
        ("main", "cargo-1"),
    ] {
        store.save(scope, key, &format!("{scope} {key}")).unwrap();
    }
    store.save_as("o/r", "main", "npm-9", "other version", "x").unwrap();
    store.save_as("o/else", "main", "npm-9", "v", "x").unwrap();
    type Case<'a> = (&'a [&'a str], &'a str, &'a [&'a str], Option<(&'a str, bool)>);
    let table: &[Case<'_>] = &[
        (&["main"], "npm-1", &[], Some(("main npm-1", true))),
        (&["main"], "npm-7", &["npm-"], Some(("main npm-2", false))),
        (&["main"], "npm-7", &["no-", "cargo-", "npm-"], Some(("main cargo-1", false))),
        (&["main"], "npm-7", &[], None),
        // The key is itself a prefix, after it was looked for exactly.
        (&["main"], "npm-", &["cargo-"], Some(("main npm-2", false))),
        (&["main"], "npm", &["cargo-"], Some(("main npm", true))),
        // The own ref comes before the default branch, even with a poorer match.
        (&["topic", "main"], "npm-1", &["npm-"], Some(("topic npm-0", false))),
        (&["topic", "main"], "npm-2", &[], Some(("main npm-2", true))),
        (&["topic", "main"], "npm-3", &[], None),
        (&["main"], "NPM-1", &[], None),
        (&["main"], "npm-9", &[], None),
        (&[], "npm-1", &[], None),
    ];
    for (scopes, key, restore_keys, expected) in table {
        let found = store.content(scopes, key, restore_keys);
        let found = found.as_ref().map(|(text, exact)| (text.as_str(), *exact));
        assert_eq!(found, *expected, "{scopes:?} {key} {restore_keys:?}");
    }
}

#[test]
fn scopes_of_jobs() {
    let scopes = |git_ref: &str, base: &str, write: bool| {
        let job = JobIdentity { git_ref: git_ref.into(), base_ref: base.into(), cache_write: write, ..job("a") };
        let scopes = CacheScopes::of(&job);
        (scopes.read.join(" "), scopes.write)
    };
    assert_eq!(scopes("refs/heads/main", "", true), ("refs/heads/main".into(), Some("refs/heads/main".into())));
    assert_eq!(scopes("refs/heads/x", "", false), ("refs/heads/x refs/heads/main".into(), None));
    let pull = "refs/pull/1/merge";
    assert_eq!(
        scopes(pull, "release", true),
        (format!("{pull} refs/heads/release refs/heads/main"), Some(pull.to_owned()))
    );
    assert_eq!(scopes(pull, "main", true).0, format!("{pull} refs/heads/main"));
}

#[test]
fn explanations() {
    let store = Store::new(1 << 20);
    store.save("main", "old", "1").unwrap();
    store.now.advance(8 * DAY);
    for (scope, key) in [("main", "npm-1"), ("main", "npm-2"), ("other", "npm-3"), ("main", "cargo")] {
        store.save(scope, key, "x").unwrap();
    }
    store.save_as("o/r", "main", "npm-4", "w", "x").unwrap();
    let explanation = store.restore(&["main"], "npm-9", &["npm-"]).explanation;
    assert_eq!(
        explanation.outcome,
        Outcome::PartialHit { key: "npm-2".into(), scope: "main".into(), prefix: "npm-".into() }
    );
    let verdicts: Vec<_> = explanation.considered.iter().map(|one| (one.key.as_str(), one.verdict.clone())).collect();
    assert_eq!(
        verdicts,
        [
            ("npm-2", Verdict::Chosen),
            ("npm-1", Verdict::Passed { prefix: "npm-".into() }),
            ("npm-4", Verdict::OtherVersion { version: "w".into() }),
            ("npm-3", Verdict::OtherScope),
            ("cargo", Verdict::OtherKey),
        ]
    );
    assert_eq!(
        services::describe_cache(&explanation),
        "restored npm-2, saved for main: it begins with npm-\n  \
         npm-1 (main): begins with npm-, but another came first\n  \
         npm-4 (main): saved for other paths or another compression\n  \
         npm-3 (other): not visible from here\n  \
         cargo (main): another key\n"
    );
    let text = serde_json::to_string(&explanation).unwrap();
    assert_eq!(serde_json::from_str::<services::Explanation>(&text).unwrap(), explanation);
}

#[test]
fn many_entries_are_explained_in_few_lines() {
    let store = Store::new(1 << 20);
    for number in 0..60 {
        store.save("main", &format!("k{number}"), "x").unwrap();
    }
    let explanation = store.restore(&["main"], "none", &[]).explanation;
    assert_eq!((explanation.considered.len(), explanation.omitted), (50, 10));
}

#[test]
fn entries_are_immutable_and_keys_are_claimed_once() {
    let store = Store::new(1 << 20);
    let reservation = store.store.reserve("o/r", "main", "k", "v", &owner()).unwrap();
    assert!(matches!(store.save("main", "k", "x"), Err(Error::CacheReserved { .. })));
    store.save("topic", "k", "x").unwrap();
    drop(reservation);
    store.save("main", "k", "first").unwrap();
    assert!(matches!(store.save("main", "k", "second"), Err(Error::CacheExists { .. })));
    assert_eq!(store.content(&["main"], "k", &[]), Some(("first".into(), true)));
    // Another process with its own store: whoever ends first wins.
    let other = CacheStore::with_quota(store.dir.path(), 1 << 20, store.now.clock());
    let mut late = other.reserve("o/r", "main", "race", "v", &owner()).unwrap();
    late.write_all(b"late").unwrap();
    store.save("main", "race", "early").unwrap();
    assert!(matches!(late.finalize(), Err(Error::CacheExists { .. })));
    assert_eq!(store.content(&["main"], "race", &[]), Some(("early".into(), true)));
}

#[test]
fn the_least_recently_used_go_first() {
    let store = Store::new(30);
    for key in ["a", "b", "c"] {
        store.save("main", key, "0123456789").unwrap();
        store.now.advance(60);
    }
    store.content(&["main"], "a", &[]).unwrap();
    store.now.advance(60);
    // A look without a restore is no use.
    store.store.lookup(&query(&["main"], "b", &[])).unwrap();
    store.save("main", "d", "0123456789").unwrap();
    let keys: Vec<String> = store.store.list().unwrap().into_iter().map(|usage| usage.entry.key).collect();
    assert_eq!(keys, ["a", "c", "d"]);
    assert!(matches!(store.save("main", "huge", &"x".repeat(31)), Err(Error::TooLarge { limit: 30 })));
    store.save("main", "all", &"x".repeat(30)).unwrap();
    let blobs = std::fs::read_dir(store.dir.path().join("caches/blobs")).unwrap().count();
    assert_eq!((store.store.list().unwrap().len(), blobs), (1, 1));
}

#[test]
fn a_week_unused_is_expired() {
    let store = Store::new(1 << 20);
    store.save("main", "used", "x").unwrap();
    store.save("main", "unused", "x").unwrap();
    store.now.advance(6 * DAY);
    assert!(store.content(&["main"], "used", &[]).is_some());
    store.now.advance(2 * DAY);
    assert!(store.content(&["main"], "used", &[]).is_some());
    let restored = store.restore(&["main"], "unused", &[]);
    assert!(restored.hit.is_none());
    assert!(restored.explanation.considered.iter().any(|one| one.verdict == Verdict::Expired { unused_days: 8 }));
    // An expired entry makes way for a new one under its key.
    store.save("main", "unused", "new").unwrap();
    assert_eq!(store.content(&["main"], "unused", &[]), Some(("new".into(), true)));
}

#[test]
fn deleting() {
    let store = Store::new(1 << 20);
    let id = store.save("main", "a", "x").unwrap();
    store.save("main", "b", "x").unwrap();
    let reader = store.restore(&["main"], "a", &[]).hit.unwrap().reader;
    assert_eq!(store.store.delete(id).unwrap().key, "a");
    assert!(matches!(store.store.delete(id), Err(Error::NoCache { .. })));
    assert_eq!(std::io::read_to_string(reader).unwrap(), "x", "an open restore goes on");
    assert_eq!(store.store.delete_where(|entry| entry.key.starts_with('b')).unwrap().len(), 1);
    assert!(store.store.list().unwrap().is_empty());
}

#[test]
fn content_that_vanished_is_a_miss() {
    let store = Store::new(1 << 20);
    let id = store.save("main", "a", "x").unwrap();
    std::fs::remove_file(store.dir.path().join(format!("caches/blobs/{id}"))).unwrap();
    let restored = store.restore(&["main"], "a", &[]);
    assert!(restored.hit.is_none());
    assert_eq!(restored.explanation.considered[0].verdict, Verdict::Gone);
    store.save("main", "a", "again").unwrap();
}
