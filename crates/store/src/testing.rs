//! Databases for tests: SQLite in a temporary directory, PostgreSQL from Debian's binaries; and a process that dies at a commit.

mod cluster;

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::{Clock, Store};

pub use cluster::Cluster;

/// A database of one test; gone with it.
#[derive(Debug)]
pub struct Database {
    address: String,
    directory: tempfile::TempDir,
    cluster: Option<Cluster>,
}

impl Database {
    /// # Panics
    /// When no temporary directory can be made.
    #[must_use]
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let address = directory.path().join("trunkline.db").to_string_lossy().into_owned();
        Self { address, directory, cluster: None }
    }

    /// # Errors
    /// The reason why this machine has no PostgreSQL.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    pub fn postgres() -> Result<Self, String> {
        let cluster = Cluster::start()?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        Ok(Self { address: cluster.address(), directory, cluster: Some(cluster) })
    }

    /// What [`Store::open`] takes.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A directory that lives as long as the database, for files beside it.
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The server, to be killed and started again; `None` for SQLite.
    #[must_use]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.cluster.as_ref()
    }

    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self) -> Store {
        Store::open(&self.address).await.expect("the test's database")
    }

    /// With a clock that the test moves.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open_with(&self, clock: Clock) -> Store {
        Store::open_with(&self.address, clock).await.expect("the test's database")
    }
}

/// Runs a test on SQLite and on PostgreSQL; the latter is skipped, and counted as skipped, where there is none.
pub async fn on_both(test: &str, body: impl AsyncFn(&Database)) {
    body(&Database::sqlite()).await;
    match Database::postgres() {
        Ok(database) => body(&database).await,
        Err(reason) => testkit::skip(test, &reason),
    }
}

static COMMITS_LEFT: AtomicI64 = AtomicI64::new(i64::MAX);

/// The process dies, as by `kill -9`, when this many points have been passed: one lies before each commit, one behind it.
pub fn die_at_commit_point(points: i64) {
    COMMITS_LEFT.store(points, Ordering::SeqCst);
}

pub(crate) fn commit_point() {
    if COMMITS_LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        std::process::abort();
    }
}
