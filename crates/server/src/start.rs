//! From a configuration to a server that answers, and back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use agent::Stop;
use axum::Router;
use blob::objects::Objects;
use control::Control;
use depot::{Depot, ServerServices, ServiceSettings};
use forge::Forge;
use identity::oidc::{Provider, ProviderSettings};
use identity::{Caller, Identity, JobCaller, MasterKeys};
use registry::Tls;
use services::Admission;
use services::backend::Backend;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::disk::Disk;
use crate::front::Front;
use crate::listen::{Bounds, Listen, Patience};
use crate::lock::DataLock;
use crate::pages::Feeds;
use crate::{Notice, ServerConfig, ServerError, health, keys, runners};

/// How long a database may take to come up.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// An open server. It answers nobody until [`Server::run`].
#[derive(Clone)]
pub struct Server(Arc<Parts>);

struct Parts {
    config: ServerConfig,
    store: Store,
    identity: Identity,
    forge: Forge,
    control: Control,
    depot: Depot,
    feeds: Feeds,
    api: rest::Api,
    services: Arc<dyn Backend>,
    provider: Option<Provider>,
    registry: Option<registry::Registry>,
    /// How clients reach it, without a closing slash.
    url: String,
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
    disk: Disk,
    _lock: Option<DataLock>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.0.url).finish_non_exhaustive()
    }
}

