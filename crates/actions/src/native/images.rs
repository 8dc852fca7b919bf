//! Images and registries, for those actions that build, pull and push.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use image::auth::{Credentials, Keychain};
use image::client::{Client, ClientConfig, ClientError, Routes};

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

/// Where registries really are.
#[derive(Default)]
pub struct Registries {
    routes: Routes,
    /// Hosts that the run's own registry stands in for: `ghcr.io`.
    own: Vec<String>,
    /// What the run's own registry takes.
    credentials: Option<Credentials>,
    /// `HOST:PORT` of a registry that everything of the run is logged in to.
    logged_in: Option<String>,
}

impl Registries {
    /// Registries are where these routes say.
    pub fn new(routes: Routes) -> Self {
        Self { routes, ..Self::default() }
    }

    /// The run's own registry, at `address`, stands in for these hosts. `credentials` are what it takes.
    #[must_use]
    pub fn with_own(mut self, own: Vec<String>, address: &str, credentials: Credentials) -> Self {
        for host in &own {
            // Each host has a place of its own there, so that names do not meet.
            self.routes.map.insert(host.clone(), format!("{address}/{}", host.replace(':', "-")));
        }
        Self { own, credentials: Some(credentials), ..self }
    }

    /// The registry of the run's server stands in for these hosts; names are the same there. `credentials` are what it takes.
    #[must_use]
    pub fn with_server(mut self, hosts: Vec<String>, address: &str, credentials: Credentials) -> Self {
        for host in &hosts {
            self.routes.map.insert(host.clone(), address.to_owned());
        }
        let authority = address.split_once("://").map_or(address, |(_, rest)| rest);
        let logged_in = authority.split('/').next().map(str::to_owned);
        Self { own: hosts, credentials: Some(credentials), logged_in, ..self }
    }

    /// The hosts that the run's own registry stands in for, and what it takes.
    pub fn own(&self) -> Option<(Vec<String>, Credentials)> {
        Some((self.own.clone(), self.credentials.clone()?))
    }

    /// The registry that everything of the run is logged in to, and with what.
    pub fn login(&self) -> Option<(&str, &Credentials)> {
        Some((self.logged_in.as_deref()?, self.credentials.as_ref()?))
    }

    /// Whether the run's own registry stands in for this one.
    pub fn is_own(&self, host: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// The way to every registry.
    pub fn routes(&self) -> &Routes {
        &self.routes
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
    /// A route that is no address.
    pub fn client(&self, keychain: Keychain) -> Result<Client, ImagesError> {
        let routes = self.registries.routes().clone();
        let keychain = match self.registries.login() {
            Some((registry, credentials)) => keychain.with(registry, credentials.clone()),
            None => keychain,
        };
        Ok(Client::new(ClientConfig { keychain, routes, ..ClientConfig::default() })?)
    }
}
