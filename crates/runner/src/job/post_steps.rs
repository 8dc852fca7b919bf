//! Post steps: from the top of the stack, whatever happened before.

use api::Stage;
use expr::Value;

use super::action::{run_docker_post, run_native_post, run_node_post};
use super::frame::Frame;
use super::level::Level;
use super::post::{Post, PostKind};
use super::shared::Job;
use super::step::{Running, env_of_step, finish, holds_as_written, processor};
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
    // The contexts of now; inside a composite action those of its main stage, with the variables of now.
    let mut own = frame.clone();
    if post.frame.composite {
        own = Frame { env: own.env, path: own.path, ..post.frame.clone() };
        own.env.extend(post.frame.overrides);
    }
    own.set_github([("action", Value::string(post.id.as_str()))]);
    let context =
        StepContext { source: StatusSource::Job, ..StepContext::of_frame(job, &own, job.status(frame.status)) };
    let (step_env, env_failure) = env_of_step(&post.step, &context);
    let log = StepLog::start(job.log.clone(), index, processor(job, &own, &step_env));
    let running = Running {
        job,
        frame: &own,
        level,
        step: &post.step,
        index,
        log,
        step_env,
        job_status: frame.status,
        // A cancelled job still runs its post steps; only killing it stops them.
        cancel: job.control.kill.child_token(),
        halt: level.halt.child_token(),
        blame: Default::default(),
        condition: std::sync::OnceLock::new(),
    };
    job.step_started(index, &post.id, &post.name, Stage::Post, None);
    let context = StepContext { source: StatusSource::Job, ..running.context() };
    let wanted = match (env_failure, &post.condition) {
        (Some(failure), _) => Err(failure),
        (None, None) => Ok(true),
        (None, Some(condition)) => holds_as_written(condition, &context, "post-if"),
    };
    let outcome = match wanted {
        Ok(false) => Ok(TaskResult::Skipped),
        Err(failure) => Err(failure),
        Ok(true) => match post.kind {
            PostKind::Node { loaded, script } => run_node_post(&running, &loaded, &script, &post.state).await,
            PostKind::Docker { loaded } => run_docker_post(&running, &loaded, &post.state).await,
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
        job.note_blame(done.blame);
    }
}
