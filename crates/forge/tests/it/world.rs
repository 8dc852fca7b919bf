//! A server in this process, its people, and git clients.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use forge::repositories::CreateRepository;
use forge::{Actor, Forge, Settings};
use identity::{Caller, Identity, MasterKeys, NewAccount, Scopes, UserCaller, Via};
use store::Store;
use store::events::Event;
use store::repositories::Repository;
use store::testing::Database;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) forge: Forge,
    pub(crate) url: String,
    pub(crate) directory: PathBuf,
    stop: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A user with a token for everything.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) caller: Caller,
    pub(crate) actor: Actor,
    pub(crate) login: String,
    pub(crate) token: String,
}

pub(crate) fn crypto() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl World {
    pub(crate) async fn new(database: &Database) -> World {
        World::with(database, |_| {}).await
    }

    pub(crate) async fn with(database: &Database, change: impl FnOnce(&mut Settings)) -> World {
        let store = database.open().await;
        World::over(store, &database.directory(), change).await
    }

    /// A server over an open database, with its files in a directory that may have been used before.
    pub(crate) async fn over(store: Store, directory: &Path, change: impl FnOnce(&mut Settings)) -> World {
        let world = World::idle(store, directory, change).await;
        let (forge, stop) = (world.forge.clone(), world.stop.clone());
        tokio::spawn(async move { forge.run(stop).await });
        world
    }

    /// As [`World::over`], where the test does by hand what the server would do by itself.
    pub(crate) async fn idle(store: Store, directory: &Path, change: impl FnOnce(&mut Settings)) -> World {
        crypto();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = identity::Settings::default();
        let identity = Identity::start(store.clone(), MasterKeys::from_bytes([7; 32], &[]), settings).await.unwrap();
        let objects =
            blob::objects::Objects::open(&blob::objects::Address::Directory(directory.join("blobs"))).unwrap();
        let mut settings = Settings::new(directory, &url);
        settings.outgoing.allow_private = true;
        change(&mut settings);
        let forge = Forge::start(store.clone(), identity, objects, settings).unwrap();
        let stop = CancellationToken::new();
        let app = forge.router().into_make_service_with_connect_info::<SocketAddr>();
        let serving = stop.clone();
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).with_graceful_shutdown(serving.cancelled_owned()).await;
        });
        World { store, forge, url, directory: directory.to_owned(), stop }
    }

    pub(crate) async fn person(&self, login: &str) -> Person {
        let identity = self.forge.identity();
        let email = format!("{login}@example.com");
        let account = NewAccount { login, email: Some(&email), ..NewAccount::default() };
        let id = identity.create_user(identity::Actor::server(), &account, false).await.unwrap();
        self.with_token(id, login).await
    }

    /// As [`World::person`], where somebody of this name may be there already.
    pub(crate) async fn person_again(&self, login: &str) -> Person {
        match store::users::by_login(&mut self.store.read(), login).await.unwrap() {
            Some(user) => self.with_token(user.id, login).await,
            None => self.person(login).await,
        }
    }

    async fn with_token(&self, id: i64, login: &str) -> Person {
        let identity = self.forge.identity();
        let caller = Caller::User(UserCaller { id, login: login.to_owned(), admin: false, via: Via::Password });
        let scopes = Scopes::parse(["repo", "workflow", "delete_repo", "admin:repo_hook"]).unwrap();
        let (_, token) = identity.create_token(&caller, id, "test", &scopes, None).await.unwrap();
        let actor = Actor::of(&caller).unwrap();
        Person { caller, actor, login: login.to_owned(), token: token.text.to_string() }
    }

    pub(crate) async fn repository(&self, owner: &Person, name: &str) -> Repository {
        let new = CreateRepository { name, ..CreateRepository::default() };
        self.forge.create_repository(&owner.caller, &owner.actor, owner.actor.account_id, &new).await.unwrap()
    }

    /// Gives a role in a repository.
    pub(crate) async fn give(&self, repository: &Repository, person: &Person, role: &str) {
        let mut tx = self.store.begin().await.unwrap();
        store::roles::set_collaborator(&mut tx, repository.id, person.actor.account_id, role).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The address of a repository, with somebody's token in it.
    pub(crate) fn remote(&self, person: &Person, full_name: &str) -> String {
        let rest = self.url.strip_prefix("http://").unwrap();
        format!("http://x-access-token:{}@{rest}/{full_name}.git", person.token)
    }

    /// An empty clone with an author, whose `origin` is the repository.
    pub(crate) fn work(&self, person: &Person, full_name: &str, name: &str) -> Work {
        let dir = self.directory.join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let work = Work { dir };
        work.git(&["init", "-q", "-b", "main"]);
        work.git(&["config", "user.name", &person.login]);
        work.git(&["config", "user.email", &format!("{}@example.com", person.login)]);
        work.git(&["remote", "add", "origin", &self.remote(person, full_name)]);
        work
    }

    /// Events of a repository, oldest first.
    pub(crate) async fn events(&self, repository: &Repository) -> Vec<Event> {
        use store::Query as _;
        let sql = format!("SELECT {} FROM events WHERE repo_id = $1 ORDER BY id", Event::COLUMNS);
        self.store.read().fetch_all(sql, store::args![repository.id]).await.unwrap()
    }

    /// `name:action` of all events.
    pub(crate) async fn event_names(&self, repository: &Repository) -> Vec<String> {
        let names = self.events(repository).await;
        names.iter().map(|e| format!("{}:{}", e.name, e.action.as_deref().unwrap_or(""))).collect()
    }

    /// Works off what pushes noted of pull requests. The server's own task may do some of it.
    pub(crate) async fn settle_pulls(&self) {
        use store::Query as _;
        loop {
            self.forge.update_pulls().await.unwrap();
            let left: i64 =
                self.store.read().fetch_one("SELECT COUNT(*) FROM pull_updates", store::args![]).await.unwrap();
            if left == 0 {
                return;
            }
        }
    }
}

/// A work tree.
pub(crate) struct Work {
    pub(crate) dir: PathBuf,
}

impl Work {
    /// Runs git, which must succeed; its output without the last line end.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    pub(crate) fn try_git(&self, args: &[&str]) -> Output {
        git_command(&self.dir).args(args).output().unwrap()
    }

    /// What git says when it must fail.
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "git {args:?} was to be refused\n{said}");
        said
    }

    /// Commits a file; the commit.
    pub(crate) fn commit(&self, path: &str, content: &str, message: &str) -> String {
        let file = self.dir.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }
}

pub(crate) fn git_command(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("HOME", dir)
        .env("LC_ALL", "C");
    command
}

pub(crate) async fn protect(
    world: &World,
    repository: &Repository,
    target: &str,
    pattern: &str,
    rules: &forge::protection::Rules,
) {
    let mut tx = world.store.begin().await.unwrap();
    let value = serde_json::to_value(rules).unwrap();
    store::protection::put(&mut tx, repository.id, target, pattern, &value).await.unwrap();
    tx.commit().await.unwrap();
}

/// A repository of alice's in which bob may write, with one commit on main.
pub(crate) async fn start(world: &World) -> (Person, Person, Repository, Work) {
    let (alice, bob) = (world.person("alice").await, world.person("bob").await);
    let repository = world.repository(&alice, "app").await;
    world.give(&repository, &bob, "write").await;
    let work = world.work(&bob, "alice/app", "work");
    work.commit("a.txt", "one\n", "first");
    work.git(&["push", "-q", "origin", "main"]);
    (alice, bob, repository, work)
}
