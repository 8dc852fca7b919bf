//! What a server is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use blob::objects::Address;
use identity::KeySource;

use crate::Notices;

/// Everything about one server. [`ServerConfig::new`] gives a useful one.
#[derive(Clone)]
pub struct ServerConfig {
    /// Repositories, and without other settings the database, the blobs, the master key.
    pub data: PathBuf,
    pub listen: Vec<SocketAddr>,
    /// How clients reach it, without a closing slash; what it listens on when there is none.
    pub public_url: Option<String>,
    pub tls: Option<TlsFiles>,
    /// `postgres://…`, or a path; SQLite in the data directory when there is none.
    pub database: Option<String>,
    /// Logs, artifacts and caches; a directory in the data directory when there is none.
    pub blobs: Option<Address>,
    /// A file in the data directory, made at the first start, when there is none.
    pub master_key: Option<KeySource>,
    /// Keys that secrets may still be under.
    pub older_keys: Vec<KeySource>,
    /// Where users may log in beside their passwords; its `redirect_url` is filled in.
    pub provider: Option<identity::oidc::ProviderSettings>,
    pub runners: LocalRunners,
    /// Serves images at `/v2`.
    pub registry: bool,
    /// Hosts that the registry stands in for in jobs; what it does not have is pulled from there.
    pub registry_for: Vec<String>,
    /// Public repositories can be read without login.
    pub open: bool,
    /// Every user may make repositories and organisations.
    pub users_create: bool,
    /// A push to a repository that does not exist makes it, where the pusher may.
    pub push_to_create: bool,
    /// `github.server_url` of jobs.
    pub server_url: Option<String>,
    /// Servers that actions come from when this one does not have them.
    pub action_servers: Vec<String>,
    /// Private networks that webhooks and connected repositories may be in.
    pub allow_private: Vec<String>,
    /// The proxies whose `X-Forwarded-For` says who the client is.
    pub proxies: identity::Proxies,
    /// Where figures for Prometheus are for everybody who gets there; on the server's own addresses they are for
    /// administrators only.
    pub metrics: Option<SocketAddr>,
    /// A job is taken from a runner that was not heard of for so long.
    pub lease: Duration,
    /// Bytes of caches of one repository.
    pub cache_quota: u64,
    /// Bytes of one repository with its large files; as many as the disk holds when there are none.
    pub repository_quota: Option<u64>,
    /// How long artifacts and logs are kept, in days, where nothing else is said.
    pub retention_days: u32,
    /// Whose jobs are taken first; the first rule that fits a run decides.
    pub priorities: Vec<control::PriorityRule>,
    /// Schedules of a public repository in which nothing happens for so many days are switched off; 0: never.
    pub schedules_rest_after_days: u32,
    pub notices: Notices,
}

/// Certificate with its chain, and its key, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Runners within the server's process.
#[derive(Clone, Debug)]
pub struct LocalRunners {
    /// Jobs at a time; 0 for none.
    pub slots: u32,
    /// Those of the machine when there are none.
    pub labels: Vec<String>,
    pub platforms: agent::Platforms,
    pub offline: bool,
    /// `OWNER/REPO=DIR`, or directories of `OWNER/REPO`.
    pub action_sources: Vec<String>,
    pub tool_cache: Option<PathBuf>,
}

impl Default for LocalRunners {
    fn default() -> Self {
        let slots = std::thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2));
        Self {
            slots,
            labels: Vec::new(),
            platforms: agent::Platforms::default(),
            offline: false,
            action_sources: Vec::new(),
            tool_cache: None,
        }
    }
}

/// Where a server listens that is not told another address.
pub(crate) const DEFAULT_PORT: u16 = 3000;

impl ServerConfig {
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))],
            public_url: None,
            tls: None,
            database: None,
            blobs: None,
            master_key: None,
            older_keys: Vec::new(),
            provider: None,
            runners: LocalRunners::default(),
            registry: true,
            registry_for: vec!["ghcr.io".to_owned()],
            open: false,
            users_create: true,
            push_to_create: true,
            server_url: None,
            action_servers: vec!["https://github.com".to_owned()],
            allow_private: Vec::new(),
            proxies: identity::Proxies::default(),
            metrics: None,
            lease: Duration::from_secs(150),
            cache_quota: services::DEFAULT_QUOTA_BYTES,
            repository_quota: None,
            retention_days: 90,
            priorities: Vec::new(),
            schedules_rest_after_days: 60,
            notices: Arc::new(|_| {}),
        }
    }

    pub(crate) fn database_address(&self) -> String {
        self.database.clone().unwrap_or_else(|| self.data.join("trunkline.db").to_string_lossy().into_owned())
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        let address = self.database_address();
        !address.starts_with("postgres://") && !address.starts_with("postgresql://")
    }

    pub(crate) fn blobs_address(&self) -> Address {
        self.blobs.clone().unwrap_or_else(|| Address::Directory(self.data.join("blobs")))
    }

    /// How long logs are kept, in microseconds.
    pub(crate) fn retention(&self) -> i64 {
        i64::from(self.retention_days) * 24 * 3600 * 1_000_000
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.data.join("master.key")
    }

    pub(crate) fn git_dir(&self) -> PathBuf {
        self.data.join("git")
    }
}

impl std::fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The database's address may hold a password.
        f.debug_struct("ServerConfig").field("data", &self.data).field("listen", &self.listen).finish_non_exhaustive()
    }
}
