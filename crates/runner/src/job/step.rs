//! One step from its condition to its result.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use api::Stage;
use expr::{Context, Value};
use indexmap::IndexMap;
use span::Span;
use tokio_util::sync::CancellationToken;
use workflow::{Condition, Step, StepKind, Template};

use super::action::run_action;
use super::blame::{Blame, Place};
use super::environment::environment_flag;
use super::first_error;
use super::frame::Frame;
use super::level::Level;
use super::script::run_script;
use super::shared::Job;
use super::step_context::{StatusSource, StepContext};
use crate::command::{Options, Processor};
use crate::log::StepLog;
use crate::paths::Paths;
use crate::result::{StepState, TaskResult};

/// A finished step.
pub(crate) struct StepDone {
    pub(crate) state: StepState,
    pub(crate) outcome: TaskResult,
    pub(crate) conclusion: TaskResult,
    /// Of a step whose conclusion is a failure.
    pub(crate) blame: Blame,
}

/// What a step's `run` or `uses` works with.
pub(crate) struct Running<'a> {
    pub(crate) job: &'a Job,
    /// The level as the step sees it, `github.action` set.
    pub(crate) frame: &'a Frame,
    pub(crate) level: Level<'a>,
    pub(crate) step: &'a Step,
    pub(crate) index: u32,
    /// Its part of the log, and what it left so far.
    pub(crate) log: StepLog,
    pub(crate) step_env: IndexMap<String, String>,
    pub(crate) job_status: TaskResult,
    /// Cancelled when the step must stop.
    pub(crate) cancel: CancellationToken,
    /// Cancelled when everything inside must stop too, whatever its conditions say: the step's time is over, or it was
    /// cancelled by itself while the job goes on.
    pub(crate) halt: CancellationToken,
    /// What there is to blame so far: the step's process, or a step inside.
    pub(crate) blame: Mutex<Blame>,
    /// How its `if` was decided.
    pub(crate) condition: OnceLock<api::Part>,
}

/// Why a step failed before or beside its process.
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) text: String,
    pub(crate) span: Option<Span>,
}

impl Failure {
    pub(crate) fn new(code: &'static str, text: impl Into<String>, span: Option<Span>) -> Self {
        Self { code, text: text.into(), span }
    }
}

impl From<workflow::EvaluationFailure> for Failure {
    fn from(failure: workflow::EvaluationFailure) -> Self {
        Self::new("expression", failure.message, Some(failure.span))
    }
}

impl<'a> Running<'a> {
    pub(crate) fn context(&'a self) -> StepContext<'a> {
        StepContext {
            job: self.job,
            frame: self.frame,
            step_env: Some(&self.step_env),
            source: if self.frame.composite { StatusSource::Action } else { StatusSource::Job },
            job_status: self.job.status(self.job_status),
        }
    }

    pub(crate) fn blame(&self) -> MutexGuard<'_, Blame> {
        self.blame.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers where the step's process runs.
    pub(crate) fn note_place(&self, env: &IndexMap<String, String>, cwd: &Path) {
        let env = env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.blame().place = Some(Place { env, cwd: cwd.to_owned() });
    }

    pub(crate) fn text(&self, template: &Template) -> Result<String, Failure> {
        Ok(template.evaluate(&self.context())?.to_display_string().into_owned())
    }
}

/// Runs a step. `recheck`: on cancellation its condition is asked again, and a step for which it still holds goes on.
pub(crate) async fn run_step(
    job: &Job,
    frame: &Frame,
    level: Level<'_>,
    step: &Step,
    cancel: CancellationToken,
    halt: CancellationToken,
    recheck: bool,
) -> StepDone {
    let index = job.take_step();
    let mut own = frame.clone();
    own.set_github([("action", Value::string(step.id.as_ref()))]);
    if frame.composite {
        own.set_github([("action_status", Value::string(frame.status.as_str()))]);
    }
    let job_status = level.job_status.unwrap_or(frame.status);
    // The level's token only asks; this one stops the step.
    let stop = if recheck { CancellationToken::new() } else { cancel.clone() };
    let context = StepContext::of_frame(job, &own, job.status(job_status));
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
        job_status,
        cancel: stop,
        halt,
        blame: Mutex::default(),
        condition: OnceLock::new(),
    };
    let name = display_name(&running);
    job.step_started(index, &step.id, &name, Stage::Main, level.parent);
    if let Some(failure) = env_failure {
        return finish(&running, TaskResult::Failure, false, Some(failure));
    }
    match decided(&running) {
        Ok(true) => {}
        Ok(false) => {
            let why = skip_reason(step.condition.as_ref(), &running.context());
            let span = step.condition.as_ref().map(|condition| condition.span);
            let reason = Some(Failure::new("if", why, span));
            return finish(&running, TaskResult::Skipped, false, reason);
        }
        Err(failure) => return finish(&running, TaskResult::Failure, false, Some(failure)),
    }
    let timeout = match &step.timeout_minutes {
        None => None,
        Some(template) => {
            let kind = workflow::value::number;
            let minutes = strict(&running.context(), &running.log, template, "timeout-minutes", kind);
            // GitHub tells the error and goes on without a limit.
            minutes.filter(|minutes| minutes.is_finite() && *minutes > 0.0)
        }
    };
    let outcome = supervise(&running, timeout, &cancel, recheck).await;
    let failed = !matches!(outcome, Ok(result) if result != TaskResult::Failure)
        || running.log.with_state(|state| state.command_failed);
    // Asked only about a failure; what cannot be evaluated forgives nothing.
    let forgiving = match &step.continue_on_error {
        Some(template) if failed => {
            strict(&running.context(), &running.log, template, "continue-on-error", workflow::value::boolean)
                .unwrap_or(false)
        }
        _ => false,
    };
    match outcome {
        Ok(result) => finish(&running, result, forgiving, None),
        Err(failure) => finish(&running, TaskResult::Failure, forgiving, Some(failure)),
    }
}

