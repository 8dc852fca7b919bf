//! Workflows, runs and jobs of a pushed workflow.

use identity::{Grant, JobGrant};
use serde_json::{Value, json};

use crate::fixture::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_from_push_to_rerun() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "ann/app", "ann");
    let run = server.run(repo.id).await;
    let token = server.token("ann", "repo").await;
    let base = "/repos/ann/app/actions";
    let workflows = server.get(&format!("{base}/workflows"), &token).await.json();
    assert_eq!((workflows["total_count"].as_i64(), workflows["workflows"][0]["name"].as_str()), (Some(1), Some("CI")));
    let runs = server.get(&format!("{base}/runs"), &token).await.json();
    let shown = &runs["workflow_runs"][0];
    assert_eq!(
        (shown["id"].as_i64(), shown["event"].as_str(), shown["head_branch"].as_str()),
        (Some(run.id), Some("push"), Some("main"))
    );
    assert_eq!(
        (shown["actor"]["login"].as_str(), shown["head_commit"]["message"].as_str()),
        (Some("ann"), Some("First"))
    );
    for (filter, expected) in [
        ("branch=main", 1),
        ("branch=other", 0),
        ("event=push", 1),
        ("event=schedule", 0),
        ("actor=ann", 1),
        ("actor=bob", 0),
        ("status=success", 0),
        ("created=%3E%3D2020-01-01", 1),
        ("created=%3C2020-01-01", 0),
    ] {
        let found = server.get(&format!("{base}/runs?{filter}"), &token).await.json();
        assert_eq!(found["total_count"].as_i64(), Some(expected), "{filter}");
    }
    assert_eq!(server.get(&format!("{base}/runs?created=yesterday"), &token).await.status, 422);
    let by_file = server.get(&format!("{base}/workflows/ci.yml/runs"), &token).await.json();
    assert_eq!(by_file["total_count"].as_i64(), Some(1));
    let id = run.id;
    let jobs = server.get(&format!("{base}/runs/{id}/jobs"), &token).await.json();
    assert_eq!(
        (jobs["jobs"][0]["name"].as_str(), jobs["jobs"][0]["steps"].as_array().map(Vec::len)),
        (Some("build"), Some(0))
    );
    let job = jobs["jobs"][0]["id"].as_i64().unwrap();
    assert_eq!(server.get(&format!("{base}/jobs/{job}"), &token).await.json()["run_id"].as_i64(), Some(id));
    let post = async |path: String, body: Value| server.call("POST", &path, &token, body).await;
    assert_eq!(post(format!("{base}/runs/{id}/rerun"), Value::Null).await.status, 403, "it is not completed");
    assert_eq!(post(format!("{base}/runs/{id}/cancel"), Value::Null).await.status, 202);
    let cancelled = server.get(&format!("{base}/runs/{id}"), &token).await.json();
    assert_eq!(
        (cancelled["status"].as_str(), cancelled["conclusion"].as_str()),
        (Some("completed"), Some("cancelled"))
    );
    assert_eq!(post(format!("{base}/runs/{id}/cancel"), Value::Null).await.status, 409);
    assert_eq!(post(format!("{base}/runs/{id}/rerun"), json!({ "enable_debug_logging": true })).await.status, 201);
    let again = server.get(&format!("{base}/runs/{id}"), &token).await.json();
    assert_eq!(again["run_attempt"].as_i64(), Some(2));
    let first = server.get(&format!("{base}/runs/{id}/attempts/1"), &token).await.json();
    assert_eq!((first["run_attempt"].as_i64(), first["conclusion"].as_str()), (Some(1), Some("cancelled")));
    assert_eq!(
        server.get(&format!("{base}/runs/{id}/jobs?filter=all"), &token).await.json()["total_count"].as_i64(),
        Some(2)
    );
    assert_eq!(
        server.call("DELETE", &format!("{base}/runs/{id}"), &token, Value::Null).await.status,
        403,
        "it is not completed"
    );
    assert_eq!(post(format!("{base}/runs/{id}/force-cancel"), Value::Null).await.status, 202);
    assert_eq!(server.call("DELETE", &format!("{base}/runs/{id}"), &token, Value::Null).await.status, 204);
    assert_eq!(server.get(&format!("{base}/runs/{id}"), &token).await.status, 404);

    assert_eq!(server.call("PUT", &format!("{base}/workflows/ci.yml/disable"), &token, Value::Null).await.status, 204);
    assert_eq!(post(format!("{base}/workflows/ci.yml/dispatches"), json!({ "ref": "main" })).await.status, 409);
    assert_eq!(server.call("PUT", &format!("{base}/workflows/ci.yml/enable"), &token, Value::Null).await.status, 204);
    assert_eq!(post(format!("{base}/workflows/ci.yml/dispatches"), json!({ "ref": "none" })).await.status, 422);
    assert_eq!(post(format!("{base}/workflows/none.yml/dispatches"), json!({ "ref": "main" })).await.status, 404);
    assert_eq!(post(format!("{base}/workflows/ci.yml/dispatches"), json!({ "ref": "main" })).await.status, 204);
    assert_eq!(server.run(repo.id).await.event_name, "workflow_dispatch");
    assert_eq!(
        post("/repos/ann/app/dispatches".to_owned(), json!({ "event_type": "x".repeat(101) })).await.status,
        422
    );
    assert_eq!(post("/repos/ann/app/dispatches".to_owned(), json!({ "event_type": "deploy" })).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_of_a_job_and_of_its_run() {
    use api::wire::{LogEncoder, LogEntry, LogKind};
    use std::io::Read as _;

    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let repo = server.repository("ann", ann, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    server.push_workflow(dir.path(), "ann/app", "ann");
    let run = server.run(repo.id).await;
    let token = server.token("ann", "repo").await;
    let jobs = store::jobs::of_attempt(&mut server.store().read(), run.id, 1).await.unwrap();
    let (of_job, of_run) = (
        format!("/repos/ann/app/actions/jobs/{}/logs", jobs[0].id),
        format!("/repos/ann/app/actions/runs/{}/logs", run.id),
    );
    assert_eq!(server.get(&of_job, &token).await.status, 404, "nothing was written yet");
    let (mut encoder, mut stream) = (LogEncoder::default(), Vec::new());
    let entry = LogEntry { time: 1_796_000_000_000_000, step: 0, kind: LogKind::Out, text: b"hello\n".to_vec() };
    encoder.entry(&entry, &mut stream);
    let mut tx = server.store().begin().await.unwrap();
    store::logs::append(&mut tx, jobs[0].id, 1, 0, &stream, None).await.unwrap();
    tx.commit().await.unwrap();
    // An address that needs no token, and that only this server can have made.
    let address = server.get(&of_job, &token).await.ticket();
    let text = server.get(&address, "").await;
    assert!(text.status == 200 && text.text.ends_with("hello\n"), "{text:?}");
    let mut forged = address.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    assert_eq!(server.get(&forged, "").await.status, 404, "{forged}");
    assert_eq!(server.get(&of_job, "").await.status, 401);
    let address = server.get(&of_run, &token).await.ticket();
    let zipped = server.client.get(server.url(&address)).send().await.unwrap();
    assert_eq!(zipped.headers()["content-type"], "application/zip");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zipped.bytes().await.unwrap())).unwrap();
    let mut hello = String::new();
    zip.by_name("0_build.txt").unwrap().read_to_string(&mut hello).unwrap();
    assert!(hello.ends_with("hello\n"), "{hello}");
    assert_eq!(server.call("DELETE", &of_run, &token, Value::Null).await.status, 403, "the run is not completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployments_and_their_states() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    server.repository("ann", ann, "app", "private").await;
    let dir = tempfile::tempdir().unwrap();
    let work = server.push_workflow(dir.path(), "ann/app", "ann");
    let token = server.token("ann", "repo_deployment").await;
    let base = "/repos/ann/app/deployments";
    assert_eq!(server.call("POST", base, &token, json!({ "ref": "none" })).await.status, 422);
    let made = server
        .call("POST", base, &token, json!({ "ref": "main", "environment": "staging", "payload": { "a": 1 } }))
        .await;
    assert_eq!((made.status, made.json()["payload"]["a"].as_i64()), (201, Some(1)), "{}", made.text);
    let id = made.json()["id"].as_i64().unwrap();
    let status = json!({ "state": "success", "environment_url": "https://staging.example" });
    let statuses = format!("{base}/{id}/statuses");
    assert_eq!(server.call("POST", &statuses, &token, status).await.status, 201);
    assert_eq!(server.call("POST", &statuses, &token, json!({ "state": "great" })).await.status, 422);
    assert_eq!(server.get(&statuses, &token).await.json()[0]["state"], "success");
    assert_eq!(server.get(&format!("{base}?environment=staging"), &token).await.json().as_array().unwrap().len(), 1);
    assert_eq!(server.get(&format!("{base}?environment=other"), &token).await.json().as_array().unwrap().len(), 0);
    assert_eq!(server.call("DELETE", &format!("{base}/{id}"), &token, Value::Null).await.status, 422, "it is active");
    assert_eq!(server.get("/repos/ann/app/actions/runs", &token).await.status, 403, "another scope");
    // A commit that came with a pull request is in no branch: what it starts is a fork's.
    server.git(&work, &["commit", "-q", "--allow-empty", "-m", "a stranger's"]);
    let stranger = String::from_utf8(server.git(&work, &["rev-parse", "HEAD"]).stdout).unwrap().trim().to_owned();
    let repository = server.forge.repository("ann", "app").await.unwrap();
    let git = server.forge.git(repository.id);
    git.fetch_local(&forge::git::Repo::at(work.join(".git")), &["+HEAD:refs/pull/1/head".to_owned()]).await.unwrap();
    for (git_ref, fork) in [("main", false), ("refs/pull/1/head", true), (stranger.as_str(), true)] {
        let made = server.call("POST", base, &token, json!({ "ref": git_ref })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let status = format!("{base}/{}/statuses", made.json()["id"]);
        assert_eq!(server.call("POST", &status, &token, json!({ "state": "queued" })).await.status, 201);
        for name in ["deployment", "deployment_status"] {
            use store::Query as _;
            let sql = "SELECT facts FROM events WHERE repo_id = $1 AND name = $2 ORDER BY id DESC LIMIT 1";
            let facts: String = server.store().read().fetch_one(sql, store::args![repository.id, name]).await.unwrap();
            let facts: Value = serde_json::from_str(&facts).unwrap();
            assert_eq!(facts["fork"], fork, "{name} of {git_ref}: {facts}");
        }
    }
}

/// What the token of a job reaches, and that of a fork's pull request.
#[tokio::test]
async fn tokens_of_jobs() {
    let server = Server::start().await;
    let ann = server.user("ann", false).await;
    let (app, other) = (
        server.repository("ann", ann, "app", "private").await,
        server.repository("ann", ann, "other", "private").await,
    );
    let issue = async |fork: bool| {
        let mut tx = server.store().begin().await.unwrap();
        let names = [("actions", "write"), ("contents", "write"), ("deployments", "write"), ("issues", "write")];
        let job = JobGrant {
            job_id: if fork { 2 } else { 1 },
            run_id: 1,
            repo_id: app.id,
            grant: Grant::from_names(names).unwrap(),
            fork,
            expires_at: tx.now() + 60_000_000,
        };
        let token = server.identity.issue_job_token(&mut tx, &job).await.unwrap();
        tx.commit().await.unwrap();
        token.text.to_string()
    };
    let (own, fork) = (issue(false).await, issue(true).await);
    let key = json!({ "encrypted_value": "AAAA", "key_id": "1" });
    let dispatch = json!({ "event_type": "x" });
    let table: &[(&str, String, Value, u16, u16)] = &[
        ("GET", "/repos/ann/app/actions/runs".into(), Value::Null, 200, 200),
        ("POST", "/repos/ann/app/dispatches".into(), dispatch.clone(), 204, 403),
        ("PUT", "/repos/ann/app/actions/workflows/ci.yml/disable".into(), Value::Null, 404, 403),
        ("GET", "/repos/ann/app/actions/secrets".into(), Value::Null, 403, 403),
        ("PUT", "/repos/ann/app/actions/secrets/X".into(), key, 403, 403),
        ("GET", "/repos/ann/app/actions/variables".into(), Value::Null, 403, 403),
        ("GET", "/repos/ann/app/actions/runners".into(), Value::Null, 403, 403),
        ("PUT", "/repos/ann/app/environments/prod".into(), json!({}), 403, 403),
        ("PUT", "/repos/ann/app/collaborators/ann".into(), json!({}), 403, 403),
        ("GET", "/repos/ann/other/actions/runs".into(), Value::Null, 404, 404),
        ("POST", "/repos/ann/other/dispatches".into(), dispatch, 404, 404),
        ("GET", "/user".into(), Value::Null, 403, 403),
        ("GET", "/audit-log".into(), Value::Null, 404, 404),
    ];
    for (method, path, body, of_own, of_fork) in table {
        for (token, expected) in [(&own, of_own), (&fork, of_fork)] {
            let answered = server.call(method, path, token, body.clone()).await;
            assert_eq!(answered.status, *expected, "{method} {path}: {}", answered.text);
        }
    }
    server.identity.flush_refusals().await;
    let filter = store::audit::Filter { repo_id: Some(app.id), ..Default::default() };
    let entries = store::audit::list(&mut server.store().read(), &filter, 1000).await.unwrap();
    let refused = entries.iter().filter(|entry| !entry.allowed && entry.actor_id == Some(2));
    let reasons: Vec<&str> = refused.filter_map(|entry| entry.details["reason"].as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("caused by a fork")), "{reasons:?}");
    let mut tx = server.store().begin().await.unwrap();
    server.identity.revoke_job_tokens(&mut tx, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(server.get("/repos/ann/app/actions/runs", &own).await.status, 401, "it ended with its job");
    assert_ne!(app.id, other.id);
}
