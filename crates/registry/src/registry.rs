use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{any, get};

use crate::access::{Access, token_endpoint};
use crate::http::{dispatch, metrics_endpoint};
use crate::metrics::Metrics;
use crate::name::Repository;
use crate::sessions::Sessions;
use crate::storage::Storage;
use crate::{Config, Error, Grant, Upstream, cache};

/// A registry: its files and the protocol over them. Cheap to clone.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    config: Config,
    storage: Arc<Storage>,
    access: Access,
    sessions: Sessions,
    metrics: Metrics,
    cache: cache::Cache,
    log: OnceLock<Log>,
}

type Log = Box<dyn Fn(&RequestLine) + Send + Sync>;

/// What is to be said of an answered request.
#[derive(Clone, Debug)]
pub struct RequestLine {
    pub method: String,
    pub path: String,
    pub status: u16,
    /// Who made it; empty when nobody in particular.
    pub user: String,
    /// Until the answer began.
    pub time: Duration,
    /// Why it failed.
    pub cause: Option<String>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("root", &self.0.config.root).finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens the registry in `config.root`. Any number of processes may have one open.
    pub fn open(config: Config) -> Result<Self, Error> {
        for upstream in &config.upstreams {
            upstream.prefix.parse::<Repository>().map_err(|error| Error::Config(format!("upstream: {error}")))?;
        }
        if config.read_only && !config.upstreams.is_empty() {
            let message = "a read-only registry cannot keep what comes from upstreams: leave out one of the two";
            return Err(Error::Config(message.to_owned()));
        }
        let storage = Arc::new(Storage::open(&config)?);
        let access = Access::open(&config.access, &storage.root().join("token.key"))?;
        let cache = cache::Cache::new(&config)?;
        let sessions = Sessions::new(Arc::clone(&storage));
        let metrics = Metrics::default();
        Ok(Self(Arc::new(Inner { config, storage, access, sessions, metrics, cache, log: OnceLock::new() })))
    }

    /// Calls this after every request. Only the first call counts.
    #[must_use]
    pub fn with_log(self, log: impl Fn(&RequestLine) + Send + Sync + 'static) -> Self {
        let _ = self.0.log.set(Box::new(log));
        self
    }

    /// The protocol, at `/v2/`, with tokens at `/token` and figures at `/metrics`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v2", any(dispatch))
            .route("/v2/{*path}", any(dispatch))
            .route("/v2/", any(dispatch))
            .route("/token", any(token_endpoint))
            .route("/metrics", get(metrics_endpoint))
            .route("/healthz", get(|| async { "ok\n" }))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    /// A token for somebody, good for these grants. It works as a bearer token, and as the password of any user name.
    #[must_use]
    pub fn mint(&self, subject: &str, grants: Vec<Grant>, life: Duration) -> String {
        self.0.access.sign(subject, grants, life)
    }

    /// Makes a secret that exists already, such as a job's `GITHUB_TOKEN`, stand for grants: as the password of any user name
    /// and as a bearer token, until [`Self::forget_secret`].
    pub fn accept_secret(&self, secret: &str, subject: &str, grants: Vec<Grant>) {
        self.0.access.secrets().add(secret, subject, grants);
    }

    pub fn forget_secret(&self, secret: &str) {
        self.0.access.secrets().remove(secret);
    }

    /// The blobs of all repositories.
    #[must_use]
    pub fn blobs(&self) -> &blob::Store {
        self.0.storage.blobs()
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn storage(&self) -> &Arc<Storage> {
        &self.0.storage
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn cache(&self) -> &cache::Cache {
        &self.0.cache
    }

    pub(crate) fn log(&self, line: &RequestLine) {
        if let Some(log) = self.0.log.get() {
            log(line);
        }
    }

    /// The upstream that a repository belongs to.
    pub(crate) fn upstream_of(&self, name: &Repository) -> Option<&Upstream> {
        let below = |upstream: &&Upstream| {
            name.as_str().strip_prefix(&upstream.prefix).is_some_and(|rest| rest.starts_with('/'))
        };
        self.0.config.upstreams.iter().filter(below).max_by_key(|upstream| upstream.prefix.len())
    }

    /// How clients reach the registry, without a slash at the end.
    pub(crate) fn base_url(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.0.config.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST.as_str()).unwrap_or("localhost");
        let secure = text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let clean = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]_".contains(&byte));
        format!("{}://{}", if secure { "https" } else { "http" }, if clean { host } else { "localhost" })
    }

    /// Works with the files, on a thread that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Storage) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let storage = Arc::clone(self.storage());
        blocking(move || act(&storage)).await
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let failed = |_| Error::Config("a thread of the registry failed".to_owned());
    tokio::task::spawn_blocking(act).await.map_err(failed)?
}
