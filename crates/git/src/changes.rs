//! Which files changed between two commits.

use crate::{GitError, Repository};

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// New file (a copy counts as one).
    Added,
    /// Content or mode changed, or the file became something else (e.g. a symlink).
    Modified,
    /// Gone.
    Deleted,
    /// Moved from `old_path`, possibly with changes.
    Renamed,
}

/// One changed file. Path filters look at both paths of a rename.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// How it changed.
    pub kind: ChangeKind,
    /// Path now (or the last path, when deleted), relative to the top level, `/`-separated. Bytes that are not
    /// UTF-8 are replaced.
    pub path: String,
    /// Path before, for renames.
    pub old_path: Option<String>,
}

impl Repository {
    /// Files that differ between the trees of `base` and `head` (`git diff base..head`).
    /// `None` as base means the empty tree: everything counts as added.
    pub fn changed_files(
        &self,
        base: Option<&str>,
        head: &str,
    ) -> Result<Vec<ChangedFile>, GitError> {
        todo!("{base:?} {head}")
    }

    /// Files that `head` changed since it left `base` (`git diff base...head`), as pull requests count them.
    pub fn changed_files_since_merge_base(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Vec<ChangedFile>, GitError> {
        todo!("{base} {head}")
    }

    /// The best common ancestor, if the histories are related.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        todo!("{a} {b}")
    }
}
