//! Volumes, and what is mounted into a container.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::inside::Root;
use crate::{Error, Result, tree};

/// A directory that outlives containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub name: String,
    /// Made for one container, and removed with it.
    pub anonymous: bool,
    pub labels: Vec<(String, String)>,
    pub created: Timestamp,
    /// Its directory on the host.
    pub path: PathBuf,
}

/// One mount of a container, as made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountPoint {
    pub kind: MountKind,
    /// Path inside.
    pub target: String,
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    Bind {
        /// As the caller named it.
        named: String,
        host: PathBuf,
    },
    Volume {
        volume: Volume,
        /// An empty one is filled from the image.
        copy_up: bool,
    },
    Tmpfs {
        size: Option<u64>,
        mode: u32,
        exec: bool,
    },
}

impl Volume {
    pub(crate) fn is_empty(&self) -> Result<bool> {
        let open = Root::open(&self.path).and_then(|root| {
            let dir = root.file(Path::new("/"), rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY)?;
            tree::is_empty(dir.as_fd())
        });
        open.map_err(Error::io(format!("reading volume {}", self.name)))
    }

    /// Copies what the image has at `target` into the volume. Nothing there is fine.
    pub(crate) fn fill(&self, image: &Root, target: &Path) -> Result<()> {
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
        let Ok(source) = image.file(target, flags) else { return Ok(()) };
        let fill = || {
            let into = Root::open(&self.path)?.file(Path::new("/"), flags)?;
            tree::copy_content(source.as_fd(), into.as_fd(), tree::Owner::Same)?;
            tree::copy_look(source.as_fd(), into.as_fd())
        };
        fill().map_err(Error::io(format!("filling volume {} from the image", self.name)))
    }
}
