//! `pre` scripts of actions: run before the first step, in the order of the steps that use them.

use api::Stage;
use indexmap::IndexMap;
use tokio_util::sync::CancellationToken;
use workflow::{Runs, Step, StepKind};

use super::action::run_pre;
use super::frame::Frame;
use super::level::{BoxFuture, Level};
use super::shared::Job;
use super::step::{Failure, Running, holds, processor};
use super::step_context::StepContext;
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
            let uses = match &step.kind {
                StepKind::Uses { uses, .. } => uses,
                StepKind::Parallel { steps } => {
                    run_steps(job, frame, seen, level, steps).await?;
                    continue;
                }
                _ => continue,
            };
            // A local action appears with the checkout; GitHub does not run its `pre` either.
            if uses.value.starts_with("./") || uses.value.starts_with("docker://") || uses.value.starts_with("$/") {
                continue;
            }
            let loaded = job.loader.load(job, uses, seen.own_root.as_deref()).await?;
            match loaded.action.as_ref().map(|action| &action.runs) {
                Some(Runs::Node(node)) if node.pre.is_some() => run_one(job, frame, seen, level, step).await,
                Some(Runs::Composite(composite)) if seen.depth < 9 => {
                    let mut inner = seen.clone();
                    inner.depth += 1;
                    inner.scope = format!("{}{}/", seen.scope, step.id);
                    inner.own_root.clone_from(&loaded.root);
                    run_steps(job, frame, &inner, level, &composite.steps).await?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

async fn run_one(job: &Job, frame: &mut Frame, seen: &Frame, level: Level<'_>, step: &Step) {
    let StepKind::Uses { uses, with } = &step.kind else { return };
    let index = job.take_step();
    let own = Frame {
        env: frame.env.clone(),
        path: frame.path.clone(),
        status: frame.status,
        scope: seen.scope.clone(),
        own_root: seen.own_root.clone(),
        ..frame.clone()
    };
    let step_env = IndexMap::new();
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
    };
    job.step_started(index, &step.id, &format!("Pre Run {}", uses.value), Stage::Pre, None);
    let context = StepContext::of_frame(job, &own, job.status(frame.status));
    let outcome = run_pre(&running, uses, with.as_ref(), |condition| match condition {
        None => Ok(true),
        Some(condition) => holds(Some(condition), &context),
    })
    .await;
    let (result, failure) = match outcome {
        Ok(result) => (result, None),
        Err(failure) => (TaskResult::Failure, Some(failure)),
    };
    let done = super::step::finish(&running, result, false, failure);
    frame.absorb(&done.state.env, &done.state.path);
    if done.conclusion == TaskResult::Failure {
        frame.status = TaskResult::Failure;
    }
}
