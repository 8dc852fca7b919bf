//! A run as it lies on disk.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use api::{Envelope, LegId, RunNumber};
use serde::de::DeserializeOwned;

use super::live::{artifacts_dir, log_path};
use super::{RecordError, RunMeta, RunResult};

/// A recorded run.
#[derive(Clone, Debug)]
pub(crate) struct StoredRun {
    pub(crate) number: RunNumber,
    pub(crate) dir: PathBuf,
    pub(crate) meta: RunMeta,
    pub(crate) state: RunState,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RunState {
    Running,
    /// The process died before the run ended.
    Interrupted,
    Finished(RunResult),
}

impl RunState {
    /// One word for lists.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Finished(result) => result.conclusion.as_str(),
        }
    }
}

impl StoredRun {
    pub(super) fn load(number: RunNumber, dir: PathBuf) -> Result<Self, RecordError> {
        let meta: RunMeta = read_json(&dir.join("meta.json"))?;
        // The lock is asked for first: a run that ends in between has its result by then.
        let running = is_running(&dir);
        let state = match read_json(&dir.join("result.json")) {
            Ok(result) => RunState::Finished(result),
            Err(_) if running => RunState::Running,
            Err(_) => RunState::Interrupted,
        };
        Ok(Self { number, dir, meta, state })
    }

    /// The events in order. A last line that was torn by a crash, and lines of a later version, are left out.
    pub(crate) fn events(&self) -> Result<impl Iterator<Item = Envelope> + use<>, RecordError> {
        let path = self.dir.join("events.jsonl");
        let mut file = BufReader::new(File::open(&path).map_err(RecordError::io(&path))?);
        let mut line = Vec::new();
        Ok(std::iter::from_fn(move || {
            loop {
                line.clear();
                // A disk error in the middle ends the stream like a crash would have.
                if file.read_until(b'\n', &mut line).ok()? == 0 {
                    return None;
                }
                if let Ok(envelope) = serde_json::from_slice(&line) {
                    return Some(envelope);
                }
            }
        }))
    }

    pub(crate) fn log_path(&self, leg: LegId) -> PathBuf {
        log_path(&self.dir, leg)
    }

    pub(crate) fn artifacts_dir(&self) -> PathBuf {
        artifacts_dir(&self.dir)
    }
}

/// Whether a process holds the run.
pub(super) fn is_running(dir: &Path) -> bool {
    match File::open(dir.join("running")) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, RecordError> {
    let bytes = fs::read(path).map_err(RecordError::io(path))?;
    serde_json::from_slice(&bytes).map_err(|error: serde_json::Error| match error.io_error_kind() {
        Some(kind) => RecordError::io(path)(io::Error::from(kind)),
        None => RecordError::Damaged { path: path.to_owned(), reason: error.to_string() },
    })
}
