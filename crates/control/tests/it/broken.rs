//! One broken thing keeps nothing else from going on.

use std::time::Duration;

use api::Conclusion;
use axum::http::StatusCode;
use forge::Actor;
use store::testing::on_both;
use store::{Clock, Query as _, args};

use crate::world::{WORKFLOW, World};

const ONE: &str = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
const HELD: &str =
    "on: push\njobs:\n  a: { runs-on: x, environment: prod, steps: [{ run: 'true' }] }\nconcurrency: all\n";

/// A push to the branch `side` is told, whatever git has of it; the event.
async fn side_pushed(world: &World, repo_id: i64, sha: &str) -> i64 {
    let new = store::events::NewEvent {
        repo_id,
        name: "push".to_owned(),
        action: None,
        git_ref: "refs/heads/side".to_owned(),
        before: None,
        sha: sha.to_owned(),
        facts: store::events::Facts::default(),
        actor_id: world.owner.account_id(),
        actor_login: "owner".to_owned(),
        actor_kind: store::events::ActorKind::User,
        payload: serde_json::json!({}),
    };
    let mut tx = world.store.begin().await.unwrap();
    let id = store::events::append(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn change(world: &World, sql: &str, args: Vec<store::Arg>) {
    let mut tx = world.store.begin().await.unwrap();
    tx.execute(sql, args).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_deleted_repository_takes_its_runs_with_it_and_nobody_elses() {
    on_both("a_deleted_repository_takes_its_runs_with_it_and_nobody_elses", async |database| {
        let world = World::new(database).await;
        let (gone, other) = (world.repository("gone").await, world.repository("other").await);
        // One job is at work, one waits for a runner, one for an approval, one for the group of that.
        world.push(&gone, "main", "first", &[(WORKFLOW, ONE)]).await;
        let (working, idle) = (world.runner("working", &["x"]).await, world.runner("idle", &["x"]).await);
        let job = working.claim().await;
        world.push(&gone, "main", "second", &[("n", "2")]).await;
        world.runs(&gone, 2).await;
        let mut tx = world.store.begin().await.unwrap();
        let environment = store::environments::put(&mut tx, gone.id, "prod").await.unwrap();
        let reviewer = store::environments::Reviewer { kind: "User".into(), reviewer_id: world.owner.account_id().unwrap() };
        store::environments::set_reviewers(&mut tx, environment.id, &[reviewer]).await.unwrap();
        tx.commit().await.unwrap();
        for (number, branch) in ["gate", "behind"].into_iter().enumerate() {
            world.push(&gone, branch, branch, &[(WORKFLOW, HELD)]).await;
            world.runs(&gone, 3 + number).await;
        }
        let runs = world.runs(&gone, 4).await;
        world.push(&other, "main", "go", &[(WORKFLOW, ONE)]).await;
        world.runs(&other, 1).await;
        let actor = Actor::of(&world.owner).unwrap();
        world.forge.delete_repository(&world.owner, &actor, &gone).await.unwrap();
        let next = idle.claim().await;
        assert_eq!(next.repository.id, other.id);
        idle.finish(&next, Conclusion::Success).await;
        for run in runs {
            let run = world.completed(run.id).await;
            assert_eq!(run.conclusion.as_deref(), Some("cancelled"));
            assert!(run.reason.unwrap_or_default().contains("the repository was deleted"));
            assert!(world.jobs(run.id).await.iter().all(|job| job.status == "completed"));
        }
        assert_eq!(working.heartbeat(&job).await.0, StatusCode::CONFLICT, "its runner is told to stop");
        let left = "SELECT (SELECT COUNT(*) FROM concurrency WHERE repo_id = $1) + (SELECT COUNT(*) FROM gates WHERE repo_id = $1 AND state = 'waiting')";
        assert_eq!(world.store.read().fetch_one::<i64>(left, args![gone.id]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_cannot_be_handed_out_fails_and_the_next_one_is_handed_out() {
    on_both("a_job_that_cannot_be_handed_out_fails_and_the_next_one_is_handed_out", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let mut runs = Vec::new();
        for number in 1..=3 {
            world.push(&repository, "main", "go", &[(WORKFLOW, ONE), ("n", &number.to_string())]).await;
            runs = world.runs(&repository, number).await;
        }
        let [well, run, job] = [runs[0].id, runs[1].id, runs[2].id];
        // Sealed under a key that nobody has.
        change(&world, "UPDATE jobs SET sealed = $2 WHERE run_id = $1", args![job, vec![1_u8; 80]]).await;
        change(&world, "UPDATE jobs SET sealed = $2 WHERE run_id = $1", args![run, vec![1_u8; 80]]).await;
        change(&world, "UPDATE run_attempts SET sealed = $2 WHERE run_id = $1", args![run, vec![1_u8; 80]]).await;
        // What is kept in memory of it would do instead: another server has only the rows.
        let settings = control::Settings::default();
        let other = World::over(database.open().await, &database.directory(), settings).await;
        let runner = other.runner("one", &["x"]).await;
        let handed = runner.claim().await;
        assert_eq!(handed.run_id, well);
        runner.finish(&handed, Conclusion::Success).await;
        for (id, code) in [(job, "job-broken"), (run, "broken")] {
            assert_eq!(other.completed(id).await.conclusion.as_deref(), Some("failure"));
            let reason = other.job(id, "a").await.reason.unwrap_or_default();
            assert!(reason.contains(code), "{reason}");
        }
        assert_eq!(other.completed(well).await.conclusion.as_deref(), Some("success"));
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_run_is_gone_keeps_its_repository_from_nothing() {
    on_both("a_job_whose_run_is_gone_keeps_its_repository_from_nothing", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        for number in 1..=2 {
            world.push(&repository, "main", "go", &[(WORKFLOW, ONE), ("n", &number.to_string())]).await;
            world.runs(&repository, number).await;
        }
        let runs = world.runs(&repository, 2).await;
        let (newer, gone) = (runs[0].id, runs[1].id);
        let orphan = world.job(gone, "a").await.id;
        change(&world, "DELETE FROM runs WHERE id = $1", args![gone]).await;
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.run_id, newer);
        let ended = store::jobs::by_id(&mut world.store.read(), orphan).await.unwrap().unwrap();
        assert_eq!((ended.status.as_str(), ended.conclusion.as_deref()), ("completed", Some("failure")));
    })
    .await;
}

#[tokio::test]
async fn a_run_that_cannot_go_on_holds_no_lease_of_another_and_ends_by_force() {
    on_both("a_run_that_cannot_go_on_holds_no_lease_of_another_and_ends_by_force", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let settings = || control::Settings { lease: Duration::from_millis(200), ..control::Settings::default() };
        let first = World::with(database, clock.clone(), settings()).await;
        let repository = first.repository("app").await;
        for number in 1..=2 {
            first.push(&repository, "main", "go", &[(WORKFLOW, ONE), ("n", &number.to_string())]).await;
            first.runs(&repository, number).await;
        }
        let (one, two) = (first.runner("one", &["x"]).await, first.runner("two", &["x"]).await);
        let (broken, lost) = (one.claim().await, two.claim().await);
        change(&first, "UPDATE run_attempts SET sealed = $2 WHERE run_id = $1", args![broken.run_id, vec![1_u8; 80]])
            .await;
        drop((one, two));
        drop(first);
        // It has nothing of the runs in memory.
        let world = World::with(database, clock.clone(), settings()).await;
        clock.advance(1_000_000);
        let third = world.runner("three", &["x"]).await;
        let again = third.claim().await;
        assert_eq!((again.id, again.fence), (lost.id, 2));
        third.finish(&again, Conclusion::Success).await;
        assert!(world.control.cancel_run(&world.owner, broken.run_id, false).await.is_err());
        world.control.cancel_run(&world.owner, broken.run_id, true).await.unwrap();
        assert_eq!(world.run(broken.run_id).await.conclusion.as_deref(), Some("cancelled"));
    })
    .await;
}

#[tokio::test]
async fn a_gate_that_cannot_be_asked_stops_no_schedule() {
    on_both("a_gate_that_cannot_be_asked_stops_no_schedule", async |database| {
        const MINUTE: i64 = 60_000_000;
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let (gated, timed) = (world.repository("gated").await, world.repository("timed").await);
        let mut tx = world.store.begin().await.unwrap();
        let environment = store::environments::put(&mut tx, gated.id, "prod").await.unwrap();
        // An envelope that does not open: the error is the server's own.
        let sql = "INSERT INTO environment_gates (environment_id, name, url, sealed, enabled) VALUES ($1, 'gate', 'http://127.0.0.1:9/', $2, TRUE)";
        tx.execute(sql, args![environment.id, vec![1_u8; 80]]).await.unwrap();
        tx.commit().await.unwrap();
        world.push(&gated, "main", "go", &[(WORKFLOW, &HELD.replace("concurrency: all\n", ""))]).await;
        let run = world.runs(&gated, 1).await.remove(0);
        world.until("it waits", async || Some(world.run(run.id).await).filter(|run| run.status == "waiting")).await;
        let cron = ONE.replace("on: push", "on: { schedule: [{ cron: '* * * * *' }] }");
        world.push(&timed, "main", "go", &[(WORKFLOW, &cron)]).await;
        world.processed(&timed, "push").await;
        let attempted = async || {
            let sql = "SELECT COALESCE(MAX(attempts), 0) FROM gate_requests";
            (world.store.read().fetch_one::<i64>(sql, args![]).await.unwrap() > 0).then_some(())
        };
        world.until("the gate was tried", attempted).await;
        for count in 1..=2_usize {
            clock.advance(2 * MINUTE);
            world.store.wake(store::Topic::Timers);
            world.runs(&timed, count).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_event_outlives_a_time_without_its_repository() {
    on_both("an_event_outlives_a_time_without_its_repository", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "first", &[(WORKFLOW, ONE)]).await;
        world.runs(&repository, 1).await;
        // A commit that nobody has looked at yet.
        let bare = world.forge.git(repository.id);
        let parent = bare.ref_oid("refs/heads/main").await.unwrap().unwrap();
        let person = forge::git::CommitAuthor {
            name: "Owner".into(),
            email: "owner@example.org".into(),
            seconds: 1_796_000_000,
            offset_minutes: 0,
        };
        let commit = forge::git::NewCommit {
            tree: bare.tree_id(&parent).await.unwrap(),
            parents: vec![parent],
            message: "second".into(),
            author: person.clone(),
            committer: person,
        };
        let sha = bare.write_commit(&commit).await.unwrap();
        // As if it had come while the disk of the repositories was away.
        let git = database.directory().join("git");
        let (dir, aside) = (git.join(format!("{}.git", repository.id)), git.join("aside"));
        std::fs::rename(&dir, &aside).unwrap();
        let id = side_pushed(&world, repository.id, &sha).await;
        // An hour of attempts is not enough to give it up.
        for attempts in 1..=8 {
            world
                .until("it is tried", async || {
                    clock.advance(700_000_000);
                    world.store.wake(store::Topic::Events);
                    let found = store::events::troubled(&mut world.store.read(), Some(repository.id), 9).await.unwrap();
                    found.into_iter().find(|one| one.id == id && one.attempts >= attempts && one.state == "pending")
                })
                .await;
        }
        std::fs::rename(&aside, &dir).unwrap();
        world
            .until("it is processed", async || {
                clock.advance(700_000_000);
                world.store.wake(store::Topic::Events);
                let event = store::events::by_id(&mut world.store.read(), id).await.unwrap().unwrap();
                (event.state == "done").then_some(())
            })
            .await;
        world.runs(&repository, 2).await;
        assert!(store::events::troubled(&mut world.store.read(), None, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_is_no_workflow_or_too_large_keeps_no_other_from_running() {
    on_both("what_is_no_workflow_or_too_large_keeps_no_other_from_running", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let large = "x".repeat((1 << 20) + 1);
        let files = [
            (WORKFLOW, ONE),
            (".github/workflows/diagram.png", large.as_str()),
            (".github/workflows/large.yml", large.as_str()),
        ];
        world.push(&repository, "main", "go", &files).await;
        world.runs(&repository, 1).await;
        let verdicts = world.verdicts(&repository, "push").await;
        let paths: Vec<&str> = verdicts.iter().map(|verdict| verdict.workflow_path.as_str()).collect();
        assert_eq!(paths, [WORKFLOW, ".github/workflows/large.yml"]);
        let run = world.runs(&repository, 1).await;
        let told: Vec<String> = run.into_iter().filter_map(|run| run.reason).collect();
        assert!(
            verdicts[1].reason.contains("bytes") || told.iter().any(|reason| reason.contains("bytes")),
            "{verdicts:?} {told:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_repository_whose_git_stands_still_keeps_no_other_waiting() {
    on_both("a_repository_whose_git_stands_still_keeps_no_other_waiting", async |database| {
        let world = World::new(database).await;
        let (slow, quick) = (world.repository("slow").await, world.repository("quick").await);
        world.push(&slow, "main", "first", &[(WORKFLOW, ONE)]).await;
        world.runs(&slow, 1).await;
        // Whoever reads an object of it waits for somebody who writes into this.
        let pipe = database.directory().join(format!("git/{}.git/objects/info/alternates", slow.id));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Nobody has looked at this commit yet.
        let id = side_pushed(&world, slow.id, "0123456789012345678901234567890123456789").await;
        for count in 1..=2_usize {
            world.push(&quick, "main", "go", &[(WORKFLOW, ONE), ("n", &count.to_string())]).await;
            world.runs(&quick, count).await;
        }
        let state = async || store::events::by_id(&mut world.store.read(), id).await.unwrap().unwrap().state;
        assert_eq!(state().await, "pending");
        let writer = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
        std::fs::remove_file(&pipe).unwrap();
        drop(writer);
        world.until("the slow one is done", async || (state().await == "done").then_some(())).await;
    })
    .await;
}