impl Server {
    /// Opens everything and listens. Requests that come before [`Server::run`] wait.
    ///
    /// # Errors
    /// What cannot be opened, with what to do about it.
    pub async fn open(config: ServerConfig) -> Result<(Self, Vec<TcpListener>), ServerError> {
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        make_private(&config.data)?;
        let lock = config.is_sqlite().then(|| DataLock::take(&config.data)).transpose()?;
        let tls = match &config.tls {
            Some(files) => {
                Some(Tls::open(&files.certificate, &files.key).map_err(|error| ServerError::Tls(error.to_string()))?)
            }
            None => None,
        };
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for address in &config.listen {
            let failed = |source| ServerError::Listen { address: *address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            addresses.push(listener.local_addr().map_err(failed)?);
            listeners.push(listener);
        }
        let url = config.public_url.clone().unwrap_or_else(|| own_url(&addresses, tls.is_some()));
        let url = url.trim_end_matches('/').to_owned();
        let keys = match &config.master_key {
            Some(source) => MasterKeys::load(source, &config.older_keys)?,
            None => MasterKeys::load_or_create(&config.key_file())?,
        };
        let disk = Disk::of(&config.data);
        let store = open_store(&config).await?;
        let access = identity::Settings {
            open: config.open,
            users_create: config.users_create,
            proxies: config.proxies.clone(),
            ..identity::Settings::default()
        };
        let identity = Identity::start(store.clone(), keys, access).await?;
        let objects = Objects::open(&config.blobs_address())?;
        let depot = Depot::new(store.clone(), objects.clone());
        let mut settings = forge::Settings::new(&config.data, &url);
        settings.push_to_create = config.push_to_create;
        settings.limits.repository_bytes = config.repository_quota;
        settings.outgoing.allow.clone_from(&config.allow_private);
        let forge = Forge::start(store.clone(), identity.clone(), objects, settings)?;
        let key = keys::services(&identity).await?;
        let admission = Arc::new(Admission::new(&key, &url));
        let run = control_settings(&config, &url);
        let control = Control::new(identity.clone(), forge.clone(), admission.clone(), run.clone());
        let services =
            services(&config, &identity, &depot, admission, &key, run.server_url.unwrap_or_default()).await?;
        let api = rest::Api::new(rest::Parts {
            identity: identity.clone(),
            forge: forge.clone(),
            control: control.clone(),
            depot: depot.clone(),
            settings: rest::Settings::default(),
        });
        let provider = config.provider.clone().map(|settings| {
            Provider::new(ProviderSettings { redirect_url: format!("{url}/login/callback"), ..settings })
        });
        let provider = provider.transpose()?;
        let registry = config.registry.then(|| open_registry(&config)).transpose()?;
        let parts = Parts {
            config,
            store,
            identity,
            forge,
            control,
            feeds: Feeds::new(depot.clone()),
            depot,
            api,
            services,
            provider,
            registry,
            url,
            addresses,
            tls,
            disk,
            _lock: lock,
        };
        Ok((Self(Arc::new(parts)), listeners))
    }

    /// Answers requests and does what is to be done by itself, until it is told to stop: then what is under way is finished.
    ///
    /// # Errors
    /// None once it listens; what goes wrong is told as a notice.
    pub async fn run(&self, listeners: Vec<TcpListener>, stop: Stop) -> Result<(), ServerError> {
        let parts = &self.0;
        let ended = CancellationToken::new();
        let tasks = TaskTracker::new();
        let router = Front::of(self, ended.clone()).router();
        let bounds = Bounds::of_process(parts.config.proxies.clone());
        tasks.spawn(self.listen(router, parts.tls.clone(), &bounds).serve(listeners, ended.clone()));
        tasks.spawn({
            let (forge, ended) = (parts.forge.clone(), ended.clone());
            async move { forge.run(ended).await }
        });
        tasks.spawn({
            let (control, ended) = (parts.control.clone(), ended.clone());
            async move { control.run(ended).await }
        });
        tasks.spawn(crate::chores::run(self.clone(), ended.clone()));
        if parts.config.public_url.is_none() && parts.addresses.iter().any(|address| !address.ip().is_loopback()) {
            let message = format!(
                "clients and runners on other machines are told to come to {}; say with --public-url how they reach it",
                parts.url
            );
            self.tell(Notice::Problem { part: "address", message });
        }
        tasks.spawn(crate::anchor::run(self.clone(), ended.clone()));
        if let Some(address) = parts.config.metrics {
            let failed = |source| ServerError::Listen { address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            self.tell(Notice::Figures { address: listener.local_addr().map_err(failed)? });
            let router = crate::metrics::router(self);
            tasks.spawn(self.listen(router, None, &bounds).serve(vec![listener], ended.clone()));
        }
        self.tell(Notice::Listening { addresses: parts.addresses.clone(), url: parts.url.clone() });
        if let Some(token) = parts.identity.set_up_token().await? {
            self.tell(Notice::SetUp { link: format!("{}/setup?token={}", parts.url, &*token.text) });
        }
        let local = runners::start(self, &stop).await?;
        stop.drain.cancelled().await;
        self.tell(Notice::Stopping);
        // Local runners first: they report their jobs to this very server.
        local.wait().await;
        parts.control.part();
        ended.cancel();
        tasks.close();
        tasks.wait().await;
        parts.identity.flush_refusals().await;
        crate::anchor::follow(self, None).await;
        parts.store.close().await;
        Ok(())
    }

    fn listen(&self, router: Router, tls: Option<Tls>, bounds: &Arc<Bounds>) -> Listen {
        let server = self.clone();
        Listen {
            router,
            tls,
            bounds: Arc::clone(bounds),
            patience: Patience::default(),
            tell: Box::new(move |message| server.tell(Notice::Problem { part: "connections", message })),
        }
    }

    pub(crate) fn tell(&self, notice: Notice) {
        (self.0.config.notices)(notice);
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    /// How clients reach it, without a closing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.0.addresses
    }

    pub(crate) fn speaks_tls(&self) -> bool {
        self.0.tls.is_some()
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
    pub fn forge(&self) -> &Forge {
        &self.0.forge
    }

    #[must_use]
    pub fn control(&self) -> &Control {
        &self.0.control
    }

    /// Where users may log in beside their passwords.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    #[must_use]
    pub fn depot(&self) -> &Depot {
        &self.0.depot
    }

    /// Logs as those see them who watch.
    pub(crate) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    pub(crate) fn runner_routes(&self) -> Router {
        control::router(self.control().clone())
    }

    pub(crate) fn api(&self) -> &rest::Api {
        &self.0.api
    }

    pub(crate) fn service_routes(&self) -> Router {
        services::backend::router(Arc::clone(&self.0.services))
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.0.disk
    }

    pub(crate) fn registry(&self) -> Option<&registry::Registry> {
        self.0.registry.as_ref()
    }

    pub(crate) fn image_routes(&self) -> Option<Router> {
        self.0.registry.as_ref().map(|registry| crate::images::router(self, registry))
    }

    pub(crate) fn health_routes(&self) -> Router {
        health::router(self)
    }
}

/// Waits for a database that is not there yet, as when a whole machine starts.
async fn open_store(config: &ServerConfig) -> Result<Store, ServerError> {
    let (began, mut told) = (std::time::Instant::now(), false);
    loop {
        match Store::open(&config.database_address()).await {
            Err(error @ store::Error::Unavailable { .. }) if began.elapsed() < PATIENCE => {
                if !std::mem::replace(&mut told, true) {
                    let message = format!("{error}; tried again for {} seconds", PATIENCE.as_secs());
                    (config.notices)(Notice::Problem { part: "start", message });
                }
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// Readable by the server's user only: secrets' envelopes, repositories and logs lie there.
pub(crate) fn make_private(data: &std::path::Path) -> Result<(), ServerError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let failed = |source| ServerError::Data { path: data.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(failed)?;
    // Better told now than by the first push. A full disk is no reason: it has room again.
    // Servers that share the directory may all be at it.
    let probe = data.join(format!(".writable-{}", std::process::id()));
    match std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe)) {
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
        tried => tried.map_err(failed),
    }
}

/// The address by which this machine reaches the server.
fn own_url(addresses: &[SocketAddr], tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let Some(first) = addresses.first() else { return format!("{scheme}://localhost") };
    let host = match first.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    format!("{scheme}://{host}:{}", first.port())
}

fn control_settings(config: &ServerConfig, url: &str) -> control::Settings {
    // GitHub's own clients refuse to work with other servers than GitHub's, unless the name says that it is a local one.
    let host = url.split("://").nth(1).unwrap_or("").split(['/', ':']).next().unwrap_or("");
    let server_url = config.server_url.clone().unwrap_or_else(|| match host.ends_with(".localhost") {
        true => url.to_owned(),
        false => "https://github.com".to_owned(),
    });
    control::Settings {
        lease: config.lease,
        // Several may be lost before a lease is over, and the runner has time to end a job that it is about to lose.
        heartbeat: (config.lease / 5).clamp(std::time::Duration::from_secs(1), std::time::Duration::from_secs(10)),
        action_servers: config.action_servers.clone(),
        server_url: Some(server_url),
        registry_for: if config.registry { config.registry_for.clone() } else { Vec::new() },
        priorities: config.priorities.clone(),
        schedules_rest_after: (config.schedules_rest_after_days > 0)
            .then(|| Duration::from_secs(u64::from(config.schedules_rest_after_days) * 24 * 3600)),
        ..control::Settings::default()
    }
}

async fn services(
    config: &ServerConfig,
    identity: &Identity,
    depot: &Depot,
    admission: Arc<Admission>,
    key: &[u8],
    server_url: String,
) -> Result<Arc<dyn Backend>, ServerError> {
    let owner = identity.clone();
    // Made when somebody first asks for it: that takes a second.
    let issuer = Box::new(move || {
        let pem = tokio::runtime::Handle::current().block_on(keys::issuer(&owner));
        pem.map_err(|error| services::Error::Key(error.to_string()))
    });
    let settings = ServiceSettings {
        server_url,
        cache_quota: config.cache_quota,
        largest: services::DEFAULT_QUOTA_BYTES,
        retention: config.retention(),
    };
    let staging = config.data.join("staging");
    let made = ServerServices::new(depot.clone(), admission, key, issuer, &staging, settings);
    let made = made.map_err(|error| ServerError::Other(error.to_string()))?;
    let audit = identity.clone();
    Ok(Arc::new(made.on_refused(Box::new(move |claim, action, subject, reason| {
        let (job_id, run_id, repo_id) = (claim.job, claim.run, claim.repository);
        let caller = Caller::Job(JobCaller { job_id, run_id, repo_id, grant: identity::Grant::default(), fork: true });
        audit.refused(&caller, action, Some(repo_id), subject, reason);
    }))))
}

fn open_registry(config: &ServerConfig) -> Result<registry::Registry, ServerError> {
    let mut settings = registry::Config::new(config.data.join("registry"));
    settings.access.anonymous = registry::Anonymous::Nothing;
    Ok(registry::Registry::open(settings)?)
}
