//! `actions/checkout`.

use std::path::PathBuf;

use crate::{GitError, RepoName, Repository, Snapshot, SnapshotStore, Sources, Token, Workspace};

/// The input `submodules`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Submodules {
    /// Not checked out.
    #[default]
    No,
    /// `true`: those of the repository.
    Direct,
    /// `recursive`: also those of submodules.
    Recursive,
}

/// The inputs of the action, parsed.
#[derive(Debug, Clone)]
pub struct CheckoutInputs {
    /// `repository`; `None`: the workflow's own.
    pub repository: Option<String>,
    /// `ref`, ASCII whitespace trimmed; empty: the event's.
    pub reference: String,
    /// `path`, relative to the workspace.
    pub path: String,
    /// `clean`.
    pub clean: bool,
    /// `filter`; accepted, meaningless with shared objects.
    pub filter: Option<String>,
    /// `sparse-checkout` patterns.
    pub sparse: Vec<String>,
    /// `sparse-checkout-cone-mode`.
    pub cone: bool,
    /// `fetch-depth`; 0 is everything.
    pub fetch_depth: u32,
    /// `fetch-tags`.
    pub fetch_tags: bool,
    /// `submodules`.
    pub submodules: Submodules,
    /// `persist-credentials`.
    pub persist_credentials: bool,
    /// `set-safe-directory`.
    pub set_safe_directory: bool,
    /// `lfs`.
    pub lfs: bool,
    /// `token`.
    pub token: Option<Token>,
}

impl CheckoutInputs {
    /// Reads inputs by name (`fetch-depth`, …) with the action's defaults and leniency. `get` returns the raw value.
    pub fn from_inputs(get: &dyn Fn(&str) -> Option<String>) -> CheckoutInputs {
        let _ = get;
        todo!()
    }
}

/// What the run knows: the user's repository, the event, where things are kept.
pub struct CheckoutContext<'a> {
    /// The user's repository.
    pub repository: &'a Repository,
    /// `github.repository`.
    pub name: RepoName,
    /// `github.sha`; `None` when there is no commit.
    pub sha: Option<String>,
    /// `github.ref`.
    pub reference: String,
    /// URL of `origin` in the job.
    pub remote_url: String,
    /// The run's own snapshot, taken once and shared by its jobs. Used whenever the commit asked for is
    /// [`CheckoutContext::sha`].
    pub snapshot: &'a Snapshot,
    /// Snapshots of other commits and repositories.
    pub store: &'a SnapshotStore,
    /// Other repositories.
    pub sources: &'a Sources,
    /// The workspace to fill.
    pub workspace: &'a dyn Workspace,
    /// `RUNNER_TEMP` as this process can write it and as the job names it; for credentials.
    pub runner_temp: Option<(PathBuf, PathBuf)>,
}

/// What was checked out.
#[derive(Debug, Default)]
pub struct CheckoutOutcome {
    /// Output `commit`; empty when there is none.
    pub commit: String,
    /// Output `ref`.
    pub reference: String,
    /// Whether uncommitted changes are included.
    pub uncommitted: bool,
    /// Lines for the step's log: what was done, by which way.
    pub log: Vec<String>,
    /// Files the post step removes.
    pub remove_after: Vec<PathBuf>,
    /// Snapshots that must live as long as the workspace.
    pub held: Vec<Snapshot>,
    /// Directories the job must be able to read.
    pub object_dirs: Vec<PathBuf>,
}

/// Checks out into the workspace.
pub fn checkout(
    inputs: &CheckoutInputs,
    context: &CheckoutContext<'_>,
) -> Result<CheckoutOutcome, GitError> {
    let _ = (inputs, context);
    todo!()
}

/// The post step: removes credentials.
pub fn checkout_cleanup(outcome: &CheckoutOutcome) {
    let _ = outcome;
}
