//! What `container` and `services` of a job can read. It is the runner that evaluates them: they see more than the job's other
//! keys, such as the machine's directories, secrets and `env`.

use std::path::Path;

use expr::{Context, Object, Value};
use indexmap::IndexMap;
use workflow::StepsJob;

use crate::job::environment;
use crate::job::layout::Layout;
use crate::job::step::{Failure, env_of};
use crate::request::{JobRequest, Surroundings};

pub(super) struct ContainerContext<'a> {
    request: &'a JobRequest,
    github: Value,
    runner: Value,
    env: IndexMap<String, String>,
}

impl<'a> ContainerContext<'a> {
    /// # Errors
    /// An `env` of the workflow or the job that cannot be evaluated.
    pub(super) fn new(request: &'a JobRequest, steps: &StepsJob, around: &Surroundings) -> Result<Self, Failure> {
        let layout = Layout::of_machine(&around.repository_name.name);
        let text = |path: &Path| Value::string(path.to_string_lossy().into_owned());
        let mut github = request.github.as_object().cloned().unwrap_or_default();
        github.insert("job", Value::string(request.workflow.jobs[request.job].id.value.as_ref()));
        github.insert("workspace", text(&layout.workspace));
        github.insert("event_path", text(&layout.event));
        let runner = environment::runner_context(&around.runner_name, &layout, request.debug);
        let (github, runner) = (Value::from(github), Value::from(runner));
        let mut context = Self { request, github, runner, env: IndexMap::new() };
        for env in request.workflow.env.iter().chain(&steps.env) {
            let found = env_of(env, &context)?;
            context.env.extend(found);
        }
        Ok(context)
    }
}

impl Context for ContainerContext<'_> {
    fn named(&self, name: &str) -> Option<Value> {
        Some(match name.to_ascii_lowercase().as_str() {
            "github" => self.github.clone(),
            "runner" => self.runner.clone(),
            "env" => {
                let mut env = Object::case_sensitive();
                for (name, value) in &self.env {
                    env.insert(name.as_str(), Value::string(value.as_str()));
                }
                Value::from(env)
            }
            "inputs" => self.request.inputs.clone(),
            "vars" => self.request.vars.clone(),
            "needs" => self.request.needs.clone(),
            "strategy" => self.request.strategy.clone(),
            "matrix" => self.request.matrix.clone(),
            "secrets" => self.request.secrets.clone(),
            _ => return None,
        })
    }

    fn call(&self, _name: &str, _args: &[Value]) -> Option<Result<Value, String>> {
        None
    }
}
