use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header;
use control::Control;
use depot::Depot;
use forge::Forge;
use forge::shape::Urls;
use identity::{Actor, Caller, Credentials, Identity, MasterKeys, NewAccount, Scopes};
use rest::{Api, Parts};
use serde_json::Value;
use store::Store;
use store::repositories::Repository;
use store::testing::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// The host that GitHub's command line takes for a server without TLS.
pub(crate) const HOST: &str = "github.localhost";

const UNLIMITED: rest::Limits = rest::Limits { known: 0, anonymous: 0 };

/// A server of this test: the API and git, without runners.
pub(crate) struct Server {
    pub(crate) identity: Identity,
    pub(crate) forge: Forge,
    pub(crate) api: Api,
    pub(crate) address: SocketAddr,
    pub(crate) client: reqwest::Client,
    stop: CancellationToken,
    /// Gone with the server.
    _database: Database,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The path that a log or an artifact is at, for a minute.
    pub(crate) fn ticket(&self) -> String {
        assert_eq!(self.status, 302, "{self:?}");
        let location = self.header("location");
        location[location.find("/downloads/").unwrap_or_else(|| panic!("{location}"))..].to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

impl Server {
    /// Its addresses are those of `github.localhost`.
    pub(crate) async fn start() -> Self {
        Self::with(true, UNLIMITED).await
    }

    /// With a budget of requests.
    pub(crate) async fn limited(limits: rest::Limits) -> Self {
        Self::with(true, limits).await
    }

    /// Its addresses are those at which it really is.
    pub(crate) async fn at_its_address() -> Self {
        Self::with(false, UNLIMITED).await
    }

    async fn with(named: bool, limits: rest::Limits) -> Self {
        let database = Database::sqlite();
        // Servers of these tests talk to nobody, but the client for it is made.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let store = database.open().await;
        let identity =
            Identity::start(store.clone(), MasterKeys::from_bytes([1; 32], &[]), identity::Settings::default())
                .await
                .unwrap();
        let dir = database.directory();
        let objects = blob::objects::Objects::open(&blob::objects::Address::Directory(dir.join("files"))).unwrap();
        let mut settings = forge::Settings::new(&dir, &format!("http://{address}"));
        if named {
            settings.urls = Urls { web: format!("http://{HOST}"), api: format!("http://api.{HOST}") };
        }
        let address_of_objects = blob::objects::Address::Directory(dir.join("objects"));
        let depot = Depot::new(store.clone(), blob::objects::Objects::open(&address_of_objects).unwrap());
        let forge = Forge::start(store, identity.clone(), objects, settings).unwrap();
        let admission = Arc::new(services::Admission::new(&[2; 32], &format!("http://{HOST}")));
        let control = Control::new(identity.clone(), forge.clone(), admission, control::Settings::default());
        let stop = CancellationToken::new();
        tokio::spawn({
            let (control, stop) = (control.clone(), stop.clone());
            async move { control.run(stop).await }
        });
        tokio::spawn({
            let (forge, stop) = (forge.clone(), stop.clone());
            async move { forge.run(stop).await }
        });
        let api = Api::new(Parts {
            identity: identity.clone(),
            forge: forge.clone(),
            control,
            depot: depot.clone(),
            settings: rest::Settings { limits, ..Default::default() },
        });
        let by_host = {
            let (api, git) = (api.clone(), forge.router().merge(api.router()));
            move |request: Request| {
                let (api, git) = (api.clone(), git.clone());
                async move {
                    let host = request.uri().host().map(str::to_owned).or_else(|| {
                        request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned)
                    });
                    if host.is_some_and(|host| host.starts_with("api.")) {
                        return api.handle_host(request).await;
                    }
                    tower::ServiceExt::oneshot(git, request).await.unwrap()
                }
            }
        };
        let service = axum::Router::new().fallback(by_host).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn({
            let stop = stop.clone();
            async move { axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await }
        });
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { identity, forge, api, address, client, stop, _database: database }
    }

    pub(crate) fn store(&self) -> &Store {
        self.identity.store()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/api/v3{path}", self.address)
    }

    pub(crate) async fn user(&self, login: &str, admin: bool) -> i64 {
        let account =
            NewAccount { login, email: Some(&format!("{login}@example.com")), password: Some(PASSWORD), name: None };
        self.identity.create_user(Actor::server(), &account, admin).await.unwrap()
    }

    pub(crate) async fn caller(&self, login: &str) -> Caller {
        let credentials = Credentials::Basic { user: login.to_owned(), password: PASSWORD.to_owned() };
        self.identity.authenticate(&credentials, "::1").await.unwrap()
    }

    /// A token of the user with these scopes, parted by spaces.
    pub(crate) async fn token(&self, login: &str, scopes: &str) -> String {
        let caller = self.caller(login).await;
        let scopes = Scopes::parse(scopes.split(' ')).unwrap();
        let id = caller.user().unwrap().id;
        self.identity.create_token(&caller, id, "test", &scopes, None).await.unwrap().1.text.to_string()
    }

    pub(crate) async fn repository(&self, login: &str, owner_id: i64, name: &str, visibility: &str) -> Repository {
        let caller = self.caller(login).await;
        let actor = forge::Actor::of(&caller).unwrap();
        let new = forge::repositories::CreateRepository { name, visibility, ..Default::default() };
        self.forge.create_repository(&caller, &actor, owner_id, &new).await.unwrap()
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answered { status, headers, text: response.text().await.unwrap() }
    }

    /// A request with a token (empty: none) and a JSON body (null: none).
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Value) -> Answered {
        let mut request = self.client.request(method.parse().unwrap(), self.url(path));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        self.send(request).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answered {
        self.call("GET", path, token, Value::Null).await
    }

    /// git, with this server as the proxy to its host.
    pub(crate) fn git(&self, dir: &Path, args: &[&str]) -> Output {
        let output = Command::new("git")
            .args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"])
            .args(args)
            .current_dir(dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("http_proxy", format!("http://{}", self.address))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// A clone with a workflow on `main`, pushed; its directory.
    pub(crate) fn push_workflow(&self, dir: &Path, full_name: &str, login: &str) -> std::path::PathBuf {
        let clone = dir.join("clone");
        std::fs::create_dir_all(clone.join(".github/workflows")).unwrap();
        std::fs::write(clone.join(".github/workflows/ci.yml"), WORKFLOW).unwrap();
        std::fs::write(clone.join("README.md"), "# Test\n").unwrap();
        let remote = format!("http://{login}:{}@{HOST}/{full_name}.git", PASSWORD.replace(' ', "%20"));
        self.git(&clone, &["init", "-q"]);
        self.git(&clone, &["add", "-A"]);
        self.git(&clone, &["commit", "-qm", "First"]);
        self.git(&clone, &["remote", "add", "origin", &remote]);
        self.git(&clone, &["push", "-q", "origin", "HEAD:refs/heads/main"]);
        clone
    }

    /// The first run of a repository, once the server has made it of a push.
    pub(crate) async fn run(&self, repo_id: i64) -> store::runs::Run {
        let mut listener = self.store().listen(store::Topic::Events);
        for _ in 0..600 {
            let runs = store::runs::list(&mut self.store().read(), repo_id, &Default::default(), 0, 1).await.unwrap();
            if let Some(run) = runs.into_iter().next() {
                return run;
            }
            listener.wait(std::time::Duration::from_millis(100)).await;
        }
        panic!("no run");
    }
}

/// A job that waits for a runner that never comes: there is none in these tests.
pub(crate) const WORKFLOW: &str = "name: CI
on:
  push:
  pull_request:
  workflow_dispatch:
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo hello
";
