//! One job from its sandbox to its report.

mod action;
mod blame;
mod containers;
mod docker_command;
mod environment;
mod facts;
mod first_error;
mod frame;
mod job_end;
mod layout;
mod level;
mod post;
mod post_steps;
mod pre_steps;
mod process;
mod resume;
mod script;
mod set_up;
mod shared;
mod step;
mod step_context;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api::{Conclusion, Reason};
use expr::{Object, Value};
use indexmap::IndexMap;
use sandbox::Placement;
use tokio_util::sync::CancellationToken;
use workflow::{JobKind, StepsJob};

use self::blame::Blame;
use self::frame::Frame;
pub use self::layout::mount_points;
use self::level::{Level, run_level};
use self::post::PostStack;
use self::shared::Job;
use self::step::{Failure, env_of};
use self::step_context::StepContext;
use crate::kept::{keep_files, kept_dir};
use crate::request::{Control, JobReport, JobRequest, Surroundings};
use crate::result::TaskResult;

/// GitHub's limit for a job that names none, in minutes.
const DEFAULT_TIMEOUT: f64 = 360.0;
/// How long a cancelled job may go on with `always()` steps, in minutes, and the least it gets.
const DEFAULT_CANCEL_TIMEOUT: f64 = 5.0;
const LEAST_CANCEL_TIMEOUT: f64 = 1.0;

/// Executes a job. Always returns a report; what went wrong is in it and in the job's log.
pub async fn execute(request: JobRequest, around: Arc<Surroundings>, control: Control) -> JobReport {
    let workflow = request.workflow.clone();
    let JobKind::Steps(steps) = &workflow.jobs[request.job].kind else {
        return broken("a job that calls a workflow has no steps to execute");
    };
    let job_dir = around.launcher.jobs_dir().join(format!("leg-{}", request.leg));
    let job = match set_up::open(request, steps, &around, control, &job_dir).await {
        Ok(job) => job,
        Err(report) => return report,
    };
    let sandbox = job.sandbox.clone();
    let report = {
        let running = run(&job, steps);
        tokio::pin!(running);
        let watch = watch(&job);
        tokio::pin!(watch);
        tokio::select! {
            report = &mut running => report,
            () = &mut watch => running.await,
        }
    };
    if report.conclusion == Conclusion::Failure
        && job.request.hold_on_failure
        && let Some(hold) = &job.around.on_failure
    {
        tokio::select! {
            () = hold(job.held()) => {}
            // The first signal that asks the run to end cancels its jobs.
            () = job.control.cancel.cancelled() => {}
            () = job.control.kill.cancelled() => {}
        }
    }
    job_end::end_orphans(&job).await;
    let failed = report.conclusion == Conclusion::Failure && !job.control.kill.is_cancelled();
    let keep = (failed && around.keep_failed).then(|| {
        let record = around.record_dir.parent().unwrap_or(&around.record_dir);
        (kept_dir(record, job.request.leg), resume::home(&job), resume::kept(&job), job.masker.clone())
    });
    let (table, docker) = (job.table.clone(), job.docker);
    // Off the critical path: whoever waits for this job goes on while its files are removed.
    around.cleanups.spawn(async move {
        if let Some((dir, home, kept, masker)) = keep {
            let _ = sandbox.kill_all().await;
            let sandbox = sandbox.clone();
            // What is not kept cannot be begun again; saying so is the matter of who asks for that.
            let keeping = move || keep_files(&sandbox, &home, &dir, kept, &masker);
            let _ = tokio::task::spawn_blocking(keeping).await;
        }
        drop(docker);
        if let Some(table) = table.made() {
            table.close().await;
        }
        let _ = sandbox.destroy().await;
        let _ = std::fs::remove_dir_all(&job_dir);
    });
    report
}

/// Has the next job's sandbox prepared while this one runs.
fn prepare_next(around: &Surroundings, placement: Placement) {
    let expected = around.expected.load(Ordering::Relaxed);
    if expected > 0 {
        around.expected.store(expected - 1, Ordering::Relaxed);
        // A sandbox that cannot be prepared ahead is made, or fails, when it is asked for.
        let _ = around.launcher.prewarm(placement, 1);
    }
}

fn broken(text: &str) -> JobReport {
    JobReport {
        conclusion: Conclusion::Failure,
        reason: Some(Reason { code: "runner".to_owned(), reason: text.to_owned(), location: None }),
        outputs: BTreeMap::new(),
        first_error: Some(text.to_owned()),
        environment_url: None,
    }
}

