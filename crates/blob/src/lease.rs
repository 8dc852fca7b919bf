use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use crate::{Digest, Error, Store, durable};

/// Blobs that a living process needs and that nothing refers to yet. Given up when dropped, or when the process ends in
/// whatever way.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    file: File,
    path: PathBuf,
}

impl Lease {
    pub(crate) fn new(store: &Store) -> Result<Self, Error> {
        let (file, path) = store.create_locked(".leases")?;
        Ok(Self { store: store.clone(), file, path })
    }

    /// Keeps a blob from being collected; it need not be there yet. Says whether it is.
    pub fn add(&mut self, digest: &Digest) -> Result<bool, Error> {
        let _adding = self.store.adding()?;
        self.file.write_all(format!("{digest}\n").as_bytes()).map_err(Error::io("write", &self.path))?;
        Ok(self.store.contains(digest))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = durable::remove(&self.path);
    }
}

/// Everything that living processes hold. To be called while nobody can add to a lease.
pub(crate) fn leased(store: &Store) -> Result<HashSet<Digest>, Error> {
    let dir = store.dir().join(".leases");
    let mut digests = HashSet::new();
    for entry in fs::read_dir(&dir).map_err(Error::io("list", &dir))? {
        let path = entry.map_err(Error::io("list", &dir))?.path();
        // One that was just given up is no concern.
        let Ok(file) = File::open(&path) else { continue };
        if matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            digests.extend(text.lines().filter_map(|line| line.parse::<Digest>().ok()));
        }
    }
    Ok(digests)
}
