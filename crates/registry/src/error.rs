use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a registry cannot be opened, served or collected.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Blob(#[from] blob::Error),
    #[error("{}: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("users file {}, line {line}: {reason}", path.display())]
    Users { path: PathBuf, line: usize, reason: String },
    #[error("{0}")]
    Config(String),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the disk or a quota is full.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Blob(error) => error.is_full(),
            _ => false,
        }
    }
}
