//! Why a cache was restored or not: the entries that were considered, and what changed in the key since it last was.

mod change;
mod render;

pub use change::{FileChange, KeyChange};
pub use render::lines;

use api::{CacheDecision, CacheOutcome, FilesHashed};
use serde::Serialize;

use crate::run::RunModel;

#[derive(Clone, Debug, Serialize)]
pub struct CacheExplanation {
    /// What was asked: a key, its beginning, or a run.
    pub asked: String,
    /// Every look that is explained, newest first.
    pub looks: Vec<Look>,
    /// Entries of the store whose key begins the same, newest first; for a key that no recorded run asked for.
    pub entries: Vec<Entry>,
}

/// A job asked for a cache.
#[derive(Clone, Debug, Serialize)]
pub struct Look {
    pub run: u64,
    pub job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    pub decision: CacheDecision,
    /// What is different from the last time that the same step got the very key it asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<KeyChange>,
    /// What was saved under the key afterwards, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<u64>,
}

/// An entry of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub key: String,
    pub scope: String,
    pub size: u64,
    pub created: String,
    pub last_used: String,
    /// Where it does not belong to this repository, that one's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_repository: Option<String>,
}

/// Which looks are meant.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// A key, or how it begins: the newest look for it.
    Key(&'a str),
    /// All looks of a run, of one job when named.
    Run { run: u64, job: Option<&'a str> },
}

/// `runs` newest first, the run asked about among them.
#[must_use]
pub fn explain(asked: Asked<'_>, runs: &[RunModel], entries: Vec<Entry>) -> CacheExplanation {
    let all = looks(runs);
    let (text, chosen): (String, Vec<&Seen<'_>>) = match asked {
        Asked::Key(key) => {
            let exact = all.iter().find(|seen| seen.decision.key == key);
            let found = exact.or_else(|| all.iter().find(|seen| seen.decision.key.starts_with(key)));
            (key.to_owned(), found.into_iter().collect())
        }
        Asked::Run { run, job } => {
            let of_run = |seen: &&Seen<'_>| seen.run.number == run && job.is_none_or(|word| seen.job.is_called(word));
            (format!("run {run}"), all.iter().filter(of_run).collect())
        }
    };
    let looks: Vec<Look> = chosen.into_iter().map(|seen| look(seen, &all)).collect();
    let entries = match asked {
        Asked::Key(key) if looks.is_empty() => near(entries, key),
        _ => Vec::new(),
    };
    CacheExplanation { asked: text, looks, entries }
}

/// A look with what stands around it.
struct Seen<'a> {
    run: &'a RunModel,
    job: &'a crate::run::JobModel,
    /// Its place among the job's looks, which names the step in other runs.
    place: usize,
    step: Option<&'a str>,
    decision: &'a CacheDecision,
}

impl Seen<'_> {
    fn hashed(&self) -> &[FilesHashed] {
        &self.job.hashed
    }
}

fn looks(runs: &[RunModel]) -> Vec<Seen<'_>> {
    let jobs = runs.iter().flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
    jobs.flat_map(|(run, job)| {
        job.caches.iter().enumerate().map(move |(place, (step, decision))| {
            let step = step.and_then(|step| job.step(step)).map(|step| step.name.as_str());
            Seen { run, job, place, step, decision }
        })
    })
    .collect()
}

fn look(seen: &Seen<'_>, all: &[Seen<'_>]) -> Look {
    let same = |other: &&Seen<'_>| {
        other.run.number < seen.run.number
            && other.job.key == seen.job.key
            && other.run.workflow_of(other.job) == seen.run.workflow_of(seen.job)
            && other.place == seen.place
    };
    let exact = |other: &&Seen<'_>| matches!(other.decision.outcome, CacheOutcome::Hit { .. });
    let hit = matches!(seen.decision.outcome, CacheOutcome::Hit { .. });
    // The last hit teaches most; without one, the last time at all.
    let before = all.iter().filter(same).find(exact).or_else(|| all.iter().find(same)).filter(|_| !hit);
    let saved = seen.job.saved.iter().find(|(key, _)| *key == seen.decision.key).map(|(_, size)| *size);
    Look {
        run: seen.run.number,
        job: seen.job.key.clone(),
        step: seen.step.map(str::to_owned),
        decision: seen.decision.clone(),
        change: before.map(|before| {
            change::between(
                (&before.decision.key, before.hashed()),
                (&seen.decision.key, seen.hashed()),
                before.run.number,
            )
        }),
        saved,
    }
}

/// Entries that share a beginning with the key, those that share most first.
fn near(mut entries: Vec<Entry>, key: &str) -> Vec<Entry> {
    let shared = |other: &str| other.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
    entries.retain(|entry| shared(&entry.key) > 0);
    entries.sort_by_key(|entry| std::cmp::Reverse(shared(&entry.key)));
    entries.truncate(10);
    entries
}
