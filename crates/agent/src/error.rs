use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a runner cannot work.
#[derive(Debug, Error)]
pub enum AgentError {
    #[error("{url} is no address of a server: {reason}")]
    Address { url: String, reason: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} is in use by another runner", path.display())]
    InUse { path: PathBuf },
    #[error("this runner is not registered, and there is no token to register it with")]
    NoToken,
    #[error("the server refuses the runner: {0}")]
    Refused(String),
    #[error("{}: this file is damaged ({reason}); remove it and register the runner again", path.display())]
    Credentials { path: PathBuf, reason: String },
    #[error("no sandboxes can be made: {0}")]
    Sandbox(#[from] sandbox::Error),
}

impl AgentError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
