//! `why failed`: the record, the failed step's log, earlier runs, and what git knows of the commits between.

use std::collections::BTreeMap;

use explain::failed::{Facts, Surroundings, culprit, last_green};
use runner::log::LogReader;
use serde_json::Value;

use super::arguments::RunQuestion;
use super::records::{EARLIER, check_job, earlier, later, model};
use super::show;
use crate::failure::Failure;
use crate::record::{RecordStore, RunMeta, StoredRun};

/// Commits told at most.
const COMMITS: usize = 100;
/// Of a longer log only the end is looked at, in bytes.
const LOG: usize = 4 << 20;

pub(super) fn explain(question: &RunQuestion) -> Result<(), Failure> {
    let store = question.records.store()?;
    let stored = store.find(&question.run)?;
    let run = model(&stored)?;
    check_job(&run, question.job.as_deref())?;
    let Some(job) = culprit(&run, question.job.as_deref()) else {
        let text = format!("no job of run {} failed", run.number);
        return Err(Failure::missing(text).hint(format!("trunkline why run {} tells what happened", run.number)));
    };
    let log = job.failed_step().map(|step| step_log(&stored, job.leg, step.index)).unwrap_or_default();
    let before = earlier(&store, run.number, EARLIER)?;
    let green = last_green(&run, job, &before);
    let facts = match green {
        Some(green) => facts(&store, &stored, green.number)?,
        None => Facts::default(),
    };
    let after = later(&store, run.number)?;
    let around = Surroundings { log: &log, earlier: &before, later: &after, facts };
    let explanation = explain::failed::explain(&run, job, &around);
    if question.json {
        return show::print_json(&explanation);
    }
    show::print(|columns| explain::failed::lines(&explanation, columns));
    Ok(())
}

/// What one step printed.
fn step_log(run: &StoredRun, leg: api::LegId, step: u32) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut reader) = LogReader::open(&run.log_path(leg)) {
        while let Ok(Some(piece)) = reader.next_piece() {
            if piece.step == step {
                bytes.extend_from_slice(&piece.text);
            }
        }
    }
    let from = bytes.len().saturating_sub(LOG);
    String::from_utf8_lossy(&bytes[from..]).into_owned()
}

fn facts(store: &RecordStore, now: &StoredRun, green: u64) -> Result<Facts, Failure> {
    let before = store.find(&green.to_string())?;
    let (commits, moved) = commits(&before.meta, &now.meta);
    Ok(Facts { commits, moved, inputs_before: inputs(&before.meta), inputs_now: inputs(&now.meta) })
}

/// Commits since the green run, newest first; whether its commit is not among the ancestors. A repository that has lost one of
/// them tells nothing.
fn commits(before: &RunMeta, now: &RunMeta) -> (Vec<String>, bool) {
    let Ok(repository) = git::Repository::discover(&now.repo_root) else { return (Vec::new(), false) };
    if before.sha == now.sha {
        return (Vec::new(), false);
    }
    let commits = repository.commits_between(Some(&before.sha), &now.sha, COMMITS).unwrap_or_default();
    let base = repository.merge_base(&before.sha, &now.sha).ok().flatten();
    let shown = commits.iter().rev().map(|commit| {
        let subject = commit.message.lines().next().unwrap_or_default();
        format!("{} {subject}", commit.sha.get(..7).unwrap_or(&commit.sha))
    });
    (shown.collect(), base.is_none_or(|base| base != before.sha))
}

/// Inputs of the event and what the command line gave, by name. Secrets are there by name only.
fn inputs(meta: &RunMeta) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(inputs) = meta.payload.get("inputs").and_then(Value::as_object) {
        all.extend(inputs.iter().map(|(name, value)| (format!("input {name}"), text(value))));
    }
    all.insert("event".to_owned(), meta.event_name.clone());
    all.insert("ref".to_owned(), meta.git_ref.clone());
    let Some(arguments) = meta.arguments.as_object() else { return all };
    for (group, values) in arguments {
        // Where the command stood, what it printed, and what is told already.
        if matches!(
            group.as_str(),
            "place" | "output" | "input" | "event" | "eventpath" | "dry_run" | "list" | "approve"
        ) {
            continue;
        }
        match values.as_object() {
            Some(values) => all.extend(
                values
                    .iter()
                    .filter(|(_, value)| !is_nothing(value))
                    .map(|(name, value)| (format!("--{name}"), text(value))),
            ),
            None if is_nothing(values) => {}
            None => {
                all.insert(format!("--{group}"), text(values));
            }
        }
    }
    all
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
