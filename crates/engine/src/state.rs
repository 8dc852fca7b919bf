//! The run's state: scopes (workflows), nodes (jobs), legs (job executions).

use std::sync::Arc;

use api::{Conclusion, LegId, Part};
use expr::{Object, Value};
use workflow::{CacheMode, Grant, Job, Leg as MatrixLeg, Program};

use crate::effect::{JobOrder, Why};

/// One workflow in the run: the run's own, or a called one.
#[derive(Clone)]
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
    /// What the calling job may do with caches, where it is said.
    pub(crate) caller_cache_mode: Option<CacheMode>,
    pub(crate) nodes: Vec<usize>,
    /// How many of its nodes have no result yet.
    pub(crate) unfinished: usize,
    pub(crate) stage: ScopeStage,
    pub(crate) cancelled: bool,
    /// Something its caller depends on ran in this attempt: nothing of an earlier attempt stands.
    pub(crate) reran: bool,
    /// The concurrency group that it has or waits for, folded.
    pub(crate) group: Option<String>,
    /// Why none of its jobs could run.
    pub(crate) failure: Option<Why>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeStage {
    /// Not opened, or waits for its concurrency group.
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
    /// Nodes it needs directly, each once.
    pub(crate) needs: Vec<usize>,
    /// Nodes that need it.
    pub(crate) dependents: Vec<usize>,
    /// How many of `needs` have no result yet.
    pub(crate) missing: usize,
    /// Known when nothing is missing any more.
    pub(crate) past: Past,
    /// The `needs` context, made when the job is decided.
    pub(crate) needs_value: Value,
    /// How its `if` was decided.
    pub(crate) condition: Option<Part>,
    pub(crate) stage: NodeStage,
    pub(crate) legs: Vec<usize>,
    /// Legs before this one have been launched or are over.
    pub(crate) cursor: usize,
    /// Legs that are not over.
    pub(crate) unfinished: usize,
    /// Legs that take one of the places that `max-parallel` counts.
    pub(crate) taken: usize,
    /// At least one leg was started or called in this attempt.
    pub(crate) reran: bool,
    pub(crate) fail_fast: bool,
    pub(crate) max_parallel: usize,
    /// What `strategy.max-parallel` and `strategy.job-total` say.
    pub(crate) told_max_parallel: f64,
    pub(crate) job_total: usize,
    pub(crate) outputs: Object,
}

/// What came of everything that a job depends on, directly or not: what `success()` and `failure()` look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) all_succeeded: bool,
    pub(crate) any_failed: bool,
    /// A node that did not succeed: a direct need if there is one, as that is what the user wrote.
    pub(crate) culprit: Option<usize>,
    pub(crate) reran: bool,
}

impl Default for Past {
    fn default() -> Self {
        Self { all_succeeded: true, any_failed: false, culprit: None, reran: false }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeStage {
    Waiting,
    Expanded,
    Done(Conclusion),
}

impl Node {
    pub(crate) fn new(scope: usize, job: usize) -> Self {
        Self {
            scope,
            job,
            needs: Vec::new(),
            dependents: Vec::new(),
            missing: 0,
            past: Past::default(),
            needs_value: Value::Null,
            condition: None,
            stage: NodeStage::Waiting,
            legs: Vec::new(),
            cursor: 0,
            unfinished: 0,
            taken: 0,
            reran: false,
            fail_fast: true,
            max_parallel: usize::MAX,
            told_max_parallel: 1.0,
            job_total: 1,
            outputs: Object::new(),
        }
    }

    pub(crate) fn result(&self) -> Option<Conclusion> {
        match self.stage {
            NodeStage::Done(result) => Some(result),
            NodeStage::Waiting | NodeStage::Expanded => None,
        }
    }
}

/// One execution of a job.
#[derive(Clone)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) node: usize,
    /// Position among the job's legs, from 0; those that were not asked for count.
    pub(crate) index: usize,
    pub(crate) matrix: Option<MatrixLeg>,
    pub(crate) name: String,
    pub(crate) stage: LegStage,
    /// The concurrency group that it has or waits for, folded.
    pub(crate) group: Option<String>,
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
