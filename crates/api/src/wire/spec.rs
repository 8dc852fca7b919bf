//! A job as a runner gets it: everything that was decided before it starts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Secret;
use crate::{JobIdentity, LegId};

/// Everything a runner needs to execute one job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobSpec {
    /// With `fence` in the path of everything that is said about the job.
    pub id: i64,
    /// Number of this claim.
    pub fence: i64,
    pub run_id: i64,
    pub attempt: u32,
    pub leg: LegId,
    /// `deploy/test`
    pub path: String,
    /// What users see: `deploy / test (ubuntu, 1)`.
    pub name: String,
    pub workflow: WorkflowSpec,
    pub contexts: Contexts,
    pub runs_on: Vec<String>,
    /// Minutes; the default is 360.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_minutes: Option<f64>,
    /// Minutes; the default is 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_timeout_minutes: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<JobEnvironment>,
    /// Scopes and levels of the job's token: `contents` to `read`.
    #[serde(default)]
    pub grant: BTreeMap<String, String>,
    /// Who the job is for artifacts, caches and identity tokens.
    pub identity: JobIdentity,
    pub repository: RepositorySpec,
    pub access: ServiceAccess,
    #[serde(default)]
    pub actions: ActionSources,
    /// Hosts whose images the server's own registry has, `ghcr.io`; it takes the job's token, and what it does not have is
    /// pulled from where it always was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registry_for: Vec<String>,
    /// `ACTIONS_STEP_DEBUG`
    #[serde(default)]
    pub debug: bool,
}

/// The file that the job stands in. The runner reads it again; the server has checked it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkflowSpec {
    /// Path in its repository; of a called workflow as it was called: `owner/name/.github/workflows/x.yml@v1`.
    pub path: String,
    pub text: String,
    /// The key under `jobs`.
    pub job: String,
}

/// The contexts of expressions, as JSON. `github` holds the job's token, and any other may hold what an expression made of it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Contexts {
    pub github: Secret<Value>,
    pub secrets: Secret<Value>,
    pub inputs: Value,
    pub vars: Value,
    pub needs: Value,
    pub strategy: Value,
    pub matrix: Value,
}

impl std::fmt::Debug for Contexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contexts(…)")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEnvironment {
    pub name: String,
    #[serde(default)]
    pub url: EnvironmentUrl,
}

/// Where the address of the deployment comes from. It is evaluated after the steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentUrl {
    #[default]
    None,
    /// `environment.url` in the file.
    OfJob,
    /// `environment` was an expression that gave it.
    Literal(String),
}

/// What is checked out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RepositorySpec {
    pub id: i64,
    /// `owner/name`
    pub name: String,
    /// `http://host/owner/name.git`, for git and as the remote of the checkout.
    pub clone_url: String,
    pub default_branch: String,
    /// The job's token, for git.
    pub token: Secret,
    pub sha: String,
    /// The tree of `sha`: what snapshots are kept by. Empty when the server does not know it.
    #[serde(default)]
    pub tree: String,
    /// `refs/heads/main`
    pub git_ref: String,
}

/// The environment through which steps reach artifacts, caches and identity tokens.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServiceAccess {
    /// Root of the services, with a closing slash.
    pub url: String,
    /// For JavaScript and container actions.
    pub action_env: Secret<Vec<(String, String)>>,
    /// For `run:` steps.
    pub run_env: Secret<Vec<(String, String)>>,
    /// Values that must never reach a log.
    pub mask: Secret<Vec<String>>,
}

/// Where `uses: owner/name@ref` comes from, beside what the runner's own configuration says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ActionSources {
    #[serde(default)]
    pub native: NativeActions,
    /// Servers that are asked in this order. The job's token is sent to its own server only.
    pub servers: Vec<String>,
    /// `trunkline.lock` of the repository, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
}

/// Whether Trunkline's own implementations stand in for well-known actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NativeActions {
    #[default]
    Prefer,
    Never,
    Only,
}
