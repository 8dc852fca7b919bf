use std::io;
use std::path::PathBuf;

use blob::Digest;
use thiserror::Error;

use crate::cut::cut;
use crate::tar::TarError;

/// Why a layer cannot be unpacked or made.
#[derive(Debug, Error)]
pub enum LayerError {
    #[error("the archive is damaged: {0}")]
    Tar(#[source] TarError),
    #[error("cannot uncompress it: {0}")]
    Compression(#[source] io::Error),
    #[error("it is compressed with {0}, which is not supported (gzip and zstd are)")]
    UnsupportedCompression(&'static str),
    #[error("its uncompressed content has digest {found}, not {expected}")]
    DiffId { expected: Digest, found: Digest },
    #[error("it has more than {limit} {what}")]
    Limit { what: &'static str, limit: u64 },
    #[error("{path}: {reason}")]
    Member { path: String, reason: String },
    #[error("cannot {action} {path}: {source}")]
    Io { action: &'static str, path: String, source: io::Error },
    #[error("cannot read {}: {source}", path.display())]
    Source { path: PathBuf, source: io::Error },
}

impl LayerError {
    pub(crate) fn member(path: &[u8], reason: impl ToString) -> Self {
        Self::Member { path: shown(path), reason: reason.to_string() }
    }

    pub(crate) fn io(action: &'static str, path: &[u8], source: impl Into<io::Error>) -> Self {
        Self::Io { action, path: shown(path), source: source.into() }
    }

    /// Errors of the decompressing thread come through a reader.
    pub(crate) fn from_tar(error: TarError) -> Self {
        match error {
            TarError::Io(error) => Self::from_stream(error),
            other => Self::Tar(other),
        }
    }

    pub(crate) fn from_stream(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Compression)
    }
}

/// A path of an archive, fit for a message of one line.
fn shown(path: &[u8]) -> String {
    const LONGEST: usize = 400;
    cut(&String::from_utf8_lossy(path), LONGEST).chars().flat_map(char::escape_debug).collect()
}
