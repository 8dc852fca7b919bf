//! From a request to a job that can run its steps: log, sandbox, containers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use api::{Conclusion, Event, JobStarted, Reason, Stage, StepFinished, StepStarted};
use container::TableConfig;
use expr::{Object, Value};
use indexmap::IndexMap;
use sandbox::{Placement, Sandbox};
use tokio_util::sync::CancellationToken;
use workflow::StepsJob;

use super::containers::{self, Containers, LateTable, Wanted};
use super::layout::Layout;
use super::shared::Job;
use super::{action, broken, docker_command, environment, prepare_next};
use crate::command::{Options, Processor};
use crate::log::{JobLog, StepLog};
use crate::matcher::Matchers;
use crate::paths::Paths;
use crate::request::{Control, JobReport, JobRequest, Surroundings};
use crate::result::TaskResult;
use crate::temp_dir::TempDir;
use crate::{Masker, job::DEFAULT_TIMEOUT};

/// The step that makes containers ready, as the log and the record name it.
const INITIALIZE: &str = "Initialize containers";

/// What a job has before its sandbox stands.
struct Begun {
    masker: Masker,
    log: JobLog,
    services: services::JobEnvironment,
}

impl Begun {
    fn new(request: &JobRequest, around: &Surroundings, wanted: &Wanted) -> Result<Self, String> {
        let masker = masker_of(request, around);
        let specs = wanted.own.iter().chain(wanted.services.iter().map(|service| &service.container));
        for credentials in specs.filter_map(|one| one.credentials.as_ref()) {
            masker.add(credentials.secret());
        }
        let services = around.services.job_environment(&request.identity);
        services.secrets_to_mask.iter().for_each(|secret| {
            masker.add(secret);
        });
        let log = JobLog::create(&around.record_dir.join(format!("{}.log", request.leg)));
        let log = log.map_err(|error| error.to_string())?;
        if let Some(listener) = &around.logs {
            listener(request.leg, &log);
        }
        Ok(Self { masker, log, services })
    }
}

/// Knows the job's secrets.
fn masker_of(request: &JobRequest, around: &Surroundings) -> Masker {
    let masker = around.masker.fork();
    for (_, secret) in request.secrets.as_object().into_iter().flat_map(Object::iter) {
        masker.add(&secret.to_display_string());
    }
    masker
}

/// A job ready for its first step; or the report of one that never got there.
pub(super) async fn open(
    request: JobRequest,
    steps: &StepsJob,
    around: &Arc<Surroundings>,
    control: Control,
    job_dir: &Path,
) -> Result<Job, JobReport> {
    let wanted = Wanted::read(&request, steps, around).map_err(|failure| {
        let text = masker_of(&request, around).mask_str(&failure.text).into_owned();
        let location = failure.span.map(|span| around.location(span));
        let reason = Reason { code: failure.code.to_owned(), reason: text.clone(), location };
        JobReport { conclusion: Conclusion::Failure, reason: Some(reason), ..broken(&text) }
    })?;
    let machine = match wanted.image_root() {
        true => None,
        false => {
            let spec = Layout::spec(&request, &steps.steps, around, job_dir);
            let placement = spec.placement;
            let sandbox = around.launcher.sandbox(spec).await;
            let sandbox = sandbox.map_err(|error| broken(&format!("its sandbox could not be set up: {error}")))?;
            prepare_next(around, placement);
            Some(sandbox)
        }
    };
    let outcome = stand(request, around, control, job_dir, &wanted, machine.clone()).await;
    if outcome.is_err() {
        // The job never began; what it would leave is removed all the same.
        if let Some(machine) = machine {
            let _ = machine.destroy().await;
        }
        let _ = std::fs::remove_dir_all(job_dir);
    }
    outcome
}

