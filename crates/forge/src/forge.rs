use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use blob::objects::Objects;
use identity::{Identity, RepoRef, Visibility};
use store::Store;
use store::repositories::Repository;
use tokio::sync::Semaphore;

use crate::files::Files;
use crate::git::Repo;
use crate::http::Holder;
use crate::outgoing::{Outgoing, OutgoingSettings};
use crate::shape::Urls;
use crate::shares::Shares;
use crate::{Error, Result};

/// What the administrator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Repositories lie in `git` below it. Several servers share it.
    pub data: PathBuf,
    pub urls: Urls,
    pub limits: Limits,
    pub outgoing: OutgoingSettings,
    /// Whether a push to a repository that does not exist makes it, where the pusher may.
    pub push_to_create: bool,
}

impl Settings {
    /// The defaults, in this directory and under this address.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, web: &str) -> Settings {
        Settings {
            data: data.into(),
            urls: Urls::under(web),
            limits: Limits::default(),
            outgoing: OutgoingSettings::default(),
            push_to_create: true,
        }
    }
}

/// Bounds on what one client may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one push, and of one large file.
    pub push_bytes: u64,
    /// Bytes of one repository: git's objects, large files, files of releases. As many as the disk holds where there are none.
    pub repository_bytes: Option<u64>,
    /// Bytes of a fetch's request, unpacked.
    pub fetch_request_bytes: u64,
    /// Refs of one push.
    pub push_refs: usize,
    /// How long a client may send or take nothing.
    pub idle: Duration,
    /// How long a client may take to send what it asks for in a fetch.
    pub request: Duration,
    /// How long one push or fetch may take.
    pub longest: Duration,
    /// Pushes and fetches at the same time; more wait, for `queue`.
    pub at_once: usize,
    pub queue: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            push_bytes: 4 << 30,
            repository_bytes: None,
            // More than 300,000 commits.
            fetch_request_bytes: 16 << 20,
            push_refs: 20_000,
            idle: Duration::from_secs(60),
            request: Duration::from_secs(300),
            longest: Duration::from_secs(3600),
            at_once: 64,
            queue: Duration::from_secs(30),
        }
    }
}

/// Git, pull requests, webhooks. Cheap to clone.
#[derive(Clone)]
pub struct Forge(Arc<Inner>);

struct Inner {
    store: Store,
    identity: Identity,
    files: Files,
    settings: Settings,
    outgoing: Outgoing,
    slots: Arc<Semaphore>,
    shares: Shares<Holder>,
}

impl std::fmt::Debug for Forge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forge")
    }
}

impl Forge {
    /// Starts over an open database; `objects` keeps large files and the files of releases. What a crash left half done is settled by [`Forge::run`].
    ///
    /// # Errors
    /// When the data directory cannot be written to.
    pub fn start(store: Store, identity: Identity, objects: Objects, settings: Settings) -> Result<Forge> {
        let outgoing = Outgoing::new(settings.outgoing.clone())?;
        let slots = Arc::new(Semaphore::new(settings.limits.at_once));
        // A quarter of all for each.
        let shares = Shares::new(settings.limits.at_once.div_ceil(4));
        let files = Files::open(objects, &settings.data.join("incoming"))?;
        let forge = Forge(Arc::new(Inner { store, identity, files, settings, outgoing, slots, shares }));
        for dir in [forge.git_dir(), forge.push_dir()] {
            std::fs::create_dir_all(&dir).map_err(Error::io(dir.display().to_string()))?;
        }
        crate::push::install_hook(&forge.hooks_dir())?;
        Ok(forge)
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.0.settings.urls
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The client for other servers.
    #[must_use]
    pub fn outgoing(&self) -> &Outgoing {
        &self.0.outgoing
    }

    /// Where large files and the files of releases are kept.
    pub(crate) fn files(&self) -> &Files {
        &self.0.files
    }

    /// The repository of this number on the disk.
    #[must_use]
    pub fn git(&self, repo_id: i64) -> Repo {
        Repo::at(self.git_dir().join(format!("{repo_id}.git")))
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.0.slots
    }

    pub(crate) fn shares(&self) -> &Shares<Holder> {
        &self.0.shares
    }

    pub(crate) fn git_dir(&self) -> PathBuf {
        self.0.settings.data.join("git")
    }

    /// Locks of pushes that are under way.
    pub(crate) fn push_dir(&self) -> PathBuf {
        self.git_dir().join(".pushes")
    }

    pub(crate) fn hooks_dir(&self) -> PathBuf {
        self.git_dir().join(".hooks")
    }

    /// An empty repository, as those who push to a new one see it.
    pub(crate) fn nothing(&self) -> Repo {
        Repo::at(self.git_dir().join(".nothing.git"))
    }

    /// A repository by its names, or that there is none.
    pub async fn repository(&self, owner: &str, name: &str) -> Result<Repository> {
        let found = store::repositories::by_name(&mut self.store().read(), owner, name).await?;
        found.ok_or_else(|| Error::not_found(format!("the repository {owner}/{name}")))
    }

    /// A repository by its number, or that there is none.
    pub async fn repository_by_id(&self, id: i64) -> Result<Repository> {
        let found = store::repositories::by_id(&mut self.store().read(), id).await?;
        found.ok_or_else(|| Error::not_found("the repository"))
    }
}

/// What decisions about access must know of a repository.
#[must_use]
pub fn repo_ref(repository: &Repository) -> RepoRef {
    RepoRef {
        id: repository.id,
        owner_id: repository.owner_id,
        // What is not known is kept to those with a role.
        visibility: repository.visibility.parse().unwrap_or(Visibility::Private),
        archived: repository.archived,
    }
}
