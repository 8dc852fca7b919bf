//! Environments: who may deploy what, when, and who has to say yes; deployments and their history.

use api::Conclusion;
use control::Decision;
use identity::Caller;
use store::Clock;
use store::environments::{Environment, Reviewer};
use store::repositories::Repository;
use store::testing::on_both;

use crate::world::{WORKFLOW, World};

const TEXT: &str = "on: push\njobs:\n  deploy:\n    environment: { name: prod, url: 'https://prod.example' }\n    runs-on: x\n    steps: [{ run: 'true' }]\n";

async fn environment(
    world: &World,
    repository: &Repository,
    reviewers: &[&Caller],
    change: impl FnOnce(&mut Environment),
) -> i64 {
    let mut tx = world.store.begin().await.unwrap();
    let mut environment = store::environments::put(&mut tx, repository.id, "prod").await.unwrap();
    change(&mut environment);
    store::environments::update(&mut tx, &environment).await.unwrap();
    let reviewers: Vec<Reviewer> = reviewers
        .iter()
        .map(|caller| Reviewer { kind: "User".into(), reviewer_id: caller.account_id().unwrap() })
        .collect();
    store::environments::set_reviewers(&mut tx, environment.id, &reviewers).await.unwrap();
    tx.commit().await.unwrap();
    environment.id
}

async fn waiting(world: &World, repository: &Repository, count: usize) -> store::runs::Run {
    let run = world.runs(repository, count).await.remove(0);
    world.until("it waits", async || Some(world.run(run.id).await).filter(|run| run.status == "waiting")).await
}