async fn stand(
    request: JobRequest,
    around: &Arc<Surroundings>,
    control: Control,
    job_dir: &Path,
    wanted: &Wanted,
    machine: Option<Sandbox>,
) -> Result<Job, JobReport> {
    let begun = Begun::new(&request, around, wanted).map_err(|text| broken(&text))?;
    let (sandbox, containers) = match machine {
        Some(machine) if !wanted.any() => (machine, None),
        machine => {
            if request.network == sandbox::Network::Private && !wanted.image_root() {
                let text = "its services cannot be reached: the job has no network (run.network or --network is none)";
                return Err(not_begun("services", text, Conclusion::Failure));
            }
            tell_started(&request, around, machine.as_ref(), wanted.image_root());
            let opened = initialize(&request, around, &control, job_dir, wanted, machine, &begun).await?;
            (opened.sandbox, Some(opened.containers))
        }
    };
    let opened = containers.is_some();
    let job = make(request, around.clone(), control, sandbox.clone(), containers, job_dir, begun);
    let job = job.map_err(|text| broken(&text))?;
    if let Some(from) = job.request.resume.clone() {
        let (own, home) = (sandbox, super::resume::home(&job));
        let restoring = move || crate::kept::restore_files(&own, &home, &from.dir);
        if !matches!(tokio::task::spawn_blocking(restoring).await, Ok(Ok(()))) {
            return Err(broken("the files of the earlier run could not be put back; rerun the job whole"));
        }
    }
    if !opened {
        tell_started(&job.request, &job.around, Some(&job.sandbox), false);
    }
    Ok(job)
}

fn tell_started(request: &JobRequest, around: &Surroundings, sandbox: Option<&Sandbox>, image: bool) {
    let mode = match (image, request.placement) {
        (true, _) => "container",
        (false, Placement::Host) => "host",
        (false, Placement::Isolated) => "sandbox",
    };
    let missing = sandbox.map_or_else(Vec::new, |sandbox| sandbox.isolation().missing.clone());
    let isolation = api::Isolation { mode: mode.to_owned(), missing };
    let started = JobStarted { leg: request.leg, runs_on: request.runs_on.clone(), isolation };
    // The run's reader may be gone at the end of a killed run.
    let _ = around.events.send(Event::JobStarted(started));
}

/// Makes containers ready, in a step of its own.
async fn initialize(
    request: &JobRequest,
    around: &Surroundings,
    control: &Control,
    job_dir: &Path,
    wanted: &Wanted,
    machine: Option<Sandbox>,
    begun: &Begun,
) -> Result<containers::Opened, JobReport> {
    let (leg, step) = (request.leg, 0);
    let emit = |event: Event| {
        let _ = around.events.send(event);
    };
    emit(Event::StepStarted(StepStarted {
        leg,
        step,
        id: "__initialize_containers".to_owned(),
        name: INITIALIZE.to_owned(),
        stage: Stage::Pre,
        parent: None,
    }));
    let options = Options { debug: request.debug, allow_unsecure_commands: false, allow_unsecure_stop_tokens: false };
    let processor = Processor::new(options, begun.masker.clone(), Matchers::new(), Paths::new(PathBuf::from("/")));
    let log = StepLog::start(begun.log.clone(), step, processor);
    let stop = CancellationToken::new();
    let opened = {
        let opening = containers::initialize(wanted, request, around, job_dir, machine, &log, &stop);
        tokio::pin!(opening);
        let minutes = request.timeout_minutes.unwrap_or(DEFAULT_TIMEOUT);
        let limit = tokio::time::sleep(std::time::Duration::from_secs_f64((minutes * 60.0).min(1e9)));
        tokio::select! {
            opened = &mut opening => opened.map_err(|text| (text, Conclusion::Failure)),
            () = asked_to_stop(control) => {
                stop.cancel();
                give_back(opening.await).await;
                Err(("the job was cancelled".to_owned(), Conclusion::Cancelled))
            }
            () = limit => {
                stop.cancel();
                give_back(opening.await).await;
                let text = format!("the job has exceeded its maximum execution time of {minutes} minutes");
                Err((text, Conclusion::Failure))
            }
        }
    };
    let result = match &opened {
        Ok(_) => TaskResult::Success,
        Err((_, Conclusion::Cancelled)) => TaskResult::Cancelled,
        Err(_) => TaskResult::Failure,
    };
    let reason = opened.as_ref().err().map(|(text, _)| {
        let text = begun.masker.mask_str(text).into_owned();
        log.say(&format!("##[error]{text}"));
        Reason { code: "container".to_owned(), reason: text, location: None }
    });
    let _ = log.finish();
    emit(Event::StepFinished(StepFinished {
        leg,
        step,
        outcome: result.into(),
        conclusion: result.into(),
        reason: reason.clone(),
        condition: None,
        outputs: std::collections::BTreeMap::new(),
    }));
    opened.map_err(|(text, conclusion)| {
        let text = begun.masker.mask_str(&text).into_owned();
        not_begun("container", &text, conclusion)
    })
}

