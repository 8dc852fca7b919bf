use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Digest;

/// Why a blob could not be stored or had.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// The content is not what its digest says. Nothing was stored.
    #[error("the content has digest {found}, not {expected}")]
    Mismatch { expected: Digest, found: Digest },
    #[error("there is no blob {0}")]
    Missing(Digest),
    #[error("blob {digest} has {size} bytes, more than the {limit} allowed here")]
    TooLarge { digest: Digest, size: u64, limit: u64 },
    #[error("there is no upload `{0}`")]
    UnknownUpload(String),
    /// Another request or process writes to the same upload.
    #[error("upload `{0}` is in use")]
    UploadInUse(String),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the disk or a quota is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. }
            if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Io { source, .. } => source.kind(),
            Error::Mismatch { .. } => io::ErrorKind::InvalidData,
            Error::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Error::Missing(_) | Error::UnknownUpload(_) => io::ErrorKind::NotFound,
            Error::UploadInUse(_) => io::ErrorKind::ResourceBusy,
        };
        Self::new(kind, error)
    }
}
