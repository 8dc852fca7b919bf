//! A JSON file that many processes read and one at a time changes.

use super::sync_dir;
use crate::{Error, Result};
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// `index.json` in a directory, changed under `index.lock` and replaced by rename, so that a reader needs
/// no lock and a crash leaves the old text or the new.
#[derive(Debug)]
pub(crate) struct IndexFile<T> {
    dir: PathBuf,
    value: PhantomData<fn() -> T>,
}

/// The index, held exclusively until dropped.
#[derive(Debug)]
pub(crate) struct Locked<'a, T> {
    pub(crate) value: T,
    index: &'a IndexFile<T>,
    _lock: File,
}

impl<T: Default + Serialize + DeserializeOwned> IndexFile<T> {
    pub(crate) fn new(dir: &Path) -> IndexFile<T> {
        IndexFile { dir: dir.to_owned(), value: PhantomData }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("index.json")
    }

    /// The index as last saved; empty when there is none.
    pub(crate) fn read(&self) -> Result<T> {
        let path = self.path();
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::Index { path, source }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
            Err(error) => Err(Error::io(&path)(error)),
        }
    }

    /// Waits for other processes and threads, then reads.
    pub(crate) fn lock(&self) -> Result<Locked<'_, T>> {
        fs::create_dir_all(&self.dir).map_err(Error::io(&self.dir))?;
        let lock_path = self.dir.join("index.lock");
        let lock =
            File::options().create(true).truncate(false).write(true).open(&lock_path).map_err(Error::io(&lock_path))?;
        lock.lock().map_err(Error::io(&lock_path))?;
        Ok(Locked { value: self.read()?, index: self, _lock: lock })
    }
}

impl<T: Default + Serialize + DeserializeOwned> Locked<'_, T> {
    /// Makes the value as it stands what every reader sees, durably.
    pub(crate) fn save(&self) -> Result<()> {
        let path = self.index.path();
        let new = self.index.dir.join("index.json.new");
        let text = serde_json::to_vec(&self.value).map_err(|source| Error::Index { path: path.clone(), source })?;
        let mut file = File::create(&new).map_err(Error::io(&new))?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(Error::io(&new))?;
        fs::rename(&new, &path).map_err(Error::io(&path))?;
        sync_dir(&self.index.dir)
    }
}
