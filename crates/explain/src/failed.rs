//! Why a run failed: the first failure that counts, the step's command, causes, what is different from the last green run,
//! and whether it comes and goes.

mod compare;
mod flaky;
mod render;

pub use compare::{Difference, Facts};
pub use flaky::{Flaky, Outcome};
pub use render::lines;

use api::{Conclusion, StepProcess};
use serde::Serialize;

use crate::failure::{FailedStep, Library, Recognised, heading};
use crate::run::{JobModel, RunModel, StepModel};

#[derive(Clone, Debug, Serialize)]
pub struct FailedExplanation {
    pub run: u64,
    pub job: String,
    pub job_name: String,
    /// The step to blame; none when the job failed before or beside its steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<FailedStepAccount>,
    /// The line that says it best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub causes: Vec<Recognised>,
    /// Jobs that failed, were cancelled or skipped in the wake of this one.
    pub wake: Vec<String>,
    /// Other jobs that failed by themselves, later.
    pub others: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub green: Option<u64>,
    pub differences: Vec<Difference>,
    pub flaky: Flaky,
}

#[derive(Clone, Debug, Serialize)]
pub struct FailedStepAccount {
    pub index: u32,
    pub name: String,
    /// Why it failed, as the runner tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<api::Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The process, with what its environment had beyond the job's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<StepProcess>,
    /// The script of a `run` step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<String>,
    /// Lines around the error, the last ones of the log where none is known.
    pub excerpt: Vec<Excerpt>,
}

/// A line of the step's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// From 1.
    pub number: usize,
    pub text: String,
    /// It is the error, or shows a cause.
    pub marked: bool,
}

/// What the caller found beside the run itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings<'a> {
    /// The failed step's log, without other steps' lines.
    pub log: &'a str,
    /// Earlier runs of the repository, newest first.
    pub earlier: &'a [RunModel],
    /// Later ones, newest first: whether the job comes and goes is judged by them too.
    pub later: &'a [RunModel],
    /// What is known of this run and of the green one beyond their events.
    pub facts: Facts,
}

/// The job to explain: the one asked for, else the first that failed by itself.
#[must_use]
pub fn culprit<'a>(run: &'a RunModel, wanted: Option<&str>) -> Option<&'a JobModel> {
    let failed = |job: &&JobModel| job.conclusion == Some(Conclusion::Failure);
    match wanted {
        Some(word) => {
            let mut called = run.jobs.iter().filter(|job| job.is_called(word));
            called.clone().find(failed).or_else(|| called.next())
        }
        None => run.jobs.iter().filter(failed).min_by_key(|job| job.finished_at),
    }
}

/// The newest earlier run in which the job succeeded.
#[must_use]
pub fn last_green<'a>(run: &RunModel, job: &JobModel, earlier: &'a [RunModel]) -> Option<&'a RunModel> {
    let workflow = run.workflow_of(job);
    earlier
        .iter()
        .find(|other| other.same_job(workflow, &job.key).is_some_and(|job| job.conclusion == Some(Conclusion::Success)))
}

/// Explains why `job` of `run` failed.
#[must_use]
pub fn explain(run: &RunModel, job: &JobModel, around: &Surroundings<'_>) -> FailedExplanation {
    let step = job.failed_step();
    let green = last_green(run, job, around.earlier);
    let mut causes = recognised(job, step, around.log);
    let error = step
        .and_then(|step| step.annotations.iter().find(|one| one.level == api::AnnotationLevel::Error))
        .map(|annotation| annotation.message.clone())
        .or_else(|| job.first_error.clone())
        .or_else(|| causes.first().and_then(|cause| cause.text.clone()));
    let lines: Vec<&str> = around.log.lines().collect();
    let at = error.as_deref().and_then(|error| place_of(error, &lines));
    // What stands before the line that reads like the error may have been got over.
    for cause in &mut causes {
        cause.perhaps |= at.zip(cause.line).is_some_and(|(at, line)| line < at);
    }
    causes.sort_by_key(|cause| (cause.perhaps, cause.line));
    let workflow = run.workflow_of(job);
    let wake = run.jobs.iter().filter(|other| other.leg != job.leg && in_the_wake(run, other));
    let others = run.jobs.iter().filter(|other| other.leg != job.leg && other.conclusion == Some(Conclusion::Failure));
    FailedExplanation {
        run: run.number,
        job: job.key.clone(),
        job_name: job.name.clone(),
        step: step.map(|step| account(step, &lines, at, &causes)),
        error,
        causes,
        wake: wake.map(|other| other.name.clone()).collect(),
        others: others.map(|other| other.name.clone()).collect(),
        green: green.map(|green| green.number),
        differences: green
            .and_then(|green| Some((green, green.same_job(workflow, &job.key)?)))
            .map(|(green, before)| compare::differences((run, job), (green, before), &around.facts))
            .unwrap_or_default(),
        flaky: flaky::judge(run, job, around),
    }
}

/// Skipped because of others, or cancelled.
fn in_the_wake(run: &RunModel, job: &JobModel) -> bool {
    match job.conclusion {
        Some(Conclusion::Skipped) => !crate::run::cascade(run, job).is_empty(),
        Some(Conclusion::Cancelled) => true,
        _ => false,
    }
}

fn recognised(job: &JobModel, step: Option<&StepModel>, log: &str) -> Vec<Recognised> {
    let reason = step.map_or(job.reason.as_ref(), |step| step.reason.as_ref()).map(|reason| reason.code.as_str());
    Library::built_in().recognise(&FailedStep { log, exit: step.and_then(StepModel::exit_code), reason })
}

/// Lines before and after the error.
const BEFORE: usize = 6;
const AFTER: usize = 4;
/// The last lines, where no line is known to be the error.
const TAIL: usize = 10;

/// The line of the error among those that the step printed, from 0.
fn place_of(error: &str, lines: &[&str]) -> Option<usize> {
    let error = error.lines().next().map(str::trim).filter(|error| !error.is_empty())?;
    let body = heading(lines);
    lines[body..].iter().position(|line| line.contains(error)).map(|at| body + at)
}

/// `at`: the line of the error, from 0.
fn account(step: &StepModel, lines: &[&str], at: Option<usize>, causes: &[Recognised]) -> FailedStepAccount {
    let body = heading(lines);
    let script = if body > 0 { script_of(&lines[1..body - 1]) } else { Vec::new() };
    let at = at.or_else(|| causes.first().and_then(|cause| cause.line).map(|line| line - 1));
    let range = match at {
        Some(at) => at.saturating_sub(BEFORE).max(body)..(at + AFTER + 1).min(lines.len()),
        None => lines.len().saturating_sub(TAIL).max(body)..lines.len(),
    };
    let marked = |index: usize| at == Some(index) || causes.iter().any(|cause| cause.line == Some(index + 1));
    FailedStepAccount {
        index: step.index,
        name: step.name.clone(),
        reason: step.reason.clone(),
        exit: step.exit_code(),
        process: step.process.clone(),
        script,
        excerpt: range
            .filter_map(|index| {
                let line = lines.get(index)?;
                let text = crate::text::without_colours(line.strip_prefix("##[error]").unwrap_or(line));
                Some(Excerpt { number: index + 1, text, marked: marked(index) })
            })
            .collect(),
    }
}

/// The script's lines of a step's header: up to the line that names the shell.
fn script_of(header: &[&str]) -> Vec<String> {
    let end = header.iter().position(|line| line.starts_with("shell: ")).unwrap_or(header.len());
    header[..end].iter().map(|line| crate::text::without_colours(line)).collect()
}
