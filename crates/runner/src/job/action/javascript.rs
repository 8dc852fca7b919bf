//! JavaScript actions on the user's Node.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;
use workflow::NodeRuns;

use super::super::environment;
use super::super::frame::Frame;
use super::super::post::{Post, PostKind};
use super::super::process::run_process;
use super::super::script::{command_files, judge};
use super::super::step::{Failure, Running};
use super::{Loaded, SharedState, action_frame, all_inputs, input_variables};
use crate::node_version::stand_in;
use crate::result::TaskResult;

pub(crate) async fn run(
    running: &Running<'_>,
    frame: &Frame,
    loaded: &Arc<Loaded>,
    node: &NodeRuns,
    inputs: IndexMap<String, String>,
) -> Result<TaskResult, Failure> {
    let saved = register(running, frame, loaded, node);
    note_version(running, &node.using.value).await;
    run_node_stage(running, frame, &loaded.inside, &node.main.value, &inputs, &saved).await
}

/// Runs the `pre` script when its condition holds.
pub(crate) async fn run_pre(
    running: &Running<'_>,
    frame: &Frame,
    loaded: &Arc<Loaded>,
    node: &NodeRuns,
    inputs: IndexMap<String, String>,
    holds: impl Fn(Option<&workflow::Condition>) -> Result<bool, Failure>,
) -> Result<TaskResult, Failure> {
    let Some(pre) = &node.pre else {
        return Ok(TaskResult::Skipped);
    };
    if !holds(node.pre_if.as_ref())? {
        return Ok(TaskResult::Skipped);
    }
    let saved = register(running, frame, loaded, node);
    run_node_stage(running, frame, &loaded.inside, &pre.value, &inputs, &saved).await
}

/// Registers the post step when the first of pre and main starts: a main that fails still gets it.
fn register(running: &Running<'_>, frame: &Frame, loaded: &Arc<Loaded>, node: &NodeRuns) -> SharedState {
    let key = format!("{}{}", running.frame.scope, running.step.id);
    let saved = running.job.saved_state(&key);
    let Some(post) = &node.post else { return saved };
    if running.job.register_post(&key) {
        running.level.posts.push(Post {
            id: running.step.id.to_string(),
            key,
            name: post_name(running),
            step: running.step.clone(),
            kind: PostKind::Node { loaded: loaded.clone(), script: post.value.to_string() },
            condition: node.post_if.clone(),
            frame: frame.clone(),
            state: saved.clone(),
        });
    } else {
        running.level.posts.renew(&key, frame);
    }
    saved
}

pub(crate) fn post_name(running: &Running<'_>) -> String {
    let own = running.step.name.as_ref().and_then(|name| name.evaluate(&running.context()).ok());
    match (own, &running.step.kind) {
        (Some(name), _) => format!("Post {}", name.to_display_string().into_owned()),
        (None, workflow::StepKind::Uses { uses, .. }) => format!("Post Run {}", uses.value),
        (None, _) => format!("Post {}", running.step.id),
    }
}

/// Runs the `post` script, with the inputs of now.
pub(crate) async fn run_node_post(
    running: &Running<'_>,
    loaded: &Loaded,
    script: &str,
    saved: &SharedState,
) -> Result<TaskResult, Failure> {
    let (Some(action), workflow::StepKind::Uses { with, .. }) = (&loaded.action, &running.step.kind) else {
        return Ok(TaskResult::Skipped);
    };
    let frame = action_frame(running.frame, loaded);
    let inputs = all_inputs(&running.context(), &frame, action, with.as_ref())?;
    run_node_stage(running, &frame, &loaded.inside, script, &inputs, saved).await
}

/// Runs one script of a JavaScript action: pre, main or post.
async fn run_node_stage(
    running: &Running<'_>,
    frame: &Frame,
    directory: &Path,
    script: &str,
    inputs: &IndexMap<String, String>,
    saved: &SharedState,
) -> Result<TaskResult, Failure> {
    let job = running.job;
    let Some(mut argv) = node_command(job) else {
        let text = "this is a JavaScript action and no `node` was found on PATH; install Node.js 20 or newer, or use \
                    `actions.native = \"prefer\"` for the actions that Trunkline has itself";
        return Err(Failure::new("node", text, Some(running.step.span)));
    };
    let files = command_files(running)?;
    let mut env = environment::of_step(job, frame, &running.step_env, Some(&files));
    env.extend(job.run_env.iter().cloned());
    env.extend(job.action_env.iter().cloned());
    env.extend(input_variables(inputs));
    {
        let saved = saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        env.extend(saved.iter().map(|(name, value)| (format!("STATE_{name}"), value.clone())));
    }
    argv.push(directory.join(script).to_string_lossy().into_owned());
    let cwd = job.layout.workspace.clone();
    let ended = run_process(running, argv, env, cwd, Some(files)).await;
    let left = running.log.with_state(|state| state.saved_state.clone());
    saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(left);
    judge(running, ended?)
}

/// Actions run on the Node that stood on PATH when the job began, whatever steps put there since.
fn find_node(base_env: &IndexMap<String, String>) -> Option<PathBuf> {
    let path = base_env.get("PATH")?;
    path.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join("node")).find(|one| one.is_file())
}

/// What starts Node: in a container the machine's own, which is shown there.
fn node_command(job: &super::super::shared::Job) -> Option<Vec<String>> {
    match job.own_container() {
        Some(own) => own.programs.node.as_ref().map(|node| node.argv.clone()),
        None => find_node(&job.base_env).map(|program| vec![program.to_string_lossy().into_owned()]),
    }
}

/// Says which Node stands in for the one asked for.
async fn note_version(running: &Running<'_>, using: &str) {
    let job = running.job;
    let program = match job.own_container() {
        Some(own) => own.programs.node.as_ref().map(|node| node.program.clone()),
        None => find_node(&job.base_env),
    };
    let Some(program) = program else {
        return;
    };
    let version = job.around.node_versions.of(&program).await;
    if let Some(text) = version.and_then(|version| stand_in(using, &version)) {
        running.log.say(&text);
    }
}

/// Empty state for an action that starts.
pub(crate) fn fresh_state() -> SharedState {
    Arc::new(Mutex::new(IndexMap::new()))
}
