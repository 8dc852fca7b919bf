use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The lock of one push. The file also takes what git says.
#[derive(Debug)]
pub(crate) struct PushLock {
    file: File,
    path: PathBuf,
    batch: String,
}

impl PushLock {
    /// A new push.
    pub(crate) fn new(dir: &Path) -> Result<PushLock> {
        let batch = uuid::Uuid::now_v7().simple().to_string();
        let path = dir.join(&batch);
        let error = || format!("the lock of a push, {}", path.display());
        let file = File::options().read(true).append(true).create_new(true).open(&path).map_err(Error::io(error()))?;
        file.lock().map_err(Error::io(error()))?;
        Ok(PushLock { file, path, batch })
    }

    /// Takes over a push whose owners have all ended; `None` while one of them lives.
    pub(crate) fn take_over(dir: &Path, batch: &str) -> Result<Option<PushLock>> {
        // It comes from the database, and becomes a path.
        if !batch.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let path = dir.join(batch);
        let error = || format!("the lock of a push, {}", path.display());
        let file = File::options().read(true).append(true).create(true).open(&path).map_err(Error::io(error()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(PushLock { file, path, batch: batch.to_owned() })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::io(error())(source)),
        }
    }

    /// The name of the push in the database.
    pub(crate) fn batch(&self) -> &str {
        &self.batch
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for PushLock {
    fn drop(&mut self) {
        // Left over, it is an empty file that nobody holds.
        let _ = std::fs::remove_file(&self.path);
    }
}
