//! Commits and their metadata.

use crate::{GitError, Repository};

/// Who and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name as recorded.
    pub name: String,
    /// Address as recorded.
    pub email: String,
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// Offset from UTC in minutes.
    pub offset_minutes: i32,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Object id, full hex.
    pub sha: String,
    /// Id of its tree.
    pub tree: String,
    /// Ids of its parents.
    pub parents: Vec<String>,
    /// Author.
    pub author: Signature,
    /// Committer.
    pub committer: Signature,
    /// Whole message, trailing newlines removed.
    pub message: String,
}

impl Repository {
    /// The commit a revision names (`HEAD`, a sha, a ref). One process.
    pub fn commit(&self, revision: &str) -> Result<Commit, GitError> {
        todo!("{revision}")
    }

    /// Commits reachable from `head` but not from `base`, oldest first, at most `limit` of the newest.
    /// Without a base: the newest `limit` commits of `head`.
    pub fn commits_between(
        &self,
        base: Option<&str>,
        head: &str,
        limit: usize,
    ) -> Result<Vec<Commit>, GitError> {
        todo!("{base:?} {head} {limit}")
    }
}
