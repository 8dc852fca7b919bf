//! How long runs are kept.

use std::fs;
use std::path::Path;

use super::stored::is_running;
use super::{RecordStore, RunState};

/// What a repository's records may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) runs: usize,
    pub(super) bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { runs: 200, bytes: 2 * 1024 * 1024 * 1024 }
    }
}

/// Removes the oldest runs until the rest is within the limits. Running ones and the newest stay.
pub(super) fn prune(store: &RecordStore, limits: Limits) {
    let Ok(numbers) = store.numbers() else { return };
    let (mut runs, mut bytes) = (0, 0u64);
    for (place, number) in numbers.into_iter().rev().enumerate() {
        let dir = store.run_dir(number);
        // Only ended runs know their size; the others are few.
        let size = match store.load(number).map(|run| run.state) {
            Ok(RunState::Finished(result)) => result.bytes,
            _ => size_of(&dir),
        };
        runs += 1;
        bytes = bytes.saturating_add(size);
        if place > 0 && (runs > limits.runs || bytes > limits.bytes) && is_complete(&dir) && !is_running(&dir) {
            remove(&dir);
            runs -= 1;
            bytes = bytes.saturating_sub(size);
        }
    }
}

/// Not one that another process is making right now, nor half of one that could not be removed.
fn is_complete(dir: &Path) -> bool {
    dir.join("events.jsonl").exists()
}

/// Its `meta.json` goes first: from then on no list shows it, whatever happens to the rest.
fn remove(dir: &Path) {
    let _ = fs::remove_file(dir.join("meta.json"));
    // What cannot be removed stays and is tried again.
    let _ = fs::remove_dir_all(dir);
}

/// Bytes of all files below, as long as they are.
pub(super) fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
