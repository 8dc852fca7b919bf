//! Everything asked of a repository of the server, through `git`.
//!
//! Bare repositories, asynchronous calls, one process a call unless it says otherwise. Revisions that come from outside are
//! passed behind `--end-of-options`, paths behind `--`.

mod changes;
mod compare;
mod history;
mod merge;
mod objects;
mod process;
mod refname;
mod refs;
mod setup;
mod share;
mod stream;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use ::git::{ChangeKind, ChangedFile, Commit, Signature};
pub use changes::NewBranchBase;
pub use compare::{Comparison, FileDiff};
pub use history::{HistoryPage, Logged, Order};
pub use merge::{Merged, Rebased};
pub use objects::{Entry, Object, ObjectKind};
pub(crate) use process::base_command;
pub use process::{GitError, Quarantine};
pub use refname::{RefName, check_ref_name};
pub use refs::{GitRef, RefUpdate, UpdateRefused};
pub(crate) use stream::{Pace, stream};
pub use write::{CommitAuthor, NewCommit, NewTag, TreeChange};

/// The name of no object.
pub const ZERO: &str = "0000000000000000000000000000000000000000";

/// The tree without entries.
pub const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A bare repository of the server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Repo {
    dir: Arc<Path>,
    quarantine: Option<Arc<Quarantine>>,
}

impl Repo {
    /// The repository in a directory, which need not exist yet.
    #[must_use]
    pub fn at(dir: impl Into<PathBuf>) -> Repo {
        Repo { dir: dir.into().into(), quarantine: None }
    }

    /// Where it lies.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The same repository, seeing the objects of a push that is not taken in yet.
    #[must_use]
    pub fn with_quarantine(&self, quarantine: Quarantine) -> Repo {
        Repo { dir: self.dir.clone(), quarantine: Some(Arc::new(quarantine)) }
    }

    /// The same repository, seeing the objects of another one too.
    #[must_use]
    pub fn beside(&self, other: &Repo) -> Repo {
        self.with_quarantine(Quarantine { objects: self.dir.join("objects"), alternates: other.dir.join("objects") })
    }
}

/// Whether a text is a full object id.
#[must_use]
pub fn is_oid(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether an object id stands for "no object".
#[must_use]
pub fn is_zero(oid: &str) -> bool {
    oid.bytes().all(|byte| byte == b'0')
}
