//! A server without its listening socket: database, identity, forge and control, and requests to its routes.

use std::sync::Arc;
use std::time::Duration;

use api::wire::{Finish, JobSpec, Outcome, Registered, Report};
use api::{Conclusion, LegId};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use control::{Control, Settings};
use forge::git::{CommitAuthor, NewCommit, TreeChange};
use forge::repositories::CreateRepository;
use forge::{Actor, Forge, RefChange};
use http_body_util::BodyExt as _;
use identity::{Caller, Identity, MasterKeys, NewAccount, Purpose, RunnerScope, UserCaller, Via};
use serde_json::{Value, json};
use services::Admission;
use store::repositories::Repository;
use store::testing::Database;
use store::{Clock, Store};
use tower::ServiceExt as _;

pub(crate) const WORKFLOW: &str = ".github/workflows/ci.yml";

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) forge: Forge,
    pub(crate) control: Control,
    pub(crate) router: axum::Router,
    pub(crate) owner: Caller,
    stop: tokio_util::sync::CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A runner that the test plays.
pub(crate) struct Runner<'w> {
    world: &'w World,
    pub(crate) secret: String,
}

impl World {
    pub(crate) async fn new(database: &Database) -> Self {
        Self::with(database, Clock::system(), Settings::default()).await
    }

    /// Everything runs, tasks of the background included.
    pub(crate) async fn with(database: &Database, clock: Clock, settings: Settings) -> Self {
        let store = database.open_with(clock).await;
        Self::over(store, &database.directory(), settings).await
    }

    pub(crate) async fn over(store: Store, directory: &std::path::Path, settings: Settings) -> Self {
        // The client for other servers wants one, whether or not it is used; it may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = MasterKeys::from_bytes([7; 32], &[]);
        let identity = Identity::start(store.clone(), keys, identity::Settings::default()).await.unwrap();
        let objects =
            blob::objects::Objects::open(&blob::objects::Address::Directory(directory.join("objects"))).unwrap();
        let web = "http://trunkline.localhost";
        let mut forge_settings = forge::Settings::new(directory, web);
        // Gates of tests listen on this machine.
        forge_settings.outgoing.allow_private = true;
        let forge = Forge::start(store.clone(), identity.clone(), objects, forge_settings).unwrap();
        let admission = Arc::new(Admission::new(&[9; 32], web));
        let control = Control::new(identity.clone(), forge.clone(), admission, settings);
        let router = control::router(control.clone());
        let stop = tokio_util::sync::CancellationToken::new();
        let (running, token) = (control.clone(), stop.clone());
        tokio::spawn(async move { running.run(token).await });
        let (running, token) = (forge.clone(), stop.clone());
        tokio::spawn(async move { running.run(token).await });
        let owner = Self::known_user(&store, &identity, "owner").await;
        Self { store, identity, forge, control, router, owner, stop }
    }

    async fn known_user(store: &Store, identity: &Identity, login: &str) -> Caller {
        let known = store::users::by_login(&mut store.read(), login).await.unwrap();
        let id = match known {
            Some(known) => known.id,
            None => {
                let account = NewAccount { login, ..NewAccount::default() };
                identity.create_user(identity::Actor::server(), &account, false).await.unwrap()
            }
        };
        Caller::User(UserCaller { id, login: login.to_owned(), admin: false, via: Via::Password })
    }

    pub(crate) async fn user(&self, login: &str) -> Caller {
        Self::known_user(&self.store, &self.identity, login).await
    }

    pub(crate) async fn repository(&self, name: &str) -> Repository {
        if let Ok(known) = self.forge.repository("owner", name).await {
            return known;
        }
        let new =
            CreateRepository { name, default_branch: "main", visibility: "private", ..CreateRepository::default() };
        let id = self.owner.account_id().unwrap();
        let actor = Actor::of(&self.owner).unwrap();
        self.forge.create_repository(&self.owner, &actor, id, &new).await.unwrap();
        self.forge.repository("owner", name).await.unwrap()
    }

