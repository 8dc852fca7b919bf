//! What is known of a run before and after.

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::{Conclusion, RunNumber};
use serde::{Deserialize, Serialize};

/// What was asked: enough to run it again. Never holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RunMeta {
    /// The command's arguments, in the form that the command gives them; secrets by name only.
    pub(crate) arguments: serde_json::Value,
    pub(crate) event_name: String,
    pub(crate) payload: serde_json::Value,
    /// `refs/heads/main`
    pub(crate) git_ref: String,
    pub(crate) sha: String,
    /// Where the command was given.
    pub(crate) cwd: PathBuf,
    pub(crate) repo_root: PathBuf,
    /// The run that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<RunNumber>,
    /// From 1; higher for repeated runs.
    pub(crate) attempt: u32,
    /// Microseconds since the Unix epoch; the store fills it in when it is 0.
    pub(crate) started_at: i64,
    /// `trunkline`, `git`, `node`…
    pub(crate) versions: BTreeMap<String, String>,
}

/// How it ended. Written last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunResult {
    pub(crate) conclusion: Conclusion,
    /// Microseconds since the Unix epoch.
    pub(crate) finished_at: i64,
    /// Names of the workflows that ran.
    #[serde(default)]
    pub(crate) workflows: Vec<String>,
    #[serde(default)]
    pub(crate) jobs: u32,
    #[serde(default)]
    pub(crate) failed_jobs: u32,
    /// What the record takes on disk, artifacts included.
    #[serde(default)]
    pub(crate) bytes: u64,
}
