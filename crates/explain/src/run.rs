//! Recorded runs as values: what happened, job by job and step by step, with what decided.

mod model;
mod render;

pub use model::{JobModel, RunModel, StepModel};
pub use render::lines;

use api::{Conclusion, Location, Part, Reason};
use serde::Serialize;

/// Why a run went as it did.
#[derive(Clone, Debug, Serialize)]
pub struct RunExplanation {
    pub run: u64,
    pub event: String,
    pub git_ref: String,
    pub sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    pub workflows: Vec<WorkflowVerdict>,
    pub jobs: Vec<JobAccount>,
}

/// A workflow that was looked at for the event.
#[derive(Clone, Debug, Serialize)]
pub struct WorkflowVerdict {
    pub path: String,
    pub runs: bool,
    pub reason: Reason,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<api::Evidence>,
}

/// What became of a job.
#[derive(Clone, Debug, Serialize)]
pub struct JobAccount {
    pub key: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    /// Why, where it was not only that its steps ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Part>,
    /// Back to the job that began it, for one that was skipped because of others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cascade: Vec<Link>,
    /// What it waited for before it started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waited: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    pub steps: Vec<StepAccount>,
}

/// A job of a cascade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    pub job: String,
    pub name: String,
    pub conclusion: Option<Conclusion>,
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Location>,
}

#[derive(Clone, Debug, Serialize)]
pub struct StepAccount {
    pub step: u32,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Conclusion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Part>,
    /// Composite actions' steps lie deeper.
    pub depth: usize,
    /// Microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<i64>,
    /// What the step used: the action's commit and where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// Explains a run; with `job` only the jobs of that key or name.
#[must_use]
pub fn explain(run: &RunModel, job: Option<&str>) -> RunExplanation {
    let jobs = run.jobs.iter().filter(|one| job.is_none_or(|wanted| one.is_called(wanted)));
    RunExplanation {
        run: run.number,
        event: run.event.clone(),
        git_ref: run.git_ref.clone(),
        sha: run.sha.clone(),
        conclusion: run.conclusion,
        workflows: run
            .considered
            .iter()
            .map(|one| WorkflowVerdict {
                path: one.path.clone(),
                runs: one.runs,
                reason: one.reason.clone(),
                evidence: one.evidence.clone(),
            })
            .collect(),
        jobs: jobs.map(|one| account(run, one)).collect(),
    }
}

fn account(run: &RunModel, job: &JobModel) -> JobAccount {
    JobAccount {
        key: job.key.clone(),
        name: job.name.clone(),
        conclusion: job.conclusion,
        reason: job.reason.clone().or_else(|| cancelled(run, job)),
        condition: job.condition.clone(),
        cascade: cascade(run, job),
        waited: job.waits.iter().map(|(_, reason)| reason.reason.clone()).collect(),
        needs: job.needs.clone(),
        first_error: job.first_error.clone(),
        steps: job.steps.iter().map(|step| self::step(job, step)).collect(),
    }
}

/// A leg that was stopped while it ran has no reason of its own: a sibling that failed before is one.
fn cancelled(run: &RunModel, job: &JobModel) -> Option<Reason> {
    let ended = job.finished_at.filter(|_| job.conclusion == Some(Conclusion::Cancelled))?;
    let sibling = run.jobs.iter().find(|other| {
        other.leg != job.leg
            && other.workflow == job.workflow
            && other.job_key() == job.job_key()
            && other.conclusion == Some(Conclusion::Failure)
            && other.finished_at.is_some_and(|at| at <= ended)
    });
    let reason = match sibling {
        Some(sibling) => format!("`{}` failed and `fail-fast` is on", sibling.name),
        None => "the run was cancelled while it ran".to_owned(),
    };
    Some(Reason { code: if sibling.is_some() { "fail-fast" } else { "cancelled" }.to_owned(), reason, location: None })
}

fn step(job: &JobModel, step: &StepModel) -> StepAccount {
    let mut depth = 0;
    let mut parent = step.parent;
    while let Some(above) = parent.and_then(|index| job.step(index)) {
        depth += 1;
        parent = above.parent.filter(|next| *next < above.index);
    }
    StepAccount {
        step: step.index,
        name: step.name.clone(),
        outcome: step.outcome,
        conclusion: step.conclusion,
        reason: step.reason.clone(),
        condition: step.condition.clone(),
        depth,
        took: step.took(),
        action: step.action.as_ref().map(|action| match &action.commit {
            Some(commit) => format!("{} at {}: {}", action.uses, commit.get(..12).unwrap_or(commit), action.from),
            None => format!("{}: {}", action.uses, action.from),
        }),
    }
}

/// Follows `needs` from a skipped job back to one that failed or was skipped for a reason of its own.
pub(crate) fn cascade(run: &RunModel, job: &JobModel) -> Vec<Link> {
    let mut links = Vec::new();
    let mut at = job;
    while at.reason.as_ref().is_some_and(|reason| reason.code == "needs") && links.len() < run.jobs.len() {
        let stopped = |need: &&JobModel| need.conclusion.is_some_and(|conclusion| conclusion != Conclusion::Success);
        let Some(need) = run.needs_of(at).find(stopped) else { break };
        links.push(Link {
            job: need.key.clone(),
            name: need.name.clone(),
            conclusion: need.conclusion,
            reason: need.reason.as_ref().map(|reason| reason.reason.clone()).or_else(|| need.first_error.clone()),
            place: need.reason.as_ref().and_then(|reason| reason.location.clone()),
        });
        at = need;
    }
    links
}
