//! Content on its way to disk: counted, hashed, bounded, and gone again unless it is kept.

use super::staging::Staging;
use crate::{Error, Result};
use ring::digest;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A complete file in staging; removed when dropped before [`Blob::keep`].
#[derive(Debug)]
pub struct Blob {
    path: PathBuf,
    kept: bool,
    pub size: u64,
    /// Lowercase hexadecimal.
    pub sha256: String,
    _staging: Arc<Staging>,
}

impl Blob {
    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the content, already durable, to its place.
    pub(crate) fn keep(&mut self, to: &Path) -> Result<()> {
        fs::rename(&self.path, to).map_err(Error::io(to))?;
        self.kept = true;
        Ok(())
    }

    /// Makes the content survive a power failure; to be called before the blob is kept.
    pub(crate) fn sync(&self) -> Result<()> {
        File::open(&self.path).and_then(|file| file.sync_all()).map_err(Error::io(&self.path))
    }
}

impl Blob {
    pub(crate) fn open(&self) -> Result<File> {
        File::open(&self.path).map_err(Error::io(&self.path))
    }

    /// Whether it is what was announced: bytes, and `sha256:…` unless that is empty.
    pub fn check(&self, size: Option<u64>, hash: &str) -> Result<()> {
        if let Some(expected) = size.filter(|size| *size != self.size) {
            return Err(Error::Size { expected, actual: self.size });
        }
        if !hash.is_empty() && !hash.eq_ignore_ascii_case(&format!("sha256:{}", self.sha256)) {
            return Err(Error::Digest { expected: hash.to_owned(), actual: self.sha256.clone() });
        }
        Ok(())
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes one blob. Writing past the limit fails with [`io::ErrorKind::FileTooLarge`].
pub struct BlobWriter {
    file: File,
    hash: digest::Context,
    limit: u64,
    blob: Blob,
}

impl BlobWriter {
    /// A new file in staging, of at most `limit` bytes.
    pub fn create(staging: &Arc<Staging>, limit: u64) -> Result<BlobWriter> {
        let path = staging.fresh_path();
        let file = File::create_new(&path).map_err(Error::io(&path))?;
        Ok(BlobWriter {
            file,
            hash: digest::Context::new(&digest::SHA256),
            limit,
            blob: Blob { path, kept: false, size: 0, sha256: String::new(), _staging: Arc::clone(staging) },
        })
    }

    /// What was written, counted and hashed.
    pub fn finish(mut self) -> Blob {
        self.blob.sha256 = hex::encode(self.hash.finish());
        self.blob
    }

    /// Copies `reader` to its end.
    pub fn copy_from(&mut self, reader: &mut dyn io::Read, whence: &Path) -> Result<()> {
        let limit = self.limit;
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    self.write_all(&buffer[..count]).map_err(|error| match error.kind() {
                        io::ErrorKind::FileTooLarge => Error::TooLarge { limit },
                        _ => Error::io(&self.blob.path)(error),
                    })?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(whence)(error)),
            }
        }
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.blob.size.saturating_add(bytes.len() as u64) > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.blob.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("blob", &self.blob).finish_non_exhaustive()
    }
}
