//! `rerun --from`: what a failed job leaves for it, and how a job begins in its middle.

use std::path::PathBuf;

use api::{Conclusion, Stage};
use indexmap::IndexMap;
use workflow::{Step, StepKind, Template};

use super::frame::Frame;
use super::level::count;
use super::shared::Job;
use super::step::{Failure, StepDone};
use crate::kept::{KeptJob, KeptStep};
use crate::result::TaskResult;

/// Notes a step of the job itself that has ended.
pub(crate) fn note(job: &Job, step: &Step, done: &StepDone) {
    let mut left_out = Vec::new();
    let mut kept = |values: &IndexMap<String, String>| -> IndexMap<String, String> {
        let (secret, plain): (IndexMap<_, _>, IndexMap<_, _>) = values
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .partition(|(_, value)| job.masker.found_in(value));
        left_out.extend(secret.into_keys());
        plain
    };
    let (outputs, env) = (kept(&done.state.outputs), kept(&done.state.env));
    let step = KeptStep {
        id: step.id.to_string(),
        name: step.name.as_ref().and_then(Template::literal_str).map(ToString::to_string),
        outcome: done.outcome.into(),
        conclusion: done.conclusion.into(),
        outputs,
        env,
        path: done.state.path.iter().filter(|path| !job.masker.found_in(path)).cloned().collect(),
        left_out,
    };
    job.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(step);
}

/// What is kept of the job, without its files.
pub(super) fn kept(job: &Job) -> KeptJob {
    let steps = job.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    KeptJob { home: home(job), steps, without_files: None, left_out: Vec::new() }
}

/// The fresh HOME of the job; on the host its own one all the same, not the user's.
pub(super) fn home(job: &Job) -> PathBuf {
    job.layout.kept.clone()
}

/// Takes over the steps before the one to begin with. Returns how many of the job's steps that are.
pub(crate) fn restore(job: &Job, frame: &mut Frame, steps: &[Step]) -> Result<usize, Failure> {
    let Some(resume) = &job.request.resume else {
        return Ok(0);
    };
    let refuse = |text: String| Failure::new("resume", text, None);
    let earlier = KeptJob::read(&resume.dir)
        .map_err(|error| refuse(format!("what run {} kept of the job cannot be read: {error}", resume.run)))?;
    let first = steps
        .iter()
        .enumerate()
        .position(|(index, step)| {
            let named = step.name.as_ref().and_then(Template::literal_str).is_some_and(|name| *name == *resume.step);
            *step.id == *resume.step || named || resume.step == (index + 1).to_string()
        })
        .ok_or_else(|| refuse(format!("the job has no step `{}`", resume.step)))?;
    if !earlier.left_out.is_empty() {
        let names = earlier.left_out.join(", ");
        job.warn(&format!("run {} did not keep these files of the job, a secret is in them: {names}", resume.run));
    }
    let (old, new) = (earlier.home.to_string_lossy().into_owned(), home(job).to_string_lossy().into_owned());
    for step in &steps[..first] {
        let inner = match &step.kind {
            StepKind::Parallel { steps } => steps.as_slice(),
            StepKind::Run { .. } | StepKind::Uses { .. } => std::slice::from_ref(step),
            StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => &[],
        };
        for step in inner {
            let kept = earlier.steps.iter().find(|kept| *kept.id == *step.id).ok_or_else(|| {
                let id = &step.id;
                refuse(format!("run {} did not get to the step `{id}` before it; rerun the job whole", resume.run))
            })?;
            if kept.conclusion == Conclusion::Failure {
                let id = &step.id;
                return Err(refuse(format!("the step `{id}` before it failed in run {}: begin there", resume.run)));
            }
            take_over(job, frame, step, kept, |text| text.replace(&old, &new));
        }
    }
    Ok(first)
}

fn take_over(job: &Job, frame: &mut Frame, step: &Step, kept: &KeptStep, moved: impl Fn(&str) -> String) {
    let run = job.request.resume.as_ref().map_or(0, |resume| resume.run);
    let all = |values: &IndexMap<String, String>| -> IndexMap<String, String> {
        values.iter().map(|(name, value)| (name.clone(), moved(value))).collect()
    };
    let (outputs, env) = (all(&kept.outputs), all(&kept.env));
    let path: Vec<String> = kept.path.iter().map(|path| moved(path)).collect();
    let index = job.take_step();
    let name = kept.name.clone().unwrap_or_else(|| plain_name(step));
    job.step_started(index, &step.id, &name, Stage::Main, None);
    if !kept.left_out.is_empty() {
        let names = kept.left_out.join(", ");
        job.warn(&format!(
            "`{}` told later steps {names}, which run {run} did not keep: a secret may be in it",
            step.id
        ));
    }
    let (outcome, conclusion) = (result(kept.outcome), result(kept.conclusion));
    let reason = job.reason("kept", format!("kept from run {run}"), None);
    job.step_finished(index, outcome, conclusion, Some(reason), None, &outputs);
    frame.absorb(&env, &path);
    frame.record_step(&step.id, &outputs, outcome, conclusion);
    count(frame, conclusion);
}

fn plain_name(step: &Step) -> String {
    match &step.kind {
        StepKind::Run { script, .. } => {
            let script = script.literal_str().unwrap_or_default();
            format!("Run {}", script.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim())
        }
        StepKind::Uses { uses, .. } => format!("Run {}", uses.value),
        _ => step.id.to_string(),
    }
}

fn result(conclusion: Conclusion) -> TaskResult {
    match conclusion {
        Conclusion::Success => TaskResult::Success,
        Conclusion::Failure => TaskResult::Failure,
        Conclusion::Cancelled => TaskResult::Cancelled,
        Conclusion::Skipped => TaskResult::Skipped,
    }
}
