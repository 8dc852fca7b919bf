//! Refs of a repository.

use crate::{GitError, Repository};

/// A ref and what it points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref {
    /// Full name, e.g. `refs/tags/v1`.
    pub name: String,
    /// Object it names.
    pub sha: String,
    /// Commit behind an annotated tag.
    pub peeled: Option<String>,
}

impl Repository {
    /// All refs, sorted by name. One process, kept for the life of this value.
    pub fn refs(&self) -> Result<&[Ref], GitError> {
        todo!()
    }
}
