//! Repositories of other forges: their webhooks, their refs, and what they are told.
//!
//! The other server here is git over this crate's own HTTP, and the documented API of each forge as a peer that notes what it
//! is asked.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use forge::checks::{JobCheck, put_job_check};
use forge::connections::NewConnection;
use store::Query as _;
use store::testing::on_both;

use crate::world::{Work, World, git_command};

/// What the other server was asked: method and path, authorization, body.
type Asked = Arc<Mutex<Vec<(String, String, serde_json::Value)>>>;

#[derive(Clone)]
struct Peer {
    asked: Asked,
    /// Statuses of the next answers, from the last.
    answers: Arc<Mutex<Vec<u16>>>,
    /// Where the repositories lie.
    root: std::path::PathBuf,
}

/// Git by `git http-backend` in its simplest form (dumb files are enough to fetch), and the API.
async fn answer(
    State(peer): State<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    let path = uri.path();
    if !path.contains("/api/") {
        return match std::fs::read(peer.root.join(path.trim_start_matches('/'))) {
            Ok(content) => content.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
    }
    let authorization =
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body = serde_json::from_str(&body).unwrap_or_default();
    peer.asked.lock().unwrap().push((format!("{method} {path}"), authorization, body));
    let status = peer.answers.lock().unwrap().pop().unwrap_or(201);
    (StatusCode::from_u16(status).unwrap(), "{\"id\":77}").into_response()
}

struct Remote {
    url: String,
    peer: Peer,
    work: Work,
}

impl Remote {
    async fn new(directory: &std::path::Path) -> Remote {
        let root = directory.join("remote");
        let bare = root.join("them/app.git");
        std::fs::create_dir_all(&bare).unwrap();
        let run =
            |dir: &std::path::Path, args: &[&str]| assert!(git_command(dir).args(args).status().unwrap().success());
        run(&bare, &["init", "-q", "--bare", "-b", "main"]);
        let work = Work { dir: directory.join("remote-work") };
        std::fs::create_dir_all(&work.dir).unwrap();
        work.git(&["init", "-q", "-b", "main"]);
        work.git(&["config", "user.name", "them"]);
        work.git(&["config", "user.email", "them@example.com"]);
        work.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
        let peer = Peer { asked: Asked::default(), answers: Arc::default(), root };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer).with_state(peer.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Remote { url, peer, work }
    }

    fn push(&self, what: &[&str]) {
        let args: Vec<&str> = ["push", "-q", "origin"].into_iter().chain(what.iter().copied()).collect();
        self.work.git(&args);
        let bare = self.peer.root.join("them/app.git");
        assert!(git_command(&bare).args(["update-server-info"]).status().unwrap().success());
    }
}

fn sign(secret: &str, body: &str) -> String {
    // By another hand than the code under test.
    let output = std::process::Command::new("python3")
        .args([
            "-c",
            "import hmac,sys;print(hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),'sha256').hexdigest())",
            secret,
            body,
        ])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn settle(world: &World) {
    loop {
        while world.forge.work_off_received().await.unwrap() {}
        while world.forge.write_back().await.unwrap() > 0 {}
        let sql = "SELECT (SELECT COUNT(*) FROM received_hooks WHERE state = 'waiting' AND attempts < 2) + \
             (SELECT COUNT(*) FROM write_backs WHERE state = 'waiting' AND attempts = 0)";
        let left: i64 = world.store.read().fetch_one(sql, store::args![]).await.unwrap();
        if left == 0 {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_and_pull_requests_of_each_forge_run_here_and_are_answered() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        testkit::skip("connections", "there is no python3 to sign webhooks with");
        return;
    }
    on_both("connections", async |database| {
        for provider in ["github", "gitea", "forgejo"] {
            follow(database, provider).await;
        }
    })
    .await;
}

async fn follow(database: &store::testing::Database, provider: &str) {
    let directory = database.directory().join(provider);
    std::fs::create_dir_all(&directory).unwrap();
    let world = World::idle(database.open().await, &directory, |_| {}).await;
    let alice = world.person_again("alice").await;
    let repository = world.repository(&alice, provider).await;
    let remote = Remote::new(&directory).await;
    let api = if provider == "github" { "/api/v3" } else { "/api/v1" };
    let new = NewConnection {
        provider,
        url: &remote.url,
        api_url: None,
        remote: "them/app",
        token: Some("sesame"),
        write_statuses: true,
        write_checks: true,
    };
    let (connection, secret) = world.forge.connect(&alice.caller, &repository, &new).await.unwrap();
    let again = world.forge.connect(&alice.caller, &repository, &new).await;
    assert!(again.unwrap_err().to_string().contains("connected already"));
    let head = remote.work.commit("a", "1", "one");
    remote.push(&["main"]);
    let prefix = format!("x-{}", if provider == "github" { "github" } else { provider });
    let signature_header =
        if provider == "github" { "x-hub-signature-256".to_owned() } else { format!("{prefix}-signature") };
    let client = reqwest::Client::new();
    let send = async |event: &str, delivery: &str, body: &str, signature: Option<String>| -> u16 {
        let mut request = client
            .post(world.forge.hook_address(&connection))
            .header(format!("{prefix}-event"), event)
            .header(format!("{prefix}-delivery"), delivery)
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header(&signature_header, signature);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let signed = |body: &str| {
        let hex = sign(&secret, body);
        Some(if provider == "github" { format!("sha256={hex}") } else { hex })
    };
    // Forged ones change nothing, and are in the audit log.
    let push = format!("{{\"ref\":\"refs/heads/main\",\"after\":\"{head}\"}}");
    assert_eq!(send("push", "0", &push, None).await, 403);
    assert_eq!(send("push", "0", &push, Some(format!("sha256={}", "0".repeat(64)))).await, 403);
    assert_eq!(send("push", "0", &format!("{push} "), signed(&push)).await, 403);
    world.forge.identity().flush_refusals().await;
    let sql = "SELECT COUNT(*) FROM audit WHERE action = 'connection.hook' AND repo_id = $1";
    let refused: i64 = world.store.read().fetch_one(sql, store::args![repository.id]).await.unwrap();
    assert!(refused > 0);
    settle(&world).await;
    assert!(world.forge.git(repository.id).refs(&["refs/heads/"]).await.unwrap().is_empty());
    // A signed one is taken once, however often it comes.
    assert_eq!(send("push", "1", &push, signed(&push)).await, 202);
    assert_eq!(send("push", "1", &push, signed(&push)).await, 202);
    // Nobody signs the number of a delivery: who has overheard one makes up another.
    assert_eq!(send("push", "made up", &push, signed(&push)).await, 202);
    let taken: i64 = {
        let sql = "SELECT COUNT(*) FROM received_hooks WHERE connection_id = $1";
        world.store.read().fetch_one(sql, store::args![connection.id]).await.unwrap()
    };
    assert_eq!(taken, 1);
    settle(&world).await;
    let pushes = || async { world.event_names(&repository).await.iter().filter(|name| *name == "push:").count() };
    assert_eq!(pushes().await, 1);
    let told = world.events(&repository).await.pop().unwrap();
    assert_eq!((told.git_ref.as_str(), told.sha.as_str()), ("refs/heads/main", head.as_str()));
    // A pull request of a fork there.
    remote.work.git(&["checkout", "-q", "-b", "topic"]);
    let topic = remote.work.commit("b", "2", "two");
    remote.push(&["HEAD:refs/pull/7/head"]);
    let pull = |action: &str, sha: &str| {
        serde_json::json!({
            "action": action, "number": 7,
            "pull_request": {
                "number": 7, "title": "Theirs", "body": "text", "state": "open", "draft": false,
                "updated_at": "2026-11-30T10:00:00Z",
                "head": { "ref": "topic", "sha": sha, "repo": { "full_name": "stranger/app" } },
                "base": { "ref": "main", "sha": head },
            },
            "repository": { "full_name": "them/app" },
        })
        .to_string()
    };
    let body = pull("opened", &topic);
    assert_eq!(send("pull_request", "2", &body, signed(&body)).await, 202);
    settle(&world).await;
    let opened = world.events(&repository).await.pop().unwrap();
    assert_eq!((opened.name.as_str(), opened.action.as_deref()), ("pull_request", Some("opened")));
    assert!(opened.facts().fork && opened.facts().first_time_contributor, "nobody knows who is behind it");
    let more = remote.work.commit("c", "3", "three");
    remote.push(&["HEAD:refs/pull/7/head"]);
    let body = pull(if provider == "github" { "synchronize" } else { "synchronized" }, &more);
    send("pull_request", "3", &body, signed(&body)).await;
    settle(&world).await;
    let moved = world.events(&repository).await.pop().unwrap();
    assert_eq!((moved.action.as_deref(), moved.payload["after"].as_str()), (Some("synchronize"), Some(more.as_str())));
    // How it does is written back; the last news count, a passing failure is tried again, a final one is not.
    remote.peer.asked.lock().unwrap().clear();
    let check = async |status: &'static str, conclusion: Option<&'static str>| {
        let mut tx = world.store.begin().await.unwrap();
        let check =
            JobCheck { key: "job:1", head_sha: &more, name: "ci / build", status, conclusion, ..JobCheck::default() };
        put_job_check(&mut tx, repository.id, &check).await.unwrap();
        tx.commit().await.unwrap();
    };
    check("in_progress", None).await;
    settle(&world).await;
    check("completed", Some("success")).await;
    settle(&world).await;
    world.forge.create_comment(&repository, &alice.actor, 7, "All well.").await.unwrap();
    settle(&world).await;
    let asked = remote.peer.asked.lock().unwrap().clone();
    let statuses: Vec<_> = asked.iter().filter(|(path, _, _)| path.contains("/statuses/")).collect();
    assert_eq!(statuses[0].0, format!("POST {api}/repos/them/app/statuses/{more}"));
    let authorization = if provider == "github" { "Bearer sesame" } else { "token sesame" };
    assert_eq!(statuses[0].1, authorization);
    let states: Vec<_> = statuses.iter().map(|(_, _, body)| body["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["pending", "success"]);
    assert_eq!(statuses[1].2["context"], "ci / build");
    let checks: Vec<_> =
        asked.iter().filter(|(path, _, _)| path.contains("/check-runs")).map(|(path, _, _)| path.clone()).collect();
    if provider == "github" {
        assert_eq!(
            checks,
            [format!("POST {api}/repos/them/app/check-runs"), format!("PATCH {api}/repos/them/app/check-runs/77")]
        );
    } else {
        assert!(checks.is_empty());
    }
    let (path, _, body) = asked.last().unwrap();
    assert_eq!(
        (path.clone(), body["body"].as_str()),
        (format!("POST {api}/repos/them/app/issues/7/comments"), Some("All well."))
    );
    remote.peer.answers.lock().unwrap().extend([422, 502]);
    world.forge.create_comment(&repository, &alice.actor, 7, "Passing.").await.unwrap();
    settle(&world).await;
    world.forge.create_comment(&repository, &alice.actor, 7, "Final.").await.unwrap();
    settle(&world).await;
    let news = store::connections::write_backs(&mut world.store.read(), connection.id, 2).await.unwrap();
    assert_eq!((news[0].state.as_str(), news[1].state.as_str()), ("failed", "waiting"));
    assert!(news[0].message.contains("answered 422"), "{}", news[0].message);
    // Closed there, closed here.
    let mut body: serde_json::Value = serde_json::from_str(&pull("closed", &more)).unwrap();
    body["pull_request"]["state"] = "closed".into();
    body["pull_request"]["updated_at"] = "2026-11-30T10:05:00Z".into();
    let body = body.to_string();
    send("pull_request", "4", &body, signed(&body)).await;
    settle(&world).await;
    let (issue, _) = world.forge.pull(&repository, 7).await.unwrap();
    assert_eq!(issue.state, "closed");
    // What was so before is not so again, whoever sends it: the server has forgotten the delivery, not the pull request.
    let mut tx = world.store.begin().await.unwrap();
    store::connections::forget_received(&mut tx, i64::MAX).await.unwrap();
    tx.commit().await.unwrap();
    let body = pull("opened", &topic);
    assert_eq!(send("pull_request", "5", &body, signed(&body)).await, 202);
    settle(&world).await;
    let (issue, _) = world.forge.pull(&repository, 7).await.unwrap();
    assert_eq!(issue.state, "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_does_not_lead_inside_the_network() {
    let database = store::testing::Database::sqlite();
    let world = World::with(&database, |settings| settings.outgoing.allow_private = false).await;
    let alice = world.person("alice").await;
    let repository = world.repository(&alice, "app").await;
    let new = |url: &'static str, remote: &'static str| NewConnection {
        provider: "gitea",
        url,
        api_url: None,
        remote,
        token: None,
        write_statuses: true,
        write_checks: false,
    };
    for url in
        ["http://127.0.0.1:3000", "http://169.254.169.254", "file:///etc", "ssh://git@example.com", "http://[::1]:3000"]
    {
        assert!(world.forge.connect(&alice.caller, &repository, &new(url, "a/b")).await.is_err(), "{url}");
    }
    for remote in ["a", "a/b/c", "../b", "a/..", "a/b?x", "a b/c", ""] {
        let result = world.forge.connect(&alice.caller, &repository, &new("https://example.com", remote)).await;
        assert!(result.is_err(), "{remote}");
    }
}