async fn asked_to_stop(control: &Control) {
    tokio::select! {
        () = control.cancel.cancelled() => {}
        () = control.kill.cancelled() => {}
    }
}

/// What stood just when it was not wanted any more.
async fn give_back(opened: Result<containers::Opened, String>) {
    if let Ok(opened) = opened
        && let Some(table) = opened.containers.table.made()
    {
        table.close().await;
    }
}

fn not_begun(code: &str, text: &str, conclusion: Conclusion) -> JobReport {
    let reason = Reason { code: code.to_owned(), reason: text.to_owned(), location: None };
    JobReport { conclusion, reason: Some(reason), ..broken(text) }
}

fn make(
    request: JobRequest,
    around: Arc<Surroundings>,
    control: Control,
    sandbox: Sandbox,
    containers: Option<Containers>,
    job_dir: &Path,
    begun: Begun,
) -> Result<Job, String> {
    let own = containers.as_ref().and_then(|containers| containers.own.as_ref());
    let layout = match own {
        Some(own) => Ok(Layout::in_image(own.is_job_container, &around.repository_name.name)),
        None => Layout::of(&sandbox, &request, &around.repository_name.name),
    };
    let layout =
        layout.map_err(|error| format!("its directories could not be made in {}: {error}", job_dir.display()))?;
    let temp = TempDir::open(sandbox.host_path(&layout.temp))
        .map_err(|error| format!("RUNNER_TEMP could not be opened: {error}"))?;
    let gateway = containers.as_ref().filter(|_| own.is_some()).and_then(Containers::gateway);
    let base_env = match own {
        Some(own) => environment::base_in_container(own.container.env(), &layout.home, gateway, &request.extra_env),
        None => environment::base(request.placement, &layout.home, &request.extra_env),
    };
    let runner_context =
        Value::Object(Arc::new(environment::runner_context(&around.runner_name, &layout, request.debug)));
    let table = match &containers {
        Some(containers) => containers.table.clone(),
        None => Arc::new(LateTable::new(TableConfig {
            launcher: around.launcher.clone(),
            dir: job_dir.join("containers"),
            paths: container::Paths::Inside(sandbox.clone()),
            closed: request.network == sandbox::Network::Private,
            hide: containers::hide(&begun.masker),
        })),
    };
    let mut job = Job {
        cancel: control.cancel.child_token(),
        control,
        matchers: Matchers::new(),
        log: begun.log,
        base_env,
        action_env: environment::from_network(begun.services.action_env, gateway),
        run_env: environment::from_network(begun.services.run_env, gateway),
        runner_context,
        tracking_id: format!("github_{}", uuid::Uuid::new_v4()),
        next_step: AtomicU32::new(u32::from(containers.is_some())),
        states: std::sync::Mutex::new(IndexMap::new()),
        blame: std::sync::Mutex::default(),
        kept: std::sync::Mutex::default(),
        loader: action::Loader::default(),
        timed_out: CancellationToken::new(),
        masker: begun.masker,
        sandbox,
        containers,
        table,
        layout,
        temp,
        request,
        around,
        docker: None,
    };
    match docker_command::start(&job) {
        Ok(Some(started)) => {
            job.base_env.extend(started.env);
            job.docker = Some(started.server);
        }
        Ok(None) => {}
        Err(error) => job.warn(&format!("the job has no `docker` command: {error}")),
    }
    Ok(job)
}
