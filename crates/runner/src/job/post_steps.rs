//! Post steps: from the top of the stack, whatever happened before.

use api::Stage;
use expr::Value;

use super::action::{run_native_post, run_node_stage};
use super::frame::Frame;
use super::level::Level;
use super::post::{Post, PostKind};
use super::shared::Job;
use super::step::{Running, finish, holds, processor};
use super::step_context::{StatusSource, StepContext};
use crate::log::StepLog;
use crate::result::TaskResult;

pub(crate) async fn run(job: &Job, frame: &mut Frame, level: Level<'_>) {
    while let Some(post) = level.posts.pop() {
        if job.control.kill.is_cancelled() {
            return;
        }
        run_one(job, frame, level, post).await;
    }
}

async fn run_one(job: &Job, frame: &mut Frame, level: Level<'_>, post: Post) {
    let index = job.take_step();
    // Its action's own contexts, with the variables and the result of now.
    let mut own = post.frame.clone();
    own.env.clone_from(&frame.env);
    own.path.clone_from(&frame.path);
    own.set_github([("action", Value::string(post.id.as_str()))]);
    let log = StepLog::start(job.log.clone(), index, processor(job, &own, &post.step_env));
    let placeholder = post.step.clone();
    let running = Running {
        job,
        frame: &own,
        level,
        step: &placeholder,
        index,
        log,
        step_env: post.step_env,
        job_status: frame.status,
        // A cancelled job still runs its post steps; only killing it stops them.
        cancel: job.control.kill.child_token(),
    };
    job.step_started(index, &post.id, &post.name, Stage::Post, None);
    let context =
        StepContext { source: StatusSource::Job, job_status: job.status(frame.status), ..running.context() };
    let wanted = match &post.condition {
        None => Ok(true),
        Some(condition) => holds(Some(condition), &context),
    };
    let outcome = match wanted {
        Ok(false) => Ok(TaskResult::Skipped),
        Err(failure) => Err(failure),
        Ok(true) => match post.kind {
            PostKind::Node { directory, script, inputs } => {
                run_node_stage(&running, &own, &directory, &script, &inputs, &post.state).await
            }
            PostKind::Native(native) => run_native_post(&running, *native).await,
        },
    };
    let (result, failure) = match outcome {
        Ok(result) => (result, None),
        Err(failure) => (TaskResult::Failure, Some(failure)),
    };
    let done = finish(&running, result, false, failure);
    frame.absorb(&done.state.env, &done.state.path);
    if done.conclusion == TaskResult::Failure {
        frame.status = TaskResult::merge(Some(frame.status), TaskResult::Failure);
    }
}
