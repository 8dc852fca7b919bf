//! The wall clock is set while jobs run.

use std::time::Duration;

use api::Conclusion;
use axum::http::StatusCode;
use store::Clock;
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const HOUR: i64 = 3_600_000_000;

/// Both jobs would be over within the hour that passes.
const TEXT: &str = "on: push\njobs:\n  a: { runs-on: x, timeout-minutes: 5, steps: [{ run: 'true' }] }\n  b: { runs-on: x, timeout-minutes: 5, steps: [{ run: 'true' }] }\n";

async fn a_clock_that_jumps(name: &str, by: i64) {
    on_both(name, async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let settings = control::Settings { lease: Duration::from_millis(200), ..control::Settings::default() };
        let world = World::with(database, clock.clone(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let (well, gone) = (world.runner("well", &["x"]).await, world.runner("gone", &["x"]).await);
        let (kept, left) = (well.claim().await, gone.claim().await);
        clock.advance(50_000);
        assert_eq!(well.heartbeat(&kept).await.0, StatusCode::OK);
        assert_eq!(gone.heartbeat(&left).await.0, StatusCode::OK);
        clock.jump(by);
        world.until("the jump is made up for", async || clock.settle().is_none().then_some(())).await;
        assert_eq!(well.heartbeat(&kept).await.0, StatusCode::OK);
        let token = identity::Credentials::Token(kept.repository.token.expose().clone());
        assert!(world.identity.authenticate(&token, "::1").await.is_ok(), "the job's token lives as long as the job");
        // A lease later, no earlier and not an hour later, the other one is found to be gone.
        clock.advance(150_000);
        assert_eq!(well.heartbeat(&kept).await.0, StatusCode::OK);
        clock.advance(100_000);
        let other = world.runner("other", &["x"]).await;
        let again = other.claim().await;
        assert_eq!((again.id, again.fence), (left.id, 2));
        assert_eq!(well.heartbeat(&kept).await.0, StatusCode::OK);
        well.finish(&kept, Conclusion::Success).await;
        other.finish(&again, Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        assert!(world.jobs(run.id).await.iter().all(|job| job.lost_count == i64::from(job.id == left.id)));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_forward_takes_no_job_from_a_runner_that_is_well() {
    a_clock_that_jumps("a_clock_that_is_set_forward_takes_no_job_from_a_runner_that_is_well", HOUR).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_lets_no_runner_keep_a_job_for_longer() {
    a_clock_that_jumps("a_clock_that_is_set_back_lets_no_runner_keep_a_job_for_longer", -HOUR).await;
}

const ONE: &str = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";

/// Only what was heard of can have executed: an answer that was lost on its way costs the job nothing.
#[tokio::test]
async fn a_claim_whose_answer_was_lost_does_not_count_as_an_execution() {
    on_both("a_claim_whose_answer_was_lost_does_not_count_as_an_execution", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let settings = control::Settings { lease: Duration::from_millis(200), ..control::Settings::default() };
        let world = World::with(database, clock.clone(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, ONE)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        for number in 1..=3 {
            let runner = world.runner(&format!("r{number}"), &["x"]).await;
            let job = runner.claim().await;
            assert_eq!(job.fence, number);
            clock.advance(201_000);
        }
        let last = world.runner("last", &["x"]).await;
        let job = last.claim().await;
        last.finish(&job, Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        assert_eq!(world.job(run.id, "a").await.lost_count, 0);
    })
    .await;
}
