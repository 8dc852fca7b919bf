//! Who a job is, and the environment it is given to prove it.

use std::fmt;

/// Everything the services know of a job; the claims of its tokens come from here and nowhere else.
#[derive(Debug, Clone, Default)]
pub struct JobIdentity {
    /// `GITHUB_RUN_ID`.
    pub run_id: String,
    pub run_number: u64,
    /// `GITHUB_RUN_ATTEMPT`, from 1.
    pub attempt: u32,
    /// The leg: unique within the run, e.g. `build (1, linux)`. The handle for [`crate::Services::end_job`].
    pub job_id: String,
    /// The workflow's name.
    pub workflow: String,
    /// `owner/repo/.github/workflows/x.yml@refs/heads/main`.
    pub workflow_ref: String,
    pub workflow_sha: String,
    /// Of the called workflow when the job is inside one; `None` means the same as `workflow_ref`.
    pub job_workflow_ref: Option<String>,
    pub job_workflow_sha: Option<String>,
    /// `owner/repo`.
    pub repository: String,
    /// Full ref: `refs/heads/x`, `refs/tags/x`, `refs/pull/1/merge`.
    pub git_ref: String,
    /// Short name of the default branch.
    pub default_branch: String,
    /// Pull requests only: short names of both branches, else empty.
    pub head_ref: String,
    pub base_ref: String,
    pub sha: String,
    pub actor: String,
    pub actor_id: String,
    pub event_name: String,
    /// The environment the job deploys to.
    pub environment: Option<String>,
    /// Whether `permissions: id-token: write` holds.
    pub id_token: bool,
    /// Whether the job may save caches.
    pub cache_write: bool,
}

/// Environment variables for one job.
#[derive(Clone, Default)]
pub struct JobEnvironment {
    /// For JavaScript and container actions. `ACTIONS_CACHE_SERVICE_V2` is meant for JavaScript actions only.
    pub action_env: Vec<(String, String)>,
    /// For `run:` steps: the identity token pair, when permitted.
    pub run_env: Vec<(String, String)>,
    /// Values that must never reach a log.
    pub secrets_to_mask: Vec<String>,
}

impl fmt::Debug for JobEnvironment {
    /// Names only: the values hold tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |env: &[(String, String)]| env.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("JobEnvironment")
            .field("action_env", &names(&self.action_env))
            .field("run_env", &names(&self.run_env))
            .finish_non_exhaustive()
    }
}
