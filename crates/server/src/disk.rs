//! Room on the disk of the data directory.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// With less than this pushes, logs and artifacts are about to be refused.
const LEAST: u64 = 16 << 20;

/// The disk, and whether it was full when somebody last looked.
#[derive(Debug)]
pub(crate) struct Disk {
    path: PathBuf,
    full: AtomicBool,
}

impl Disk {
    pub(crate) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), full: AtomicBool::new(false) }
    }

    /// # Errors
    /// What is to be told when there is no room.
    pub(crate) fn look(&self) -> Result<(), String> {
        let free = free(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        let full = free < LEAST;
        self.full.store(full, Ordering::Relaxed);
        if !full {
            return Ok(());
        }
        let left = free >> 20;
        Err(format!("{} has {left} MiB left: make room, or nothing more can be taken in", self.path.display()))
    }

    /// As of the last look.
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }
}

/// Bytes that this user may still write.
fn free(path: &Path) -> std::io::Result<u64> {
    let told = rustix::fs::statvfs(path)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}