#[tokio::test]
async fn two_of_three_reviewers_and_not_who_started_it() {
    on_both("two_of_three_reviewers_and_not_who_started_it", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let (ann, bob, eve) = (world.user("ann").await, world.user("bob").await, world.user("eve").await);
        environment(&world, &repository, &[&ann, &bob, &world.owner], |environment| {
            environment.approvals = 2;
            environment.prevent_self_review = true;
        })
        .await;
        let sha = world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        let run = waiting(&world, &repository, 1).await;
        let review = async |caller: &Caller, decision: Decision| {
            world.control.review_deployments(caller, run.id, &[], decision, "ok").await
        };
        for (caller, refused) in [(&eve, "eve is no reviewer"), (&world.owner, "owner started the run")] {
            let error = review(caller, Decision::Approve).await.unwrap_err().to_string();
            assert!(error.starts_with(refused), "{error}");
        }
        review(&ann, Decision::Approve).await.unwrap();
        review(&ann, Decision::Approve).await.unwrap();
        assert_eq!(world.run(run.id).await.status, "waiting", "one who says it twice is one");
        review(&bob, Decision::Approve).await.unwrap();
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.environment.as_ref().map(|environment| environment.name.as_str()), Some("prod"));
        assert_eq!(job.identity.environment.as_deref(), Some("prod"));
        runner.finish(&job, Conclusion::Success).await;
        world.completed(run.id).await;
        let deployments =
            store::deployments::list(&mut world.store.read(), repository.id, None, None, None, 0, 10).await.unwrap();
        assert_eq!(
            (deployments.len(), deployments[0].sha.as_str(), deployments[0].git_ref.as_str()),
            (1, sha.as_str(), "main")
        );
        let history = store::deployments::statuses(&mut world.store.read(), deployments[0].id).await.unwrap();
        let states: Vec<_> = history.iter().rev().map(|status| status.state.as_str()).collect();
        assert_eq!(states, ["waiting", "queued", "in_progress", "success"]);
        // The next one makes it inactive; and it is refused.
        world.push(&repository, "main", "next", &[("n", "2")]).await;
        let next = waiting(&world, &repository, 2).await;
        world.control.review_deployments(&bob, next.id, &[], Decision::Reject, "not on Fridays").await.unwrap();
        assert_eq!(world.completed(next.id).await.conclusion.as_deref(), Some("failure"));
        let reason = world.job(next.id, "deploy").await.reason.unwrap();
        assert!(reason.contains("bob refused the deployment to `prod`: not on Fridays"), "{reason}");
        let error = world.control.review_deployments(&bob, next.id, &[], Decision::Approve, "").await.unwrap_err();
        assert!(error.to_string().starts_with("no deployment of this run waits"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_wait_timer_and_a_cancelled_wait() {
    on_both("a_wait_timer_and_a_cancelled_wait", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        environment(&world, &repository, &[], |environment| environment.wait_minutes = 30).await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        let run = waiting(&world, &repository, 1).await;
        let runner = world.runner("one", &["x"]).await;
        clock.advance(29 * 60_000_000);
        world.store.wake(store::Topic::Timers);
        assert!(runner.claim_within(0).await.is_none());
        clock.advance(60_000_001);
        world.store.wake(store::Topic::Timers);
        let job = runner.claim().await;
        assert_eq!(job.run_id, run.id);
        runner.finish(&job, Conclusion::Success).await;
        world.push(&repository, "main", "next", &[("n", "2")]).await;
        let next = waiting(&world, &repository, 2).await;
        world.control.cancel_run(&world.owner, next.id, false).await.unwrap();
        assert_eq!(world.completed(next.id).await.conclusion.as_deref(), Some("cancelled"));
        assert!(store::environments::waiting_gates(&mut world.store.read(), next.id).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn branches_and_tags_that_may_be_deployed() {
    on_both("branches_and_tags_that_may_be_deployed", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let id = environment(&world, &repository, &[], |environment| environment.branch_policy = "custom".into()).await;
        let mut tx = world.store.begin().await.unwrap();
        store::environments::insert_policy(&mut tx, id, "branch", "release/*").await.unwrap();
        store::environments::insert_policy(&mut tx, id, "tag", "v*").await.unwrap();
        tx.commit().await.unwrap();
        let runner = world.runner("one", &["x"]).await;
        let table =
            [("main", false), ("release/1", true), ("v1", false), ("refs/tags/v1", true), ("refs/tags/x", false)];
        for (index, (name, allowed)) in table.into_iter().enumerate() {
            world.push(&repository, name, name, &[(WORKFLOW, TEXT)]).await;
            let run = world.runs(&repository, index + 1).await.remove(0);
            if allowed {
                let job = runner.claim().await;
                assert_eq!(job.run_id, run.id, "{name}");
                runner.finish(&job, Conclusion::Success).await;
            }
            let run = world.completed(run.id).await;
            assert_eq!(run.conclusion.as_deref() == Some("success"), allowed, "{name}");
            if !allowed {
                let reason = world.job(run.id, "deploy").await.reason.unwrap();
                assert!(
                    reason.contains("may not be deployed to `prod`: none of its rules names it"),
                    "{name}: {reason}"
                );
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_environments_secrets_are_for_its_jobs_only() {
    on_both("an_environments_secrets_are_for_its_jobs_only", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let id = environment(&world, &repository, &[], |_| {}).await;
        let mut tx = world.store.begin().await.unwrap();
        for (scope, value) in [
            (identity::SecretScope::Repository(repository.id), "of the repository"),
            (identity::SecretScope::Environment(id), "of prod"),
        ] {
            world.identity.put_secret(&mut tx, &world.owner, scope, "KEY", value.as_bytes(), "all", &[]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let text = format!("{TEXT}  plain: {{ runs-on: x, steps: [{{ run: 'true' }}] }}\n");
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        let runner = world.runner("one", &["x"]).await;
        for _ in 0..2 {
            let job = runner.claim().await;
            let expected = if job.path == "deploy" { "of prod" } else { "of the repository" };
            assert_eq!(job.contexts.secrets.expose()["KEY"], expected, "{}", job.path);
            runner.finish(&job, Conclusion::Success).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_gate_that_nobody_opens_ends_after_thirty_days() {
    on_both("a_gate_that_nobody_opens_ends_after_thirty_days", async |database| {
        const DAY: i64 = 24 * 3600 * 1_000_000;
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        let ann = world.user("ann").await;
        environment(&world, &repository, &[&ann], |_| {}).await;
        world.push(&repository, "main", "go", &[(WORKFLOW, &format!("{TEXT}concurrency: all\n"))]).await;
        let run = waiting(&world, &repository, 1).await;
        for (days, state) in [(29, "waiting"), (1, "rejected")] {
            clock.advance(days * DAY);
            world
                .until("the gate is looked at", async || {
                    world.store.wake(store::Topic::Timers);
                    let gates = store::environments::gates_of_run(&mut world.store.read(), run.id).await.unwrap();
                    (gates[0].state == state).then_some(())
                })
                .await;
        }
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("failure"));
        let reason = world.job(run.id, "deploy").await.reason.unwrap();
        assert!(reason.contains("nobody let the deployment to `prod` go within 30 days"), "{reason}");
        assert!(store::groups::of_repo(&mut world.store.read(), repository.id).await.unwrap().is_empty());
    })
    .await;
}
