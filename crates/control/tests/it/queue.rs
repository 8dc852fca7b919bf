//! The queue: labels, groups, fairness, leases, fences, runners that come and go.

use std::time::Duration;

use api::wire::{Events, Finish, Outcome, Report};
use api::{Conclusion, Event, StepStarted};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use store::Clock;
use store::testing::on_both;
use tower::ServiceExt as _;

use crate::world::{WORKFLOW, World, leg};

fn workflow(jobs: &[(&str, &str)]) -> String {
    let jobs: Vec<String> = jobs
        .iter()
        .map(|(name, runs_on)| format!("  {name}: {{ runs-on: {runs_on}, steps: [{{ run: 'true' }}] }}\n"))
        .collect();
    format!("on: push\njobs:\n{}", jobs.concat())
}

#[tokio::test]
async fn labels_and_groups_decide_who_takes_what() {
    on_both("labels_and_groups_decide_who_takes_what", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let text = workflow(&[("any", "linux"), ("gpu", "[self-hosted, GPU]"), ("grouped", "{ group: big, labels: linux }"), ("nobody", "mars")]);
        world.push(&repository, "main", "go", &[(WORKFLOW, &text)]).await;
        world.runs(&repository, 1).await;
        let plain = world.runner("plain", &["Linux"]).await;
        let gpu = world.runner("gpu", &["self-hosted", "gpu", "x"]).await;
        let registration = json!({ "name": "big", "group": "Big", "labels": ["linux"], "os": "Linux", "arch": "X64", "version": "0", "slots": 2 });
        let big = world.runner_with(registration).await;
        let job = gpu.claim().await;
        assert_eq!(job.path, "gpu");
        let first = plain.claim().await;
        assert_eq!(first.path, "any");
        assert!(plain.claim_within(0).await.is_none(), "it has one slot");
        let grouped = big.claim().await;
        assert_eq!(grouped.path, "grouped");
        assert!(big.claim_within(0).await.is_none(), "nobody is on mars");
        for (runner, job) in [(&gpu, &job), (&plain, &first), (&big, &grouped)] {
            runner.finish(job, Conclusion::Success).await;
        }
        // A runner that drains gets nothing.
        world.push(&repository, "main", "again", &[("n", "2")]).await;
        world.runs(&repository, 2).await;
        assert_eq!(plain.ask("POST", "/drain", json!({})).await.0, StatusCode::NO_CONTENT);
        assert!(plain.claim_within(0).await.is_none());
        assert_eq!(big.claim().await.path, "any");
    })
    .await;
}

