//! Native actions: stand-ins for the most used upstream actions, with their inputs and outputs.
//!
//! One file each below `native/`. They run in Trunkline's own process and work on the job's files through the
//! sandbox's host paths; programs they need are started inside the sandbox.

use std::path::PathBuf;
use std::sync::Arc;

use git::{GitError, RepoName, Repository, Snapshot, SnapshotStore, Source, Sources};
use indexmap::IndexMap;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

/// What a native action works with.
#[derive(Clone)]
pub struct NativePlace {
    pub sandbox: sandbox::Sandbox,
    /// Paths as the job's processes name them; `sandbox.host_path` leads to the files.
    pub workspace: PathBuf,
    pub temp: PathBuf,
    pub tool_cache: PathBuf,
    pub home: PathBuf,
    pub services: Arc<services::Services>,
    pub identity: services::JobIdentity,
    pub repository: Arc<Repository>,
    pub repository_name: RepoName,
    pub remote_url: String,
    pub sources: Arc<Sources>,
    pub snapshots: Arc<SnapshotStore>,
    pub snapshot: Arc<SharedSnapshot>,
}

/// One call of a native action.
pub struct NativeCall {
    /// As [`crate::ActionKind::Native`] names it: `checkout`.
    pub name: String,
    /// The ref as written: `v4`.
    pub reference: String,
    /// `with`, evaluated; names in lower case. Defaults are the action's own business.
    pub inputs: IndexMap<String, String>,
    /// The step's whole environment.
    pub env: IndexMap<String, String>,
    pub place: NativePlace,
    pub cancel: CancellationToken,
    /// Prints a line to the step's log; workflow commands (`::group::`, `::warning::`) work.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

/// What a native action leaves.
#[derive(Debug, Default)]
pub struct NativeOutcome {
    pub outputs: IndexMap<String, String>,
    /// Variables for the steps after it.
    pub env: IndexMap<String, String>,
    /// Directories for `PATH`.
    pub path: Vec<String>,
    /// Why the step failed; `None` when it went well.
    pub failure: Option<String>,
    /// What is to be done at the job's end.
    pub post: Option<NativePost>,
}

/// The post step of a native action, with what the main step remembered for it.
#[derive(Clone, Debug)]
pub struct NativePost {
    pub name: String,
    pub inputs: IndexMap<String, String>,
    pub state: IndexMap<String, String>,
}

/// The run's workspace snapshot, materialised once, by whichever job needs it first.
pub struct SharedSnapshot {
    repository: Arc<Repository>,
    store: Arc<SnapshotStore>,
    /// `None` takes the work tree as it is.
    commit: Option<String>,
    cell: OnceCell<Arc<Snapshot>>,
}

impl SharedSnapshot {
    #[must_use]
    pub fn new(repository: Arc<Repository>, store: Arc<SnapshotStore>, commit: Option<String>) -> Self {
        Self { repository, store, commit, cell: OnceCell::new() }
    }

    /// The snapshot; made at the first call.
    ///
    /// # Errors
    /// What git or the disk said.
    pub async fn get(&self) -> Result<Arc<Snapshot>, GitError> {
        let made = self.cell.get_or_try_init(|| async {
            let (repository, store, commit) = (self.repository.clone(), self.store.clone(), self.commit.clone());
            let making = tokio::task::spawn_blocking(move || {
                let source = commit.as_deref().map_or(Source::WorkTree, Source::Commit);
                store.snapshot(&repository, source)
            });
            match making.await {
                Ok(made) => made.map(Arc::new),
                Err(join) => std::panic::resume_unwind(join.into_panic()),
            }
        });
        made.await.cloned()
    }
}

/// Names of the native actions and the upstream majors they stand in for.
pub struct Table;

impl crate::NativeTable for Table {
    fn find(&self, _repo: &RepoName, _path: &str, _reference: &str, _major: Option<u32>) -> Option<String> {
        None
    }
}

/// Runs the main part of a native action.
pub async fn run(call: NativeCall) -> NativeOutcome {
    NativeOutcome { failure: Some(format!("there is no native action `{}`", call.name)), ..NativeOutcome::default() }
}

/// Runs the post part. The outcome's `post` is ignored.
pub async fn run_post(post: NativePost, call: NativeCall) -> NativeOutcome {
    let _ = post;
    run(call).await
}
