//! What the command stands on.

use std::path::PathBuf;
use std::sync::Arc;

use container::Table;
use image::client::{Client, ClientConfig};
use sandbox::{Launcher, Sandbox};

use crate::failure::Failure;

/// Everything a job's `docker` command works with.
#[derive(Debug, Clone)]
pub struct Ground {
    pub table: Table,
    pub store: image::Store,
    pub launcher: Arc<Launcher>,
    /// How registries are reached. Credentials come from the job's own configuration.
    pub client: ClientConfig,
    /// The builder's directory.
    pub builder: PathBuf,
    /// Where the job's paths are looked up; `None` when they are the host's.
    pub sandbox: Option<Sandbox>,
}

impl Ground {
    pub(crate) fn client_with(&self, keychain: image::auth::Keychain) -> Result<Client, Failure> {
        Client::new(ClientConfig { keychain, ..self.client.clone() }).map_err(Failure::daemon)
    }
}
