//! Docker actions: a container for each of pre, main and post, which sees the job's workspace.

mod image;
mod run;

use std::path::Path;
use std::sync::Arc;

use container::options::NetworkMode;
use container::{Create, Options};
use expr::{Object, Value};
use indexmap::IndexMap;
use sandbox::Bind;
use workflow::DockerRuns;

use super::super::environment;
use super::super::frame::Frame;
use super::super::layout::{CONTAINER_HOME, CONTAINER_WORKFLOW};
use super::super::post::{Post, PostKind};
use super::super::script::command_files;
use super::super::step::{Failure, Running};
use super::super::step_context::StepContext;
use super::javascript::post_name;
use super::{Loaded, SharedState, action_frame, all_inputs, input_variables};
use crate::command_file::CommandFiles;
use crate::result::TaskResult;

/// Where the command files of a step lie, below `RUNNER_TEMP`.
const FILE_COMMANDS: &str = "_runner_file_commands";

/// Which of an action's entrypoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Pre,
    Main,
    Post,
}

/// `uses: docker://image`, or a directory with nothing but a Dockerfile: the inputs say what to run.
pub(crate) async fn run_bare(
    running: &Running<'_>,
    loaded: &Loaded,
    given: IndexMap<String, String>,
) -> Result<TaskResult, Failure> {
    let frame = action_frame(running.frame, loaded);
    let call = Call {
        entrypoint: given.get("entrypoint").cloned().filter(|text| !text.is_empty()),
        args: given.get("args").map(|line| crate::shell::words(line)).unwrap_or_default(),
        env: IndexMap::new(),
        inputs: given,
        state: None,
    };
    Box::pin(call.run(running, &frame, loaded)).await
}

/// The main entrypoint of an action with metadata.
pub(crate) async fn run(
    running: &Running<'_>,
    frame: &Frame,
    loaded: &Arc<Loaded>,
    docker: &DockerRuns,
    inputs: IndexMap<String, String>,
) -> Result<TaskResult, Failure> {
    let saved = register(running, frame, loaded, docker);
    stage(running, frame, loaded, docker, Stage::Main, inputs, saved).await
}

/// The entrypoint before, when there is one and its condition holds.
pub(crate) async fn run_pre(
    running: &Running<'_>,
    frame: &Frame,
    loaded: &Arc<Loaded>,
    docker: &DockerRuns,
    inputs: IndexMap<String, String>,
    holds: impl Fn(Option<&workflow::Condition>) -> Result<bool, Failure>,
) -> Result<TaskResult, Failure> {
    if docker.pre_entrypoint.is_none() || !holds(docker.pre_if.as_ref())? {
        return Ok(TaskResult::Skipped);
    }
    let saved = register(running, frame, loaded, docker);
    stage(running, frame, loaded, docker, Stage::Pre, inputs, saved).await
}

/// The entrypoint after, with the inputs of now.
pub(crate) async fn run_docker_post(
    running: &Running<'_>,
    loaded: &Loaded,
    saved: &SharedState,
) -> Result<TaskResult, Failure> {
    let (Some(action), workflow::StepKind::Uses { with, .. }) = (&loaded.action, &running.step.kind) else {
        return Ok(TaskResult::Skipped);
    };
    let workflow::Runs::Docker(docker) = &action.runs else {
        return Ok(TaskResult::Skipped);
    };
    let frame = action_frame(running.frame, loaded);
    let inputs = all_inputs(&running.context(), &frame, action, with.as_ref())?;
    stage(running, &frame, loaded, docker, Stage::Post, inputs, saved.clone()).await
}

/// Registers the post step when the first of pre and main starts.
fn register(running: &Running<'_>, frame: &Frame, loaded: &Arc<Loaded>, docker: &DockerRuns) -> SharedState {
    let key = format!("{}{}", running.frame.scope, running.step.id);
    let saved = running.job.saved_state(&key);
    if docker.post_entrypoint.is_none() {
        return saved;
    }
    if running.job.register_post(&key) {
        running.level.posts.push(Post {
            id: running.step.id.to_string(),
            key,
            name: post_name(running),
            step: running.step.clone(),
            kind: PostKind::Docker { loaded: loaded.clone() },
            condition: docker.post_if.clone(),
            frame: frame.clone(),
            state: saved.clone(),
        });
    } else {
        running.level.posts.renew(&key, frame);
    }
    saved
}

async fn stage(
    running: &Running<'_>,
    frame: &Frame,
    loaded: &Loaded,
    docker: &DockerRuns,
    stage: Stage,
    inputs: IndexMap<String, String>,
    saved: SharedState,
) -> Result<TaskResult, Failure> {
    // `args` and `env` see the inputs with their defaults.
    let declared = inputs.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str())));
    let inner = Frame { inputs: Value::Object(Arc::new(declared.collect::<Object>())), ..frame.clone() };
    let context = StepContext { frame: &inner, ..running.context() };
    let mut args = Vec::new();
    for template in &docker.args {
        args.push(template.evaluate(&context)?.to_display_string().into_owned());
    }
    let mut env = IndexMap::new();
    for (name, template) in &docker.env {
        env.insert(name.value.to_string(), template.evaluate(&context)?.to_display_string().into_owned());
    }
    let entrypoint = match stage {
        Stage::Pre => &docker.pre_entrypoint,
        Stage::Main => &docker.entrypoint,
        Stage::Post => &docker.post_entrypoint,
    };
    let entrypoint = entrypoint.as_ref().map(|text| text.value.to_string());
    let call = Call { entrypoint, args, env, inputs, state: Some(saved) };
    Box::pin(call.run(running, frame, loaded)).await
}

