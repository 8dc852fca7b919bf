//! The client of registries: pull, push, and what a login needs.
//!
//! One [`Client`] may be used by any number of tasks; it remembers tokens and how each registry is spoken to. Everything can
//! be cancelled by dropping the future: what was downloaded of a large blob is kept and continued the next time.

mod authorizer;
mod body;
mod challenge;
mod connections;
mod content;
mod download;
mod endpoint;
mod error;
mod listing;
mod login;
mod progress;
mod pull;
mod push;
mod refusal;
mod retry;
mod routes;
mod transport;
mod upload;

use std::sync::Arc;

pub use content::Fetched;
pub use download::partial_name;
pub use error::ClientError;
pub use login::Login;
pub use progress::{Event, Outcome, Progress, Silent};
pub use refusal::{Refusal, RefusalCode};
pub use routes::Routes;

use crate::auth::{Environment, Keychain};
use transport::Transport;

/// What a client is made from. `Default` is an anonymous client of registries as they are named.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub keychain: Keychain,
    pub routes: Routes,
    /// How many blobs are on their way at a time.
    pub parallel: usize,
    /// How often a request is repeated after a dropped connection, `429` or `5xx`.
    pub retries: u32,
    /// Blobs larger than this are uploaded in pieces of this size; `None` sends each in one request as long as the registry
    /// takes it.
    pub chunk: Option<u64>,
    /// The first waiting time before a repetition; it doubles each time. Not less than what a registry asks for.
    pub patience: std::time::Duration,
    /// A connection over which nothing comes for so long is given up.
    pub stall: std::time::Duration,
    pub user_agent: String,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            keychain: Keychain::empty(),
            routes: Routes::default(),
            parallel: 6,
            retries: 5,
            chunk: None,
            patience: std::time::Duration::from_millis(250),
            stall: std::time::Duration::from_secs(60),
            user_agent: concat!("trunkline/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

impl ClientConfig {
    /// A client with the credentials this process's user has.
    pub fn of_process() -> Self {
        Self { keychain: Keychain::of(Environment::of_process()), ..Self::default() }
    }
}

/// A client of every registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<Transport>,
}

impl Client {
    /// Connects nowhere yet.
    ///
    /// # Errors
    /// A route that is no address.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        Ok(Self { transport: Arc::new(Transport::new(config)?) })
    }

    /// The credentials this client uses.
    pub fn keychain(&self) -> &Keychain {
        &self.transport.config().keychain
    }
}
