use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the server cannot start, or an administrative command cannot be carried out.
#[derive(Debug, Error)]
pub enum ServerError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the data directory {} cannot be used: {source}", path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error("another server uses {}; a SQLite database has one server, several share PostgreSQL", path.display())]
    InUse { path: PathBuf },
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("the certificate and its key cannot be used: {0}")]
    Tls(String),
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Forge(#[from] forge::Error),
    #[error(transparent)]
    Objects(#[from] blob::objects::ObjectError),
    #[error("the registry: {0}")]
    Registry(#[from] registry::Error),
    #[error("{0}")]
    Other(String),
}

impl ServerError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}
