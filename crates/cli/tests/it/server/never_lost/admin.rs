//! What an administrator does: backup and restore, another master key, collection, databases of other versions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use store::testing::Database;
use store::{Query as _, Store, args};

use super::site::{Plan, Process, Site};
use super::steps::{head, repository, until};

/// Shows that a secret is what it was, without showing it.
const WORKFLOW: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - env: { KEPT: "${{ secrets.KEPT }}" }
        run: |
          echo "its sum is $(printf %s "$KEPT" | sha256sum | cut -c1-16)"
          cat number.txt
          yes "$GITHUB_SHA" | head -c 100000 >out.txt
      - uses: actions/upload-artifact@v4
        with: { name: out, path: out.txt }
"#;

const SECRET: &str = "a secret that outlives the server";

fn sum() -> String {
    let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(SECRET));
    format!("its sum is {}", &hash[..16])
}

fn put_secret(site: &Site) {
    let key = site.get(0, "/actions/secrets/public-key").expect("an answer").json();
    let public = BASE64_STANDARD.decode(key["key"].as_str().expect("a key")).expect("base64");
    let sealed = identity::seal_for(&public.try_into().expect("32 bytes"), SECRET.as_bytes()).expect("a box");
    let body = json!({ "encrypted_value": BASE64_STANDARD.encode(sealed), "key_id": key["key_id"] });
    let put = site.apis[0].ask("PUT", "/repos/ann/app/actions/secrets/KEPT", Some(&body)).expect("an answer");
    assert_eq!(put.status, 201, "{}", put.text());
}

/// Pushes a commit whose run shows the secret's sum; its log.
fn run_once(site: &Site, repository: &testkit::TestRepository, number: u32) -> (String, String) {
    repository.write("number.txt", &format!("this is number {number}\n")).expect("a file");
    repository.commit_all(&format!("number {number}")).expect("a commit");
    site.push(0, repository).expect("a push");
    let sha = head(repository);
    let run = site.completed(0, &sha);
    let log = site.log(0, &sha).expect("the log");
    assert_eq!(run["conclusion"], "success", "{log}\n{}", site.said());
    assert!(log.contains(&format!("this is number {number}")) && !log.contains(SECRET), "{log}");
    (sha, log)
}

fn artifact(site: &Site) -> Vec<u8> {
    let listed = site.get(0, "/actions/artifacts").expect("an answer").json();
    let oldest = listed["artifacts"].as_array().and_then(|all| all.last()).map(|one| one["id"].clone());
    let path = format!("/actions/artifacts/{}/zip", oldest.expect("an artifact"));
    let answer = site.get(0, &path).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.body
}

fn backup_and_restore(from: Database, to: Database) {
    let site = Site::of(from, Plan::small());
    put_secret(&site);
    let repository = repository(WORKFLOW);
    let (sha, log) = run_once(&site, &repository, 1);
    assert!(log.contains(&sum()), "{log}");
    let content = vec![9_u8; 300_000];
    let large =
        format!("/ann/app.git/info/lfs/objects/{}", hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&content)));
    assert_eq!(site.apis[0].send("PUT", &large, &[], &content).expect("an answer").status, 200);
    let first = artifact(&site);
    let copy = site.path("backup");
    let told = site.admin(&["backup", &copy.to_string_lossy()], "").expect("a backup");
    assert!(told.starts_with("copied the database, 1 repositories and "), "{told}");
    let again = site.admin(&["backup", &copy.to_string_lossy()], "").expect_err("it is there already");
    assert!(again.contains("is not empty"), "{again}");
    // What comes after the backup is not in it.
    run_once(&site, &repository, 2);
    let key = site.path("data/master.key");
    let restored = Site::of(to, Plan { restore: Some((copy.clone(), key)), ..Plan::small() });
    assert_eq!(restored.log(0, &sha).as_deref(), Some(log.as_str()));
    assert!(artifact(&restored) == first, "the artifact is what it was");
    assert!(restored.apis[0].send("GET", &large, &[], &[]).expect("an answer").body == content);
    let known = restored.get(0, "/actions/runs").expect("an answer").json();
    assert_eq!(known["total_count"], 1);
    // It goes on: the branch is where it was, the secret is known, the next run has the next number.
    let (_, log) = run_once(&restored, &repository, 3);
    assert!(log.contains(&sum()), "{log}");
    assert!(restored.admin(&["audit"], "").expect("the log").contains("all as they were written"));
    let there = restored.admin(&["restore", &copy.to_string_lossy()], "").expect_err("there is one already");
    assert!(there.contains("is not empty"), "{there}");
    std::fs::remove_file(copy.join("backup.json")).expect("a file");
    let half = restored.admin(&["restore", &copy.to_string_lossy()], "").expect_err("it is not whole");
    assert!(half.contains("backup.json"), "{half}");
    restored.end();
    site.end();
}

