//! What goes into the state machine and what comes out.

use std::fmt;
use std::sync::Arc;

use api::{Conclusion, LegId, Part};
use expr::Value;
use span::Span;
use workflow::{CacheMode, Grant, Template, Workflow};

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Input {
    Start,
    /// A started job ended. Outputs are those the runner evaluated, empty ones left out.
    Ended {
        leg: LegId,
        conclusion: Conclusion,
        outputs: Vec<(String, String)>,
    },
    /// The user, or a newer run in the same concurrency group, cancels the run.
    Cancel,
    /// The user wants the end now: nothing starts any more, whatever an `if` says, and nothing waits. What runs is cancelled
    /// and still answers.
    Kill,
    /// The holder has its concurrency group.
    Entered(Holder),
    /// The holder lost its group, or its place in the queue, to a newer one.
    Evicted(Holder),
    /// The holder is not given its concurrency group, and never will be: it would wait for itself. It was not put in the queue.
    Refused {
        holder: Holder,
        reason: String,
    },
    /// The environment's rules let the job start, or refuse it with a reason.
    Gate {
        leg: LegId,
        refused: Option<String>,
    },
}

/// Who holds, or waits for, a concurrency group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A workflow: the run's own (0) or a called one.
    Workflow(u32),
    Leg(LegId),
}

/// What the caller has to do or tell.
#[derive(Clone, Debug)]
pub enum Effect {
    Planned(PlannedJob),
    Waiting {
        leg: LegId,
        reason: Why,
    },
    /// Ask for a concurrency group; answer with [`Input::Entered`], [`Input::Evicted`] or [`Input::Refused`], now or later.
    Enter {
        holder: Holder,
        group: String,
        /// The groups, in lower case, that are not given back before whoever asks has ended.
        inside: Vec<String>,
        cancel_in_progress: bool,
        keep_all_pending: bool,
    },
    /// Give the group back.
    Leave(Holder),
    /// Ask the environment's rules; answer with [`Input::Gate`].
    Gate {
        leg: LegId,
        environment: EnvironmentRef,
    },
    Start(Box<JobOrder>),
    /// Cancel a started job; it still answers with [`Input::Ended`].
    Cancel {
        leg: LegId,
    },
    /// A job is over, whether or not it was started. Once for each planned leg.
    Finished {
        leg: LegId,
        conclusion: Conclusion,
        reason: Option<Why>,
        outputs: Vec<(String, String)>,
    },
    /// The run is over. Last.
    Done {
        conclusion: Conclusion,
        reason: Option<Why>,
    },
}

/// A leg as users see it in a plan.
#[derive(Clone, Debug)]
pub struct PlannedJob {
    pub leg: LegId,
    /// Stable over attempts: job path and, for a matrix, the leg's index: `deploy/test#2`.
    pub key: String,
    /// `deploy/test`
    pub path: String,
    /// `deploy / test (ubuntu, 1)`
    pub name: String,
    pub needs: Vec<String>,
    pub matrix: Option<Value>,
    /// Its `if` with the value of each part, masked; none where it has none or was never asked.
    pub condition: Option<Part>,
    /// Whether this is a call of a reusable workflow: nothing is started for it.
    pub call: bool,
}

/// Everything a runner needs to execute a leg, beyond what the machine knows itself.
#[derive(Clone)]
pub struct JobOrder {
    pub leg: LegId,
    pub path: String,
    pub name: String,
    pub workflow: Arc<Workflow>,
    /// Index into `workflow.jobs`; always a job with steps.
    pub job: usize,
    pub github: Value,
    pub inputs: Value,
    pub vars: Value,
    pub needs: Value,
    pub strategy: Value,
    pub matrix: Value,
    pub secrets: Value,
    pub runs_on: Vec<String>,
    /// `runs-on.group`
    pub runner_group: Option<String>,
    pub timeout_minutes: Option<f64>,
    pub cancel_timeout_minutes: Option<f64>,
    pub environment: Option<EnvironmentRef>,
    /// What the job's token may do.
    pub grant: Grant,
    /// What it may do with caches; `None` where the event decides.
    pub cache_mode: Option<CacheMode>,
}

/// Without secrets, and without `github`, which holds the token.
impl fmt::Debug for JobOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobOrder")
            .field("leg", &self.leg)
            .field("path", &self.path)
            .field("name", &self.name)
            .field("inputs", &self.inputs)
            .field("needs", &self.needs)
            .field("strategy", &self.strategy)
            .field("matrix", &self.matrix)
            .field("runs_on", &self.runs_on)
            .field("timeout_minutes", &self.timeout_minutes)
            .field("environment", &self.environment)
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// `environment:` of a job. `url` is evaluated by the runner after the steps.
#[derive(Clone, Debug)]
pub struct EnvironmentRef {
    pub name: String,
    pub url: Option<Template>,
    pub deployment: bool,
}

/// Why something was decided: a stable code, a sentence, and the place in a file that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    pub code: &'static str,
    pub text: String,
    pub span: Option<Span>,
}

impl Why {
    pub(crate) fn new(code: &'static str, text: impl Into<String>, span: Option<Span>) -> Self {
        Self { code, text: text.into(), span }
    }
}
