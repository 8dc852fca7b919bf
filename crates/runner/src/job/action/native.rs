//! Native actions: carried out by Trunkline itself.

use std::sync::{Arc, Mutex};

use actions::native::{NativeCall, NativeOutcome, NativePlace, NativePost};
use indexmap::IndexMap;

use super::super::environment;
use super::super::post::{Post, PostKind};
use super::super::step::{Failure, Running};
use super::Loaded;
use super::javascript::post_name;
use crate::log::Stream;
use crate::result::TaskResult;

pub(crate) async fn run(
    running: &Running<'_>,
    name: &str,
    loaded: &Loaded,
    inputs: IndexMap<String, String>,
) -> Result<TaskResult, Failure> {
    running.log.say(&format!("##[debug]{}", loaded.resolved.why));
    let call = call(running, name, &loaded.resolved.reference, inputs);
    let mut outcome = actions::native::run(call).await;
    if let Some(post) = outcome.post.take() {
        let condition = if post.only_after_success { success(running.step.span) } else { None };
        running.level.posts.push(Post {
            id: running.step.id.to_string(),
            key: String::new(),
            name: post_name(running),
            step: running.step.clone(),
            kind: PostKind::Native(Box::new(post)),
            condition,
            frame: running.frame.clone(),
            state: super::javascript::fresh_state(),
        });
    }
    take(running, outcome)
}

/// `post-if: success()`.
fn success(span: span::Span) -> Option<workflow::Condition> {
    let function = expr::Function { name: "success", min: 0, max: 0 };
    let scope = expr::Scope { contexts: &[], any_context: false, functions: &[function] };
    let condition = expr::Condition::parse("success()", &scope).ok()?;
    Some(workflow::Condition { condition, span })
}

pub(crate) async fn run_native_post(running: &Running<'_>, post: NativePost) -> Result<TaskResult, Failure> {
    let call = call(running, &post.name.clone(), "", post.inputs.clone());
    let outcome = actions::native::run_post(post, call).await;
    take(running, outcome)
}

fn call(running: &Running<'_>, name: &str, reference: &str, inputs: IndexMap<String, String>) -> NativeCall {
    let job = running.job;
    let mut env = environment::of_step(job, running.frame, &running.step_env, None);
    env.extend(job.run_env.iter().cloned());
    // Lines go the way of a process's output, so that commands in them are carried out.
    let lines = Mutex::new(running.log.stream(Stream::Out));
    NativeCall {
        name: name.to_owned(),
        reference: reference.to_owned(),
        inputs,
        env,
        place: NativePlace {
            sandbox: job.sandbox.clone(),
            workspace: job.layout.workspace.clone(),
            workspace_is_shared: job.containers.as_ref().is_some_and(|containers| containers.show_workspace),
            temp: job.layout.temp.clone(),
            tool_cache: job.layout.tool_cache.clone(),
            home: job.layout.home.clone(),
            services: job.around.services.clone(),
            identity: job.request.identity.clone(),
            repository: job.around.repository.clone(),
            repository_name: job.around.repository_name.clone(),
            remote_url: job.around.remote_url.clone(),
            sources: job.around.sources.clone(),
            snapshots: job.around.snapshots.clone(),
            snapshot: job.around.snapshot.clone(),
            images: job.around.images.clone(),
        },
        cancel: running.cancel.clone(),
        log: Arc::new(move |text| {
            let mut lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            text.lines().for_each(|line| lines.push(format!("{line}\n").as_bytes()));
        }),
    }
}

fn take(running: &Running<'_>, outcome: NativeOutcome) -> Result<TaskResult, Failure> {
    running.log.with_state(|state| {
        state.outputs.extend(outcome.outputs);
        state.env.extend(outcome.env);
        outcome.path.into_iter().for_each(|directory| state.add_path(directory));
    });
    match outcome.failure {
        _ if running.cancel.is_cancelled() => Ok(TaskResult::Cancelled),
        None => Ok(TaskResult::Success),
        Some(text) => Err(Failure::new("action", text, Some(running.step.span))),
    }
}
