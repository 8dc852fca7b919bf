//! What the services are started with.

use crate::{CacheListener, Clock};
use std::path::PathBuf;

/// Caches kept before the least recently used are dropped: 10 GiB, as GitHub keeps for a repository.
pub const DEFAULT_QUOTA_BYTES: u64 = 10 * 1024 * 1024 * 1024;

/// Days after which a cache nobody restored is dropped, as on GitHub.
pub const UNUSED_DAYS: i64 = 7;

/// Where the services keep things, and what they say of the repository.
#[derive(Debug, Clone)]
pub struct ServicesConfig {
    /// Kept between runs: `caches/` and `oidc/` live below it.
    pub data_dir: PathBuf,
    /// Kept with one run: `artifacts/` lives below it.
    pub run_dir: PathBuf,
    /// Bytes of all caches together; the least recently used go first. See [`DEFAULT_QUOTA_BYTES`].
    pub quota_bytes: u64,
    /// Bytes one artifact or cache may have at most.
    pub max_blob_bytes: u64,
    /// `GITHUB_SERVER_URL` as jobs see it; the default audience of identity tokens is `<server_url>/<owner>`.
    pub server_url: String,
    /// The issuer named in identity tokens; `None` takes the address the services listen on.
    pub issuer: Option<String>,
    /// What identity tokens claim of the repository beside its name.
    pub repository: RepositoryClaims,
    /// The clock; [`Clock::system`] outside tests.
    pub clock: Clock,
    /// Hears what jobs do with caches.
    pub on_cache: CacheListener,
}

impl ServicesConfig {
    /// Services with GitHub's limits over two directories, neither of which must exist yet.
    pub fn new(data_dir: impl Into<PathBuf>, run_dir: impl Into<PathBuf>) -> ServicesConfig {
        ServicesConfig {
            data_dir: data_dir.into(),
            run_dir: run_dir.into(),
            quota_bytes: DEFAULT_QUOTA_BYTES,
            max_blob_bytes: DEFAULT_QUOTA_BYTES,
            server_url: "https://github.com".to_owned(),
            issuer: None,
            repository: RepositoryClaims::default(),
            clock: Clock::system(),
            on_cache: CacheListener::default(),
        }
    }
}

/// Public facts of a repository that identity tokens carry.
#[derive(Debug, Clone)]
pub struct RepositoryClaims {
    pub repository_id: String,
    pub owner_id: String,
    /// `public`, `private` or `internal`.
    pub visibility: String,
}

impl Default for RepositoryClaims {
    fn default() -> RepositoryClaims {
        RepositoryClaims { repository_id: "0".to_owned(), owner_id: "0".to_owned(), visibility: "private".to_owned() }
    }
}
