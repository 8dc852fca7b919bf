//! The run's state: scopes (workflows), nodes (jobs), legs (job executions).

use std::sync::Arc;

use api::{Conclusion, LegId};
use expr::{Object, Value};
use workflow::{Grant, Job, Leg as MatrixLeg, Program};

use crate::effect::JobOrder;

/// One workflow in the run: the run's own, or a called one.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) program: Arc<Program>,
    /// The leg that called it; none for the run's own.
    pub(crate) caller: Option<usize>,
    /// `deploy/` and `deploy / ` for a called workflow, empty for the root.
    pub(crate) path_prefix: String,
    pub(crate) name_prefix: String,
    pub(crate) inputs: Value,
    pub(crate) secrets: Value,
    /// What the calling job's token may do.
    pub(crate) caller_grant: Option<Grant>,
    pub(crate) nodes: Vec<usize>,
    pub(crate) stage: ScopeStage,
    pub(crate) cancelled: bool,
    pub(crate) in_group: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeStage {
    /// Waits for its concurrency group.
    Waiting,
    Running,
    Done,
}

/// A job of a scope's workflow.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) scope: usize,
    /// Index into the workflow's jobs.
    pub(crate) job: usize,
    /// Nodes it needs directly.
    pub(crate) needs: Vec<usize>,
    /// Every node it depends on, directly or not: what `success()` and `failure()` look at.
    pub(crate) ancestors: Vec<usize>,
    pub(crate) stage: NodeStage,
    pub(crate) legs: Vec<usize>,
    pub(crate) fail_fast: bool,
    pub(crate) max_parallel: usize,
    pub(crate) outputs: Object,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeStage {
    Waiting,
    Expanded,
    Done(Conclusion),
}

impl Node {
    pub(crate) fn result(&self) -> Option<Conclusion> {
        match self.stage {
            NodeStage::Done(result) => Some(result),
            NodeStage::Waiting | NodeStage::Expanded => None,
        }
    }
}

/// One execution of a job.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) node: usize,
    /// Position among the job's legs, from 0.
    pub(crate) index: usize,
    pub(crate) matrix: Option<MatrixLeg>,
    pub(crate) name: String,
    pub(crate) stage: LegStage,
    pub(crate) in_group: bool,
    pub(crate) cancelling: bool,
    pub(crate) continue_on_error: bool,
    /// Prepared when the leg is launched, taken when it starts.
    pub(crate) order: Option<Box<JobOrder>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LegStage {
    /// Waits for a free place (`max-parallel`).
    Ready,
    /// Waits for its concurrency group.
    Group,
    /// Waits for its environment.
    Gate,
    Running,
    /// A called workflow runs.
    Calling(usize),
    Done(Conclusion),
}

impl Leg {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, LegStage::Done(_))
    }

    /// Whether it takes one of the places that `max-parallel` counts.
    pub(crate) fn takes_place(&self) -> bool {
        !matches!(self.stage, LegStage::Ready | LegStage::Done(_))
    }
}

impl Scope {
    pub(crate) fn job(&self, index: usize) -> &Job {
        &self.program.workflow.jobs[index]
    }
}
