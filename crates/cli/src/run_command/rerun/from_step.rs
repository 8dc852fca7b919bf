//! `--from STEP`: which jobs of the earlier run can begin there.

use std::collections::HashMap;

use api::{Conclusion, Event};
use runner::{KeptJob, ResumeFrom, kept_dir};

use crate::failure::Failure;
use crate::record::StoredRun;

/// The failed jobs that have such a step, by workflow path and name. Refuses when there is none, or when what one left is
/// gone.
pub(super) fn jobs(run: &StoredRun, step: &str) -> Result<HashMap<(String, String), ResumeFrom>, Failure> {
    let whole = format!("`trunkline rerun --failed {}` runs its failed jobs whole", run.number);
    let (mut paths, mut planned, mut failed) = (HashMap::new(), HashMap::new(), Vec::new());
    for envelope in run.events().map_err(Failure::broken)? {
        match envelope.event {
            Event::WorkflowStarted(started) => {
                paths.insert(started.workflow, started.path);
            }
            Event::JobPlanned(job) => {
                planned.insert(job.leg, job);
            }
            Event::JobFinished(job) if job.conclusion == Conclusion::Failure => {
                failed.push(job.leg);
            }
            _ => {}
        }
    }
    if failed.is_empty() {
        return Err(Failure::missing(format!("no job of run {} failed, and only those keep their files", run.number)));
    }
    let (mut found, mut known) = (HashMap::new(), Vec::new());
    for leg in failed {
        let Some(job) = planned.get(&leg) else {
            continue;
        };
        let Some(path) = paths.get(&job.workflow) else {
            continue;
        };
        let dir = kept_dir(&run.dir, leg);
        // A job that failed before its first step, or in a run killed before it could keep anything.
        let kept = KeptJob::read(&dir).map_err(|_| {
            Failure::missing(format!("run {} kept no files of `{}`", run.number, job.name)).hint(&whole)
        })?;
        let has = kept.steps.iter().any(|one| one.id == step || one.name.as_deref() == Some(step))
            || step.parse().is_ok_and(|number: usize| (1..=kept.steps.len()).contains(&number));
        if !has {
            let steps = kept.steps.iter().enumerate();
            known.extend(steps.map(|(index, one)| {
                let shown = one.name.as_deref().or(Some(one.id.as_str()).filter(|id| !id.starts_with("__")));
                shown.map_or_else(|| format!("{}", index + 1), |shown| format!("`{shown}`"))
            }));
            continue;
        }
        if let Some(why) = kept.without_files {
            let text = format!("run {} kept no files of `{}`: {why}", run.number, job.name);
            return Err(Failure::missing(text).hint(&whole));
        }
        let from = ResumeFrom { dir, run: run.number.0, step: step.to_owned() };
        found.insert((path.clone(), job.name.clone()), from);
    }
    if found.is_empty() {
        let text = format!("no failed job of run {} has a step `{step}`; there are {}", run.number, known.join(", "));
        return Err(Failure::missing(text).hint(whole));
    }
    Ok(found)
}
