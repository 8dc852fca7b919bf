//! Recorded runs as explanations read them.

use explain::run::{JobModel, RunModel};

use crate::failure::Failure;
use crate::record::{RecordError, RecordStore, StoredRun};

/// Earlier runs that are compared with.
pub(super) const EARLIER: usize = 50;

/// A run from its events.
pub(crate) fn model(run: &StoredRun) -> Result<RunModel, RecordError> {
    Ok(RunModel::of(run.number.0, run.events()?))
}

/// Runs before this one, newest first. A record that cannot be read is as if it were not there.
pub(super) fn earlier(store: &RecordStore, run: u64, most: usize) -> Result<Vec<RunModel>, Failure> {
    let runs = store.list(usize::MAX)?;
    let before = runs.iter().filter(|other| other.number.0 < run).take(most);
    Ok(before.filter_map(|other| model(other).ok()).collect())
}

/// Runs after this one, newest first, as many as before it at most.
pub(super) fn later(store: &RecordStore, run: u64) -> Result<Vec<RunModel>, Failure> {
    let runs = store.list(usize::MAX)?;
    let mut after: Vec<&StoredRun> = runs.iter().filter(|other| other.number.0 > run).collect();
    after.drain(..after.len().saturating_sub(EARLIER));
    Ok(after.into_iter().filter_map(|other| model(other).ok()).collect())
}

/// Refuses a job that the run does not have.
pub(super) fn check_job(run: &RunModel, job: Option<&str>) -> Result<(), Failure> {
    let Some(word) = job else { return Ok(()) };
    if run.jobs.iter().any(|one| one.is_called(word)) {
        return Ok(());
    }
    let keys = || run.jobs.iter().map(JobModel::job_key);
    let help = match span::did_you_mean(word, keys()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => {
            let mut all: Vec<&str> = keys().collect();
            all.dedup();
            format!("there are {}", all.join(", "))
        }
    };
    Err(Failure::missing(format!("run {} has no job `{word}`", run.number)).hint(help))
}
