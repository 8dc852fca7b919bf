//! What a run wants to know about the repository, mostly without starting a process.

use crate::{GitError, Repository};

/// Where HEAD stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Commit id; `None` when there is no commit yet or no repository at all.
    pub sha: Option<String>,
    /// Branch name without `refs/heads/`; `None` when detached.
    pub branch: Option<String>,
    /// True when HEAD names a commit and no branch.
    pub detached: bool,
}

/// Facts read from files of the repository; no process is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// False for a plain directory: the whole tree then counts as uncommitted.
    pub is_git: bool,
    /// HEAD.
    pub head: Head,
    /// Default branch: `origin/HEAD`, `init.defaultBranch`, `main`, `master`, else the current one.
    pub default_branch: String,
    /// URL of `origin` (or of the only remote), credentials removed.
    pub remote_url: Option<String>,
    /// Owner from the URL, else `local`.
    pub owner: String,
    /// Name from the URL, else the directory's name.
    pub name: String,
}

impl Repository {
    /// Reads the facts. Costs a few file reads.
    pub fn facts(&self) -> Result<Facts, GitError> {
        todo!()
    }

    /// Names of tags that point at HEAD, newest version name last. One process.
    pub fn tags_at_head(&self) -> Result<Vec<String>, GitError> {
        todo!()
    }
}
