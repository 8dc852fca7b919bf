//! What a job is asked to do, what it may use, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use api::{Conclusion, Event, LegId, Location, Reason};
use expr::Value;
use span::{SourceMap, Span};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use workflow::{Template, Workflow};

/// One job execution, with everything that was decided about it before it starts.
#[derive(Clone, Debug)]
pub struct JobRequest {
    pub leg: LegId,
    /// `deploy/test`
    pub path: String,
    /// `deploy / test (ubuntu, 1)`
    pub name: String,
    pub workflow: Arc<Workflow>,
    /// Index into `workflow.jobs`; a job with steps.
    pub job: usize,
    /// `github` as known to the run; the job adds what depends on it (`job`, `workspace`, `action…`).
    pub github: Value,
    pub inputs: Value,
    pub vars: Value,
    pub needs: Value,
    pub strategy: Value,
    pub matrix: Value,
    pub secrets: Value,
    pub runs_on: Vec<String>,
    pub placement: sandbox::Placement,
    /// An image that stands for the machine: the job's root.
    pub image: Option<String>,
    pub network: sandbox::Network,
    pub limits: sandbox::Limits,
    /// Minutes; the default is 360.
    pub timeout_minutes: Option<f64>,
    /// Minutes; the default is 5.
    pub cancel_timeout_minutes: Option<f64>,
    pub environment: Option<(String, Option<Template>)>,
    /// `--env`: below everything that the workflow sets.
    pub extra_env: Vec<(String, String)>,
    /// Who the job is for the services, `id-token` permission included.
    pub identity: services::JobIdentity,
    /// `rerun --from`: begins in the middle, on the files that a failed execution left.
    pub resume: Option<crate::ResumeFrom>,
    /// Wait after a failure so that the user can look: see [`Surroundings::on_failure`].
    pub hold_on_failure: bool,
    /// `ACTIONS_STEP_DEBUG`
    pub debug: bool,
}

/// What all jobs of a run share.
pub struct Surroundings {
    pub launcher: Arc<sandbox::Launcher>,
    pub services: Arc<services::Services>,
    pub resolver: Arc<actions::Resolver>,
    pub repository: Arc<git::Repository>,
    pub sources: Arc<git::Sources>,
    pub snapshots: Arc<git::SnapshotStore>,
    /// The tree that this run checks out; made at the first checkout.
    pub snapshot: Arc<actions::native::SharedSnapshot>,
    /// `owner/name`
    pub repository_name: git::RepoName,
    pub remote_url: String,
    /// Parsed actions carry spans of files in here.
    pub source_map: Arc<std::sync::Mutex<SourceMap>>,
    /// The record: `logs/<leg>` files go here.
    pub record_dir: PathBuf,
    /// `runner.name`
    pub runner_name: String,
    /// `RUNNER_TOOL_CACHE` on the host.
    pub tool_cache: PathBuf,
    pub events: UnboundedSender<Event>,
    /// Told when a job's log can be followed.
    pub logs: Option<LogListener>,
    /// Called when a job failed and `hold_on_failure` is set, while its sandbox still stands.
    pub on_failure: Option<OnFailure>,
    pub masker: crate::Masker,
    /// How many more jobs are likely to want a sandbox: while one job runs, the next one's is prepared.
    pub expected: AtomicUsize,
    /// Removals that go on after their job's report; the run waits for them at its end.
    pub cleanups: tokio_util::task::TaskTracker,
    pub node_versions: crate::NodeVersions,
    /// Images of this machine, and registries.
    pub images: Arc<actions::native::Images>,
    /// A job that fails leaves its files beside the record, to be begun again in its middle.
    pub keep_failed: bool,
    /// Directories of the host that jobs must not see, even where they could read them.
    pub hide: Vec<PathBuf>,
}

impl Surroundings {
    /// `file:line:column` of a span.
    pub(crate) fn location(&self, span: Span) -> Location {
        let sources = self.source_map.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let position = sources.position(span);
        Location { file: sources.file(span.file).name.to_string(), line: position.line, column: position.column }
    }
}

/// Takes the log of a job that starts, to follow it.
pub type LogListener = Arc<dyn Fn(LegId, &crate::log::JobLog) + Send + Sync>;

/// Opens a shell, or whatever the caller does with a failed job.
pub type OnFailure =
    Arc<dyn Fn(HeldJob) -> std::pin::Pin<Box<dyn std::future::Future<Output = ()> + Send>> + Send + Sync>;

/// A failed job whose sandbox still stands.
pub struct HeldJob {
    pub name: String,
    pub sandbox: sandbox::Sandbox,
    /// Environment and directory of the step that failed, as seen inside.
    pub env: Vec<(String, String)>,
    pub cwd: PathBuf,
}

/// How a job is told to stop.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Cancel as GitHub does: running steps get signals, `always()` steps still run.
    pub cancel: CancellationToken,
    /// Kill everything now.
    pub kill: CancellationToken,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub struct JobReport {
    pub conclusion: Conclusion,
    pub reason: Option<Reason>,
    /// Empty ones and those that hold a secret are left out.
    pub outputs: BTreeMap<String, String>,
    pub first_error: Option<String>,
    pub environment_url: Option<String>,
}
