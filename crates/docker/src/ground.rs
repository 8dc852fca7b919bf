//! What the command stands on.

use std::path::PathBuf;
use std::sync::Arc;

use container::Table;
use image::auth::Credentials;
use image::client::{Client, ClientConfig};
use sandbox::{Launcher, Sandbox};

use crate::failure::Failure;

/// A registry of the run itself, which stands in for others.
#[derive(Debug, Clone)]
pub struct OwnRegistry {
    /// Hosts that it stands in for.
    pub hosts: Vec<String>,
    /// What it takes where the user has given no token.
    pub credentials: Credentials,
    /// `HOST:PORT`, where the job is logged in to it from the start.
    pub logged_in: Option<String>,
}

/// Everything a job's `docker` command works with.
#[derive(Debug, Clone)]
pub struct Ground {
    pub table: Table,
    pub store: image::Store,
    pub launcher: Arc<Launcher>,
    /// How registries are reached. Credentials come from the job's own configuration.
    pub client: ClientConfig,
    /// The registry that a run brings along, if it does.
    pub own: Option<OwnRegistry>,
    /// The builder's directory.
    pub builder: PathBuf,
    /// Where the job's paths are looked up; `None` when they are the host's.
    pub sandbox: Option<Sandbox>,
}

impl Ground {
    /// What the run's own registry takes, if it stands in for this host.
    pub(crate) fn own_credentials(&self, host: &str) -> Option<&Credentials> {
        let own = self.own.as_ref()?;
        own.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)).then_some(&own.credentials)
    }

    pub(crate) fn client_with(&self, keychain: image::auth::Keychain) -> Result<Client, Failure> {
        let keychain = match &self.own {
            Some(OwnRegistry { credentials, logged_in: Some(registry), .. }) => {
                keychain.with(registry, credentials.clone())
            }
            _ => keychain,
        };
        Client::new(ClientConfig { keychain, ..self.client.clone() }).map_err(Failure::daemon)
    }
}