#[test]
fn a_backup_of_sqlite_becomes_a_server_with_everything_in_it() {
    backup_and_restore(Database::sqlite(), Database::sqlite());
}

#[test]
fn a_backup_of_postgresql_becomes_a_server_with_everything_in_it() {
    match (Database::postgres(), Database::postgres()) {
        (Ok(from), Ok(to)) => backup_and_restore(from, to),
        (Err(reason), _) | (_, Err(reason)) => {
            testkit::skip("a_backup_of_postgresql_becomes_a_server_with_everything_in_it", &reason);
        }
    }
}

fn new_key(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let random = std::fs::read_to_string("/proc/sys/kernel/random/uuid").expect("randomness").repeat(2);
    let key: String = random.chars().filter(char::is_ascii_hexdigit).take(64).collect();
    std::fs::write(path, key).expect("a key");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

fn another_key(database: Database) {
    let mut site = Site::of(database, Plan::small());
    put_secret(&site);
    let repository = repository(WORKFLOW);
    run_once(&site, &repository, 1);
    let (old, new) = (site.path("data/master.key"), site.path("new.key"));
    new_key(&new);
    let settings = std::fs::read_to_string(site.path("server.toml")).expect("the settings");
    let write = |site: &Site, keys: &str| {
        std::fs::write(site.path("server.toml"), format!("{settings}{keys}")).expect("the settings");
    };
    let both = format!("[master_key]\nfile = {new:?}\n[[master_key.older]]\nfile = {old:?}\n");
    let only_new = format!("[master_key]\nfile = {new:?}\n");
    // Without the former key nothing can be opened, and it says so.
    site.servers[0].kill();
    write(&site, &only_new);
    let said = site.admin(&["rotate-key"], "").expect_err("the old key is missing");
    assert!(said.contains("master key"), "{said}");
    // Killed in the middle, again and again, and then brought to its end.
    write(&site, &both);
    for pause in [0, 20, 60, 120, 200, 300] {
        let mut rotation = site.admin_process(&["rotate-key"]);
        rotation.start();
        std::thread::sleep(Duration::from_millis(pause));
        rotation.kill();
    }
    let said = site.admin(&["rotate-key"], "").expect("the rotation");
    assert!(said.contains("envelopes wrapped again"), "{said}");
    let again = site.admin(&["rotate-key"], "").expect("nothing to do");
    assert!(again.starts_with("0 envelopes"), "{again}");
    write(&site, &only_new);
    std::fs::remove_file(&old).expect("the old key");
    site.servers[0].start();
    site.wait_until_ready();
    let (_, log) = run_once(&site, &repository, 2);
    assert!(log.contains(&sum()), "{log}");
    site.end();
}

#[test]
fn another_master_key_opens_every_secret_of_sqlite() {
    another_key(Database::sqlite());
}

#[test]
fn another_master_key_opens_every_secret_of_postgresql() {
    match Database::postgres() {
        Ok(database) => another_key(database),
        Err(reason) => testkit::skip("another_master_key_opens_every_secret_of_postgresql", &reason),
    }
}

fn address(site: &Site) -> String {
    match site.database.cluster() {
        Some(_) => site.database.address().to_owned(),
        None => site.path("data/trunkline.db").to_string_lossy().into_owned(),
    }
}

/// Changes rows behind the server's back.
fn change(address: &str, statements: &[&str]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(address).await.expect("the database");
        let mut tx = store.begin().await.expect("a transaction");
        for sql in statements {
            tx.execute(*sql, args![]).await.expect("a statement");
        }
        tx.commit().await.expect("a commit");
        store.close().await;
    });
}

fn count(address: &str, sql: &str) -> i64 {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(address).await.expect("the database");
        let count = store.read().fetch_one(sql, args![]).await.expect("a count");
        store.close().await;
        count
    })
}

