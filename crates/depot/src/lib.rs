//! What jobs leave on a server: logs, artifacts, caches. Rows in the database, content in objects.
//!
//! Owns: reading and sealing of logs, and their forms as text and zip; the server's back end of crate `services`; retention,
//! quota and collection. Several servers share one depot. Must not: know who may see what, speak HTTP, or run anything.

mod collect;
mod error;
mod log;
mod seal;
mod services;
mod text;
mod zip;

use std::sync::Arc;

use blob::objects::Objects;
use store::Store;
use tokio::sync::Semaphore;

pub use self::services::{IssuerPem, Refused, ServerServices, ServiceSettings};
pub use collect::Collected;
pub use error::Error;
pub use log::LogPieces;
pub use zip::JobOfZip;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Zips of logs that are made at a time; each has a thread.
const ZIPS: usize = 8;

/// The depot of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Depot {
    store: Store,
    objects: Objects,
    /// Zips of logs that are made at a time.
    zips: Arc<Semaphore>,
}

impl Depot {
    #[must_use]
    pub fn new(store: Store, objects: Objects) -> Self {
        Self { store, objects, zips: Arc::new(Semaphore::new(ZIPS)) }
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.objects
    }
}
