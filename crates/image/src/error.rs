use std::io;
use std::path::{Path, PathBuf};

use blob::Digest;
use thiserror::Error;

use crate::layer::LayerError;
use crate::platform::{Platform, PlatformError};
use crate::reference::ReferenceError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with images on this machine.
#[derive(Debug, Error)]
pub enum Error {
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Blob(#[from] blob::Error),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A manifest, an index, a configuration or a record that is not what it should be.
    #[error("{object} is invalid: {reason}")]
    Invalid { object: String, reason: String },
    #[error("{object} {digest} is not in the store")]
    Absent { object: &'static str, digest: Digest },
    /// The store or the archive holds fewer or more bytes than the descriptor says.
    #[error("{digest} has {found} bytes, its descriptor says {expected}")]
    Size { digest: Digest, expected: u64, found: u64 },
    #[error("{object} holds nothing for {wanted} (it has {})", listed(offers))]
    NoPlatform { object: String, wanted: Platform, offers: Vec<String> },
    #[error("{object} is no image: {reason}")]
    NotAnImage { object: String, reason: String },
    #[error("layer {layer}: {source}")]
    Layer { layer: Digest, source: LayerError },
    #[error("cannot make a layer: {0}")]
    Making(#[source] LayerError),
    #[error("there is no image {0}")]
    Unknown(String),
    #[error("`{text}` is the beginning of {count} ids: give more of it")]
    Ambiguous { text: String, count: usize },
    #[error("{archive}: {reason}")]
    Archive { archive: String, reason: String },
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn invalid(object: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { object: object.into(), reason: reason.to_string() }
    }
}

fn listed(offers: &[String]) -> String {
    const SHOWN: usize = 12;
    match offers {
        [] => "no platforms".to_owned(),
        many if many.len() > SHOWN => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
        few => few.join(", "),
    }
}
