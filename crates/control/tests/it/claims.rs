//! Claims whose answer got lost; claims and steps of the same runs at once; reports of any size.

use std::time::Duration;

use api::Conclusion;
use axum::http::StatusCode;
use serde_json::json;
use store::testing::{Database, on_both};

use crate::world::{WORKFLOW, World};

const ONE_JOB: &str = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
const TWO_JOBS: &str =
    "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n  b: { runs-on: x, steps: [{ run: 'true' }] }\n";

#[tokio::test]
async fn a_claim_said_again_gives_the_same_job() {
    on_both("a_claim_said_again_gives_the_same_job", async |database| {
        let world = World::new(database).await;
        let other = World::over(database.open().await, &database.directory(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TWO_JOBS)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let registration = json!({ "name": "r", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 2, "ephemeral": true });
        let runner = world.runner_with(registration).await;
        let claim = async |world: &World, id: &str| {
            let body = json!({ "free": 1, "id": id });
            world.request("POST", "/claim?wait=30", &runner.secret, body).await.1
        };
        let first = claim(&world, "one").await;
        // The other server is asked again, as when the first had ended before its answer was read.
        let again = claim(&other, "one").await;
        assert_eq!((&again["id"], &again["fence"]), (&first["id"], &first["fence"]));
        let authenticate = async |job: &serde_json::Value| {
            let token = job["repository"]["token"].as_str().unwrap().to_owned();
            world.identity.authenticate(&identity::Credentials::Token(token), "::1").await
        };
        assert!(authenticate(&first).await.is_err(), "the token that nobody got is void");
        assert!(authenticate(&again).await.is_ok());
        let job = serde_json::from_value(again).unwrap();
        runner.finish(&job, Conclusion::Success).await;
        // It holds nothing any more, and a single-use runner gets nothing else.
        let (status, _) = runner.ask("POST", "/claim?wait=0", json!({ "free": 1, "id": "one" })).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        // What another runner calls its claims is its own affair.
        let second = world.runner("second", &["x"]).await;
        let (status, job) = second.ask("POST", "/claim?wait=30", json!({ "free": 1, "id": "one" })).await;
        assert_eq!(status, StatusCode::OK);
        second.finish(&serde_json::from_value(job).unwrap(), Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        assert!(world.jobs(run.id).await.iter().all(|job| job.fence == 1), "each was claimed once");
        for bad in ["", &"x".repeat(65)] {
            let (status, _) = second.ask("POST", "/claim?wait=0", json!({ "free": 1, "id": bad })).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    })
    .await;
}

/// A runner that was killed between the server's answer and its own note of it comes back and knows nothing of the job.
#[tokio::test]
async fn a_job_that_never_reached_its_runner_is_queued_again_when_the_runner_says_so() {
    on_both("a_job_that_never_reached_its_runner_is_queued_again_when_the_runner_says_so", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TWO_JOBS)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let registration = json!({ "name": "r", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 2, "ephemeral": false });
        let runner = world.runner_with(registration).await;
        let (kept, lost) = (runner.claim().await, runner.claim().await);
        let hello = json!({ "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 2,
            "jobs": [{ "id": kept.id, "fence": kept.fence }] });
        assert_eq!(runner.ask("POST", "/hello", hello).await.0, StatusCode::OK);
        assert_eq!(runner.heartbeat(&kept).await.0, StatusCode::OK);
        assert_eq!(runner.heartbeat(&lost).await.0, StatusCode::CONFLICT);
        let again = runner.claim().await;
        assert_eq!((again.id, again.fence), (lost.id, 2));
        let jobs = world.jobs(run.id).await;
        assert!(jobs.iter().all(|job| job.lost_count == 0), "it has both its lives still");
        for job in [&kept, &again] {
            runner.finish(job, Conclusion::Success).await;
        }
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    })
    .await;
}

/// Two servers, whose runners take first jobs of runs while users cancel these runs: PostgreSQL finds no deadlock, so nobody
/// is told to try again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_and_steps_of_the_same_runs_do_not_block_each_other() {
    const RUNS: usize = 24;
    let name = "claims_and_steps_of_the_same_runs_do_not_block_each_other";
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let world = World::new(&database).await;
    let other = World::over(database.open().await, &database.directory(), control::Settings::default()).await;
    let repository = world.repository("app").await;
    for number in 0..RUNS {
        world.push(&repository, "main", "go", &[(WORKFLOW, TWO_JOBS), ("n", &number.to_string())]).await;
    }
    let runs = world.runs(&repository, RUNS).await;
    let work = async |world: &World, name: &str| {
        let runner = world.runner(name, &["x"]).await;
        for run in runs.iter().rev() {
            while !world.run(run.id).await.is_completed() {
                // Anything but a job or none is a failure of the test.
                let Some(job) = runner.claim_within(0).await else { break };
                let (status, answer) = runner.try_finish(&job, Conclusion::Success, &[]).await;
                assert!(matches!(status, StatusCode::NO_CONTENT | StatusCode::CONFLICT), "{status} {answer}");
            }
        }
    };
    let cancel = async |world: &World| {
        for run in runs.iter().rev() {
            match world.control.cancel_run(&world.owner, run.id, true).await {
                Ok(()) | Err(control::Error::Conflict(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::join!(work(&world, "a"), work(&other, "b"), work(&world, "c"), cancel(&world), cancel(&other));
    let runner = world.runner("last", &["x"]).await;
    for run in &runs {
        runner.work_off(run.id).await;
        assert!(world.control.check_run(run.id).await.unwrap().is_empty());
    }
}

/// More jobs end at once than there are connections, and each transaction reads beside what it writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_end_at_once_and_nobody_waits_for_ever() {
    const RUNS: usize = 30;
    let name = "many_jobs_end_at_once_and_nobody_waits_for_ever";
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let world = World::new(&database).await;
    let repository = world.repository("app").await;
    // They all change the same environment's deployments.
    let text = "on: push\njobs:\n  a: { runs-on: x, environment: prod, steps: [{ run: 'true' }] }\n";
    for number in 0..RUNS {
        world.push(&repository, "main", "go", &[(WORKFLOW, text), ("n", &number.to_string())]).await;
    }
    let runs = world.runs(&repository, RUNS).await;
    let registration =
        json!({ "name": "r", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": RUNS });
    let runner = world.runner_with(registration).await;
    let mut jobs = Vec::new();
    for _ in 0..RUNS {
        jobs.push(runner.claim().await);
    }
    let finishing = jobs.iter().map(|job| runner.try_finish(job, Conclusion::Success, &[]));
    for (status, answer) in futures_util::future::join_all(finishing).await {
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }
    for run in runs {
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    }
}

#[tokio::test]
async fn large_reports_are_taken_and_what_is_too_large_is_said_so() {
    on_both("large_reports_are_taken_and_what_is_too_large_is_said_so", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TWO_JOBS)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        let path = format!("/jobs/{}/{}", job.id, job.fence);
        let summary = "x".repeat(3 << 20);
        let event = json!({ "seq": 1, "at": 5, "type": "summary", "leg": 0, "step": 1, "markdown": summary });
        let (status, answer) = runner.ask("POST", &format!("{path}/events"), json!({ "events": [event] })).await;
        assert_eq!((status, answer), (StatusCode::OK, json!({ "last": 1 })));
        // Beyond every limit, and nothing that can be read: refused in the protocol's words, so that it is not said for ever.
        let endless = "x".repeat(api::wire::LARGEST_REPORT);
        let finish = json!({ "events": 1, "log": 0, "outcome": { "type": "executed", "conclusion": "success", "outputs": { "o": endless } } });
        let (status, answer) = runner.ask("POST", &format!("{path}/finish"), finish).await;
        assert_eq!((status, &answer["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("invalid")));
        let (status, answer) = runner.ask("POST", &format!("{path}/finish"), json!({ "events": "one" })).await;
        assert_eq!((status, &answer["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid")), "{answer}");
        let outputs: Vec<(String, String)> = (0..3).map(|n| (format!("o{n}"), "y".repeat(900_000))).collect();
        let outputs: serde_json::Map<_, _> = outputs.into_iter().map(|(name, value)| (name, value.into())).collect();
        let finish = json!({ "events": 1, "log": 0, "outcome": { "type": "executed", "conclusion": "success", "outputs": outputs } });
        assert_eq!(runner.ask("POST", &format!("{path}/finish"), finish).await.0, StatusCode::NO_CONTENT);
        runner.work_off(run.id).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    })
    .await;
}

/// By the clock of the machine, on which no two moments are the same.
#[tokio::test]
async fn a_job_whose_runner_never_said_a_word_is_not_counted_as_lost() {
    on_both("a_job_whose_runner_never_said_a_word_is_not_counted_as_lost", async |database| {
        let settings = control::Settings { lease: Duration::from_millis(200), ..control::Settings::default() };
        let world = World::over(database.open().await, &database.directory(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, ONE_JOB)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let runner = world.runner("silent", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.fence, 1);
        let again = async || Some(world.job(run.id, "a").await).filter(|job| job.status == "queued");
        let job = world.until("it is queued again", again).await;
        assert_eq!((job.fence, job.lost_count), (1, 0));
        let known = store::runners::all(&mut world.store.read()).await.unwrap().remove(0);
        assert!(known.given_up);
        // Its next word is heard.
        assert!(runner.claim().await.fence > 1);
    })
    .await;
}
