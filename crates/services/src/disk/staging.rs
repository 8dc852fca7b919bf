//! Where content lies until it is whole: one directory a process, recognisable as abandoned.

use crate::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A process's own directory under `staging/`. Its `lock` file is held as long as the process lives, so
/// whoever can take the lock knows that nobody will come back for the files.
#[derive(Debug)]
pub struct Staging {
    dir: PathBuf,
    next: AtomicU64,
    _lock: File,
}

impl Staging {
    /// Removes what dead processes left, then makes a directory for this one. One process at a time: between a directory's
    /// making and its locking it looks abandoned.
    pub(crate) fn open(root: &Path) -> Result<Staging> {
        fs::create_dir_all(root).map_err(Error::io(root))?;
        let opening = File::open(root).map_err(Error::io(root))?;
        opening.lock().map_err(Error::io(root))?;
        sweep(root)?;
        let dir = root.join(uuid::Uuid::new_v4().to_string());
        fs::create_dir(&dir).map_err(Error::io(&dir))?;
        let lock_path = dir.join("lock");
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
        lock.lock().map_err(Error::io(&lock_path))?;
        Ok(Staging { dir, next: AtomicU64::new(0), _lock: lock })
    }

    /// A path nothing uses yet.
    pub(crate) fn fresh_path(&self) -> PathBuf {
        self.dir.join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next process.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn sweep(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root).map_err(Error::io(root))? {
        let dir = entry.map_err(Error::io(root))?.path();
        let in_use = File::open(dir.join("lock")).is_ok_and(|lock| lock.try_lock().is_err());
        if !in_use {
            // Another process may be leaving at this moment and remove the same files.
            let _ = fs::remove_dir_all(&dir);
        }
    }
    Ok(())
}
