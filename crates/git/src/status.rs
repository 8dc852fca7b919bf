//! Uncommitted changes.

use crate::{GitError, Repository};

/// A path that differs from HEAD or from the index, or is untracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// Path relative to the top level, raw bytes.
    pub path: Vec<u8>,
    /// True when git does not know the file.
    pub untracked: bool,
    /// True when the file is gone from the work tree.
    pub deleted: bool,
}

/// The state of the work tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Changed paths, in git's order; empty when clean.
    pub entries: Vec<StatusEntry>,
}

impl Status {
    /// Whether nothing is uncommitted.
    pub fn is_clean(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Repository {
    /// Asks git for uncommitted changes and untracked files that are not ignored. One process; the user's index
    /// is not refreshed. Kept for the life of this value.
    pub fn status(&self) -> Result<&Status, GitError> {
        todo!()
    }
}