/// The job's own clocks: its timeout, and the end of its patience once it is cancelled.
async fn watch(job: &Job) {
    let minutes = |value: f64| Duration::from_secs_f64((value * 60.0).min(1e9));
    let limit = job.request.timeout_minutes.unwrap_or(DEFAULT_TIMEOUT);
    tokio::select! {
        () = tokio::time::sleep(minutes(limit)) => {
            job.timed_out.cancel();
            job.cancel.cancel();
        }
        () = job.cancel.cancelled() => {}
        () = job.control.kill.cancelled() => {}
    }
    let patience = job.request.cancel_timeout_minutes.unwrap_or(DEFAULT_CANCEL_TIMEOUT).max(LEAST_CANCEL_TIMEOUT);
    tokio::select! {
        () = tokio::time::sleep(minutes(patience)) => job.control.kill.cancel(),
        () = job.control.kill.cancelled() => {}
    }
    job.cancel.cancel();
    // A process that cannot be killed is not ours any more; the sandbox's end takes it along.
    let _ = job.sandbox.kill_all().await;
}

async fn run(job: &Job, steps: &StepsJob) -> JobReport {
    let posts = PostStack::default();
    let mut frame = first_frame(job);
    let (mut failure, defaults) = match prepare(job, steps, &mut frame) {
        Ok(defaults) => (None, defaults),
        Err(failure) => (Some(failure), RunDefaults::default()),
    };
    let halt = CancellationToken::new();
    let level = Level {
        steps: &steps.steps,
        shell: defaults.shell.as_deref(),
        working_directory: defaults.working_directory.as_deref(),
        parent: None,
        cancel: &job.cancel,
        halt: &halt,
        job_status: None,
        posts: &posts,
    };
    if failure.is_none() {
        failure = pre_steps::run(job, &mut frame, level).await.err();
    }
    if failure.is_some() {
        frame.status = TaskResult::Failure;
    } else {
        match resume::restore(job, &mut frame, level.steps) {
            Ok(first) => {
                run_level(job, &mut frame, Level { steps: &level.steps[first..], ..level }).await;
            }
            Err(refused) => {
                frame.status = TaskResult::Failure;
                failure = Some(refused);
            }
        }
    }
    post_steps::run(job, &mut frame, level).await;
    job_end::stop_containers(job);
    job_end::report(job, steps, &mut frame, failure)
}

#[derive(Default)]
struct RunDefaults {
    shell: Option<String>,
    working_directory: Option<String>,
}

fn first_frame(job: &Job) -> Frame {
    let request = &job.request;
    let mut github = request.github.as_object().cloned().unwrap_or_default();
    let text = |path: &Path| Value::string(path.to_string_lossy().into_owned());
    github.insert("job", Value::string(request.workflow.jobs[request.job].id.value.as_ref()));
    github.insert("workspace", text(&job.layout.workspace));
    github.insert("event_path", text(&job.layout.event));
    Frame {
        env: IndexMap::new(),
        path: Vec::new(),
        exported_env: IndexMap::new(),
        exported_path: Vec::new(),
        overrides: IndexMap::new(),
        steps: Object::new(),
        inputs: request.inputs.clone(),
        github: Arc::new(github),
        status: TaskResult::Success,
        composite: false,
        depth: 0,
        scope: String::new(),
        own_root: None,
        blame: Blame::default(),
    }
}

/// Writes the event file and works out `env` and `defaults` of workflow and job.
fn prepare(job: &Job, steps: &StepsJob, frame: &mut Frame) -> Result<RunDefaults, Failure> {
    let event = frame.github.get("event").cloned().unwrap_or(Value::Null);
    let written = job.temp.write(Path::new(layout::EVENT), event.to_json().to_string().as_bytes());
    written.map_err(|error| Failure::new("runner", format!("the event file could not be written: {error}"), None))?;
    let workflow = job.request.workflow.clone();
    for env in workflow.env.iter().chain(&steps.env) {
        let found = env_of(env, &StepContext::of_frame(job, frame, TaskResult::Success))?;
        frame.env.extend(found);
    }
    let context = StepContext::of_frame(job, frame, TaskResult::Success);
    let first = |own: &Option<workflow::Template>, outer: &Option<workflow::Template>| {
        let template = own.as_ref().or(outer.as_ref());
        let text =
            template.map(|template| template.evaluate(&context).map(|value| value.to_display_string().into_owned()));
        text.transpose().map_err(Failure::from)
    };
    Ok(RunDefaults {
        shell: first(&steps.defaults.shell, &workflow.defaults.shell)?,
        working_directory: first(&steps.defaults.working_directory, &workflow.defaults.working_directory)?,
    })
}
