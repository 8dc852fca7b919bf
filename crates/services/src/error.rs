//! What can go wrong in the stores, told so that a client and a person can act on it.

use std::io;
use std::path::{Path, PathBuf};

/// Result of a store's operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed operation on artifacts, caches, keys or tokens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: the index cannot be read ({source}); remove the directory to start afresh", path = path.display())]
    Index { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Name(#[from] crate::NameError),
    #[error("an artifact named {name:?} already exists in this run; choose another name or set overwrite")]
    ArtifactExists { name: String },
    #[error("there is no artifact {what} in this run")]
    NoArtifact { what: String },
    #[error("no upload was made for the artifact {name:?}")]
    NotUploaded { name: String },
    #[error("the uploaded content is {actual} bytes, {expected} were announced")]
    Size { expected: u64, actual: u64 },
    #[error("the uploaded content has digest sha256:{actual}, {expected} was announced")]
    Digest { expected: String, actual: String },
    #[error("a cache with key {key:?} and this version already exists for {scope}")]
    CacheExists { key: String, scope: String },
    #[error("another job is saving the cache with key {key:?} for {scope}")]
    CacheReserved { key: String, scope: String },
    #[error("there is no cache {what}")]
    NoCache { what: String },
    #[error("{0}")]
    BadKey(String),
    #[error("the content is larger than the {limit} bytes allowed")]
    TooLarge { limit: u64 },
    #[error("too many uploads are open")]
    TooMany,
    #[error("block list: {0}")]
    BlockList(String),
    #[error("this job may not save caches")]
    ReadOnly,
    #[error("{path}: {reason}", path = path.display())]
    Archive { path: PathBuf, reason: String },
    /// A server said no, with the code of its answer.
    #[error("{message}")]
    Refused { code: String, message: String },
    /// The database or the place for content is away: the same again may succeed.
    #[error("try again soon: {0}")]
    Away(String),
    #[error("the server has no room for it: {0}")]
    NoSpace(String),
    /// A server could not be reached, or answered what nobody understands.
    #[error("{0}")]
    Server(String),
    #[error("signing key: {0}")]
    Key(String),
}

impl Error {
    /// Whether a disk or a quota is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::NoSpace(_) => true,
            Self::Io { source, .. } => matches!(source.kind(), StorageFull | QuotaExceeded),
            _ => false,
        }
    }

    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::Io { path, source }
    }
}
