//! From a `uses` value to a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use git::{RepoName, SnapshotStore, Sources};

use crate::{ActionError, LockFile, Uses};

/// `actions.native`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NativeMode {
    /// A native action when there is one.
    #[default]
    Prefer,
    /// Never a native action.
    Never,
    /// Nothing but native and local actions.
    Only,
}

/// Which native actions exist.
pub trait NativeTable: Send + Sync {
    /// The name of the native action that stands in for `repo[/path]@reference` (e.g. `checkout`), or `None`.
    /// `major` is the number in refs like `v4` or `v4.1.2`; `None` for branches and commits.
    fn find(
        &self,
        repo: &RepoName,
        path: &str,
        reference: &str,
        major: Option<u32>,
    ) -> Option<String>;
}

/// What kind of thing was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// A native action, by name.
    Native(String),
    /// A directory with this metadata file.
    Metadata(PathBuf),
    /// A directory with a Dockerfile and no metadata.
    Dockerfile(PathBuf),
    /// `docker://image`.
    Image(String),
}

/// A resolved action.
#[derive(Debug, Clone)]
pub struct ResolvedAction {
    /// What it is.
    pub kind: ActionKind,
    /// The action's own directory (`github.action_path`); `None` for native actions and images.
    pub dir: Option<PathBuf>,
    /// Root of the repository that holds it.
    pub root: Option<PathBuf>,
    /// Commit, for remote actions from git.
    pub commit: Option<String>,
    /// The ref as written (`github.action_ref`); empty for local ones.
    pub reference: String,
    /// `owner/repo` (`github.action_repository`), for remote ones.
    pub repository: Option<String>,
    /// Where it came from and why, one sentence.
    pub why: String,
    /// Keeps the files from being collected.
    pub held: Option<Arc<git::Snapshot>>,
}

/// A file of a remote repository, e.g. a reusable workflow.
#[derive(Debug, Clone)]
pub struct ResolvedFile {
    /// Content.
    pub text: Vec<u8>,
    /// Commit, when from git.
    pub commit: Option<String>,
    /// The repository's root, for `./` references inside it.
    pub root: PathBuf,
    /// Where it came from and why.
    pub why: String,
    /// Keeps the files from being collected.
    pub held: Option<Arc<git::Snapshot>>,
}

/// Resolves `uses` values. Remembers what it found: within a run a ref always means the same commit.
pub struct Resolver {
    sources: Sources,
    store: Arc<SnapshotStore>,
}

impl Resolver {
    /// A resolver over `sources`; actions are materialised in `store`.
    pub fn new(sources: Sources, store: Arc<SnapshotStore>) -> Resolver {
        Resolver { sources, store }
    }

    /// Sets the native actions and when they are used. Default: none.
    pub fn with_native(self, mode: NativeMode, table: Arc<dyn NativeTable>) -> Resolver {
        let _ = (mode, table);
        self
    }

    /// Sets the lock file, and the directory of vendored actions (`.trunkline/vendor`).
    pub fn with_lock(self, lock: Option<LockFile>, vendor: Option<PathBuf>) -> Resolver {
        let _ = (lock, vendor);
        self
    }

    /// Resolves an action. `workspace` is where `./` points, `own` where `$/` points.
    pub fn action(
        &self,
        uses: &Uses,
        workspace: &Path,
        own: &Path,
    ) -> Result<ResolvedAction, ActionError> {
        let _ = (&self.sources, &self.store, uses, workspace, own);
        todo!()
    }

    /// Resolves `owner/repo/.github/workflows/x.yml@ref`, or `./` below `own`.
    pub fn workflow(&self, uses: &Uses, own: &Path) -> Result<ResolvedFile, ActionError> {
        let _ = (uses, own);
        todo!()
    }
}
