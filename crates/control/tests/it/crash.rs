//! A server that dies at any moment loses nothing that it acknowledged, and does nothing twice.
//!
//! A process works under a mixed load (pushes, runs, approvals, logs) and writes down what was acknowledged. It dies at a
//! random commit, before or behind it; the next one checks first that everything is there and consistent, then goes on.
//! `TRUNKLINE_KILL_POINTS` says how often (for each database).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use api::Conclusion;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use control::Decision;
use serde_json::{Value, json};
use store::testing::Database;
use store::{Query as _, Store, args};
use tower::ServiceExt as _;

use crate::world::{WORKFLOW, World};

const KILL_POINTS: usize = 100;
/// A process that has passed all its commits by then is killed from outside.
const LONGEST: Duration = Duration::from_secs(20);

const TEXT: &str = "on: push\nconcurrency: { group: '${{ github.ref }}', queue: max }\njobs:\n  build: { runs-on: x, steps: [{ run: 'true' }] }\n  test:\n    needs: build\n    runs-on: x\n    strategy: { matrix: { n: [1, 2] } }\n    steps: [{ run: 'true' }]\n  deploy: { needs: test, environment: prod, runs-on: x, steps: [{ run: 'true' }] }\n";

fn settings() -> control::Settings {
    control::Settings { lease: Duration::from_millis(500), ..control::Settings::default() }
}

/// What was acknowledged, a line each; appended to by one process at a time.
#[derive(Clone)]
struct Ledger(PathBuf);

impl Ledger {
    fn of(directory: &Path) -> Self {
        Self(directory.join("acknowledged"))
    }

