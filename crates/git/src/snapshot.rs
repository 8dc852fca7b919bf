//! Read-only snapshots of trees, materialised once and shared by jobs.

use std::path::{Path, PathBuf};

use crate::{GitError, Repository};

/// What to take a snapshot of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// Tracked files with their uncommitted changes, and untracked files that are not ignored.
    WorkTree,
    /// A commit (or anything with a tree), by full object id.
    Commit(&'a str),
}

/// A materialised tree. While this value lives the snapshot is not collected.
#[derive(Debug)]
pub struct Snapshot {
    /// Tree hash.
    pub tree: String,
    /// The files. Never write here: it is the lower layer of jobs' overlays.
    pub path: PathBuf,
    /// An index whose stat data match `path`, to be copied into a job's `.git`.
    pub index: PathBuf,
    /// Whether it was materialised just now.
    pub fresh: bool,
    /// Whether the tree is not that of HEAD.
    pub uncommitted: bool,
}

impl Snapshot {
    /// Directories a job must be able to read for git commands to work (object stores).
    pub fn object_dirs(&self) -> &[PathBuf] {
        &[]
    }
}

/// Snapshots below one cache directory; shared by any number of processes.
#[derive(Debug)]
pub struct SnapshotStore {
    root: PathBuf,
}

/// What a collection removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Snapshots removed.
    pub removed: usize,
    /// Bytes they held.
    pub bytes: u64,
    /// Bytes still held.
    pub kept_bytes: u64,
}

impl SnapshotStore {
    /// Opens or creates the store and sweeps what killed processes left.
    pub fn open(cache_dir: &Path) -> Result<SnapshotStore, GitError> {
        Ok(SnapshotStore {
            root: cache_dir.to_path_buf(),
        })
    }

    /// The directory given to [`SnapshotStore::open`].
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the snapshot of `source`, materialising it when it is not there yet.
    pub fn snapshot(
        &self,
        repository: &Repository,
        source: Source<'_>,
    ) -> Result<Snapshot, GitError> {
        todo!("{repository:?} {source:?}")
    }

    /// Removes the least recently used snapshots that nobody holds until at most `max_bytes` remain.
    pub fn gc(&self, max_bytes: u64) -> Result<GcReport, GitError> {
        todo!("{max_bytes}")
    }
}
