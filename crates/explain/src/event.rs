//! What an event does to workflows: each one, each of its jobs, and what decided.

mod filter;
mod gates;
mod jobs;
mod limits;
mod notes;
mod render;
mod summary;

pub use filter::{FilterWalk, Subject, SubjectStep};
pub use gates::{GateState, Passed};
pub use jobs::{Cause, Environment, JobExplanation, JobFacts, JobVerdict, Runner, explain as explain_jobs};
pub use limits::{AtRisk, Limits, LostPermission, LostSecret};
pub use notes::notes;
pub use render::{Detail, lines};
pub use summary::{Changes, EventSummary};

use serde::Serialize;
use span::SourceMap;
use trigger::{Event, Runs, Verdict};
use workflow::Workflow;

use crate::Place;

/// The whole answer.
#[derive(Clone, Debug, Serialize)]
pub struct EventExplanation {
    pub event: EventSummary,
    pub workflows: Vec<WorkflowExplanation>,
}

/// What becomes of one workflow.
#[derive(Clone, Debug, Serialize)]
pub struct WorkflowExplanation {
    pub path: String,
    pub name: String,
    pub runs: Runs,
    /// The code of the gate that decided: `trigger/paths`.
    pub gate: &'static str,
    pub reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// All gates up to the one that decided.
    pub gates: Vec<Passed>,
    /// The filter that decided, pattern by pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterWalk>,
    /// What is wrong with the file, as text, when it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems: Option<String>,
    /// What is known beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub jobs: Vec<JobExplanation>,
}

impl WorkflowExplanation {
    /// From a verdict; the filter and the jobs come later.
    #[must_use]
    pub fn new(workflow: &Workflow, verdict: &Verdict, sources: &SourceMap) -> WorkflowExplanation {
        WorkflowExplanation {
            path: workflow.path.to_string(),
            name: workflow.display_name().to_owned(),
            runs: verdict.runs,
            gate: verdict.gate.code(),
            reason: verdict.reason.clone(),
            place: verdict.span.map(|span| Place::of(sources, span)),
            gates: gates::passed(verdict),
            filter: None,
            problems: None,
            notes: Vec::new(),
            jobs: Vec::new(),
        }
    }

    /// With the filter that decided, pattern by pattern: every changed file is held against it.
    #[must_use]
    pub fn with_filter(
        self,
        workflow: &Workflow,
        verdict: &Verdict,
        event: &Event,
        sources: &SourceMap,
    ) -> WorkflowExplanation {
        WorkflowExplanation { filter: filter::walk(workflow, verdict, event, sources), ..self }
    }

    /// Of a file that cannot be read as a workflow.
    #[must_use]
    pub fn broken(path: &str, verdict: &Verdict, problems: String) -> WorkflowExplanation {
        WorkflowExplanation {
            path: path.to_owned(),
            name: path.to_owned(),
            runs: verdict.runs,
            gate: verdict.gate.code(),
            reason: verdict.reason.clone(),
            place: None,
            gates: gates::passed(verdict),
            filter: None,
            problems: Some(problems),
            notes: Vec::new(),
            jobs: Vec::new(),
        }
    }

    /// The jobs that would do something, and all of them.
    #[must_use]
    pub fn job_counts(&self) -> (usize, usize) {
        (self.jobs.iter().filter(|job| job.verdict == JobVerdict::Runs).count(), self.jobs.len())
    }

    /// Whether it is started now.
    #[must_use]
    pub fn starts(&self) -> bool {
        self.runs == Runs::Yes
    }
}
