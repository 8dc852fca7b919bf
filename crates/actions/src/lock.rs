//! `trunkline.lock`: refs pinned to commits.

use std::path::Path;

use crate::{ActionError, Resolver, Uses};

/// One pinned repository ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedAction {
    /// `owner/repo`.
    pub repository: String,
    /// Ref as written.
    pub reference: String,
    /// Commit it stood for.
    pub commit: String,
    /// git tree hash of the repository at that commit.
    pub tree: String,
}

/// The lock file, sorted by repository and ref.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// Entries, sorted.
    pub actions: Vec<LockedAction>,
}

/// Something `verify` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Used but not in the lock file.
    NotLocked(String),
    /// In the lock file but not used any more.
    Unused(String),
    /// The ref now stands for another commit.
    Moved {
        /// `owner/repo@ref`.
        uses: String,
        /// Pinned commit.
        locked: String,
        /// Commit now.
        now: String,
    },
    /// The commit can no longer be had.
    Missing {
        /// `owner/repo@ref`.
        uses: String,
        /// What was tried.
        message: String,
    },
    /// The content is not what was pinned.
    Differs {
        /// `owner/repo@ref`.
        uses: String,
        /// Pinned tree.
        locked: String,
        /// Tree found.
        now: String,
    },
}

impl LockFile {
    /// Reads a lock file; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<LockFile>, ActionError> {
        todo!("{path:?}")
    }

    /// Writes it atomically; equal content gives equal bytes.
    pub fn write(&self, path: &Path) -> Result<(), ActionError> {
        todo!("{path:?}")
    }
}

/// Walks `uses` values, also those nested in composite actions and reusable workflows.
///
/// `nested` lists the `uses` values in a metadata or workflow file, given its path and bytes.
pub struct Locker<'a> {
    /// Resolver without a lock.
    pub resolver: &'a Resolver,
    /// Lists nested `uses` values of a file.
    pub nested: &'a dyn Fn(&Path, &[u8]) -> Result<Vec<String>, String>,
}

impl Locker<'_> {
    /// Pins everything reachable from `uses`. `own` is the workflow's repository.
    pub fn lock(&self, uses: &[Uses], own: &Path) -> Result<LockFile, ActionError> {
        todo!("{uses:?} {own:?}")
    }

    /// Compares a lock file with what is used and what upstream says.
    pub fn verify(
        &self,
        lock: &LockFile,
        uses: &[Uses],
        own: &Path,
    ) -> Result<Vec<Problem>, ActionError> {
        todo!("{lock:?} {uses:?} {own:?}")
    }

    /// Copies the pinned repositories into `vendor` (`.trunkline/vendor`), replacing what was there.
    pub fn vendor(&self, lock: &LockFile, vendor: &Path) -> Result<(), ActionError> {
        todo!("{lock:?} {vendor:?}")
    }
}