fn collection(database: Database) {
    let mut site = Site::of(database, Plan::small());
    put_secret(&site);
    let repository = repository(WORKFLOW);
    let (old, _) = run_once(&site, &repository, 1);
    let (young, log) = run_once(&site, &repository, 2);
    let upload = |content: &[u8]| {
        let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content));
        let path = format!("/ann/app.git/info/lfs/objects/{hash}");
        assert_eq!(site.apis[0].send("PUT", &path, &[], content).expect("an answer").status, 200);
        path
    };
    let (kept, dropped) = (upload(b"a large file that is kept"), upload(b"a large file of nobody's"));
    // Sealed logs are objects.
    let sealed = site.path("data/blobs/logs");
    until(&site, "both logs are sealed", || (std::fs::read_dir(&sealed).ok()?.count() == 2).then_some(()));
    // The object is written first, then the row that makes it the log.
    until(&site, "the rows know it", || {
        (count(&address(&site), "SELECT COUNT(*) FROM logs WHERE object IS NOT NULL") == 2).then_some(())
    });
    site.servers[0].kill();
    let first_run = "(SELECT MIN(id) FROM runs)";
    let gone = dropped.rsplit('/').next().expect("a hash");
    change(
        &address(&site),
        &[
            &format!("UPDATE artifacts SET expires_at = 1 WHERE run_id = {first_run}"),
            &format!("UPDATE jobs SET completed_at = 1 WHERE run_id = {first_run}"),
            &format!(
                "UPDATE logs SET finished_at = 1 WHERE job_id IN (SELECT id FROM jobs WHERE run_id = {first_run})"
            ),
            &format!("DELETE FROM lfs_objects WHERE oid = '{gone}'"),
        ],
    );
    // What is young may be on its way into a row: only what has lain there for a day is nobody's.
    let days_ago = std::time::SystemTime::now() - Duration::from_secs(2 * 24 * 3600);
    for file in objects(&site.path("data/blobs")) {
        std::fs::File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(days_ago))
            .expect("an object");
    }
    let told = site.admin(&["gc"], "").expect("a collection");
    assert_eq!(told, "removed 1 artifacts, logs of 1 jobs, 0 caches, 0 uploads and 1 objects that nobody refers to");
    assert_eq!(objects(&site.path("data/blobs")).len(), 3, "a log, an artifact, a large file");
    site.servers[0].start();
    site.wait_until_ready();
    assert_eq!(site.log(0, &old), None);
    assert_eq!(site.log(0, &young).as_deref(), Some(log.as_str()));
    let listed = site.get(0, "/actions/artifacts").expect("an answer").json();
    let expired: Vec<bool> =
        listed["artifacts"].as_array().into_iter().flatten().map(|one| one["expired"] == true).collect();
    assert_eq!(expired, [false, true]);
    assert_eq!(site.apis[0].send("GET", &kept, &[], &[]).expect("an answer").status, 200);
    assert_eq!(site.apis[0].send("GET", &dropped, &[], &[]).expect("an answer").status, 404);
    site.end();
}

fn objects(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(objects(&path)),
            path => found.push(path),
        }
    }
    found
}

#[test]
fn what_has_had_its_time_is_collected_and_the_rest_is_kept_on_sqlite() {
    collection(Database::sqlite());
}

#[test]
fn what_has_had_its_time_is_collected_and_the_rest_is_kept_on_postgresql() {
    match Database::postgres() {
        Ok(database) => collection(database),
        Err(reason) => {
            testkit::skip("what_has_had_its_time_is_collected_and_the_rest_is_kept_on_postgresql", &reason);
        }
    }
}

fn versions(database: Database) {
    let mut site = Site::of(database, Plan { runners: 0, ..Plan::small() });
    site.servers[0].kill();
    let address = address(&site);
    // The last step of today's schema is taken back: a database as an older version left it.
    change(
        &address,
        &[
            "DROP TABLE write_backs",
            "DROP TABLE received_hooks",
            "DROP TABLE remote_pulls",
            "DROP TABLE connections",
            "DROP TABLE hook_progress",
            "DROP TABLE deliveries",
            "DROP TABLE hooks",
            "DELETE FROM schema_migrations WHERE number = 330",
        ],
    );
    let told = site.admin(&["migrate"], "").expect("a migration");
    assert!(told.contains("the database is of this version"), "{told}");
    site.servers[0].start();
    site.wait_until_ready();
    assert_eq!(site.get(0, "/hooks").expect("an answer").text(), "[]");
    site.servers[0].kill();
    change(&address, &["INSERT INTO schema_migrations (number, name, applied_at) VALUES (9999, 'of_later', 0)"]);
    let said = site.admin(&["migrate"], "").expect_err("a newer database");
    assert!(said.contains("made by a newer Trunkline") && said.contains("9999"), "{said}");
    let mut server = Process::new(&site.path("."), "refused", site.serve_words());
    server.start();
    let status = until(&site, "the server refuses it", || server.ended());
    assert_eq!(status.code(), Some(5), "{}", server.said());
    assert!(server.said().contains("use that one, or restore a backup"), "{}", server.said());
}

#[test]
fn an_older_sqlite_is_brought_up_and_a_newer_one_refused() {
    versions(Database::sqlite());
}

#[test]
fn an_older_postgresql_is_brought_up_and_a_newer_one_refused() {
    match Database::postgres() {
        Ok(database) => versions(database),
        Err(reason) => testkit::skip("an_older_postgresql_is_brought_up_and_a_newer_one_refused", &reason),
    }
}
