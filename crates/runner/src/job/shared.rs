//! What all steps of a job share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actions::Uses;
use api::{Conclusion, Event, Reason, Stage, StepFinished, StepStarted};
use expr::{Object, Value};
use indexmap::IndexMap;
use sandbox::Sandbox;
use span::Span;
use tokio_util::sync::CancellationToken;

use super::action::{Loader, SharedState};
use super::blame::Blame;
use super::containers::{Containers, LateTable, Own};
use super::layout::Layout;
use crate::Masker;
use crate::log::JobLog;
use crate::matcher::Matchers;
use crate::request::{Control, HeldJob, JobRequest, Surroundings};
use crate::result::{AnnotationLevel, TaskResult};
use crate::temp_dir::TempDir;

pub(crate) struct Job {
    pub(crate) request: JobRequest,
    pub(crate) around: Arc<Surroundings>,
    pub(crate) control: Control,
    /// Cancelled when the job is, or when its own timeout is over.
    pub(crate) cancel: CancellationToken,
    pub(crate) sandbox: Sandbox,
    /// Those that stood before the first step.
    pub(crate) containers: Option<Containers>,
    /// All containers of the job, those that steps make too.
    pub(crate) table: Arc<LateTable>,
    /// Answers the job's `docker` command.
    pub(crate) docker: Option<docker::Server>,
    pub(crate) layout: Layout,
    pub(crate) temp: TempDir,
    pub(crate) masker: Masker,
    pub(crate) matchers: Matchers,
    pub(crate) log: JobLog,
    pub(crate) base_env: IndexMap<String, String>,
    /// For actions only: runtime services.
    pub(crate) action_env: Vec<(String, String)>,
    /// For every step: the id token's pair.
    pub(crate) run_env: Vec<(String, String)>,
    pub(crate) runner_context: Value,
    pub(crate) tracking_id: String,
    pub(crate) next_step: AtomicU32,
    /// What pre, main and post of an action tell each other, by the path of step ids.
    pub(super) states: std::sync::Mutex<IndexMap<String, (SharedState, bool)>>,
    /// The first failure that counts.
    pub(super) blame: std::sync::Mutex<Blame>,
    /// What a repetition in the middle would need of the steps that have ended.
    pub(super) kept: std::sync::Mutex<Vec<crate::KeptStep>>,
    pub(crate) loader: Loader,
    /// Cancelled when the job ran out of time.
    pub(crate) timed_out: CancellationToken,
}

impl Job {
    /// The container that steps run in, when it is not the machine itself.
    pub(crate) fn own_container(&self) -> Option<&Own> {
        self.containers.as_ref().and_then(|containers| containers.own.as_ref())
    }

    /// The host path of a path inside.
    pub(crate) fn host(&self, inside: &Path) -> PathBuf {
        self.sandbox.host_path(inside)
    }

    pub(crate) fn emit(&self, event: Event) {
        // The run's reader may be gone at the end of a killed run; there is nobody left to tell.
        let _ = self.around.events.send(event);
    }

