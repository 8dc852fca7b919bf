use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// `expect.toml`: what a scenario shows and what its runs must give.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// One sentence about what it shows.
    pub title: String,
    /// Features of GitHub Actions it covers, each a line of `docs/compat.md`.
    pub features: Vec<String>,
    #[serde(default, skip_serializing_if = "Status::is_supported")]
    pub status: Status,
    /// A sentence for the ledger when there is more to say than the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Programs that must be on PATH; without them the scenario is skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Images that must be in the store: `busybox`, or `busybox+redis-server+redis-cli` for an image `redis-server`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// It shows something that jobs on the host cannot have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox_only: bool,
    /// Bash script run in the work tree after the first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<String>,
    /// Calls of the program, one after the other, on the same state.
    pub run: Vec<ExpectedRun>,
}

/// How far a feature is supported, as the ledger says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    #[default]
    Supported,
    Partial,
    Unsupported,
    /// GitHub's documentation and sources do not settle it; the scenario shows the choice taken.
    Undetermined,
}

impl Status {
    fn is_supported(&self) -> bool {
        *self == Status::Supported
    }
}

/// One call of the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExpectedRun {
    /// Subcommand and its words before `args`. `run` and `rerun` get `--json` and have their event stream read.
    pub command: String,
    pub args: Vec<String>,
    /// Bash script run in the work tree before the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    pub exit: i32,
    /// Parts of log lines that come in this order, in any job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Texts that occur nowhere: not in logs, nor in anything else the program printed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stdout: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stderr: Vec<String>,
    /// `level: message`, each contained in one annotation of that level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<String>,
    /// Parts of step summaries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_names: Vec<String>,
    /// Files of the work tree afterwards: path and a part of the content. An empty text says that the file is not there.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub files: IndexMap<String, String>,
    /// Workflows by file name, when it matters which of them run.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub workflows: IndexMap<String, ExpectedWorkflow>,
    /// Other jobs than those listed may exist.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more_jobs: bool,
    /// By shown name or, for all legs at once, by key.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub jobs: IndexMap<String, ExpectedJob>,
}

impl Default for ExpectedRun {
    fn default() -> ExpectedRun {
        ExpectedRun {
            command: "run".to_owned(),
            args: Vec::new(),
            before: None,
            env: IndexMap::new(),
            stdin: None,
            exit: 0,
            log: Vec::new(),
            lacks: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            annotations: Vec::new(),
            summary: Vec::new(),
            notices: Vec::new(),
            run_names: Vec::new(),
            files: IndexMap::new(),
            workflows: IndexMap::new(),
            more_jobs: false,
            jobs: IndexMap::new(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExpectedWorkflow {
    pub runs: bool,
    /// The gate's code, such as `trigger/paths`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// A part of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ExpectedJob {
    /// `success`, `failure`, `cancelled` or `skipped`; without it, `success`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// How many legs go by this name; without it, any number above none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legs: Option<usize>,
    /// A part of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// All outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<IndexMap<String, String>>,
    /// By id or name: `success`, or `failure -> success` for outcome and conclusion. `absent` says there is no such step.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub steps: IndexMap<String, String>,
    /// Outputs of steps, `id.name` to value.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub step_outputs: IndexMap<String, String>,
    /// Parts of log lines that come in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
}
