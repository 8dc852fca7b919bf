//! Images and registries, for those actions that build, pull and push.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use image::auth::{Credentials, Keychain};
use image::client::{Client, ClientConfig, ClientError, Routes};
use tokio::sync::OnceCell;

/// The images of this machine, and how its registries are reached. One for a run.
#[derive(Debug)]
pub struct Images {
    /// Where the image store is, or will be.
    pub dir: PathBuf,
    pub launcher: Arc<sandbox::Launcher>,
    /// The builder's own directory.
    pub builder_dir: PathBuf,
    /// Nothing is asked of registries but of the run's own.
    pub offline: bool,
    pub registries: Registries,
    store: std::sync::OnceLock<image::Store>,
}

/// Starts the run's own registry; its address, `127.0.0.1:PORT`.
pub type StartRegistry = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<String, String>> + Send>> + Send + Sync>;

/// Where registries really are.
pub struct Registries {
    /// Addresses and mirrors that the user gave.
    pub routes: Routes,
    /// Hosts that the run's own registry stands in for: `ghcr.io`.
    pub own: Vec<String>,
    /// What the run's own registry takes.
    pub credentials: Option<Credentials>,
    pub start: StartRegistry,
    /// The address of the run's own registry, once somebody needed it.
    address: OnceCell<String>,
}

impl Registries {
    /// Registries are where these routes say.
    pub fn new(routes: Routes) -> Self {
        Self {
            routes,
            own: Vec::new(),
            credentials: None,
            start: Box::new(|| Box::pin(async { Err("there is no registry of this run".to_owned()) })),
            address: OnceCell::new(),
        }
    }

    /// The run's own registry stands in for these hosts. `credentials` are what it takes.
    #[must_use]
    pub fn with_own(self, own: Vec<String>, credentials: Credentials, start: StartRegistry) -> Self {
        Self { own, credentials: Some(credentials), start, ..self }
    }

    /// Whether the run's own registry stands in for this one.
    pub fn is_own(&self, host: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Routes to every registry. The run's own one is started when there is one and it does not run yet.
    ///
    /// # Errors
    /// Why it could not be started.
    pub async fn routes(&self) -> Result<Routes, String> {
        let mut routes = self.routes.clone();
        if !self.own.is_empty() {
            let address = self.address.get_or_try_init(|| (self.start)()).await?;
            for host in &self.own {
                // Each host has a place of its own there, so that names do not meet.
                routes.map.insert(host.clone(), format!("{address}/{}", host.replace(':', "-")));
            }
        }
        Ok(routes)
    }
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registries").field("routes", &self.routes).field("own", &self.own).finish_non_exhaustive()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ImagesError {
    #[error("the registry of this run could not be started: {0}")]
    Registry(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Store(#[from] image::Error),
}

impl Images {
    pub fn new(dir: PathBuf, launcher: Arc<sandbox::Launcher>, builder_dir: PathBuf, registries: Registries) -> Self {
        Self { dir, launcher, builder_dir, offline: false, registries, store: std::sync::OnceLock::new() }
    }

    /// The image store, opened when somebody first needs it.
    ///
    /// # Errors
    /// A directory that cannot be used.
    pub fn store(&self) -> Result<&image::Store, ImagesError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = image::Store::open(&self.dir)?;
        Ok(self.store.get_or_init(|| store))
    }

    /// What the run's own registry takes, if it stands in for this host.
    pub fn own_credentials(&self, host: &str) -> Option<&Credentials> {
        self.registries.credentials.as_ref().filter(|_| self.registries.is_own(host))
    }

    /// A client with these credentials.
    ///
    /// # Errors
    /// A registry of the run that does not start, or a route that is no address.
    pub async fn client(&self, keychain: Keychain) -> Result<Client, ImagesError> {
        let routes = self.registries.routes().await.map_err(ImagesError::Registry)?;
        Ok(Client::new(ClientConfig { keychain, routes, ..ClientConfig::default() })?)
    }
}
