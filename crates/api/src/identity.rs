//! Who a job is.

use serde::{Deserialize, Serialize};

/// Everything the services know of a job; the claims of its tokens come from here and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobIdentity {
    /// `GITHUB_RUN_ID`.
    pub run_id: String,
    pub run_number: u64,
    /// `GITHUB_RUN_ATTEMPT`, from 1.
    pub attempt: u32,
    /// The leg: unique within the run, e.g. `build (1, linux)`. The handle for `Services::end_job`.
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
    /// Whether the job may save caches. A run of a fork's pull request may not: what it saves would be trusted later.
    pub cache_write: bool,
    /// Whether it may not restore any: `cache-mode: write-only` or `none`.
    pub cache_hidden: bool,
    /// Ids of the repository and its owner; empty where there is no server that has them.
    pub repository_id: String,
    pub owner_id: String,
    /// `public`, `private` or `internal`; empty means private.
    pub visibility: String,
    /// Names of the claims that make up `sub`, in order, where the repository has its own form.
    pub subject: Option<Vec<String>>,
}
