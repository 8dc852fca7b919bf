use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::store::{Swept, hash_file};
use crate::{Algorithm, Digest, Error, Hasher, Store, durable};

/// A blob that arrives in pieces, over any number of requests, processes and restarts. Only one holder at a time.
///
/// The bytes are kept in a file of their own. Dropping an upload keeps it; `cancel` removes it.
#[derive(Debug)]
pub struct Upload {
    store: Store,
    id: String,
    file: File,
    path: PathBuf,
    /// The hash of everything so far; `None` when it began elsewhere: then the whole file is hashed in the end.
    hasher: Option<Hasher>,
    len: u64,
}

fn upload_path(store: &Store, id: &str) -> Result<PathBuf, Error> {
    let named = !id.is_empty()
        && id.len() <= 128
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !named {
        return Err(Error::UnknownUpload(id.chars().take(128).collect()));
    }
    Ok(store.dir().join(".uploads").join(id))
}

impl Upload {
    pub(crate) fn open(store: Store, id: &str, create: bool) -> Result<Self, Error> {
        let path = upload_path(&store, id)?;
        let mut file = match File::options().read(true).write(true).create(create).truncate(false).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::UnknownUpload(id.to_owned())),
            other => other.map_err(Error::io("open", &path))?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Error::UploadInUse(id.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
        }
        // Between opening and locking, the holder before may have committed or cancelled it.
        if !path.is_file() {
            return Err(Error::UnknownUpload(id.to_owned()));
        }
        let len = file.seek(SeekFrom::End(0)).map_err(Error::io("read", &path))?;
        let hasher = (len == 0).then(|| Hasher::new(Algorithm::Sha256));
        Ok(Self { store, id: id.to_owned(), file, path, hasher, len })
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Says which algorithm the digest will have. Only a matter of speed: any algorithm may be committed.
    pub fn expect_algorithm(&mut self, algorithm: Algorithm) {
        if self.len == 0 {
            self.hasher = Some(Hasher::new(algorithm));
        }
    }

    /// Adds content at the end.
    pub fn append(&mut self, content: &[u8]) -> Result<(), Error> {
        if let Err(error) = self.file.write_all(content) {
            // What was written of it is unknown: back to where the file is known.
            self.truncate(self.len)?;
            return Err(Error::io("write", &self.path)(error));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(content);
        }
        self.len += content.len() as u64;
        Ok(())
    }

    /// Takes back everything after the first `len` bytes.
    pub fn truncate(&mut self, len: u64) -> Result<(), Error> {
        self.file
            .set_len(len)
            .and_then(|()| self.file.seek(SeekFrom::Start(len)))
            .map_err(Error::io("truncate", &self.path))?;
        self.len = len;
        self.hasher = (len == 0).then(|| Hasher::new(Algorithm::Sha256));
        Ok(())
    }

    /// Puts what arrived on the disk.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io("sync", &self.path))
    }

    /// Makes it a blob. Content with another digest than `expected` is refused; the upload is kept then.
    pub fn commit(mut self, expected: Option<&Digest>) -> Result<(Digest, u64), Error> {
        let algorithm = expected.map(Digest::algorithm);
        let digest = match self.hasher.take() {
            Some(hasher) if algorithm.is_none_or(|algorithm| algorithm == hasher.algorithm()) => hasher.finish(),
            _ => {
                let mut hasher = Hasher::new(algorithm.unwrap_or(Algorithm::Sha256));
                self.file.rewind().map_err(Error::io("read", &self.path))?;
                self.len = hash_file(&mut self.file, &mut hasher).map_err(Error::io("read", &self.path))?;
                hasher.finish()
            }
        };
        if let Some(expected) = expected
            && *expected != digest
        {
            return Err(Error::Mismatch { expected: *expected, found: digest });
        }
        let adopted = if self.store.hold_whole(&digest, self.len)? {
            self.store.sync_names(digest.algorithm())?;
            false
        } else {
            self.file.sync_all().map_err(Error::io("sync", &self.path))?;
            self.store.adopt(&self.path, &digest, self.len)?
        };
        if !adopted {
            durable::remove(&self.path)?;
        }
        Ok((digest, self.len))
    }

    /// Removes it and everything that arrived.
    pub fn cancel(self) -> Result<(), Error> {
        durable::remove(&self.path).map(|_| ())
    }
}

impl Store {
    /// The file of an upload, to read what arrived so far while somebody else writes. It stays readable when the upload
    /// becomes a blob. `None` when there is no such upload.
    pub fn peek_upload(&self, id: &str) -> Result<Option<File>, Error> {
        let path = upload_path(self, id)?;
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", &path)(error)),
        }
    }

    /// Removes uploads that nobody holds and that got nothing for so long.
    pub fn sweep_uploads(&self, older_than: Duration) -> Result<Swept, Error> {
        self.sweep(".uploads", older_than)
    }

    /// What [`Self::sweep_uploads`] would remove.
    pub fn abandoned_uploads(&self, older_than: Duration) -> Result<Swept, Error> {
        self.abandoned(".uploads", older_than, |_| Ok(true))
    }
}
