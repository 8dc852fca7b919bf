//! What can go wrong when asking git.

use std::io;
use std::path::{Path, PathBuf};

/// Errors of this crate. Messages name what was looked for and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// The `git` program could not be started.
    #[error("git could not be started: {source}. Install git 2.30 or newer and make sure it is on PATH")]
    Spawn {
        /// Why.
        source: io::Error,
    },
    /// git ended with a failure.
    #[error("`git {command}` failed: {stderr}")]
    Failed {
        /// The arguments that matter (never credentials).
        command: String,
        /// The exit code, when there is one.
        code: Option<i32>,
        /// What git said, trimmed.
        stderr: String,
    },
    /// Given up, because [`crate::Cancel`] asked for it.
    #[error("it was cancelled")]
    Cancelled,
    /// A file or directory could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done, e.g. "cannot create".
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// git or a file in `.git` said something unexpected.
    #[error("unexpected answer from git: {0}")]
    Unexpected(String),
    /// A ref, commit or repository is nowhere to be found.
    #[error("{what} was not found. Looked in: {}. {help}", looked.join("; "))]
    NotFound {
        /// What was looked for, e.g. "ref 'v9' of octo/tool".
        what: String,
        /// Where it was looked for, in order.
        looked: Vec<String>,
        /// How to provide it.
        help: String,
    },
    /// An input of the checkout action is not acceptable.
    #[error("{0}")]
    Input(String),
}

impl GitError {
    pub(crate) fn io<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> GitError + use<'a> {
        move |source| GitError::Io { what, path: path.to_path_buf(), source }
    }
}
