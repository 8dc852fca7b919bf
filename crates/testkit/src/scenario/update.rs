//! Rewriting `expect.toml` from what happened.

use std::path::Path;

use super::expectation::{ExpectedJob, ExpectedRun, Scenario};
use crate::{Finished, Observed};

/// Takes results over; texts that were looked for stay as they are.
pub(super) fn take_over(expected: &mut ExpectedRun, finished: &Finished, observed: &Observed) {
    expected.exit = finished.code.unwrap_or(expected.exit);
    for job in &observed.jobs {
        // A key that stands for several legs stays one entry.
        let name = if expected.jobs.contains_key(&job.key) { &job.key } else { &job.name };
        let entry = expected.jobs.entry(name.clone()).or_insert_with(|| ExpectedJob {
            outputs: (!job.outputs.is_empty())
                .then(|| job.outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
            ..ExpectedJob::default()
        });
        entry.result =
            job.conclusion.map(|conclusion| conclusion.as_str().to_owned()).filter(|result| result != "success");
        for (name, result) in &mut entry.steps {
            if let Some(step) = job.step(name) {
                let word = |value: Option<api::Conclusion>| value.map_or("none", api::Conclusion::as_str);
                let (outcome, conclusion) = (word(step.outcome), word(step.conclusion));
                *result = if outcome == conclusion { outcome.to_owned() } else { format!("{outcome} -> {conclusion}") };
            }
        }
    }
}

pub(super) fn write(scenario: &Scenario, path: &Path) -> Result<(), String> {
    let text = toml::to_string_pretty(scenario).map_err(|error| error.to_string())?;
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
