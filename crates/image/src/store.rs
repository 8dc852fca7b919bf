//! Images on this machine: their blobs, their names, and their layers unpacked for sandboxes.
//!
//! ```text
//! blobs/                 see crate `blob`; laid out as in an OCI image layout
//! images/<key>.json      one record a name, or a nameless image: written whole, renamed into place
//! pins/<kind>/<key>.json what else keeps blobs alive, such as the results of build steps
//! layers/<layer>/        an unpacked layer: `fs` and `note.json`; a name here means that it is whole
//! locks/<layer>          shared: the layer is in use; exclusive: it is being removed
//! locks/<layer>.unpacking exclusive: it is being unpacked, by one who also holds the other lock
//! tmp/                   what is being unpacked or removed; swept when nobody holds the lock of that name
//! ```

mod find;
mod layers;
mod lock;
mod pins;
mod prune;
mod records;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::layer::{Limits, Privilege};
use crate::manifest::Descriptor;

pub use find::Found;
pub use layers::Unpacked;
pub use prune::{Prune, Pruned};
pub use records::Entry;

/// A directory of images. Cheap to clone; any number of processes of one user may use it at the same time.
///
/// Everything here blocks: call it from a blocking thread.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    blobs: blob::Store,
    limits: Limits,
    privilege: Privilege,
}

/// Held while blobs are added that no name refers to yet: nothing is collected meanwhile but what is long forgotten.
#[derive(Debug)]
pub struct Writing {
    _lock: File,
}

impl Store {
    /// Opens a store, makes it where it is missing, and removes what killed processes left.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(root, Limits::default())
    }

    /// The same with other limits for layers.
    pub fn open_with(root: impl AsRef<Path>, limits: Limits) -> Result<Self> {
        let root = std::path::absolute(root.as_ref()).map_err(Error::io("find", root.as_ref()))?;
        private_dir(&root)?;
        for name in ["images", "pins", "layers", "locks", "tmp"] {
            private_dir(&root.join(name))?;
        }
        let blobs = blob::Store::open(root.join("blobs"))?;
        let privilege = Privilege::probe(&root.join("tmp"));
        let store = Self { inner: Arc::new(Inner { root, blobs, limits, privilege }) };
        store.sweep_unpacking()?;
        Ok(store)
    }

    /// The directory that was opened.
    pub fn root(&self) -> &Path {
        &self.inner.root
    }

    pub fn blobs(&self) -> &blob::Store {
        &self.inner.blobs
    }

    /// What layers may be unpacked to at most.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// What this process may do with unpacked files; decides which extended attributes mark opaque directories.
    pub fn privilege(&self) -> Privilege {
        self.inner.privilege
    }

    /// To be held from before the first blob is added until after the image has its name.
    pub fn writing(&self) -> Result<Writing> {
        let path = self.root().join("locks/.writing");
        let lock = lock::open(&path)?;
        lock.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(Writing { _lock: lock })
    }

    /// Stores a manifest, an index or a configuration.
    pub fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        let mut writer = self.blobs().writer()?;
        writer.append(bytes)?;
        writer.commit(Some(&descriptor.digest))?;
        Ok(descriptor)
    }
}

/// Makes a directory that only its owner can enter: files in it may be set-uid, or secret.
fn private_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("create", path))
}

/// Writes a small file whole or not at all, so that it outlives a power cut. Its directory exists.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = unfinished(path, bytes)?;
    file.as_file().sync_all().map_err(Error::io("write", path))?;
    file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    let parent = path.parent().unwrap_or(Path::new("/"));
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", parent))
}

/// The same for what may be lost or empty after a power cut.
fn write_forgettable(path: &Path, bytes: &[u8]) -> Result<()> {
    unfinished(path, bytes)?.persist(path).map(drop).map_err(|error| Error::io("write", path)(error.error))
}

/// A file beside its place.
fn unfinished(path: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let mut file =
        tempfile::Builder::new().prefix(".new-").tempfile_in(parent).map_err(Error::io("write in", parent))?;
    file.write_all(bytes).map_err(Error::io("write", path))?;
    Ok(file)
}
