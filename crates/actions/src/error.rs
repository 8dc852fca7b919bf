//! What can go wrong when resolving an action.

use std::io;
use std::path::{Path, PathBuf};

use crate::UsesError;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The `uses` value itself is wrong.
    #[error(transparent)]
    Uses(#[from] UsesError),
    /// The repository or ref could not be had.
    #[error(transparent)]
    Git(#[from] git::GitError),
    /// The directory exists but holds no action.
    #[error("{uses}: no action in its directory: expected action.yml, action.yaml or Dockerfile")]
    NoMetadata {
        /// As written.
        uses: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// `./path` points at nothing.
    #[error("{uses}: there is no such directory. A local action needs its repository checked out first")]
    NoDirectory {
        /// As written.
        uses: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A reusable workflow's file is not there.
    #[error("{uses}: there is no file {}", path.display())]
    NoFile {
        /// As written.
        uses: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The value cannot be used in this place.
    #[error("{uses}: {expected}")]
    Misplaced {
        /// As written.
        uses: String,
        /// What was expected.
        expected: &'static str,
    },
    /// `actions.native = only` and there is no native action.
    #[error("{uses}: no native action stands in for it and `actions.native = \"only\"` forbids any other")]
    OnlyNative {
        /// As written.
        uses: String,
    },
    /// What is there is not what the lock file pins.
    #[error("{uses}: {problem}. Run `trunkline actions lock` if this is intended")]
    Locked {
        /// As written.
        uses: String,
        /// What differs.
        problem: String,
    },
    /// The lock file cannot be read.
    #[error("{}: {message}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ActionError {
    pub(crate) fn io<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ActionError + use<'a> {
        move |source| ActionError::Io { what, path: path.to_path_buf(), source }
    }
}