    fn write(&self, what: Value) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
        file.write_all(format!("{what}\n").as_bytes()).unwrap();
    }

    fn read(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        // The last line may have been cut off by the death of its writer.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

/// One life of the server; run by the test below in a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the crash test"]
async fn one_life() {
    let Ok(address) = std::env::var("TRUNKLINE_CRASH_DATABASE") else { return };
    let directory = PathBuf::from(std::env::var("TRUNKLINE_CRASH_DIRECTORY").unwrap());
    let points: i64 = std::env::var("TRUNKLINE_CRASH_POINTS").unwrap().parse().unwrap();
    let last = points == 0;
    let ledger = Ledger::of(&directory);
    let store = Store::open(&address).await.unwrap();
    check(&store, &ledger).await;
    let world = World::over(store, &directory, settings()).await;
    check_runs(&world).await;
    if !last {
        store::testing::die_at_commit_point(points);
    }
    let repository = world.repository("app").await;
    tokio::select! {
        () = push_on(&world, &ledger, &repository, last) => {}
        () = approve_on(&world, &ledger, &repository) => {}
        () = work_on(&world, &ledger) => {}
        () = tokio::time::sleep(LONGEST), if !last => std::process::abort(),
    }
    check(&world.store, &ledger).await;
    check_runs(&world).await;
    let filter = store::runs::Filter::default();
    for run in store::runs::list(&mut world.store.read(), repository.id, &filter, 0, 100_000).await.unwrap() {
        assert!(
            run.is_completed(),
            "run {} hangs: {} {:?}",
            run.id,
            run.status,
            world.jobs(run.id).await.iter().map(|job| (&job.key, &job.status, job.fence)).collect::<Vec<_>>()
        );
    }
    println!("the last life ended well");
}

/// Pushes to two branches; in the last life it waits until everything is over instead.
async fn push_on(world: &World, ledger: &Ledger, repository: &store::repositories::Repository, last: bool) {
    if last {
        world
            .until("every run completes", async || {
                let sql = "SELECT (SELECT COUNT(*) FROM runs WHERE status <> 'completed'), (SELECT COUNT(*) FROM events WHERE state = 'pending')";
                let left: (i64, i64) = world.store.read().fetch_one(sql, args![]).await.unwrap();
                (left == (0, 0)).then_some(())
            })
            .await;
        return;
    }
    // Not so many that the last life has to work for minutes.
    let open = async || {
        let sql = "SELECT COUNT(*) FROM runs WHERE status <> 'completed'";
        world.store.read().fetch_one::<i64>(sql, args![]).await.unwrap()
    };
    for number in 0.. {
        while open().await > 6 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let branch = if number % 2 == 0 { "main" } else { "side" };
        let message = format!("push {number} of {}", std::process::id());
        let sha = world.push(repository, branch, &message, &[(WORKFLOW, TEXT), ("n", &message)]).await;
        ledger.write(json!({ "push": sha, "ref": format!("refs/heads/{branch}") }));
    }
}

async fn approve_on(world: &World, ledger: &Ledger, repository: &store::repositories::Repository) {
    let mut tx = world.store.begin().await.unwrap();
    let mut environment = store::environments::put(&mut tx, repository.id, "prod").await.unwrap();
    environment.approvals = 1;
    store::environments::update(&mut tx, &environment).await.unwrap();
    let reviewer =
        store::environments::Reviewer { kind: "User".into(), reviewer_id: world.owner.account_id().unwrap() };
    store::environments::set_reviewers(&mut tx, environment.id, &[reviewer]).await.unwrap();
    tx.commit().await.unwrap();
    loop {
        let sql = "SELECT run_id, id FROM gates WHERE state = 'waiting' ORDER BY id";
        let waiting: Vec<(i64, i64)> = world.store.read().fetch_all(sql, args![]).await.unwrap();
        for (run, gate) in waiting {
            if world.control.review_deployments(&world.owner, run, &[], Decision::Approve, "").await.is_ok() {
                ledger.write(json!({ "approved": gate }));
            }
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// A runner that takes jobs, tells of them, writes a log, and ends them.
async fn work_on(world: &World, ledger: &Ledger) {
    let registration = json!({ "name": format!("runner {}", uuid()), "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 1 });
    let runner = world.runner_with(registration).await;
    loop {
        let Some(job) = runner.claim_within(1).await else { continue };
        ledger.write(json!({ "claimed": [job.id, job.fence] }));
        let path = format!("/jobs/{}/{}", job.id, job.fence);
        let event = json!({ "events": [{ "seq": 1, "at": 1, "type": "step_started", "leg": job.leg, "step": 0, "id": "s", "name": "s", "stage": "main" }] });
        let (status, answer) = runner.ask("POST", &format!("{path}/events"), event).await;
        if status != StatusCode::OK {
            assert_eq!(status, StatusCode::CONFLICT, "{answer}");
            continue;
        }
        let bytes = format!("TLI1 log of {}/{}", job.id, job.fence).into_bytes();
        let length = bytes.len();
        let request = Request::builder()
            .method("PUT")
            .uri(format!("{}{path}/log?offset=0", api::wire::ROOT))
            .header(header::AUTHORIZATION, format!("Bearer {}", runner.secret))
            .body(Body::from(bytes))
            .unwrap();
        if world.router.clone().oneshot(request).await.unwrap().status() == StatusCode::OK {
            ledger.write(json!({ "log": [job.id, job.fence, length] }));
        }
        let (status, answer) = runner.try_finish(&job, Conclusion::Success, &[("o", "1")]).await;
        match status {
            StatusCode::NO_CONTENT => ledger.write(json!({ "finished": [job.id, job.fence] })),
            StatusCode::CONFLICT => {}
            other => panic!("{other}: {answer}"),
        }
    }
}

/// A name that no earlier life used.
fn uuid() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap().trim().to_owned()
}

/// What was acknowledged is there, and nothing is there twice.
async fn check(store: &Store, ledger: &Ledger) {
    let mut read = store.read();
    let number = |value: &Value| value.as_i64().unwrap();
    let mut claims = std::collections::HashSet::new();
    for line in ledger.read() {
        if let Some(sha) = line["push"].as_str() {
            let sql = "SELECT COUNT(*) FROM events WHERE name = 'push' AND sha = $1 AND git_ref = $2";
            let count: i64 = read.fetch_one(sql, args![sha, line["ref"].as_str()]).await.unwrap();
            assert_eq!(count, 1, "events of the push {sha}");
        } else if let Some(gate) = line["approved"].as_i64() {
            let count: i64 =
                read.fetch_one("SELECT COUNT(*) FROM gate_reviews WHERE gate_id = $1", args![gate]).await.unwrap();
            assert_eq!(count, 1, "the approval of gate {gate}");
        } else if let Some(claim) = line["claimed"].as_array() {
            assert!(claims.insert((number(&claim[0]), number(&claim[1]))), "{line} twice");
        } else if let Some(log) = line["log"].as_array() {
            let length = store::logs::length(&mut read, number(&log[0]), number(&log[1])).await.unwrap();
            assert_eq!(length, number(&log[2]), "{line}");
        } else if let Some(finished) = line["finished"].as_array() {
            let job = store::jobs::by_id(&mut read, number(&finished[0])).await.unwrap().unwrap();
            let state = (job.fence, job.status.as_str(), job.conclusion.as_deref());
            assert_eq!(state, (number(&finished[1]), "completed", Some("success")), "{line}");
        }
    }
    for (what, sql) in [
        (
            "events that are done without a verdict",
            "SELECT COUNT(*) FROM events e WHERE e.state = 'done' AND e.name = 'push' AND e.sha <> '' AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.event_id = e.id)",
        ),
        ("failed events", "SELECT COUNT(*) FROM events WHERE state = 'failed'"),
        (
            "verdicts to run without a run",
            "SELECT COUNT(*) FROM verdicts v WHERE v.runs = 'yes' AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = v.run_id AND r.event_id = v.event_id)",
        ),
        (
            "groups held twice",
            "SELECT COUNT(*) FROM (SELECT repo_id, name_key FROM concurrency WHERE held GROUP BY repo_id, name_key HAVING COUNT(*) > 1) AS twice",
        ),
        (
            "groups of runs that are over",
            "SELECT COUNT(*) FROM concurrency c JOIN runs r ON r.id = c.run_id WHERE r.status = 'completed'",
        ),
        (
            "jobs left open by completed runs",
            "SELECT COUNT(*) FROM jobs j JOIN runs r ON r.id = j.run_id AND r.attempt = j.attempt WHERE r.status = 'completed' AND j.status <> 'completed'",
        ),
        (
            "tokens of jobs that are over",
            "SELECT COUNT(*) FROM job_tokens t JOIN jobs j ON j.id = t.job_id WHERE j.status <> 'in_progress'",
        ),
        (
            "gaps in what runs told",
            "SELECT COUNT(*) FROM (SELECT run_id, attempt, COUNT(*) AS n, MAX(seq) AS last FROM run_events GROUP BY run_id, attempt) AS told WHERE n <> last",
        ),
    ] {
        let count: i64 = read.fetch_one(sql, args![]).await.unwrap();
        assert_eq!(count, 0, "{what}");
    }
}

/// Each run is what its inputs make of it.
async fn check_runs(world: &World) {
    let ids: Vec<i64> =
        world.store.read().fetch_all("SELECT id FROM runs ORDER BY id DESC LIMIT 40", args![]).await.unwrap();
    for id in ids {
        let problems = world.control.check_run(id).await.unwrap();
        assert!(problems.is_empty(), "run {id}: {problems:?}");
    }
}

fn live(database: &Database, points: i64) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::one_life", "--ignored", "--nocapture"])
        .env("TRUNKLINE_CRASH_DATABASE", database.address())
        .env("TRUNKLINE_CRASH_DIRECTORY", database.directory())
        .env("TRUNKLINE_CRASH_POINTS", points.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    use std::os::unix::process::ExitStatusExt as _;
    assert!(output.status.success() || output.status.signal() == Some(6), "{}: {said}", output.status);
    // A failed check ends the process as well, but not by a signal of its own making.
    assert!(!said.contains("panicked at"), "{said}");
    (output.status.success(), said)
}

fn kill_points() -> usize {
    std::env::var("TRUNKLINE_KILL_POINTS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILL_POINTS)
}

fn many_lives(database: &Database) {
    // A small generator of one's own: the seed is in what a failure says.
    let seed = u64::from(std::process::id());
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for life in 0..kill_points() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let points = 1 + i64::try_from(state % 160).unwrap();
        let (ended, said) = live(database, points);
        assert!(!ended, "life {life} (seed {seed}) did not die at point {points}: {said}");
    }
    let (ended, said) = live(database, 0);
    assert!(ended && said.contains("the last life ended well"), "{said}");
    let lines = Ledger::of(&database.directory()).read();
    let count = |what: &str| lines.iter().filter(|line| !line[what].is_null()).count();
    println!(
        "{} lives: {} pushes, {} claims, {} approvals, {} logs, {} jobs ended",
        kill_points(),
        count("push"),
        count("claimed"),
        count("approved"),
        count("log"),
        count("finished")
    );
    assert!(count("push") > 0 && count("finished") > 0 && count("approved") > 0);
}

#[test]
fn a_server_on_sqlite_dies_at_any_commit() {
    many_lives(&Database::sqlite());
}

#[test]
fn a_server_on_postgresql_dies_at_any_commit() {
    match Database::postgres() {
        Ok(database) => many_lives(&database),
        Err(reason) => testkit::skip("a_server_on_postgresql_dies_at_any_commit", &reason),
    }
}
