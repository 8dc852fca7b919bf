//! Locating a repository.

use std::path::{Path, PathBuf};

use crate::GitError;

/// A located repository, or a plain directory that is treated as one uncommitted tree.
#[derive(Debug)]
pub struct Repository {
    top_level: PathBuf,
}

impl Repository {
    /// Finds the repository `dir` belongs to, walking up; starts no process. A directory outside any repository
    /// is accepted, see [`Repository::is_git`].
    pub fn discover(dir: &Path) -> Result<Repository, GitError> {
        Ok(Repository {
            top_level: dir.to_path_buf(),
        })
    }

    /// Opens exactly `dir`: a work tree, a bare repository or a plain directory. Does not walk up.
    pub fn open(dir: &Path) -> Result<Repository, GitError> {
        Ok(Repository {
            top_level: dir.to_path_buf(),
        })
    }

    /// Top of the work tree; the git directory itself for a bare repository.
    pub fn top_level(&self) -> &Path {
        &self.top_level
    }

    /// The git directory; `None` for a plain directory.
    pub fn git_dir(&self) -> Option<&Path> {
        None
    }

    /// Whether this is a git repository.
    pub fn is_git(&self) -> bool {
        self.git_dir().is_some()
    }

    /// Whether it has no work tree.
    pub fn is_bare(&self) -> bool {
        false
    }
}
