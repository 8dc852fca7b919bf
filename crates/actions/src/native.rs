//! Native actions: stand-ins for the most used upstream actions, with their inputs and outputs.
//!
//! One file each below `native/`. They run in Trunkline's own process and work on the job's files through the
//! sandbox's host paths; programs they need are started inside the sandbox.

mod archive;
mod artifact_search;
mod build_task;
mod cache;
mod checkout;
mod docker;
mod download_artifact;
mod error;
mod fetch;
mod files;
mod golangci_lint;
mod hash_files;
mod images;
mod inputs;
mod merge_artifacts;
mod minimatch;
mod process;
mod semver;
mod setup;
mod setup_go;
mod setup_java;
mod setup_node;
mod setup_python;
mod snapshot;
mod table;
mod tool;
mod upload_artifact;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use git::{RepoName, Repository, Snapshot, SnapshotStore, Sources};
use indexmap::IndexMap;
use tokio_util::sync::CancellationToken;

use error::{Fault, Result};
use inputs::Inputs;

pub use build_task::build;
pub use images::{Images, ImagesError, Registries};
pub use snapshot::SharedSnapshot;
pub use table::Table;

/// What a native action works with.
#[derive(Clone)]
pub struct NativePlace {
    pub sandbox: sandbox::Sandbox,
    /// Paths as the job's processes name them; `sandbox.host_path` leads to the files.
    pub workspace: PathBuf,
    /// Containers that run already see the workspace: files have to lie in it, what is mounted there is not shown to them.
    pub workspace_is_shared: bool,
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
    pub images: Arc<Images>,
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
    /// Its `post-if` is `success()`; otherwise it is `always()`.
    pub only_after_success: bool,
    /// Snapshots that lie below the job's workspace: they must live as long as it does.
    pub held: Vec<Arc<Snapshot>>,
}

impl NativePost {
    fn new(call: &NativeCall) -> Self {
        Self {
            name: call.name.clone(),
            inputs: call.inputs.clone(),
            state: IndexMap::new(),
            only_after_success: false,
            held: Vec::new(),
        }
    }
}

impl NativeCall {
    fn inputs(&self) -> Inputs<'_> {
        Inputs(&self.inputs)
    }

    fn say(&self, text: impl AsRef<str>) {
        (self.log)(text.as_ref());
    }

    fn warn(&self, text: impl AsRef<str>) {
        self.say(format!("::warning::{}", escape(text.as_ref())));
    }

    fn env(&self, name: &str) -> &str {
        self.env.get(name).map_or("", String::as_str)
    }

    /// What `~` is for the job's processes.
    fn home(&self) -> PathBuf {
        match self.env("HOME") {
            home if home.starts_with('/') => PathBuf::from(home),
            _ => self.place.home.clone(),
        }
    }

    /// An error once the step is cancelled; asked in every long loop.
    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Fault::Cancelled) } else { Ok(()) }
    }
}

/// The text of a workflow command: what would end it is escaped.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Runs the main part of a native action.
pub async fn run(call: NativeCall) -> NativeOutcome {
    let call = Arc::new(call);
    let mut outcome = NativeOutcome::default();
    let done = match call.name.as_str() {
        "checkout" => checkout::run(&call, &mut outcome).await,
        "cache" | "cache/restore" | "cache/save" => cache::run(&call, &mut outcome).await,
        "upload-artifact" => upload_artifact::run(&call, &mut outcome).await,
        "upload-artifact/merge" => merge_artifacts::run(&call, &mut outcome).await,
        "download-artifact" => download_artifact::run(&call, &mut outcome).await,
        "setup-go" => setup_go::run(&call, &mut outcome).await,
        "setup-java" => setup_java::run(&call, &mut outcome).await,
        "setup-node" => setup_node::run(&call, &mut outcome).await,
        "setup-python" => setup_python::run(&call, &mut outcome).await,
        "golangci-lint" => golangci_lint::run(&call, &mut outcome).await,
        "docker/build-push" => Box::pin(docker::build_push::run(&call, &mut outcome)).await,
        "docker/login" => docker::login::run(&call, &mut outcome).await,
        "docker/setup-buildx" => docker::setup::buildx(&call, &mut outcome),
        "docker/setup-qemu" => docker::setup::qemu(&call, &mut outcome),
        "docker/metadata" => docker::metadata::run(&call, &mut outcome).await,
        other => Err(Fault::Text(format!("there is no native action `{other}`"))),
    };
    settle(outcome, done)
}

/// Runs the post part. The outcome's `post` is ignored.
pub async fn run_post(post: NativePost, call: NativeCall) -> NativeOutcome {
    let call = Arc::new(call);
    let done = match post.name.as_str() {
        "checkout" => checkout::post(&post, &call),
        "cache" => cache::post(&post, &call).await,
        "setup-go" | "setup-node" | "setup-python" | "setup-java" | "golangci-lint" => setup::post(&post, &call).await,
        "docker/login" => docker::login::post(&post, &call).await,
        other => Err(Fault::Text(format!("the native action `{other}` has no post step"))),
    };
    settle(NativeOutcome::default(), done)
}

fn settle(mut outcome: NativeOutcome, done: Result<()>) -> NativeOutcome {
    if let Err(fault) = done {
        outcome.failure = Some(fault.to_string());
    }
    outcome
}

/// Runs work that blocks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(join) if join.is_panic() => std::panic::resume_unwind(join.into_panic()),
        Err(_) => Err(Fault::Cancelled),
    }
}
