//! What runs of outsiders get, and gates that are asked by webhook.

use std::sync::{Arc, Mutex};

use api::Conclusion;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use serde_json::{Value, json};
use store::events::{ActorKind, Facts, NewEvent};
use store::repositories::Repository;
use store::testing::on_both;
use tower::ServiceExt as _;

use crate::world::{WORKFLOW, World};

const TEXT: &str = "on: pull_request\npermissions: write-all\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";

async fn set_visibility(world: &World, repository: &Repository, visibility: &str) {
    let mut changed = repository.clone();
    changed.visibility = visibility.to_owned();
    let mut tx = world.store.begin().await.unwrap();
    store::repositories::update(&mut tx, repository, &changed).await.unwrap();
    tx.commit().await.unwrap();
}

/// A pull request whose head lies in another repository, by somebody who was never merged here.
async fn outside_pull(world: &World, repository: &Repository, sha: &str, number: i64, kind: ActorKind, fork: bool) {
    let facts = Facts {
        base_ref: Some("main".into()),
        base_sha: Some(sha.into()),
        head_ref: Some("patch".into()),
        head_sha: Some(sha.into()),
        pull_number: Some(number),
        fork,
        first_time_contributor: fork,
        mergeable: Some(true),
        ..Facts::default()
    };
    let event = NewEvent {
        repo_id: repository.id,
        name: "pull_request".into(),
        action: Some("opened".into()),
        git_ref: format!("refs/pull/{number}/merge"),
        before: None,
        sha: sha.into(),
        facts,
        actor_id: None,
        actor_login: "stranger".into(),
        actor_kind: kind,
        payload: json!({ "action": "opened", "number": number, "pull_request": { "title": "a patch" } }),
    };
    let mut tx = world.store.begin().await.unwrap();
    store::events::append(&mut tx, &event).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_stranger_waits_for_approval_and_gets_no_secrets() {
    on_both("a_stranger_waits_for_approval_and_gets_no_secrets", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        let mut tx = world.store.begin().await.unwrap();
        for (scope, value) in [
            (identity::SecretScope::Repository(repository.id), "the repository's"),
            (identity::SecretScope::Dependabot(repository.id), "the bot's"),
        ] {
            world.identity.put_secret(&mut tx, &world.owner, scope, "KEY", value.as_bytes(), "all", &[]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let sha = world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        // A private repository starts nothing for a fork.
        outside_pull(&world, &repository, &sha, 1, ActorKind::User, true).await;
        let verdicts = world.verdicts(&repository, "pull_request").await;
        assert_eq!((verdicts[0].runs.as_str(), verdicts[0].gate.as_str()), ("no", "trigger/approval"));
        set_visibility(&world, &repository, "public").await;
        outside_pull(&world, &repository, &sha, 2, ActorKind::User, true).await;
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!(
            (run.status.as_str(), run.title.as_str(), run.trust.as_str()),
            ("action_required", "a patch", "none")
        );
        assert!(world.jobs(run.id).await.is_empty(), "nothing is planned before somebody approves");
        world.control.approve_run(&world.owner, run.id).await.unwrap();
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        assert_eq!(job.contexts.secrets.expose()["KEY"], Value::Null);
        assert!(!job.identity.cache_write, "what a fork saves would be trusted later");
        assert!(!job.identity.id_token);
        let credentials = identity::Credentials::Token(job.repository.token.expose().clone());
        let identity::Caller::Job(caller) = world.identity.authenticate(&credentials, "::1").await.unwrap() else {
            panic!("the job's token is a job's");
        };
        assert!(caller.fork && caller.grant.iter().all(|(_, level)| level == identity::Level::Read), "{caller:?}");
        runner.finish(&job, Conclusion::Success).await;
        let error = world.control.approve_run(&world.owner, run.id).await.unwrap_err();
        assert_eq!(error.to_string(), "this run does not wait for approval");
        // Dependabot has secrets of its own.
        outside_pull(&world, &repository, &sha, 3, ActorKind::Dependabot, false).await;
        let job = runner.claim().await;
        assert_eq!(job.contexts.secrets.expose()["KEY"], "the bot's");
        assert_eq!(job.contexts.github.expose()["secret_source"], "Dependabot");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_nobody_approves_ends_after_thirty_days() {
    on_both("a_run_that_nobody_approves_ends_after_thirty_days", async |database| {
        let clock = store::Clock::by_hand(1_796_000_000_000_000);
        // It is looked at as often as leases are.
        let lease = std::time::Duration::from_millis(200);
        let world =
            World::with(database, clock.clone(), control::Settings { lease, ..control::Settings::default() }).await;
        let repository = world.repository("app").await;
        set_visibility(&world, &repository, "public").await;
        let sha = world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        outside_pull(&world, &repository, &sha, 1, ActorKind::User, true).await;
        let run = world.runs(&repository, 1).await.remove(0);
        assert_eq!(run.status, "action_required");
        clock.advance(30 * 24 * 3600 * 1_000_000 + 1);
        let run = world.completed(run.id).await;
        assert_eq!(run.conclusion.as_deref(), Some("cancelled"));
        assert!(run.reason.unwrap().contains("nobody approved the run within 30 days"));
        assert!(world.control.approve_run(&world.owner, run.id).await.is_err());
    })
    .await;
}

type Asked = Arc<Mutex<Vec<(Option<String>, Value)>>>;

async fn take(State(asked): State<Asked>, headers: HeaderMap, body: String) -> StatusCode {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut asked = asked.lock().unwrap();
    asked.push((signature, serde_json::from_str(&body).unwrap()));
    // The first time it is out of order.
    if asked.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

#[tokio::test]
async fn a_custom_gate_is_asked_and_answers_once() {
    on_both("a_custom_gate_is_asked_and_answers_once", async |database| {
        let clock = store::Clock::by_hand(1_796_000_000_000_000);
        let world = World::with(database, clock.clone(), control::Settings::default()).await;
        let repository = world.repository("app").await;
        let asked = Asked::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/gate", listener.local_addr().unwrap());
        let gate = axum::Router::new().route("/gate", axum::routing::post(take)).with_state(asked.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, gate).await });
        let mut tx = world.store.begin().await.unwrap();
        let environment = store::environments::put(&mut tx, repository.id, "prod").await.unwrap();
        store::environments::insert_custom_gate(&mut tx, environment.id, "window", &url).await.unwrap();
        tx.commit().await.unwrap();
        let text = "on: push\njobs:\n  a: { environment: prod, runs-on: x, steps: [{ run: 'true' }] }\n";
        world.push(&repository, "main", "go", &[(WORKFLOW, text)]).await;
        let run = world.runs(&repository, 1).await.remove(0);
        let count = || asked.lock().unwrap().len();
        world.until("it is asked", async || (count() == 1).then_some(())).await;
        // The failure may be written down after the clock was moved: its next time then counts from there.
        world
            .until("it is asked again", async || {
                clock.advance(31_000_000);
                world.store.wake(store::Topic::Timers);
                (count() == 2).then_some(())
            })
            .await;
        let body = asked.lock().unwrap()[1].1.clone();
        assert_eq!((&body["environment"], &body["run"]["id"]), (&json!("prod"), &json!(run.id)));
        assert_eq!(body["deployment_callback_url"], "http://trunkline.localhost/_trunkline/gates/answer");
        let answer = async |token: &str, body: Value| {
            let request = Request::builder()
                .method("POST")
                .uri("/_trunkline/gates/answer")
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string()))
                .unwrap();
            world.router.clone().oneshot(request).await.unwrap().status()
        };
        let token = body["token"].as_str().unwrap();
        assert_eq!(answer("tlg_0000", json!({ "state": "approved" })).await, StatusCode::FORBIDDEN);
        assert_eq!(answer(token, json!({ "state": "perhaps" })).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer(token, json!({ "state": "approved", "comment": "go" })).await, StatusCode::NO_CONTENT);
        assert_eq!(answer(token, json!({ "state": "rejected" })).await, StatusCode::CONFLICT);
        let runner = world.runner("one", &["x"]).await;
        let job = runner.claim().await;
        runner.finish(&job, Conclusion::Success).await;
        assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
        serving.abort();
    })
    .await;
}

#[tokio::test]
async fn settings_of_the_repository_decide_what_the_files_leave_open() {
    on_both("settings_of_the_repository_decide_what_the_files_leave_open", async |database| {
        let world = World::new(database).await;
        let text = "on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'true' }] }\n";
        let runner = world.runner("one", &["x"]).await;
        for (name, setting, level) in [
            ("strict", json!({}), identity::Level::Read),
            ("open", json!({ "default_workflow_permissions": "write" }), identity::Level::Write),
        ] {
            let before = world.repository(name).await;
            let repository = Repository { settings: setting, ..before.clone() };
            let mut tx = world.store.begin().await.unwrap();
            store::repositories::update(&mut tx, &before, &repository).await.unwrap();
            tx.commit().await.unwrap();
            world.push(&repository, "main", "go", &[(WORKFLOW, text)]).await;
            let job = runner.claim().await;
            let credentials = identity::Credentials::Token(job.repository.token.expose().clone());
            let identity::Caller::Job(caller) = world.identity.authenticate(&credentials, "::1").await.unwrap() else {
                panic!("the job's token is a job's");
            };
            let wanted = "contents".parse().unwrap();
            let found = caller.grant.iter().find(|(permission, _)| *permission == wanted).map(|(_, level)| level);
            assert_eq!(found, Some(level), "{name}");
            runner.finish(&job, Conclusion::Success).await;
        }
    })
    .await;
}

/// What the file says of caches reaches the job, which is told so, and the server, which holds it to that.
#[tokio::test]
async fn a_job_reaches_the_caches_that_its_file_lets_it() {
    const TEXT: &str = "on: push\ncache-mode: read\njobs:\n  \
         from-above: { runs-on: x, steps: [{ run: 'true' }] }\n  \
         write: { runs-on: x, cache-mode: write, steps: [{ run: 'true' }] }\n  \
         write-only: { runs-on: x, cache-mode: write-only, steps: [{ run: 'true' }] }\n  \
         none: { runs-on: x, cache-mode: none, steps: [{ run: 'true' }] }\n";
    on_both("a_job_reaches_the_caches_that_its_file_lets_it", async |database| {
        let world = World::new(database).await;
        let repository = world.repository("app").await;
        world.push(&repository, "main", "go", &[(WORKFLOW, TEXT)]).await;
        let runner = world.runner("one", &["x"]).await;
        for _ in 0..4 {
            let job = runner.claim().await;
            let (write, hidden, told) = match job.name.as_str() {
                "from-above" => (false, false, "read"),
                "write" => (true, false, "write"),
                "write-only" => (true, true, "write-only"),
                _ => (false, true, "none"),
            };
            assert_eq!((job.identity.cache_write, job.identity.cache_hidden), (write, hidden), "{}", job.name);
            let variables = job.access.action_env.expose();
            assert!(variables.contains(&("ACTIONS_CACHE_MODE".to_owned(), told.to_owned())), "{}", job.name);
            runner.finish(&job, Conclusion::Success).await;
        }
    })
    .await;
}
