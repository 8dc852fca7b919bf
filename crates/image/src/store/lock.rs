//! Lock files: kernel locks on them end with the process that held them, however it ended.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::error::{Error, Result};

pub(super) fn open(path: &Path) -> Result<File> {
    File::options().create(true).append(true).open(path).map_err(Error::io("open", path))
}

/// Locks a file that others may remove while holding it exclusively.
pub(super) fn shared(path: &Path) -> Result<File> {
    loop {
        let file = open(path)?;
        file.lock_shared().map_err(Error::io("lock", path))?;
        if is_current(&file, path) {
            return Ok(file);
        }
    }
}

/// The same for one holder only.
pub(super) fn exclusive(path: &Path) -> Result<File> {
    loop {
        let file = open(path)?;
        file.lock().map_err(Error::io("lock", path))?;
        if is_current(&file, path) {
            return Ok(file);
        }
    }
}

/// The same, unless somebody holds it.
pub(super) fn try_exclusive(path: &Path) -> Result<Option<File>> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) if is_current(&file, path) => Ok(Some(file)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(Error::io("lock", path)(source)),
    }
}

/// Whether the file that is locked is still the one of that name.
fn is_current(file: &File, path: &Path) -> bool {
    let same = || -> io::Result<bool> {
        let (held, named) = (file.metadata()?, fs::symlink_metadata(path)?);
        Ok((held.dev(), held.ino()) == (named.dev(), named.ino()))
    };
    same().unwrap_or(false)
}
