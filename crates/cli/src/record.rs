//! Runs on disk: what was asked, what happened, the logs and artifacts.
//!
//! `data/runs/<directory name>-<hash of its path>/<number>/` holds `meta.json` (what was asked), `events.jsonl` (one
//! event a line), `result.json` (once it has ended), `logs/<leg>.log` with its index, `artifacts/`, and `running`, a file
//! that the process which runs it holds locked.

mod live;
mod meta;
mod retention;
mod store;
mod stored;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub(crate) use live::{Record, now};
pub(crate) use meta::{RunMeta, RunResult};
pub(crate) use store::RecordStore;
pub(crate) use stored::{RunState, StoredRun};

/// Why a record cannot be written or read.
#[derive(Debug, Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    Dirs(#[from] crate::dirs::DirsError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("'{0}' is not a run: write its number, 'last', or '-1' for the last one, '-2' for the one before")]
    NotANumber(String),
    #[error("there is no run {wanted} of this repository")]
    NoSuchRun {
        wanted: String,
        /// The newest one there is.
        newest: Option<u64>,
    },
    #[error("no run of this repository is recorded")]
    Empty,
}

impl RecordError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

impl From<RecordError> for crate::failure::Failure {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Dirs(error) => error.into(),
            RecordError::NotANumber(_) => Self::usage(error),
            RecordError::NoSuchRun { newest: Some(newest), .. } => Self::missing(&error)
                .hint(format!("the newest is {newest}; `trunkline runs` lists those that are kept")),
            RecordError::NoSuchRun { .. } => Self::missing(error),
            RecordError::Empty => Self::missing(&error).hint("`trunkline run` makes the first one"),
            RecordError::Io { .. } | RecordError::Damaged { .. } => Self::broken(error),
        }
    }
}
