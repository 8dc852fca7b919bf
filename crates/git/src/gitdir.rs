//! A real `.git` for a job's workspace.

use std::path::{Path, PathBuf};

use crate::{GitError, Repository, Snapshot};

/// What the job's `.git` should look like.
#[derive(Debug, Clone)]
pub struct GitDirRequest<'a> {
    /// Repository whose objects and refs are shared.
    pub repository: &'a Repository,
    /// The files the workspace holds.
    pub snapshot: &'a Snapshot,
    /// Commit checked out; `None` when there is none yet.
    pub commit: Option<&'a str>,
    /// Full ref checked out, as `github.ref`: `refs/heads/x` gives a branch, anything else a detached HEAD.
    pub reference: Option<&'a str>,
    /// URL of `origin`.
    pub remote_url: &'a str,
    /// 0: all history, branches and tags; n: n commits.
    pub fetch_depth: u32,
    /// All tags although `fetch_depth` is not 0.
    pub fetch_tags: bool,
}

/// Writes `.git` at `git_dir` (which must not exist): HEAD, refs, config, index; objects are shared through
/// alternates, nothing is copied.
///
/// The index is the user's own for a snapshot with uncommitted changes, so `git status` and `git diff` in a step
/// show what the user sees; for a clean tree it is HEAD's and `git status` is clean. Either way its stat data match
/// the snapshot's files (`core.checkStat=minimal`), so no file is hashed again.
///
/// Returns the directories the job must be able to read.
pub fn checkout_git_dir(
    request: &GitDirRequest<'_>,
    git_dir: &Path,
) -> Result<Vec<PathBuf>, GitError> {
    todo!("{request:?} {git_dir:?}")
}