/// The value of a key that does not decide about the step. What is wrong with it is told; then there is none.
pub(crate) fn strict<T>(
    context: &StepContext<'_>,
    log: &StepLog,
    template: &Template,
    key: &str,
    kind: fn(&Value, &str) -> Result<T, String>,
) -> Option<T> {
    let text = match template.evaluate(context) {
        Ok(value) => match kind(&value, key) {
            Ok(value) => return Some(value),
            Err(text) => text,
        },
        Err(failure) => format!("`{key}` could not be evaluated: {}", failure.message),
    };
    // The log masks what it takes.
    log.say(&format!("##[error]{text}"));
    None
}

/// Runs the step's body, with its timeout and cancellation.
async fn supervise(
    running: &Running<'_>,
    timeout: Option<f64>,
    asked: &CancellationToken,
    recheck: bool,
) -> Result<TaskResult, Failure> {
    let body = async {
        match &running.step.kind {
            StepKind::Run { script, shell, working_directory } => {
                run_script(running, script, shell.as_ref(), working_directory.as_ref()).await
            }
            StepKind::Uses { uses, with } => run_action(running, uses, with.as_ref()).await,
            // Validation keeps these out of `parallel` and composite actions; levels handle them.
            StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } | StepKind::Parallel { .. } => {
                Err(Failure::new("step", "this kind of step cannot stand here", Some(running.step.span)))
            }
        }
    };
    if running.halt.is_cancelled() {
        return Ok(TaskResult::Cancelled);
    }
    tokio::pin!(body);
    let limit = async {
        match timeout {
            // Whole minutes on GitHub; fractions are honoured since nothing stands against them.
            Some(minutes) => tokio::time::sleep(limit_of(minutes)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(limit);
    let mut timed_out = false;
    let mut asked_already = false;
    let mut halted = false;
    let result = loop {
        tokio::select! {
            result = &mut body => break result,
            () = &mut limit, if !timed_out => {
                timed_out = true;
                running.halt.cancel();
            }
            () = running.halt.cancelled(), if !halted => {
                halted = true;
                running.cancel.cancel();
            }
            () = asked.cancelled(), if recheck && !asked_already => {
                asked_already = true;
                if !holds(running.step.condition.as_ref(), &running.context()).unwrap_or(false) {
                    running.cancel.cancel();
                }
            }
        }
    };
    if timed_out {
        let minutes = timeout.unwrap_or_default();
        let unit = if (minutes - 1.0).abs() < f64::EPSILON { "minute" } else { "minutes" };
        let text = format!("the step has timed out after {minutes} {unit}");
        return Err(Failure::new("timeout", text, running.step.timeout_minutes.as_ref().map(|one| one.span)));
    }
    result
}

/// A step's limit as a time; one that no step can reach stays one that a clock can hold.
fn limit_of(minutes: f64) -> Duration {
    Duration::from_secs_f64((minutes * 60.0).min(1e9))
}

pub(crate) fn finish(running: &Running<'_>, result: TaskResult, forgiving: bool, failure: Option<Failure>) -> StepDone {
    let job = running.job;
    let printed = failure.as_ref().filter(|failure| failure.code == "exit").and_then(|_| {
        running.log.with_state(|state| first_error::find(job.log.path(), running.index, state, running.log.began_at()))
    });
    let reason = failure.map(|failure| {
        let reason = job.reason(failure.code, failure.text, failure.span);
        if result == TaskResult::Failure {
            running.log.say(&format!("##[error]{}", reason.reason));
        }
        reason
    });
    let state = running.log.clone().finish();
    let verdict = state.verdict(result, forgiving);
    job.annotations(running.index, &state.annotations);
    let mut blame = std::mem::take(&mut *running.blame());
    if blame.line.is_none() {
        blame.line = printed.or(reason.as_ref().map(|reason| reason.reason.clone()));
    }
    if verdict.conclusion != TaskResult::Failure {
        blame = Blame::default();
    }
    let condition = running.condition.get().cloned();
    job.step_finished(running.index, verdict.outcome, verdict.conclusion, reason, condition, &state.outputs);
    StepDone { state, outcome: verdict.outcome, conclusion: verdict.conclusion, blame }
}

/// Whether a condition holds; an absent one is `success()`.
pub(crate) fn holds(condition: Option<&Condition>, context: &StepContext<'_>) -> Result<bool, Failure> {
    match condition {
        None => Ok(matches!(context.call("success", &[]), Some(Ok(value)) if value.truthy())),
        Some(condition) => condition.condition.evaluate(context).map_err(|error| if_error(&error, condition)),
    }
}

/// Whether the step's condition holds, with the value of each part kept.
fn decided(running: &Running<'_>) -> Result<bool, Failure> {
    let Some(condition) = &running.step.condition else {
        return holds(None, &running.context());
    };
    let (result, trace) = condition.condition.evaluate_traced(&running.context());
    let mask = |text: &str| running.job.masker.mask_str(text).into_owned();
    let part = expr::explain::fold(&trace, &mask, &mut |shown, parts| api::Part {
        text: shown.text,
        value: shown.value,
        error: shown.error,
        parts,
    });
    // A step is decided once.
    let _ = running.condition.set(part);
    result.map_err(|error| if_error(&error, condition))
}

fn if_error(error: &expr::EvalError, condition: &Condition) -> Failure {
    Failure::new("if-error", format!("`if` could not be evaluated: {}", error.message), Some(condition.span))
}

/// Whether `pre-if` or `post-if` holds: what it says alone decides, without an implied `success()`.
pub(crate) fn holds_as_written(condition: &Condition, context: &StepContext<'_>, key: &str) -> Result<bool, Failure> {
    let written = condition.condition.expr();
    if written.is_empty() {
        return Ok(true);
    }
    let value = expr::evaluate(written, context).map_err(|error| {
        let text = format!("`{key}` could not be evaluated: {}", error.message);
        Failure::new("if-error", text, Some(condition.span))
    })?;
    Ok(value.truthy())
}

fn skip_reason(condition: Option<&Condition>, context: &StepContext<'_>) -> String {
    let success = matches!(context.call("success", &[]), Some(Ok(value)) if value.truthy());
    match condition {
        Some(condition) => {
            let (_, trace) = condition.condition.evaluate_traced(context);
            let mask = |text: &str| context.job.masker.mask_str(text).into_owned();
            format!("`if` is false: {}", expr::explain::one_line(&trace, &mask))
        }
        None if context.job_status == TaskResult::Cancelled => "the job was cancelled".to_owned(),
        None if !success => "an earlier step failed".to_owned(),
        None => "its condition is false".to_owned(),
    }
}

/// A step's own `env`, or nothing and why it cannot be known.
pub(crate) fn env_of_step(step: &Step, context: &dyn Context) -> (IndexMap<String, String>, Option<Failure>) {
    match step.env.as_ref().map(|env| env_of(env, context)).transpose() {
        Ok(env) => (env.unwrap_or_default(), None),
        Err(failure) => (IndexMap::new(), Some(failure)),
    }
}

/// An `env` mapping, or an expression that gives one.
pub(crate) fn env_of(template: &Template, context: &dyn Context) -> Result<IndexMap<String, String>, Failure> {
    let value = template.evaluate(context)?;
    match &value {
        Value::Object(object) => {
            Ok(object.iter().map(|(name, value)| (name.to_owned(), value.to_display_string().into_owned())).collect())
        }
        Value::Null => Ok(IndexMap::new()),
        other => {
            let text = format!("`env` must be a mapping of names to values, not {}", other.kind());
            Err(Failure::new("env", text, Some(template.span)))
        }
    }
}

fn display_name(running: &Running<'_>) -> String {
    let named = running.step.name.as_ref().and_then(|name| name.evaluate(&running.context()).ok());
    if let Some(name) = named.map(|value| value.to_display_string().into_owned()).filter(|name| !name.is_empty()) {
        return name;
    }
    match &running.step.kind {
        StepKind::Run { script, .. } => {
            let text = script
                .evaluate(&running.context())
                .map(|value| value.to_display_string().into_owned())
                .unwrap_or_default();
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            format!("Run {}", first.trim())
        }
        StepKind::Uses { uses, .. } => format!("Run {}", uses.value),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } | StepKind::Parallel { .. } => {
            running.step.id.to_string()
        }
    }
}

/// Carries out a step's workflow commands.
pub(crate) fn processor(job: &Job, frame: &Frame, step_env: &IndexMap<String, String>) -> Processor {
    let flag = |name: &str| environment_flag(&[step_env, &frame.env, &job.base_env], name);
    let options = Options {
        debug: job.request.debug,
        allow_unsecure_commands: flag("ACTIONS_ALLOW_UNSECURE_COMMANDS"),
        allow_unsecure_stop_tokens: flag("ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"),
    };
    let paths = Paths::new(job.layout.workspace.clone())
        .with_mount(job.layout.workspace.clone(), job.host(&job.layout.workspace))
        .with_mount(job.layout.temp.clone(), job.host(&job.layout.temp))
        .with_mount(job.layout.actions.clone(), job.host(&job.layout.actions))
        .with_alias("/github/workspace", job.layout.workspace.clone());
    Processor::new(options, job.masker.clone(), job.matchers.clone(), paths)
}
