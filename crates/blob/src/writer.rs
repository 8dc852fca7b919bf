use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use crate::{Algorithm, Digest, Error, Hasher, Store, durable};

/// A blob being written: hashed on the way, invisible until it is committed. Dropping it leaves nothing.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    file: File,
    path: PathBuf,
    hasher: Hasher,
    written: u64,
    /// Whether the file at `path` has become a blob.
    adopted: bool,
}

impl Writer {
    pub(crate) fn new(store: Store, algorithm: Algorithm) -> Result<Self, Error> {
        let (file, path) = store.create_locked(".tmp")?;
        Ok(Self { store, file, path, hasher: Hasher::new(algorithm), written: 0, adopted: false })
    }

    /// Bytes so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Adds content. As `write_all`, with the store's errors.
    pub fn append(&mut self, content: &[u8]) -> Result<(), Error> {
        self.write_all(content).map_err(Error::io("write", &self.path))
    }

    /// Makes it a blob: synced, then renamed. With `expected`, content with another digest is refused and leaves nothing.
    /// Gives the digest and the size.
    pub fn commit(mut self, expected: Option<&Digest>) -> Result<(Digest, u64), Error> {
        let digest = match expected {
            Some(expected) if expected.algorithm() != self.hasher.algorithm() => {
                let mut hasher = Hasher::new(expected.algorithm());
                let mut file = File::open(&self.path).map_err(Error::io("open", &self.path))?;
                crate::store::hash_file(&mut file, &mut hasher).map_err(Error::io("read", &self.path))?;
                hasher.finish()
            }
            _ => self.hasher.clone().finish(),
        };
        if let Some(expected) = expected
            && *expected != digest
        {
            return Err(Error::Mismatch { expected: *expected, found: digest });
        }
        if self.store.hold_whole(&digest, self.written)? {
            self.store.sync_names(digest.algorithm())?;
        } else {
            self.file.sync_all().map_err(Error::io("sync", &self.path))?;
            self.adopted = self.store.adopt(&self.path, &digest, self.written)?;
        }
        Ok((digest, self.written))
    }
}

impl Write for Writer {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.file.write(content)?;
        self.hasher.update(&content[..written]);
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.adopted {
            let _ = durable::remove(&self.path);
        }
    }
}