    pub(crate) fn take_step(&self) -> u32 {
        self.next_step.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn job_context(&self, status: TaskResult) -> Value {
        let mut job = Object::new();
        job.insert("status", Value::string(status.as_str()));
        let workflow = &self.request.github;
        let github =
            |name: &str| workflow.as_object().and_then(|github| github.get(name)).cloned().unwrap_or(Value::Null);
        // The file that has the job: a called one, perhaps of another repository.
        let path = &self.request.workflow.path;
        let (reference, repository, file) = match Uses::of_called_workflow(path) {
            Some(Uses::Remote { repo, path: file, .. }) => {
                (Value::string(path.as_ref()), Value::string(repo.to_string()), file)
            }
            _ => {
                let run = |name: &str| github(name).to_display_string().into_owned();
                let reference = format!("{}/{path}@{}", run("repository"), run("ref"));
                (Value::string(reference), github("repository"), path.to_string())
            }
        };
        job.insert("workflow_ref", reference);
        job.insert("workflow_sha", github("workflow_sha"));
        job.insert("workflow_repository", repository);
        job.insert("workflow_file_path", Value::string(file));
        if let Some(containers) = &self.containers {
            let (container, services) = containers.contexts();
            job.insert("container", container);
            job.insert("services", services);
        }
        Value::Object(Arc::new(job))
    }

    pub(crate) fn reason(&self, code: &str, text: impl Into<String>, span: Option<Span>) -> Reason {
        let text = text.into();
        Reason {
            code: code.to_owned(),
            reason: self.masker.mask_str(&text).into_owned(),
            location: span.map(|span| self.around.location(span)),
        }
    }

    pub(crate) fn step_started(&self, step: u32, id: &str, name: &str, stage: Stage, parent: Option<u32>) {
        self.emit(Event::StepStarted(StepStarted {
            leg: self.request.leg,
            step,
            id: id.to_owned(),
            name: self.masker.mask_str(name).into_owned(),
            stage,
            parent,
        }));
    }

    pub(crate) fn step_finished(
        &self,
        step: u32,
        outcome: TaskResult,
        conclusion: TaskResult,
        reason: Option<Reason>,
        condition: Option<api::Part>,
        outputs: &IndexMap<String, String>,
    ) {
        let outputs =
            outputs.iter().map(|(name, value)| (name.clone(), self.masker.mask_str(value).into_owned())).collect();
        self.emit(Event::StepFinished(StepFinished {
            leg: self.request.leg,
            step,
            outcome: outcome.into(),
            conclusion: conclusion.into(),
            reason,
            condition: condition.map(Box::new),
            outputs,
        }));
    }

    /// Remembers a failure that counts; the first one stays.
    pub(crate) fn note_blame(&self, blame: Blame) {
        self.blame().or(blame);
    }

    /// Remembers a line of the job as a whole.
    pub(crate) fn note_error(&self, line: &str) {
        let mut blame = self.blame();
        if blame.line.is_none() {
            blame.line = Some(line.to_owned());
        }
    }

    fn blame(&self) -> std::sync::MutexGuard<'_, Blame> {
        self.blame.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn annotations(&self, step: u32, annotations: &[crate::Annotation]) {
        for annotation in annotations {
            let annotation = annotation.clone().masked(&self.masker).into();
            self.emit(Event::Annotation { leg: self.request.leg, step: Some(step), annotation });
        }
    }

    /// The first line of the first failure, for the closing table.
    pub(crate) fn first_error(&self) -> Option<String> {
        let blame = self.blame();
        let line = blame.line.as_ref()?.lines().next().unwrap_or_default();
        Some(self.masker.mask_str(line.trim()).into_owned())
    }

    /// A warning about the job as a whole.
    pub(crate) fn warn(&self, text: &str) {
        let text = self.masker.mask_str(text).into_owned();
        let annotation = api::Annotation::message(api::AnnotationLevel::Warning, text);
        self.emit(Event::Annotation { leg: self.request.leg, step: None, annotation });
    }

    /// The state that pre, main and post of this use of an action share.
    pub(crate) fn saved_state(&self, key: &str) -> SharedState {
        let mut states = self.states.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        states.entry(key.to_owned()).or_default().0.clone()
    }

    /// Whether the post step of this use of an action is still to be registered; true once.
    pub(crate) fn register_post(&self, key: &str) -> bool {
        let mut states = self.states.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        !std::mem::replace(&mut states.entry(key.to_owned()).or_default().1, true)
    }

    pub(crate) fn held(&self) -> HeldJob {
        let (env, cwd) = match self.blame().place.clone() {
            Some(place) => (place.env, place.cwd),
            None => {
                let env = self.base_env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                (env, self.layout.workspace.clone())
            }
        };
        HeldJob { name: self.request.name.clone(), sandbox: self.sandbox.clone(), env, cwd }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled() || self.control.kill.is_cancelled()
    }

    /// The job's status as steps see it.
    pub(crate) fn status(&self, so_far: TaskResult) -> TaskResult {
        if self.is_cancelled() { TaskResult::Cancelled } else { so_far }
    }
}

impl From<TaskResult> for Conclusion {
    fn from(result: TaskResult) -> Self {
        match result {
            TaskResult::Success => Self::Success,
            TaskResult::Failure | TaskResult::Abandoned => Self::Failure,
            TaskResult::Cancelled => Self::Cancelled,
            TaskResult::Skipped => Self::Skipped,
        }
    }
}

impl From<crate::Annotation> for api::Annotation {
    fn from(one: crate::Annotation) -> Self {
        Self {
            level: match one.level {
                AnnotationLevel::Notice => api::AnnotationLevel::Notice,
                AnnotationLevel::Warning => api::AnnotationLevel::Warning,
                AnnotationLevel::Error => api::AnnotationLevel::Error,
            },
            message: one.message,
            title: one.title,
            file: one.path,
            line: one.start_line,
            end_line: one.end_line,
            column: one.start_column,
            end_column: one.end_column,
        }
    }
}
