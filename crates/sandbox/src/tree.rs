//! Parts of one sandbox, to be shown in another.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::channel::MOST_TREES;
use crate::{Error, Root, SandboxSpec};

/// A file or directory of a sandbox with all that is mounted there, held open. It can be shown in one sandbox, once: the
/// kernel attaches it there. Another showing needs another [`crate::Sandbox::tree`].
#[derive(Debug, Clone)]
pub struct Tree {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Inside the sandbox it is of; for messages.
    path: PathBuf,
    file: bool,
    mount: OwnedFd,
}

impl Tree {
    pub(crate) fn new(path: PathBuf, file: bool, mount: OwnedFd) -> Self {
        Self { inner: Arc::new(Inner { path, file, mount }) }
    }

    /// Where it lies in the sandbox it is of.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Not a directory.
    pub fn is_file(&self) -> bool {
        self.inner.file
    }

    pub(crate) fn open(&self) -> io::Result<OwnedFd> {
        self.inner.mount.try_clone()
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

/// Refuses what cannot be shown.
pub(crate) fn check(spec: &SandboxSpec) -> Result<(), Error> {
    if spec.trees.is_empty() {
        return Ok(());
    }
    if spec.root == Root::Host {
        return Err(Error::Unsupported("parts of another sandbox can be shown in an image root only".into()));
    }
    if spec.trees.len() > MOST_TREES {
        return Err(Error::Invalid(format!("no more than {MOST_TREES} parts of other sandboxes can be shown in one")));
    }
    for bind in &spec.trees {
        if !bind.target.is_absolute() || bind.target.components().any(|part| part == Component::ParentDir) {
            return Err(Error::Path { path: bind.target.clone(), why: "must be absolute and without `..`" });
        }
    }
    Ok(())
}
