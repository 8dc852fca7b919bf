//! Finding other repositories: named directories, mirrors, the mirror cache, GitHub.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::{GitError, Repository};

/// `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoName {
    /// Owner.
    pub owner: String,
    /// Name.
    pub name: String,
}

impl RepoName {
    /// Parses `owner/name`; both parts of letters, digits, `-`, `_`, `.`.
    pub fn parse(text: &str) -> Option<RepoName> {
        let (owner, name) = text.split_once('/')?;
        Some(RepoName {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// A credential. Never shown by `Debug`, never in an argument list or an error.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Wraps a token; `None` when it is empty.
    pub fn new(text: &str) -> Option<Token> {
        (!text.is_empty()).then(|| Token(text.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// One `--action-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepositorySource {
    /// `OWNER/REPO=DIR`.
    One(RepoName, PathBuf),
    /// A directory that holds `owner/repo` (or `owner/repo.git`) directories.
    Tree(PathBuf),
}

impl RepositorySource {
    /// Parses an `--action-source` value.
    pub fn parse(text: &str) -> Result<RepositorySource, GitError> {
        todo!("{text}")
    }
}

/// Where repositories other than the user's own come from, in order: `entries`, the mirror cache, GitHub.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Named directories and mirrors.
    pub entries: Vec<RepositorySource>,
    /// Cache directory (the same as the snapshot store's).
    pub cache_dir: PathBuf,
    /// Never use the network.
    pub offline: bool,
    /// Base URL, `https://github.com`.
    pub server_url: String,
    /// Sent to `server_url` only.
    pub token: Option<Token>,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An `--action-source` directory.
    Directory(PathBuf),
    /// The mirror cache; nothing was asked of the network.
    Cache,
    /// Fetched from this URL just now.
    Fetched(String),
}

/// A repository at a commit.
#[derive(Debug)]
pub struct Found {
    /// The repository that holds it (plain directory, work tree, or bare).
    pub repository: Repository,
    /// Commit id; `None` for a plain directory.
    pub commit: Option<String>,
    /// Full ref when the request named a branch or tag.
    pub reference: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

impl Sources {
    /// Finds `repo` at `reference` (branch, tag, full ref or full commit id; `None`: the default branch).
    /// `depth` 0 asks for all history. The error names every place looked at.
    pub fn find(
        &self,
        repo: &RepoName,
        reference: Option<&str>,
        depth: u32,
    ) -> Result<Found, GitError> {
        todo!("{repo} {reference:?} {depth}")
    }

    /// Asks upstream (or the named source) which commit a ref is at now, without fetching it.
    pub fn current_commit(&self, repo: &RepoName, reference: &str) -> Result<String, GitError> {
        todo!("{repo} {reference}")
    }

    /// Where mirrors are kept.
    pub fn mirrors(&self) -> PathBuf {
        Path::new(&self.cache_dir).join("mirrors")
    }
}