#[tokio::test]
async fn repositories_take_turns() {
    on_both("repositories_take_turns", async |database| {
        let world = World::new(database).await;
        let (busy, quiet) = (world.repository("busy").await, world.repository("quiet").await);
        let many: Vec<String> = (0..6).map(|n| format!("j{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
        world.push(&busy, "main", "go", &[(WORKFLOW, &workflow(&many))]).await;
        world.runs(&busy, 1).await;
        world.push(&quiet, "main", "go", &[(WORKFLOW, &workflow(&[("only", "x"), ("other", "x")]))]).await;
        world.runs(&quiet, 1).await;
        let registration =
            json!({ "name": "r", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 4 });
        let runner = world.runner_with(registration).await;
        let mut taken = Vec::new();
        for _ in 0..4 {
            taken.push(runner.claim().await.repository.name);
        }
        assert_eq!(taken, ["owner/busy", "owner/quiet", "owner/busy", "owner/quiet"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_more_urgent_goes_first_and_repositories_take_turns_among_equals() {
    on_both("what_is_more_urgent_goes_first_and_repositories_take_turns_among_equals", async |database| {
        let rule = |rule: control::NewPriorityRule<'_>| control::PriorityRule::new(&rule).unwrap();
        let settings = control::Settings {
            priorities: vec![
                rule(control::NewPriorityRule { workflow: Some("deploy.yml"), priority: 50, ..Default::default() }),
                rule(control::NewPriorityRule { repository: Some("owner/slow*"), priority: -10, ..Default::default() }),
            ],
            ..control::Settings::default()
        };
        let world = World::with(database, Clock::system(), settings).await;
        let text = workflow(&[("a", "x"), ("b", "x")]);
        let by_hand = text.replace("on: push", "on: workflow_dispatch");
        let (slow, one, two) =
            (world.repository("slowest").await, world.repository("one").await, world.repository("two").await);
        world.push(&slow, "main", "go", &[(WORKFLOW, &text)]).await;
        world.runs(&slow, 1).await;
        for repository in [&one, &two] {
            world.push(repository, "main", "go", &[(WORKFLOW, &text), (".github/workflows/hand.yml", &by_hand)]).await;
            world.runs(repository, 1).await;
        }
        world.push(&two, "main", "deploy", &[(WORKFLOW, &by_hand), (".github/workflows/deploy.yml", &text)]).await;
        world.runs(&two, 2).await;
        // By hand: lower for everybody who may dispatch, higher for the server's administrators.
        let dispatch = async |caller: &identity::Caller, priority: i64| {
            let dispatch = control::Dispatch {
                workflow: ".github/workflows/hand.yml".into(),
                git_ref: "main".into(),
                inputs: Default::default(),
                priority: Some(priority),
            };
            world.control.dispatch(caller, &one, &dispatch).await
        };
        assert!(matches!(dispatch(&world.owner, 1).await, Err(control::Error::Forbidden(_))));
        assert!(matches!(dispatch(&world.owner, -101).await, Err(control::Error::Invalid { .. })));
        dispatch(&world.owner, -20).await.unwrap();
        world.runs(&one, 2).await;
        let identity::Caller::User(user) = world.owner.clone() else { panic!("a user") };
        let administrator = identity::Caller::User(identity::UserCaller { admin: true, ..user });
        dispatch(&administrator, 60).await.unwrap();
        world.runs(&one, 3).await;
        let registration =
            json!({ "name": "r", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 20 });
        let runner = world.runner_with(registration).await;
        let mut taken = Vec::new();
        while let Some(job) = runner.claim_within(0).await {
            taken.push(format!("{} {}", job.repository.name, job.workflow.path.rsplit('/').next().unwrap()));
        }
        assert_eq!(
            taken,
            [
                "owner/one hand.yml",
                "owner/one hand.yml",
                "owner/two deploy.yml",
                "owner/two deploy.yml",
                "owner/one ci.yml",
                "owner/two ci.yml",
                "owner/one ci.yml",
                "owner/two ci.yml",
                "owner/slowest ci.yml",
                "owner/slowest ci.yml",
                "owner/one hand.yml",
                "owner/one hand.yml",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn no_more_legs_at_a_time_than_max_parallel_whichever_server_is_asked() {
    on_both("no_more_legs_at_a_time_than_max_parallel_whichever_server_is_asked", async |database| {
        let world = World::new(database).await;
        let other = World::over(database.open().await, &database.directory(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    strategy: { max-parallel: 2, matrix: { n: [1, 2, 3, 4, 5] } }\n    steps: [{ run: 'true' }]\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, text)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let registration = |name: &str| {
            json!({ "name": name, "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 5 })
        };
        let (here, there) = (world.runner_with(registration("here")).await, other.runner_with(registration("there")).await);
        let mut held = std::collections::VecDeque::from([(&here, here.claim().await), (&there, there.claim().await)]);
        for taker in [&there, &here, &there] {
            assert!(here.claim_within(0).await.is_none() && there.claim_within(0).await.is_none(), "two are at work");
            // Ended by way of one server, the next given out by the other.
            let (holder, job) = held.pop_front().unwrap();
            holder.finish(&job, Conclusion::Success).await;
            held.push_back((taker, taker.claim().await));
        }
        for (holder, job) in held {
            assert!(here.claim_within(0).await.is_none(), "there were five");
            holder.finish(&job, Conclusion::Success).await;
        }
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    })
    .await;
}

#[tokio::test]
async fn a_job_has_one_runner_however_many_ask() {
    on_both("a_job_has_one_runner_however_many_ask", async |database| {
        let world = World::new(database).await;
        let other = World::over(database.open().await, &database.directory(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        let many: Vec<String> = (0..12).map(|n| format!("j{n}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "x")).collect();
        world.push(&repository, "main", "go", &[(WORKFLOW, &workflow(&many))]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let work = async |world: &World, name: &str| {
            let runner = world.runner(name, &["x"]).await;
            runner.work_off(run.id).await
        };
        let (a, b, c, d) = tokio::join!(work(&world, "a"), work(&other, "b"), work(&world, "c"), work(&other, "d"));
        let mut all = [a, b, c, d].concat();
        all.sort();
        let mut expected: Vec<String> = many.iter().map(|(name, _)| (*name).to_owned()).collect();
        expected.sort();
        assert_eq!(all, expected, "each once");
        assert!(world.jobs(run.id).await.iter().all(|job| job.fence == 1));
    })
    .await;
}

#[tokio::test]
async fn a_runner_that_is_gone_loses_its_job_once_then_the_job_fails() {
    on_both("a_runner_that_is_gone_loses_its_job_once_then_the_job_fails", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let settings = control::Settings { lease: Duration::from_millis(200), ..control::Settings::default() };
        let world = World::with(database, clock.clone(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, &workflow(&[("a", "x")]))]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let (first, second) = (world.runner("first", &["x"]).await, world.runner("second", &["x"]).await);
        let job = first.claim().await;
        let token = job.repository.token.expose().clone();
        let credentials = identity::Credentials::Token(token);
        assert!(world.identity.authenticate(&credentials, "::1").await.is_ok());
        // Heard of in time: it keeps the job.
        clock.advance(150_000);
        assert_eq!(first.heartbeat(&job).await.0, StatusCode::OK);
        clock.advance(150_000);
        assert_eq!(first.heartbeat(&job).await.0, StatusCode::OK);
        clock.advance(300_000);
        let again = second.claim().await;
        assert_eq!((again.id, again.fence), (job.id, 2));
        assert!(world.identity.authenticate(&credentials, "::1").await.is_err(), "the token died with the claim");
        // Whatever the first one says now is refused.
        assert_eq!(first.heartbeat(&job).await.0, StatusCode::CONFLICT);
        let (status, answer) = first.try_finish(&job, Conclusion::Success, &[]).await;
        assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("fenced")));
        clock.advance(50_000);
        assert_eq!(second.heartbeat(&again).await.0, StatusCode::OK);
        clock.advance(300_000);
        let run = world.completed(run.id).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"));
        let reason = world.job(run.id, "a").await.reason.unwrap();
        assert!(reason.contains("nothing was heard of the runner second, for the second time"), "{reason}");
        assert_eq!(second.try_finish(&again, Conclusion::Success, &[]).await.0, StatusCode::CONFLICT);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_finds_no_runner_fails_in_the_end() {
    on_both("a_job_that_finds_no_runner_fails_in_the_end", async |database| {
        let clock = Clock::by_hand(1_796_000_000_000_000);
        let settings = control::Settings {
            lease: Duration::from_millis(200),
            longest_in_queue: Duration::from_secs(3600),
            ..control::Settings::default()
        };
        let world = World::with(database, clock.clone(), settings).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, &workflow(&[("a", "mars")]))]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        clock.advance(3_600_000_001);
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("failure"));
        let reason = world.job(run.id, "a").await.reason.unwrap();
        assert!(reason.contains(r#"it asks for [\"mars\"]"#), "{reason}");
    })
    .await;
}

#[tokio::test]
async fn events_are_numbered_and_the_end_waits_for_all_of_them() {
    on_both("events_are_numbered_and_the_end_waits_for_all_of_them", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, &workflow(&[("a", "x")]))]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        let path = format!("/jobs/{}/{}", job.id, job.fence);
        let step = |seq: u64, step: u32, of: u32| api::Envelope {
            seq,
            at: 5,
            event: Event::StepStarted(StepStarted {
                leg: leg(of),
                step,
                id: "s".into(),
                name: "s".into(),
                stage: api::Stage::Main,
                parent: None,
            }),
        };
        let send = async |events: Vec<api::Envelope>| {
            runner.ask("POST", &format!("{path}/events"), serde_json::to_value(Events { events }).unwrap()).await
        };
        assert_eq!(send(vec![step(1, 0, 0), step(2, 1, 0)]).await, (StatusCode::OK, json!({ "last": 2 })));
        // Sent again, and with a gap.
        assert_eq!(
            send(vec![step(2, 1, 0), step(3, 2, 0), step(5, 4, 0)]).await,
            (StatusCode::OK, json!({ "last": 3 }))
        );
        assert_eq!(send(vec![step(4, 0, 9)]).await.0, StatusCode::UNPROCESSABLE_ENTITY, "of another job");
        let log = async |offset: u64, bytes: &[u8]| {
            let request = Request::builder()
                .method("PUT")
                .uri(format!("{}{path}/log?offset={offset}", api::wire::ROOT))
                .header(header::AUTHORIZATION, format!("Bearer {}", runner.secret))
                .body(Body::from(bytes.to_vec()))
                .unwrap();
            world.router.clone().oneshot(request).await.unwrap().status()
        };
        assert_eq!(log(0, b"TLI1x").await, StatusCode::OK);
        assert_eq!(log(9, b"late").await, StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(log(3, b"1xyz").await, StatusCode::OK, "what is there already is passed over");
        let (_, progress) = runner.ask("GET", &format!("{path}/progress"), json!({})).await;
        assert_eq!(progress, json!({ "events": 3, "log": 7 }));
        let report = Report {
            conclusion: Conclusion::Success,
            reason: None,
            outputs: Default::default(),
            first_error: None,
            environment_url: None,
        };
        let end = async |events: u64, log: u64| {
            let finish = Finish { events, log, outcome: Outcome::Executed(report.clone()) };
            runner.ask("POST", &format!("{path}/finish"), serde_json::to_value(finish).unwrap()).await
        };
        for (events, log) in [(4, 7), (3, 8)] {
            let (status, answer) = end(events, log).await;
            assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("incomplete")));
        }
        assert_eq!(end(3, 7).await.0, StatusCode::NO_CONTENT);
        world.completed(run.id).await;
        let told = store::runs::events_of_leg(&mut world.store.read(), run.id, 1, 0).await.unwrap();
        assert_eq!(told.iter().filter(|event| event.json.contains("step_started")).count(), 3);
    })
    .await;
}

#[tokio::test]
async fn runners_register_once_and_only_with_their_token() {
    on_both("runners_register_once_and_only_with_their_token", async |database| {
        let world = World::new(database).await;
        let token = world.registration_token().await;
        let registration = |name: &str, ephemeral: bool| {
            json!({ "name": name, "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 1, "ephemeral": ephemeral })
        };
        let (status, registered) = world.request("POST", "/register", &token, registration("one", true)).await;
        assert_eq!((status, &registered["name"]), (StatusCode::OK, &json!("one")));
        assert_eq!(registered["settings"], json!({ "lease_seconds": 150, "heartbeat_seconds": 10 }));
        assert_eq!(world.request("POST", "/register", &token, registration("two", false)).await.0, StatusCode::UNAUTHORIZED);
        let second = world.registration_token().await;
        let (status, answer) = world.request("POST", "/register", &second, registration("ONE", false)).await;
        assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("name_taken")));
        // The token was not used up by that.
        assert_eq!(world.request("POST", "/register", &second, registration("two", false)).await.0, StatusCode::OK);
        for (token, expected) in [("nonsense", StatusCode::UNAUTHORIZED), ("tlr_0000", StatusCode::UNAUTHORIZED)] {
            assert_eq!(world.request("POST", "/claim?wait=0", token, json!({ "free": 1 })).await.0, expected);
        }
        // Single use: one job and no more.
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, &workflow(&[("a", "x"), ("b", "x")]))]).await;
        world.runs(&repository, 1).await;
        let secret = registered["secret"].as_str().unwrap();
        let (status, job) = world.request("POST", "/claim?wait=30", secret, json!({ "free": 1 })).await;
        assert_eq!(status, StatusCode::OK, "{job}");
        let finish = json!({ "events": 0, "log": 0, "outcome": { "type": "executed", "conclusion": "success" } });
        let path = format!("/jobs/{}/{}/finish", job["id"], job["fence"]);
        assert_eq!(world.request("POST", &path, secret, finish).await.0, StatusCode::NO_CONTENT);
        // It ends by that, if it has not by itself.
        assert_eq!(world.request("POST", "/claim?wait=0", secret, json!({ "free": 1 })).await.0, StatusCode::UNAUTHORIZED);
    })
    .await;
}
