//! The steps of one level in order, background ones beside them.

use std::collections::HashMap;
use std::pin::Pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use indexmap::IndexMap;
use tokio_util::sync::CancellationToken;
use workflow::{Step, StepKind};

use super::blame::Blame;
use super::frame::Frame;
use super::post::PostStack;
use super::resume;
use super::shared::Job;
use super::step::{StepDone, processor, run_step, strict};
use super::step_context::StepContext;
use crate::log::StepLog;
use crate::result::TaskResult;

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// At most so many background steps at once; further ones wait for a slot.
const BACKGROUND_SLOTS: usize = 10;

/// Where steps stand: in a job, or in a composite action.
#[derive(Clone, Copy)]
pub(crate) struct Level<'a> {
    pub(crate) steps: &'a [Step],
    /// `defaults.run`; composite actions take none.
    pub(crate) shell: Option<&'a str>,
    pub(crate) working_directory: Option<&'a str>,
    /// The composite action's own step.
    pub(crate) parent: Option<u32>,
    /// Cancels steps whose condition no longer holds: the job's token, or that of the composite action's step.
    pub(crate) cancel: &'a CancellationToken,
    /// Stops the level whatever its conditions say: that of the composite action's step.
    pub(crate) halt: &'a CancellationToken,
    /// The job's result before this level; the frame's own at the job's level.
    pub(crate) job_status: Option<TaskResult>,
    pub(crate) posts: &'a PostStack,
}

struct Background<'a> {
    running: FuturesUnordered<BoxFuture<'a, (String, StepDone)>>,
    halts: HashMap<String, CancellationToken>,
    /// Ended, not waited for: outputs and variables are not visible yet.
    ended: HashMap<String, StepDone>,
    /// Not waited for, in order of start.
    open: Vec<String>,
    /// `cancel` was asked for: being cancelled does not count against the job.
    expected: Vec<String>,
    /// One failed: the level does in the end, also when a `wait` was forgiving or a `cancel` came too late.
    failed: bool,
    slots: std::sync::Arc<tokio::sync::Semaphore>,
}

/// Runs a level to its end. The frame then holds its result.
pub(crate) fn run_level<'a>(job: &'a Job, frame: &'a mut Frame, level: Level<'a>) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let mut background = Background {
            running: FuturesUnordered::new(),
            halts: HashMap::new(),
            ended: HashMap::new(),
            open: Vec::new(),
            expected: Vec::new(),
            failed: false,
            slots: std::sync::Arc::new(tokio::sync::Semaphore::new(BACKGROUND_SLOTS)),
        };
        for step in level.steps {
            if job.control.kill.is_cancelled() || level.halt.is_cancelled() {
                break;
            }
            run_in_order(job, frame, level, step, &mut background).await;
        }
        // Steps nobody waited for are awaited before any post step.
        let open = background.open.clone();
        let result = background.wait_for(job, &open, frame).await;
        frame.status = TaskResult::merge(Some(frame.status), result);
        if background.failed {
            count(frame, TaskResult::Failure);
        }
    })
}

async fn run_in_order<'a>(
    job: &'a Job,
    frame: &mut Frame,
    level: Level<'a>,
    step: &'a Step,
    background: &mut Background<'a>,
) {
    match &step.kind {
        StepKind::Wait { targets } => {
            let ids: Vec<String> = targets.iter().map(|target| target.value.to_string()).collect();
            wait_step(job, frame, level, step, ids, background).await;
        }
        StepKind::WaitAll => {
            let ids = background.open.clone();
            wait_step(job, frame, level, step, ids, background).await;
        }
        StepKind::Cancel { target } => {
            cancel_step(job, frame, level, step, &target.value, background).await;
        }
        StepKind::Parallel { steps } => {
            let mut ids = Vec::new();
            for inner in steps {
                start_background(job, frame, level, inner, background);
                ids.push(inner.id.to_string());
            }
            let result = background.wait_for(job, &ids, frame).await;
            count(frame, result);
        }
        StepKind::Run { .. } | StepKind::Uses { .. } if step.background => {
            start_background(job, frame, level, step, background);
        }
        StepKind::Run { .. } | StepKind::Uses { .. } => {
            let seen = frame.clone();
            let done = {
                let (cancel, halt) = (level.cancel.child_token(), level.halt.child_token());
                let running = run_step(job, &seen, level, step, cancel, halt, true);
                tokio::pin!(running);
                loop {
                    tokio::select! {
                        done = &mut running => break done,
                        Some((id, done)) = background.running.next() => { background.ended.insert(id, done); }
                    }
                }
            };
            if level.parent.is_none() {
                resume::note(job, step, &done);
            }
            frame.absorb(&done.state.env, &done.state.path);
            frame.record_step(&step.id, &done.state.outputs, done.outcome, done.conclusion);
            count(frame, done.conclusion);
            blame(job, frame, done.blame);
        }
    }
}

/// Notes why this level failed: at the job's level for the job, in a composite action for its step, which may be forgiven.
fn blame(job: &Job, frame: &mut Frame, found: Blame) {
    if frame.composite {
        frame.blame.or(found);
    } else {
        job.note_blame(found);
    }
}

