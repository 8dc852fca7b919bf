//! The event stream of a run: what the terminal, `--json`, records and later pages read.
//!
//! Logs are kept apart (a file per job); [`Event::Log`] stands only in the live `--json` stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ActionUsed, Annotation, CacheDecision, Conclusion, Evidence, FilesHashed, ImageUsed, LegId, Part, RunNumber,
    StepProcess, Tool, WorkflowIndex,
};

/// An event with its number in the run's stream and its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope {
    /// From 1, without gaps. Log lines in the live stream carry the number of the event before them.
    pub seq: u64,
    /// Microseconds since the Unix epoch.
    pub at: i64,
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    RunStarted(RunStarted),
    /// A workflow was looked at for this event: it runs, or the gate that kept it from running.
    WorkflowConsidered(WorkflowConsidered),
    WorkflowStarted(WorkflowStarted),
    /// A job (or leg) is known. With a dynamic matrix this comes when the jobs it needs are done.
    JobPlanned(JobPlanned),
    /// A job is ready and waits for a concurrency group, an approval, or a free place.
    JobWaiting {
        leg: LegId,
        reason: Reason,
    },
    JobStarted(JobStarted),
    StepStarted(StepStarted),
    StepFinished(StepFinished),
    Annotation {
        leg: LegId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<u32>,
        #[serde(flatten)]
        annotation: Annotation,
    },
    /// A step wrote a summary: Markdown, masked.
    Summary {
        leg: LegId,
        step: u32,
        markdown: String,
    },
    JobFinished(JobFinished),
    WorkflowFinished(WorkflowFinished),
    RunFinished(RunFinished),
    /// Something to know once: what could not be isolated, a tool that stands in for another.
    Notice {
        message: String,
    },
    /// The programs that jobs find on this machine, by name. Comes again when a version becomes known.
    Tools {
        tools: BTreeMap<String, Tool>,
    },
    /// The process of a step, just before it is started.
    StepProcess(StepProcess),
    /// An action was found: where, and at which commit.
    ActionUsed(ActionUsed),
    /// An image is used by a job: as container, service, machine or for a step.
    ImageUsed(ImageUsed),
    /// `hashFiles()` was evaluated.
    FilesHashed(FilesHashed),
    /// A cache was asked for, by an action of ours or over the protocol.
    CacheLooked {
        leg: LegId,
        decision: Box<CacheDecision>,
    },
    CacheSaved {
        leg: LegId,
        key: String,
        version: String,
        scope: String,
        /// Bytes.
        size: u64,
    },
    Log(LogLine),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunStarted {
    pub run: RunNumber,
    /// [`crate::EVENTS_VERSION`]
    pub version: u32,
    pub trunkline: String,
    pub event_name: String,
    pub repository: String,
    /// `refs/heads/main`
    pub git_ref: String,
    pub sha: String,
    pub attempt: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkflowConsidered {
    pub path: String,
    pub name: String,
    pub runs: bool,
    #[serde(flatten)]
    pub reason: Reason,
    /// How branches, tags or files fared against the filter that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Why something was decided: a stable code, a sentence, and the place in a file that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: String,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkflowStarted {
    pub workflow: WorkflowIndex,
    pub path: String,
    pub name: String,
    pub run_name: String,
    /// `github.run_id`
    pub run_id: u64,
    /// `github.run_number`
    pub run_number: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobPlanned {
    pub leg: LegId,
    pub workflow: WorkflowIndex,
    /// The key in the file; for a job of a reusable workflow the path of keys: `deploy/build`. A leg of a matrix adds
    /// its number: `test#2`.
    pub job: String,
    /// What users see: `test (ubuntu, 1.23)`, `deploy / build`.
    pub name: String,
    /// Keys of the jobs it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// The leg's matrix values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<serde_json::Value>,
    /// The job's `if` with the value of each part, whether or not it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Box<Part>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobStarted {
    pub leg: LegId,
    pub runs_on: Vec<String>,
    pub isolation: Isolation,
}

/// What a job's processes were isolated by, as it really was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// `sandbox` or `host`
    pub mode: String,
    /// Plain sentences: what could not be isolated, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Pre,
    Main,
    Post,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepStarted {
    pub leg: LegId,
    /// Counts from 0 over everything that the job executes: set-up, pre, main, post.
    pub step: u32,
    /// The step's id where it has one, also a generated one.
    pub id: String,
    pub name: String,
    pub stage: Stage,
    /// Index of the composite action's step that this one belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepFinished {
    pub leg: LegId,
    pub step: u32,
    pub outcome: Conclusion,
    pub conclusion: Conclusion,
    /// Why it was skipped or failed, where there is more to say than the exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The step's `if` with the value of each part, whether or not it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Box<Part>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobFinished {
    pub leg: LegId,
    pub conclusion: Conclusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// The first error line, masked, for the closing table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// `environment.url`, evaluated after the steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkflowFinished {
    pub workflow: WorkflowIndex,
    pub conclusion: Conclusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFinished {
    pub conclusion: Conclusion,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogLine {
    pub leg: LegId,
    pub step: u32,
    pub line: String,
}
