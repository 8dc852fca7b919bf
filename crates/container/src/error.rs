//! What can go wrong with containers.

use std::io;
use std::path::PathBuf;

/// An error, worded as docker's daemon would where it has one for the case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Options(#[from] crate::OptionError),
    #[error("No such container: {0}")]
    NoContainer(String),
    #[error("network {0} not found")]
    NoNetwork(String),
    #[error("get {0}: no such volume")]
    NoVolume(String),
    /// Something exists already, is in use, or is not in the state needed.
    #[error("{0}")]
    Conflict(String),
    /// What was asked cannot be done.
    #[error("{0}")]
    Refused(String),
    /// The program could not be started.
    #[error("{why}")]
    Program {
        /// 127: not found; 126: found, and cannot be executed.
        code: u8,
        why: String,
    },
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("{}: {why}", path.display())]
    Path { path: PathBuf, why: String },
    #[error(transparent)]
    Sandbox(#[from] sandbox::Error),
    #[error(transparent)]
    Image(#[from] image::Error),
}

impl Error {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// The exit code of `docker run` for it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program { code, .. } => *code,
            _ => 125,
        }
    }
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;
