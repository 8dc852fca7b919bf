//! Several servers in processes of their own, killed from outside; a database that goes away; a runner behind a broken cable.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use api::wire::JobSpec;
use axum::http::StatusCode;
use serde_json::{Value, json};
use store::testing::Database;
use store::{Query as _, Store, args};

use crate::world::{WORKFLOW, World};

/// A server that listens, in a process of its own; ended with the value.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(database: &Database, lease: Duration, host: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "servers::serve", "--ignored", "--nocapture"])
            .env("TRUNKLINE_SERVE_DATABASE", database.address())
            .env("TRUNKLINE_SERVE_DIRECTORY", database.directory())
            .env("TRUNKLINE_SERVE_HOST", host)
            .env("TRUNKLINE_SERVE_LEASE", lease.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ").map(|(_, address)| address.to_owned()))
            .expect("the server's address");
        // Whatever else it says is read, or it would block.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, address }
    }

    /// As `kill -9`.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One server; run by the tests below in a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by the tests of several servers"]
async fn serve() {
    let Ok(address) = std::env::var("TRUNKLINE_SERVE_DATABASE") else { return };
    let directory = PathBuf::from(std::env::var("TRUNKLINE_SERVE_DIRECTORY").unwrap());
    let lease = Duration::from_millis(std::env::var("TRUNKLINE_SERVE_LEASE").unwrap().parse().unwrap());
    let host = std::env::var("TRUNKLINE_SERVE_HOST").unwrap();
    let store = Store::open(&address).await.unwrap();
    let settings = control::Settings { lease, ..control::Settings::default() };
    let world = World::over(store, &directory, settings).await;
    let listener = tokio::net::TcpListener::bind((host.as_str(), 0)).await.unwrap();
    println!("listening on {}", listener.local_addr().unwrap());
    // It ends when whoever started it does.
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    axum::serve(listener, world.router.clone()).await.unwrap();
}

/// A runner that asks one server, and the next when that does not answer.
struct Client {
    http: reqwest::Client,
    servers: Vec<String>,
    secret: String,
}

