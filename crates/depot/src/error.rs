use thiserror::Error;

/// Why something could not be stored or read.
#[derive(Debug, Error)]
pub enum Error {
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Object(#[from] blob::objects::ObjectError),
    #[error("the log of job {job}: {reason}")]
    Log { job: i64, reason: String },
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Whether the disk of the database or of the objects is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::Store(error) => matches!(error, store::Error::DiskFull),
            Self::Object(error) => matches!(error, blob::objects::ObjectError::NoSpace { .. }),
            Self::Io(error) => matches!(error.kind(), StorageFull | QuotaExceeded),
            Self::Log { .. } => false,
        }
    }

    /// Whether the same may succeed later: the database is away, or the place for objects is.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => error.is_passing(),
            Self::Object(error) => matches!(error, blob::objects::ObjectError::Failed { .. }),
            Self::Log { .. } | Self::Io(_) => false,
        }
    }
}
