//! Why a run took as long as it did: the jobs that decided, queues, slack, and what could be saved.

mod render;
mod savings;

pub use render::lines;

use serde::Serialize;

use crate::run::RunModel;
use crate::schedule::{Schedule, Span};

/// Times in microseconds.
#[derive(Clone, Debug, Serialize)]
pub struct SlowExplanation {
    pub run: u64,
    pub total: i64,
    /// Keys of the jobs that decided the run's length, first to last.
    pub critical_path: Vec<String>,
    pub jobs: Vec<JobTime>,
    pub savings: Vec<Saving>,
    /// The earlier run's whole times, newest first.
    pub earlier: Vec<EarlierRun>,
}

#[derive(Clone, Debug, Serialize)]
pub struct JobTime {
    pub key: String,
    pub name: String,
    /// Between what it needs having ended and its own start.
    pub queued: i64,
    pub ran: i64,
    /// How much longer it could have taken without making the run longer.
    pub slack: i64,
    pub critical: bool,
    /// The longest steps, longest first.
    pub steps: Vec<StepTime>,
    /// The median of the same job in earlier green runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<i64>,
    /// How many earlier runs that is the median of.
    #[serde(skip_serializing_if = "is_zero")]
    pub compared: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepTime {
    pub name: String,
    pub took: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual: Option<i64>,
}

/// An estimate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saving {
    pub job: String,
    pub what: String,
    /// Of the whole run, at most.
    pub saves: i64,
    /// What the estimate is made of.
    pub basis: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EarlierRun {
    pub run: u64,
    pub total: i64,
}

/// Steps told of each job.
const STEPS: usize = 3;

/// Explains a run's time beside earlier runs of the same workflows, newest first.
#[must_use]
pub fn explain(run: &RunModel, earlier: &[RunModel]) -> SlowExplanation {
    let schedule = Schedule::of(run);
    let spans = &schedule.spans;
    let jobs = spans.iter().map(|span| job_time(run, span, earlier)).collect();
    SlowExplanation {
        run: run.number,
        total: schedule.total,
        critical_path: spans.iter().filter(|span| span.critical).map(|span| span.job.key.clone()).collect(),
        savings: savings::estimate(&schedule),
        jobs,
        earlier: earlier
            .iter()
            .filter(|other| !other.jobs.is_empty() && other.conclusion.is_some())
            .take(10)
            .map(|other| EarlierRun { run: other.number, total: other.finished_at - other.started_at })
            .collect(),
    }
}

fn job_time(run: &RunModel, span: &Span<'_>, earlier: &[RunModel]) -> JobTime {
    let workflow = run.workflow_of(span.job);
    let before: Vec<_> = earlier
        .iter()
        .filter_map(|other| other.same_job(workflow, &span.job.key))
        .filter(|job| job.conclusion == Some(api::Conclusion::Success))
        .take(10)
        .collect();
    let mut steps: Vec<StepTime> = span
        .job
        .steps
        .iter()
        .filter(|step| step.parent.is_none())
        .filter_map(|step| {
            let took = step.took()?;
            let usual = before.iter().filter_map(|job| job.steps.iter().find(|one| one.name == step.name)?.took());
            Some(StepTime { name: step.name.clone(), took, usual: median(usual.collect()) })
        })
        .collect();
    steps.sort_by_key(|step| std::cmp::Reverse(step.took));
    steps.truncate(STEPS);
    JobTime {
        key: span.job.key.clone(),
        name: span.job.name.clone(),
        queued: span.queued(),
        ran: span.ran(),
        slack: span.slack,
        critical: span.critical,
        steps,
        usual: median(before.iter().filter_map(|job| job.took()).collect()),
        compared: before.len(),
    }
}

fn median(mut times: Vec<i64>) -> Option<i64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}
