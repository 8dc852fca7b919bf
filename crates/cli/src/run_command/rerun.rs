//! `trunkline rerun`: the same event and arguments again, with what stands of the earlier run.

use std::collections::HashMap;

use api::{Conclusion, Event, LegId, WorkflowIndex};
use engine::KnownLeg;

use super::Resume;
use crate::args::{RerunArgs, RunArgs};
use crate::dirs::Dirs;
use crate::event;
use crate::failure::Failure;
use crate::project::Project;
use crate::record::{RecordStore, StoredRun};

mod from_step;

pub(crate) fn prepare(args: &RerunArgs) -> Result<(RunArgs, Resume), Failure> {
    let dirs = Dirs::from_env()?;
    let project = Project::open(&args.place)?;
    let store = RecordStore::open(&dirs, &project.top).map_err(Failure::broken)?;
    let run = store.find(args.run.as_deref().unwrap_or("last")).map_err(Failure::from)?;
    let mut again: RunArgs = serde_json::from_value(run.meta.arguments.clone())
        .map_err(|error| Failure::broken(format!("the record of run {} cannot be used: {error}", run.number)))?;
    again.place = args.place.clone();
    // The record has secrets by name only: one that is given now is not asked for.
    let name = |text: &str| text.split('=').next().unwrap_or_default().to_uppercase();
    let given: Vec<String> = args.values.secret.iter().map(|text| name(text)).collect();
    again.values.secret.retain(|text| !given.contains(&name(text)));
    again.values.secret.extend(args.values.secret.clone());
    again.values.secret_file.extend(args.values.secret_file.clone());
    again.values.var.extend(args.values.var.clone());
    again.values.var_file.extend(args.values.var_file.clone());
    again.values.env.extend(args.values.env.clone());
    again.machine.platform.splice(0..0, args.machine.platform.clone());
    let (machine, earlier) = (&args.machine, &mut again.machine);
    earlier.jobs = machine.jobs.or(earlier.jobs);
    earlier.network = machine.network.clone().or(earlier.network.take());
    earlier.memory = machine.memory.clone().or(earlier.memory.take());
    earlier.cpus = machine.cpus.or(earlier.cpus);
    earlier.pids = machine.pids.or(earlier.pids);
    earlier.native = machine.native.clone().or(earlier.native.take());
    earlier.action_source.splice(0..0, machine.action_source.clone());
    earlier.offline |= machine.offline;
    again.output = args.output.clone();
    again.approve.clone_from(&args.approve);
    again.shell_on_failure = args.shell_on_failure;
    again.debug |= args.debug;
    if !args.job.is_empty() {
        again.job.clone_from(&args.job);
    }
    let mut resume = Resume {
        parent: Some(run.meta.parent.unwrap_or(run.number)),
        attempt: run.meta.attempt.max(1) + 1,
        event: Some(event::replay(&project, &run.meta)?),
        ..Resume::default()
    };
    if let Some(step) = &args.from {
        resume.jobs = from_step::jobs(&run, step)?;
    }
    if args.failed || args.from.is_some() {
        resume.known = succeeded(&run)?;
        resume.artifacts_of = Some(run.dir.clone());
    }
    Ok((again, resume))
}

/// Jobs of a run that succeeded, with their outputs, by workflow path and job key.
fn succeeded(run: &StoredRun) -> Result<HashMap<String, HashMap<String, KnownLeg>>, Failure> {
    let mut paths: HashMap<WorkflowIndex, String> = HashMap::new();
    let mut jobs: HashMap<LegId, (WorkflowIndex, String)> = HashMap::new();
    let mut known: HashMap<String, HashMap<String, KnownLeg>> = HashMap::new();
    let mut done = Vec::new();
    for envelope in run.events().map_err(Failure::broken)? {
        match envelope.event {
            Event::WorkflowStarted(started) => {
                paths.insert(started.workflow, started.path);
            }
            Event::JobPlanned(planned) => {
                jobs.insert(planned.leg, (planned.workflow, planned.job));
            }
            Event::JobFinished(finished) if finished.conclusion == Conclusion::Success => {
                done.push((finished.leg, finished.outputs));
            }
            _ => {}
        }
    }
    for (leg, outputs) in done {
        let Some((workflow, key)) = jobs.get(&leg) else { continue };
        let Some(path) = paths.get(workflow) else { continue };
        let leg = KnownLeg { conclusion: Conclusion::Success, outputs: outputs.into_iter().collect() };
        known.entry(path.clone()).or_default().insert(key.clone(), leg);
    }
    Ok(known)
}
