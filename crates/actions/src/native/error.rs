//! Why a native action failed.

use std::io;
use std::path::{Path, PathBuf};

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// Becomes the step's failure. Never holds values of secrets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Text(String),
    #[error("cannot {what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Glob(#[from] crate::glob::GlobError),
    #[error(transparent)]
    Git(#[from] git::GitError),
    #[error(transparent)]
    Sandbox(#[from] sandbox::Error),
    #[error(transparent)]
    Services(#[from] services::Error),
    #[error(transparent)]
    Images(#[from] super::images::ImagesError),
    #[error("the step was cancelled")]
    Cancelled,
}

impl Fault {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Names the path as the job does, not as this process reaches it.
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}