/// One run of an action's container.
struct Call {
    entrypoint: Option<String>,
    args: Vec<String>,
    /// The action's own variables: below those of the step.
    env: IndexMap<String, String>,
    inputs: IndexMap<String, String>,
    state: Option<SharedState>,
}

impl Call {
    async fn run(self, running: &Running<'_>, frame: &Frame, loaded: &Loaded) -> Result<TaskResult, Failure> {
        let refuse = |text: String| Failure::new("container", text, Some(running.step.span));
        let base = image::base(running, loaded).await.map_err(refuse)?;
        running.job.emit(crate::job::facts::image_used(running.job.request.leg, &base));
        let files = command_files(running)?;
        files.open_to_all().map_err(|error| refuse(format!("command files could not be opened: {error}")))?;
        let places = Places::of(running)?;
        let mut options = Options {
            workdir: Some("/github/workspace".to_owned()),
            entrypoint: self.entrypoint.clone().filter(|text| !text.is_empty()),
            env: self.environment(running, frame, &files, &places),
            ..Options::default()
        };
        let network = running.job.containers.as_ref().and_then(|containers| containers.network.as_ref());
        options.network = match network {
            Some(network) => NetworkMode::Named(network.name.clone()),
            None if running.job.request.network == sandbox::Network::Private => NetworkMode::None,
            None => NetworkMode::Host,
        };
        let mut create = Create::new(base, options);
        create.command = self.args;
        create.binds = places.binds(running);
        let ended = run::run(running, create, files).await;
        if let Some(saved) = &self.state {
            let left = running.log.with_state(|state| state.saved_state.clone());
            saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(left);
        }
        ended
    }

    fn environment(
        &self,
        running: &Running<'_>,
        frame: &Frame,
        files: &CommandFiles,
        places: &Places,
    ) -> Vec<(String, Option<String>)> {
        let job = running.job;
        let mut env = environment::of_docker_action(job, frame, &running.step_env, Some(files));
        for (name, value) in &self.env {
            env.entry(name.clone()).or_insert_with(|| value.clone());
        }
        env.insert("HOME".to_owned(), places.home.to_string_lossy().into_owned());
        // A job in a network of its own, though its steps are not, gives its actions that network.
        let gateway = job.containers.as_ref().and_then(super::super::containers::Containers::gateway);
        let services = job.run_env.iter().chain(&job.action_env).cloned().collect();
        env.extend(environment::from_network(services, gateway));
        env.extend(input_variables(&self.inputs));
        if let Some(saved) = &self.state {
            let saved = saved.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            env.extend(saved.iter().map(|(name, value)| (format!("STATE_{name}"), value.clone())));
        }
        env.into_iter().map(|(name, value)| (name, Some(places.translated(value)))).collect()
    }
}

/// The job's directories, and where a container sees them; what lies further down comes first.
struct Places {
    home: std::path::PathBuf,
    shown: Vec<(std::path::PathBuf, &'static str)>,
}

impl Places {
    fn of(running: &Running<'_>) -> Result<Self, Failure> {
        let job = running.job;
        let layout = &job.layout;
        let in_container = job.own_container().is_some_and(|own| own.is_job_container);
        let (home, workflow) = match in_container {
            true => (layout.home.clone(), layout.event.parent().unwrap_or(Path::new("/")).to_owned()),
            false => (layout.temp.join(CONTAINER_HOME), layout.temp.join(CONTAINER_WORKFLOW)),
        };
        if !in_container {
            crate::temp_dir::make_dir(&job.temp, Path::new(CONTAINER_HOME)).map_err(|error| {
                Failure::new("runner", format!("a home for containers could not be made: {error}"), None)
            })?;
        }
        let shown = vec![
            (layout.workspace.clone(), "/github/workspace"),
            (layout.temp.join(FILE_COMMANDS), "/github/file_commands"),
            (workflow, "/github/workflow"),
            (home.clone(), "/github/home"),
            (layout.temp.clone(), "/github/runner_temp"),
        ];
        Ok(Self { home, shown })
    }

    fn binds(&self, running: &Running<'_>) -> Vec<Bind> {
        let bind = |(path, target): &(std::path::PathBuf, &'static str)| Bind {
            source: running.job.host(path),
            target: target.into(),
            read_only: false,
        };
        self.shown.iter().map(bind).collect()
    }

    /// A value that is a path of the job, as the container names it.
    fn translated(&self, value: String) -> String {
        for (path, target) in &self.shown {
            if let Some(rest) = value.strip_prefix(&*path.to_string_lossy())
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return format!("{target}{rest}");
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_job_become_those_of_the_container() {
        let places = Places {
            home: "/w/_temp/_github_home".into(),
            shown: vec![
                ("/w/r/r".into(), "/github/workspace"),
                ("/w/_temp/_runner_file_commands".into(), "/github/file_commands"),
                ("/w/_temp".into(), "/github/runner_temp"),
            ],
        };
        for (value, want) in [
            ("/w/r/r", "/github/workspace"),
            ("/w/r/r/a b", "/github/workspace/a b"),
            ("/w/r/rx", "/w/r/rx"),
            ("/w/_temp/_runner_file_commands/set_env", "/github/file_commands/set_env"),
            ("/w/_temp/x", "/github/runner_temp/x"),
            ("see /w/r/r", "see /w/r/r"),
        ] {
            assert_eq!(places.translated(value.to_owned()), want);
        }
    }
}
