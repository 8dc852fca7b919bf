//! `pre` scripts of actions: run before the first step, in the order of the steps that use them.

use api::Stage;
use expr::Value;
use tokio_util::sync::CancellationToken;
use workflow::{Runs, Step, StepKind};

use super::action::{MAX_DEPTH, action_frame, all_inputs, frame_inside, run_pre, without_pre};
use super::frame::Frame;
use super::level::{BoxFuture, Level};
use super::shared::Job;
use super::step::{Failure, Running, env_of_step, holds_as_written, processor};
use super::step_context::{StatusSource, StepContext};
use crate::log::StepLog;
use crate::result::TaskResult;

/// Loads every remote action that the job's steps name and runs their `pre` scripts. An action that cannot be had
/// fails the job before its first step. A failing script fails the job like a step.
pub(crate) async fn run(job: &Job, frame: &mut Frame, level: Level<'_>) -> Result<(), Failure> {
    let snapshot = frame.clone();
    run_steps(job, frame, &snapshot, level, level.steps).await
}

fn run_steps<'a>(
    job: &'a Job,
    frame: &'a mut Frame,
    seen: &'a Frame,
    level: Level<'a>,
    steps: &'a [Step],
) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        for step in steps {
            let (uses, with) = match &step.kind {
                StepKind::Uses { uses, with } => (uses, with.as_ref()),
                StepKind::Parallel { steps } => {
                    run_steps(job, frame, seen, level, steps).await?;
                    continue;
                }
                _ => continue,
            };
            if without_pre(uses) {
                continue;
            }
            let loaded = job.loader.load(job, uses, seen.own_root.as_deref()).await?;
            let Some(action) = &loaded.action else {
                continue;
            };
            match &action.runs {
                Runs::Node(node) if node.pre.is_some() => {
                    run_one(job, frame, seen, level, step).await;
                }
                Runs::Docker(docker) if docker.pre_entrypoint.is_some() => {
                    run_one(job, frame, seen, level, step).await;
                }
                Runs::Composite(composite) if seen.depth < MAX_DEPTH => {
                    let context = StepContext::of_frame(job, seen, job.status(frame.status));
                    let around = action_frame(seen, &loaded);
                    // What cannot be known yet is empty; whether there is any `pre` inside that asks is open.
                    let inputs = all_inputs(&context, &around, action, with).unwrap_or_default();
                    let (step_env, _) = env_of_step(step, &context);
                    let inner = frame_inside(around, &step.id, &loaded, inputs, &step_env);
                    run_steps(job, frame, &inner, level, &composite.steps).await?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

async fn run_one(job: &Job, frame: &mut Frame, seen: &Frame, level: Level<'_>, step: &Step) {
    let StepKind::Uses { uses, with } = &step.kind else {
        return;
    };
    let index = job.take_step();
    let mut own = Frame { env: frame.env.clone(), path: frame.path.clone(), status: frame.status, ..seen.clone() };
    own.env.extend(seen.overrides.clone());
    own.set_github([("action", Value::string(step.id.as_ref()))]);
    let context =
        StepContext { source: StatusSource::Job, ..StepContext::of_frame(job, &own, job.status(frame.status)) };
    let (step_env, env_failure) = env_of_step(step, &context);
    let log = StepLog::start(job.log.clone(), index, processor(job, &own, &step_env));
    let running = Running {
        job,
        frame: &own,
        level,
        step,
        index,
        log,
        step_env,
        job_status: frame.status,
        cancel: CancellationToken::clone(&job.cancel),
        halt: level.halt.child_token(),
        blame: Default::default(),
        condition: std::sync::OnceLock::new(),
    };
    job.step_started(index, &step.id, &format!("Pre Run {}", uses.value), Stage::Pre, None);
    let context = StepContext { source: StatusSource::Job, ..running.context() };
    let outcome = match env_failure {
        Some(failure) => Err(failure),
        None => {
            let pre = run_pre(&running, uses, with.as_ref(), |condition| match condition {
                None => Ok(true),
                Some(condition) => holds_as_written(condition, &context, "pre-if"),
            });
            pre.await
        }
    };
    let (result, failure) = match outcome {
        Ok(result) => (result, None),
        Err(failure) => (TaskResult::Failure, Some(failure)),
    };
    let done = super::step::finish(&running, result, false, failure);
    frame.absorb(&done.state.env, &done.state.path);
    if done.conclusion == TaskResult::Failure {
        frame.status = TaskResult::Failure;
        job.note_blame(done.blame);
    }
}
