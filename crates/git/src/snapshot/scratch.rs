//! Directories for work in progress, removed when dropped, swept by others when their maker was killed.

use std::path::{Path, PathBuf};

use super::Lease;
use crate::GitError;

/// A temporary directory with a lock beside it that lives as long as its maker.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    lock: PathBuf,
    _lease: Lease,
}

impl Scratch {
    /// Makes one below `parent`.
    pub(crate) fn new(parent: &Path) -> Result<Scratch, GitError> {
        let name = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
        let (path, lock) = (parent.join(&name), parent.join(format!("{name}.lock")));
        let mut lease = Lease::exclusive(&lock).map_err(GitError::io("cannot lock", &lock))?;
        while !lease.is_linked() {
            // A sweeper removed it between opening and locking.
            lease = Lease::exclusive(&lock).map_err(GitError::io("cannot lock", &lock))?;
        }
        std::fs::create_dir(&path).map_err(GitError::io("cannot create", &path))?;
        Ok(Scratch { path, lock, _lease: lease })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next start.
        drop(std::fs::remove_dir_all(&self.path));
        drop(std::fs::remove_file(&self.lock));
    }
}

/// Removes directories whose makers are gone.
pub(crate) fn sweep(parent: &Path) {
    let Ok(list) = std::fs::read_dir(parent) else {
        return;
    };
    for lock in list.flatten().map(|entry| entry.path()) {
        if lock.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let dir = lock.with_extension("");
        // A maker locks before it makes the directory; a lock without directory may be that moment, so the lock is asked too.
        if let Ok(Some(_lease)) = Lease::try_exclusive(&lock) {
            drop(std::fs::remove_dir_all(&dir));
            drop(std::fs::remove_file(&lock));
        }
    }
}
