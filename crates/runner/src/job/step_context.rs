//! The contexts and functions that a step's keys can use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use expr::{Context, Object, Value};
use indexmap::IndexMap;
use rustix::fs::OFlags;

use super::frame::Frame;
use super::shared::Job;
use crate::result::TaskResult;

/// Which result `success()` and `failure()` look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusSource {
    /// Steps of the job and all pre and post steps: the job's.
    Job,
    /// Main steps of a composite action: the action's (`github.action_status`).
    Action,
}

pub(crate) struct StepContext<'a> {
    pub(crate) job: &'a Job,
    pub(crate) frame: &'a Frame,
    /// The step's own `env` on top of the frame's, while it is evaluated.
    pub(crate) step_env: Option<&'a IndexMap<String, String>>,
    pub(crate) source: StatusSource,
    /// The job's result so far, cancellation included.
    pub(crate) job_status: TaskResult,
}

impl<'a> StepContext<'a> {
    /// Without a step's own `env`.
    pub(crate) fn of_frame(job: &'a Job, frame: &'a Frame, job_status: TaskResult) -> Self {
        let source = if frame.composite { StatusSource::Action } else { StatusSource::Job };
        Self { job, frame, step_env: None, source, job_status }
    }
}

impl StepContext<'_> {
    fn env(&self) -> Value {
        let mut env = Object::case_sensitive();
        for (name, value) in self.frame.env.iter().chain(self.step_env.into_iter().flatten()) {
            env.insert(name.as_str(), Value::string(value.as_str()));
        }
        Value::Object(Arc::new(env))
    }

    fn status(&self) -> TaskResult {
        match self.source {
            StatusSource::Job => self.job_status,
            StatusSource::Action if self.job_status == TaskResult::Cancelled => TaskResult::Cancelled,
            StatusSource::Action => self.frame.status,
        }
    }

    fn hash_files(&self, args: &[Value]) -> Result<Value, String> {
        let arguments: Vec<_> = args.iter().map(Value::to_display_string).collect();
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let workspace: PathBuf = self.job.host(&self.job.layout.workspace);
        let home = self.job.host(&self.job.layout.home);
        let read = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        // Only in the workspace are files hashed, so that a link has a path inside.
        let open_link = |link: &Path| {
            let inside = link.strip_prefix(&workspace).map_err(std::io::Error::other)?;
            self.job.sandbox.open_inside(&self.job.layout.workspace.join(inside), read.bits().cast_signed(), 0)
        };
        crate::hash_files::hash_files(&workspace, Some(&home), &arguments, &open_link)
            .map(|hashed| {
                self.job.files_hashed(&arguments, &hashed);
                Value::string(hashed.digest)
            })
            .map_err(|error| format!("hashFiles({}): {error}", arguments.join(", ")))
    }
}

impl Context for StepContext<'_> {
    fn named(&self, name: &str) -> Option<Value> {
        let request = &self.job.request;
        Some(match name.to_ascii_lowercase().as_str() {
            "github" => Value::Object(self.frame.github.clone()),
            "inputs" => self.frame.inputs.clone(),
            "env" => self.env(),
            "steps" => Value::Object(Arc::new(self.frame.steps.clone())),
            "job" => self.job.job_context(self.job_status),
            "runner" => self.job.runner_context.clone(),
            "vars" => request.vars.clone(),
            "needs" => request.needs.clone(),
            "strategy" => request.strategy.clone(),
            "matrix" => request.matrix.clone(),
            // A composite action gets secrets only through its inputs.
            "secrets" if !self.frame.composite => request.secrets.clone(),
            _ => return None,
        })
    }

    fn call(&self, name: &str, args: &[Value]) -> Option<Result<Value, String>> {
        Some(match name.to_ascii_lowercase().as_str() {
            "always" => Ok(Value::Bool(true)),
            "cancelled" => Ok(Value::Bool(self.job_status == TaskResult::Cancelled)),
            "success" => Ok(Value::Bool(self.status() == TaskResult::Success)),
            "failure" => Ok(Value::Bool(self.status() == TaskResult::Failure)),
            "hashfiles" => self.hash_files(args),
            _ => return None,
        })
    }
}
