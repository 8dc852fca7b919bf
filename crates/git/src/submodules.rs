//! Submodules named in `.gitmodules`.

use crate::{GitError, Repository};

/// One submodule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Its name.
    pub name: String,
    /// Where it sits in the work tree.
    pub path: String,
    /// Its URL as written.
    pub url: String,
}

impl Repository {
    /// Submodules of the work tree (or of HEAD in a bare repository).
    pub fn submodules(&self) -> Result<Vec<Submodule>, GitError> {
        todo!()
    }
}
