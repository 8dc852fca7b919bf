use api::Conclusion;
use serde::Serialize;

use super::Surroundings;
use crate::run::{JobModel, RunModel};

/// Whether the job comes and goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaky {
    pub verdict: Verdict,
    pub reason: String,
    /// The job in runs of the same commit, newest first.
    pub same_commit: Vec<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same commit was both green and red.
    Yes,
    /// It failed again when it was repeated.
    No,
    /// The commit has run once only.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    pub run: u64,
    pub attempt: u32,
    pub conclusion: Conclusion,
}

/// From the history of the same job at the same commit, repetitions included.
pub(super) fn judge(run: &RunModel, job: &JobModel, around: &Surroundings<'_>) -> Flaky {
    let workflow = run.workflow_of(job);
    let of = |other: &RunModel| {
        let conclusion = other.same_job(workflow, &job.key)?.conclusion?;
        let counts = matches!(conclusion, Conclusion::Success | Conclusion::Failure);
        counts.then_some(Outcome { run: other.number, attempt: other.attempt, conclusion })
    };
    let all = around.later.iter().chain(std::iter::once(run)).chain(around.earlier);
    let same: Vec<Outcome> = all.filter(|other| other.sha == run.sha).filter_map(of).collect();
    let has = |conclusion: Conclusion| same.iter().filter(|one| one.conclusion == conclusion).count();
    let (green, red) = (has(Conclusion::Success), has(Conclusion::Failure));
    let (verdict, reason) = match (green, red) {
        (0, 0 | 1) => (Verdict::Unknown, "this commit has run once: `trunkline rerun --failed` tells more".to_owned()),
        (0, red) => (Verdict::No, format!("it failed in all {red} runs of this commit")),
        (green, red) => (Verdict::Yes, format!("the same commit was green in {green} and red in {red} of its runs")),
    };
    Flaky { verdict, reason, same_commit: same }
}
