//! Files that survive a kill at any moment: a locked index, staged content, atomic renames.

pub(crate) mod blob;
pub(crate) mod index;
pub(crate) mod staging;
pub(crate) mod upload;

use crate::{Error, Result};
use std::fs::{self, File};
use std::path::Path;

/// Makes a rename or unlink in `dir` itself durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|dir_file| dir_file.sync_all()).map_err(Error::io(dir))
}

/// Removes a file that may be gone already.
pub(crate) fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}