impl Client {
    async fn register(servers: &[&Server], token: &str, name: &str) -> Self {
        let servers = servers.iter().map(|server| server.address.clone()).collect();
        let mut client = Self { http: reqwest::Client::new(), servers, secret: token.to_owned() };
        let registration =
            json!({ "name": name, "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 1 });
        let (status, answer) = client.ask("/register", registration).await;
        assert_eq!(status, 200, "{answer}");
        client.secret = answer["secret"].as_str().unwrap().to_owned();
        client
    }

    async fn ask(&self, path: &str, body: Value) -> (u16, Value) {
        let patience = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            for server in &self.servers {
                let request = self
                    .http
                    .post(format!("http://{server}{}{path}", api::wire::ROOT))
                    .bearer_auth(&self.secret)
                    .header("content-type", "application/json")
                    .body(body.to_string());
                let Ok(answer) = request.send().await else { continue };
                let status = answer.status().as_u16();
                // The database is away, the server is about to end: the same again, there or elsewhere.
                if status >= 500 {
                    continue;
                }
                let Ok(bytes) = answer.bytes().await else { continue };
                return (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null));
            }
            assert!(tokio::time::Instant::now() < patience, "nobody answers {path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn claim(&self, seconds: u64) -> Option<JobSpec> {
        let (status, answer) = self.ask(&format!("/claim?wait={seconds}"), json!({ "free": 1 })).await;
        (status == 200).then(|| serde_json::from_value(answer).unwrap())
    }

    async fn finish(&self, job: &JobSpec) -> u16 {
        let finish = json!({ "events": 0, "log": 0, "outcome": { "type": "executed", "conclusion": "success" } });
        self.ask(&format!("/jobs/{}/{}/finish", job.id, job.fence), finish).await.0
    }
}

async fn open_runs(store: &Store) -> i64 {
    let sql = "SELECT COUNT(*) FROM runs WHERE status <> 'completed'";
    store.read().fetch_one(sql, args![]).await.unwrap()
}

fn many_jobs(count: usize) -> String {
    let jobs: Vec<String> =
        (0..count).map(|n| format!("  j{n}: {{ runs-on: x, steps: [{{ run: 'true' }}] }}\n")).collect();
    format!("on: push\njobs:\n{}", jobs.concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_is_killed_and_nothing_is_lost() {
    let name = "one_of_two_servers_is_killed_and_nothing_is_lost";
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let world = World::new(&database).await;
    let lease = Duration::from_secs(2);
    let mut first = Server::start(&database, lease, "127.0.0.1");
    let second = Server::start(&database, lease, "127.0.0.1");
    let repository = world.repository("app").await;
    let mut runs = Vec::new();
    for number in 0..4 {
        world.push(&repository, "main", "go", &[(WORKFLOW, &many_jobs(10)), ("n", &number.to_string())]).await;
        runs = world.runs(&repository, number + 1).await;
    }
    let mut runners = Vec::new();
    for number in 0..4 {
        // Two ask the first server first.
        let servers = if number % 2 == 0 { [&first, &second] } else { [&second, &first] };
        let token = world.registration_token().await;
        runners.push(Client::register(&servers, &token, &format!("r{number}")).await);
    }
    let store = world.store.clone();
    let mut work = tokio::task::JoinSet::new();
    for runner in runners {
        let store = store.clone();
        work.spawn(async move {
            let mut done = Vec::new();
            while open_runs(&store).await > 0 {
                if let Some(job) = runner.claim(1).await {
                    let status = runner.finish(&job).await;
                    // 409: the answer to an end that was stored got lost with its server, and it was said again.
                    assert!(matches!(status, 204 | 409), "{status}");
                    done.push((job.id, job.fence));
                }
            }
            done
        });
    }
    world
        .until("a quarter is done", async || {
            let sql = "SELECT COUNT(*) FROM jobs WHERE status = 'completed'";
            (store.read().fetch_one::<i64>(sql, args![]).await.unwrap() >= 10).then_some(())
        })
        .await;
    first.kill();
    let mut claims = work.join_all().await.concat();
    claims.sort_unstable();
    let count = claims.len();
    claims.dedup();
    assert_eq!(claims.len(), count, "no claim was given out twice");
    for run in runs {
        assert_eq!(world.run(run.id).await.conclusion.as_deref(), Some("success"));
        assert!(world.control.check_run(run.id).await.unwrap().is_empty());
        for job in world.jobs(run.id).await {
            assert!(job.fence <= 2, "{} was claimed {} times", job.key, job.fence);
        }
    }
    drop(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_for_a_while_loses_nothing() {
    let name = "a_database_that_is_away_for_a_while_loses_nothing";
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let settings = control::Settings { lease: Duration::from_secs(60), ..control::Settings::default() };
    let world = World::with(&database, store::Clock::system(), settings).await;
    let repository = world.repository("app").await;
    world.push(&repository, "main", "go", &[(WORKFLOW, &many_jobs(2))]).await;
    let run = world.runs(&repository, 1).await.remove(0);
    let runner = world.runner("one", &["x"]).await;
    let job = runner.claim().await;
    let cluster = database.cluster().unwrap();
    cluster.kill();
    // Degraded, and said so; the runner is told to try again.
    let (status, answer) = runner.heartbeat(&job).await;
    assert_eq!((status, &answer["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert!(matches!(world.store.health(), store::Health::Away { .. }));
    cluster.go().unwrap();
    let status = world
        .until("it answers again", async || {
            let (status, _) = runner.try_finish(&job, api::Conclusion::Success, &[]).await;
            (status != StatusCode::SERVICE_UNAVAILABLE).then_some(status)
        })
        .await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    runner.work_off(run.id).await;
    assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
    assert_eq!(world.store.health(), store::Health::Well);
}

/// A network namespace with a cable to this machine; gone with the value.
struct Behind {
    name: String,
    host: String,
}

impl Behind {
    /// # Errors
    /// Why there can be none here.
    fn cable() -> Result<Self, String> {
        let id = std::process::id() % 10_000;
        let (name, here, there) = (format!("tlt{id}"), format!("tlh{id}"), format!("tln{id}"));
        let net = format!("10.{}.{}", 100 + id / 256 % 100, id % 256);
        let behind = Self { name: name.clone(), host: format!("{net}.1") };
        for words in [
            format!("netns add {name}"),
            format!("link add {here} type veth peer name {there}"),
            format!("link set {there} netns {name}"),
            format!("addr add {net}.1/24 dev {here}"),
            format!("link set {here} up"),
            format!("-n {name} addr add {net}.2/24 dev {there}"),
            format!("-n {name} link set {there} up"),
        ] {
            ip(&words)?;
        }
        Ok(behind)
    }

    fn set(&self, state: &str) {
        ip(&format!("link set tlh{} {state}", &self.name[3..])).unwrap();
    }

    /// `curl` from the other side: status and answer; status 0 when nobody answers.
    fn post(&self, server: &Server, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://{}{}{path}", server.address, api::wire::ROOT);
        let output = Command::new("ip")
            .args(["netns", "exec", &self.name, "curl", "-s", "-m", "5", "-w", "\n%{http_code}", "-X", "POST"])
            .args(["-H", &format!("Authorization: Bearer {token}"), "-H", "Content-Type: application/json"])
            .args(["-d", &body.to_string(), &url])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (answer, status) = text.rsplit_once('\n').unwrap_or(("", "0"));
        (status.trim().parse().unwrap_or(0), serde_json::from_str(answer).unwrap_or(Value::Null))
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = ip(&format!("netns del {}", self.name));
        let _ = ip(&format!("link del tlh{}", &self.name[3..]));
    }
}

fn ip(words: &str) -> Result<(), String> {
    let output = Command::new("ip").args(words.split(' ')).output().map_err(|error| format!("ip: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("ip {words}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_behind_a_broken_cable_is_fenced() {
    let name = "a_runner_behind_a_broken_cable_is_fenced";
    let found =
        |program: &str| Path::new("/usr/bin").join(program).exists() || Path::new("/sbin").join(program).exists();
    if !found("curl") {
        return testkit::skip(name, "there is no curl");
    }
    let behind = match Behind::cable() {
        Ok(behind) => behind,
        Err(reason) => return testkit::skip(name, &format!("no network namespace can be made: {reason}")),
    };
    let database = match Database::postgres() {
        Ok(database) => database,
        Err(reason) => return testkit::skip(name, &reason),
    };
    let world = World::new(&database).await;
    let server = Server::start(&database, Duration::from_secs(2), &behind.host);
    let repository = world.repository("app").await;
    world.push(&repository, "main", "go", &[(WORKFLOW, &many_jobs(1))]).await;
    let run = world.runs(&repository, 1).await.remove(0);
    let registration =
        json!({ "name": "far", "labels": ["x"], "os": "Linux", "arch": "X64", "version": "0", "slots": 1 });
    let (status, registered) = behind.post(&server, "/register", &world.registration_token().await, &registration);
    assert_eq!(status, 200, "{registered}");
    let secret = registered["secret"].as_str().unwrap();
    let (status, far) = behind.post(&server, "/claim?wait=3", secret, &json!({ "free": 1 }));
    assert_eq!(status, 200, "{far}");
    behind.set("down");
    let path = format!("/jobs/{}/{}", far["id"], far["fence"]);
    assert_eq!(
        behind.post(&server, &format!("{path}/heartbeat"), secret, &json!({ "knows": {} })).0,
        0,
        "the cable is broken"
    );
    // Another one gets the job when the lease is over, and ends it.
    let near = world.runner("near", &["x"]).await;
    let job = near.claim().await;
    assert_eq!((Value::from(job.id), job.fence), (far["id"].clone(), 2));
    near.finish(&job, api::Conclusion::Success).await;
    behind.set("up");
    let finish = json!({ "events": 0, "log": 0, "outcome": { "type": "executed", "conclusion": "failure" } });
    let (status, answer) = world
        .until("the cable is mended", async || {
            let answered = behind.post(&server, &format!("{path}/finish"), secret, &finish);
            (answered.0 != 0).then_some(answered)
        })
        .await;
    assert_eq!((status, &answer["code"]), (409, &json!("fenced")));
    assert_eq!(world.completed(run.id).await.conclusion.as_deref(), Some("success"));
}