/// Only failures change a level's result; a cancelled job is known as such by its token.
pub(crate) fn count(frame: &mut Frame, conclusion: TaskResult) {
    if matches!(conclusion, TaskResult::Failure | TaskResult::Abandoned) {
        frame.status = TaskResult::merge(Some(frame.status), TaskResult::Failure);
    }
}

fn start_background<'a>(
    job: &'a Job,
    frame: &Frame,
    level: Level<'a>,
    step: &'a Step,
    background: &mut Background<'a>,
) {
    let id = step.id.to_string();
    let (cancel, halt) = (level.cancel.child_token(), level.halt.child_token());
    background.halts.insert(id.clone(), halt.clone());
    background.open.push(id.clone());
    let seen = frame.clone();
    let slots = background.slots.clone();
    background.running.push(Box::pin(async move {
        let _slot = slots.acquire_owned().await;
        let done = run_step(job, &seen, level, step, cancel, halt, false).await;
        if level.parent.is_none() {
            resume::note(job, step, &done);
        }
        (id, done)
    }));
}

async fn wait_step<'a>(
    job: &Job,
    frame: &mut Frame,
    level: Level<'a>,
    step: &Step,
    ids: Vec<String>,
    background: &mut Background<'a>,
) {
    let index = job.take_step();
    let job_status = level.job_status.unwrap_or(frame.status);
    let what = match ids.as_slice() {
        [] => "nothing".to_owned(),
        ids => ids.join(", "),
    };
    let (name, log) = begin_own(job, frame, job_status, step, index, &format!("Wait for {what}"));
    job.step_started(index, &step.id, &name, api::Stage::Main, level.parent);
    let result = background.wait_for(job, &ids, frame).await;
    let forgiven = result == TaskResult::Failure
        && step.continue_on_error.as_ref().is_some_and(|template| {
            let context = StepContext::of_frame(job, frame, job.status(job_status));
            let kind = workflow::value::boolean;
            strict(&context, &log, template, "continue-on-error", kind).unwrap_or(false)
        });
    let conclusion = if forgiven { TaskResult::Success } else { result };
    let reason = (result == TaskResult::Failure)
        .then(|| job.reason("background", "a background step that it waited for failed", Some(step.span)));
    let _ = log.finish();
    job.step_finished(index, result, conclusion, reason, None, &IndexMap::new());
    frame.record_step(&step.id, &IndexMap::new(), result, conclusion);
    count(frame, conclusion);
}

async fn cancel_step<'a>(
    job: &Job,
    frame: &mut Frame,
    level: Level<'a>,
    step: &Step,
    target: &str,
    background: &mut Background<'a>,
) {
    let index = job.take_step();
    let job_status = level.job_status.unwrap_or(frame.status);
    let (name, log) = begin_own(job, frame, job_status, step, index, &format!("Cancel {target}"));
    job.step_started(index, &step.id, &name, api::Stage::Main, level.parent);
    background.expected.push(target.to_owned());
    if let Some(halt) = background.halts.get(target) {
        halt.cancel();
    }
    background.wait_for(job, &[target.to_owned()], frame).await;
    let _ = log.finish();
    let result = TaskResult::Success;
    job.step_finished(index, result, result, None, None, &IndexMap::new());
    frame.record_step(&step.id, &IndexMap::new(), result, result);
}

/// Begins a step that has no process: its name, as written or else `default`, and its log.
fn begin_own(
    job: &Job,
    frame: &Frame,
    job_status: TaskResult,
    step: &Step,
    index: u32,
    default: &str,
) -> (String, StepLog) {
    let context = StepContext::of_frame(job, frame, job.status(job_status));
    let name = step.name.as_ref().and_then(|name| name.evaluate(&context).ok());
    let name = name.map(|name| name.to_display_string().into_owned()).filter(|name| !name.is_empty());
    let processor = processor(job, frame, &IndexMap::new());
    let log = StepLog::start(job.log.clone(), index, processor);
    (name.unwrap_or_else(|| default.to_owned()), log)
}

impl Background<'_> {
    /// Waits for these steps, makes what they left visible, and merges their results.
    async fn wait_for(&mut self, job: &Job, ids: &[String], frame: &mut Frame) -> TaskResult {
        let waited = |open: &[String], ended: &HashMap<String, StepDone>| {
            ids.iter().all(|id| !open.contains(id) || ended.contains_key(id))
        };
        // Cancelling the level cancels them too.
        while !waited(&self.open, &self.ended)
            && let Some((id, done)) = self.running.next().await
        {
            self.ended.insert(id, done);
        }
        let mut result = TaskResult::Success;
        for id in ids {
            self.open.retain(|open| open != id);
            let Some(done) = self.ended.remove(id) else {
                continue;
            };
            frame.absorb(&done.state.env, &done.state.path);
            frame.record_step(id, &done.state.outputs, done.outcome, done.conclusion);
            self.failed |= done.conclusion == TaskResult::Failure;
            blame(job, frame, done.blame);
            let expected = done.conclusion == TaskResult::Cancelled && self.expected.contains(id);
            // A step that was skipped is no worse than one that went well.
            if !expected && done.conclusion != TaskResult::Skipped {
                result = TaskResult::merge(Some(result), done.conclusion);
            }
        }
        result
    }
}
