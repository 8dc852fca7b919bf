//! `trunkline run` and `trunkline rerun`: from the command line to a finished, recorded run.

mod drive;
mod gate;
mod github;
mod list;
mod place;
mod plan;
mod preflight;
mod rerun;
mod resume;
mod shell;
mod start;
mod values;

pub(crate) use values::{HiddenInput, variables};

use std::sync::Arc;
use std::time::Duration;

use api::Event as Told;

use self::start::Ready;
use crate::args::{RerunArgs, RunArgs};
use crate::dirs::Dirs;
use crate::event;
use crate::failure::Failure;
use crate::project::{Project, rendered};
use crate::record::{RecordStore, RunMeta};
use crate::report::{Format, ReportOptions, Reporter};

pub(crate) use self::drive::{dispatch_inputs, play, rehearsal_facts};
pub(crate) use self::gate::refused;
pub(crate) use self::place::{Platforms, Runner, Where, resolver};
pub(crate) use self::plan::{link, reason};
pub(crate) use self::resume::Resume;
pub(crate) use self::shell::attend;

/// What is still at work in the background when a run has ended has this long.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// `trunkline run`.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    if args.list {
        return list::print(&Project::open(&args.place)?, args);
    }
    execute(args, Resume::default())
}

/// `trunkline rerun`.
pub(crate) fn rerun(args: &RerunArgs) -> Result<(), Failure> {
    let (args, resume) = rerun::prepare(args)?;
    execute(&args, resume)
}

fn execute(args: &RunArgs, resume: Resume) -> Result<(), Failure> {
    let dirs = Dirs::from_env()?;
    // The sandbox's helper gets ready while files are read.
    let early = if args.dry_run { None } else { Some(start::Early::begin(args, &dirs)?) };
    let mut project = Project::open(&args.place)?;
    let resolver = place::resolver(&project, &args.machine, &dirs)?;
    let event = match &resume.event {
        Some(event) => event.clone(),
        None => {
            let name = event::name(&project, args)?;
            event::build(&project, &event::Asked::from(args), &name)?
        }
    };
    let plan = plan::make(&mut project, &event, &args.job, &resolver)?;
    if args.dry_run {
        return list::print_plan(&project, &event, &plan, args);
    }
    let values = values::Values::collect(&args.values, &project.config, &project.top)?;
    let checked = preflight::check(&mut project, &plan, &resolver, &values, &args.job)?;
    let Some(early) = early else { return Ok(()) };
    let runtime = early.runtime.clone();
    let inputs = preflight::dispatch_inputs(&plan, &event)?;
    let matrix = matrix_filters(&args.matrix)?;
    let resolver = Arc::new(resolver);
    let ready = Ready { args, dirs, project, resolver, event, plan, values, inputs, matrix, notices: checked, resume };
    let outcome = runtime.block_on(record_and_drive(ready, early));
    if let Some(runtime) = Arc::into_inner(runtime) {
        // What blocks a thread, such as a server that does not answer, must not hold the end up.
        runtime.shutdown_timeout(LAST_MOMENT);
    }
    outcome
}

async fn record_and_drive(ready: Ready<'_>, early: start::Early) -> Result<(), Failure> {
    let store = RecordStore::open(&ready.dirs, &ready.project.top).map_err(Failure::broken)?;
    let record = Arc::new(store.create(&meta(&ready)).map_err(Failure::broken)?);
    if let Some(earlier) = &ready.resume.artifacts_of {
        services::ArtifactStore::open(&record.dir).inherit(earlier).map_err(Failure::broken)?;
    }
    let format = match (ready.args.output.json, ready.args.output.quiet) {
        (true, _) => Format::Json,
        (_, true) => Format::Quiet,
        _ => Format::Terminal,
    };
    let options = ReportOptions { format, verbose: ready.args.output.verbose };
    let reporter = Reporter::start(options).map_err(Failure::broken)?;
    let outcome = drive::drive(ready, early, record, reporter.clone()).await;
    reporter.finish().await;
    outcome
}

/// `--matrix KEY:VALUE`
pub(crate) fn matrix_filters(texts: &[String]) -> Result<Vec<(String, String)>, Failure> {
    texts
        .iter()
        .map(|text| match text.split_once(':') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
            None => Err(Failure::usage(format!("--matrix takes KEY:VALUE, not `{text}`"))),
        })
        .collect()
}

/// What is kept to run it again. Secrets stay out, but for their names.
fn meta(ready: &Ready<'_>) -> RunMeta {
    let mut args = ready.args.clone();
    for secret in &mut args.values.secret {
        if let Some((name, _)) = secret.split_once('=') {
            *secret = name.to_owned();
        }
    }
    RunMeta {
        arguments: serde_json::to_value(&args).unwrap_or_default(),
        event_name: ready.event.name.clone(),
        payload: ready.event.payload.clone(),
        git_ref: ready.event.full_ref(),
        sha: ready.event.sha.clone(),
        cwd: std::env::current_dir().unwrap_or_default(),
        repo_root: ready.project.top.clone(),
        parent: ready.resume.parent,
        attempt: ready.resume.attempt.max(1),
        ..RunMeta::default()
    }
}

/// Warnings about the files, as they are told before anything runs.
fn warnings(project: &Project) -> Option<Told> {
    if project.warnings.is_empty() {
        return None;
    }
    Some(Told::Notice { message: rendered(&project.warnings, &project.sources) })
}