    /// Commits files on a branch and pushes them, as a push of git would; the new commit.
    pub(crate) async fn push(
        &self,
        repository: &Repository,
        branch: &str,
        message: &str,
        files: &[(&str, &str)],
    ) -> String {
        self.push_as(&self.owner, repository, branch, message, files).await
    }

    pub(crate) async fn push_as(
        &self,
        caller: &Caller,
        repository: &Repository,
        branch: &str,
        message: &str,
        files: &[(&str, &str)],
    ) -> String {
        let git = self.forge.git(repository.id);
        let name = if branch.starts_with("refs/") { branch.to_owned() } else { format!("refs/heads/{branch}") };
        let old = git.ref_oid(&name).await.unwrap();
        let base = match &old {
            Some(old) => Some(old.clone()),
            None => git.resolve(&format!("refs/heads/{}", repository.default_branch)).await.unwrap(),
        };
        let mut changes = Vec::new();
        for (path, content) in files {
            let oid = git.write_blob(content.as_bytes().to_vec()).await.unwrap();
            changes.push(TreeChange { path: (*path).to_owned(), entry: Some(("100644".to_owned(), oid)) });
        }
        let tree = match &base {
            Some(base) => Some(git.tree_id(base).await.unwrap()),
            None => None,
        };
        let tree = git.change_tree(tree.as_deref(), &changes).await.unwrap();
        let person = CommitAuthor {
            name: "Owner".into(),
            email: "owner@example.org".into(),
            seconds: 1_796_000_000,
            offset_minutes: 0,
        };
        let commit = NewCommit {
            tree,
            parents: base.into_iter().collect(),
            message: message.into(),
            author: person.clone(),
            committer: person,
        };
        let new = git.write_commit(&commit).await.unwrap();
        let change = RefChange { name, old: old.unwrap_or_else(|| forge::git::ZERO.to_owned()), new: new.clone() };
        let actor = Actor::of(caller).unwrap();
        self.forge.change_refs(repository, &actor, "test", json!({}), &[change]).await.unwrap();
        new
    }

    /// Waits until something is so, woken by whatever happens.
    pub(crate) async fn until<T>(&self, what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
        let patience = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = check().await {
                return found;
            }
            assert!(tokio::time::Instant::now() < patience, "waited in vain: {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The verdicts of the newest event of this name, once it is processed.
    pub(crate) async fn verdicts(&self, repository: &Repository, event: &str) -> Vec<store::verdicts::Verdict> {
        let id = self.processed(repository, event).await;
        store::verdicts::of_event(&mut self.store.read(), id).await.unwrap()
    }

    /// The newest event of this name, once it and all others are processed.
    pub(crate) async fn processed(&self, repository: &Repository, event: &str) -> i64 {
        use store::Query as _;
        self.until(&format!("the event {event} is processed"), async || {
            let sql = "SELECT id, state, error FROM events WHERE repo_id = $1 AND name = $2 ORDER BY id DESC LIMIT 1";
            let args = store::args![repository.id, event];
            let (id, state, error): (i64, String, Option<String>) =
                self.store.read().fetch_optional(sql, args).await.unwrap()?;
            assert!(error.is_none(), "{error:?}");
            (state == "done").then_some(id)
        })
        .await
    }

    /// The runs of a repository, newest first, once there are so many.
    pub(crate) async fn runs(&self, repository: &Repository, count: usize) -> Vec<store::runs::Run> {
        self.until(&format!("{count} runs"), async || {
            let filter = store::runs::Filter::default();
            let runs = store::runs::list(&mut self.store.read(), repository.id, &filter, 0, 1000).await.unwrap();
            (runs.len() >= count).then_some(runs)
        })
        .await
    }

    pub(crate) async fn run(&self, id: i64) -> store::runs::Run {
        store::runs::by_id(&mut self.store.read(), id).await.unwrap().unwrap()
    }

    pub(crate) async fn jobs(&self, run_id: i64) -> Vec<store::jobs::Job> {
        let run = self.run(run_id).await;
        store::jobs::of_attempt(&mut self.store.read(), run_id, run.attempt).await.unwrap()
    }

    pub(crate) async fn job(&self, run_id: i64, key: &str) -> store::jobs::Job {
        self.until(&format!("the job {key}"), async || self.jobs(run_id).await.into_iter().find(|job| job.key == key))
            .await
    }

    pub(crate) async fn completed(&self, run_id: i64) -> store::runs::Run {
        self.until(&format!("run {run_id} completes"), async || {
            Some(self.run(run_id).await).filter(store::runs::Run::is_completed)
        })
        .await
    }

    pub(crate) async fn request(&self, method: &str, path: &str, token: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", api::wire::ROOT))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn runner(&self, name: &str, labels: &[&str]) -> Runner<'_> {
        self.runner_with(
            json!({ "name": name, "labels": labels, "os": "Linux", "arch": "X64", "version": "0", "slots": 1 }),
        )
        .await
    }

    pub(crate) async fn runner_with(&self, registration: Value) -> Runner<'_> {
        let token = self.registration_token().await;
        let (status, answer) = self.request("POST", "/register", &token, registration).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let registered: Registered = serde_json::from_value(answer).unwrap();
        Runner { world: self, secret: registered.secret.into_inner() }
    }

    pub(crate) async fn registration_token(&self) -> String {
        let mut tx = self.store.begin().await.unwrap();
        let scope = RunnerScope::Server;
        let (token, _) =
            self.identity.issue_runner_token(&mut tx, &self.owner, scope, Purpose::Register).await.unwrap();
        tx.commit().await.unwrap();
        token.text.to_string()
    }
}

impl Runner<'_> {
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        self.world.request(method, path, &self.secret, body).await
    }

    /// A job, waited for.
    pub(crate) async fn claim(&self) -> JobSpec {
        self.claim_within(30).await.expect("a job")
    }

    pub(crate) async fn claim_within(&self, seconds: u64) -> Option<JobSpec> {
        let (status, answer) = self.ask("POST", &format!("/claim?wait={seconds}"), json!({ "free": 1 })).await;
        match status {
            StatusCode::OK => Some(serde_json::from_value(answer).unwrap()),
            StatusCode::NO_CONTENT => None,
            other => panic!("{other}: {answer}"),
        }
    }

    pub(crate) async fn finish(&self, job: &JobSpec, conclusion: Conclusion) {
        self.finish_with(job, conclusion, &[]).await;
    }

    pub(crate) async fn finish_with(&self, job: &JobSpec, conclusion: Conclusion, outputs: &[(&str, &str)]) {
        let (status, answer) = self.try_finish(job, conclusion, outputs).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }

    pub(crate) async fn try_finish(
        &self,
        job: &JobSpec,
        conclusion: Conclusion,
        outputs: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let report = Report {
            conclusion,
            reason: None,
            outputs: outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            first_error: None,
            environment_url: None,
        };
        let finish = Finish { events: 0, log: 0, outcome: Outcome::Executed(report) };
        self.ask("POST", &format!("/jobs/{}/{}/finish", job.id, job.fence), serde_json::to_value(finish).unwrap()).await
    }

    pub(crate) async fn heartbeat(&self, job: &JobSpec) -> (StatusCode, Value) {
        self.ask("POST", &format!("/jobs/{}/{}/heartbeat", job.id, job.fence), json!({ "knows": {} })).await
    }

    /// Claims and ends jobs until a run is over; the keys in their order.
    pub(crate) async fn work_off(&self, run_id: i64) -> Vec<String> {
        let mut done = Vec::new();
        while !self.world.run(run_id).await.is_completed() {
            if let Some(job) = self.claim_within(1).await {
                done.push(job.path.clone());
                self.finish(&job, Conclusion::Success).await;
            }
        }
        done
    }
}

pub(crate) fn leg(number: u32) -> LegId {
    LegId(number)
}
