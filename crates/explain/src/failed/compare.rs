//! What is different from the last green run.

use std::collections::BTreeMap;

use api::Tool;
use serde::Serialize;

use crate::run::{JobModel, RunModel};

/// What the caller knows of both runs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Commits since the green run, `1a2b3c4 subject`, newest first.
    pub commits: Vec<String>,
    /// Whether the green run's commit is an ancestor; else the history has moved.
    pub moved: bool,
    /// Inputs and arguments by name: before and now.
    pub inputs_before: BTreeMap<String, String>,
    pub inputs_now: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `commit`, `action`, `tool`, `input`, `image`, `matrix`, `isolation`, `runner`, `environment`.
    pub kind: &'static str,
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

type Side<'a> = (&'a RunModel, &'a JobModel);

pub(super) fn differences(now: Side<'_>, before: Side<'_>, facts: &Facts) -> Vec<Difference> {
    let mut out: Vec<Difference> = facts
        .commits
        .iter()
        .map(|commit| Difference { kind: "commit", what: commit.clone(), before: None, now: None })
        .collect();
    if facts.moved {
        let what = "the green run's commit is not part of this one's history".to_owned();
        out.push(Difference { kind: "commit", what, before: Some(before.0.sha.clone()), now: Some(now.0.sha.clone()) });
    }
    maps("action", &actions(before.1), &actions(now.1), &mut out);
    maps("image", &images(before.1), &images(now.1), &mut out);
    tools(&before.0.tools, &now.0.tools, &mut out);
    maps("input", &facts.inputs_before, &facts.inputs_now, &mut out);
    maps("matrix", &matrix(before.1), &matrix(now.1), &mut out);
    single("runner", "runs-on", before.1.runs_on.join(", "), now.1.runs_on.join(", "), &mut out);
    single("isolation", "isolation", isolation(before.1), isolation(now.1), &mut out);
    maps("environment", &environment(now.1, before.1), &environment(now.1, now.1), &mut out);
    out
}

fn single(kind: &'static str, what: &str, before: String, now: String, out: &mut Vec<Difference>) {
    if before != now {
        out.push(Difference { kind, what: what.to_owned(), before: Some(before), now: Some(now) });
    }
}

fn maps(
    kind: &'static str,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    out: &mut Vec<Difference>,
) {
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (was, is) = (before.get(name), now.get(name));
        if was != is {
            out.push(Difference { kind, what: name.clone(), before: was.cloned(), now: is.cloned() });
        }
    }
}

fn actions(job: &JobModel) -> BTreeMap<String, String> {
    let used = job.steps.iter().filter_map(|step| step.action.as_ref());
    used.map(|action| (action.uses.clone(), action.commit.clone().unwrap_or_else(|| action.from.clone()))).collect()
}

fn images(job: &JobModel) -> BTreeMap<String, String> {
    job.images.iter().map(|image| (image.image.clone(), image.digest.clone())).collect()
}

/// A program that is another file than before; the same file has the same version, whether or not it was asked for it.
fn tools(before: &BTreeMap<String, Tool>, now: &BTreeMap<String, Tool>, out: &mut Vec<Difference>) {
    let shown = |tool: &Tool| match &tool.version {
        Some(version) => format!("{version} ({})", tool.path),
        None => format!("{}, {} bytes, changed at {}", tool.path, tool.size, tool.changed_at),
    };
    let file = |tool: &Tool| (tool.path.clone(), tool.changed_at, tool.size);
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (was, is) = (before.get(name), now.get(name));
        if was.map(file) != is.map(file) {
            out.push(Difference { kind: "tool", what: name.clone(), before: was.map(shown), now: is.map(shown) });
        }
    }
}

fn matrix(job: &JobModel) -> BTreeMap<String, String> {
    let values = job.matrix.as_ref().and_then(serde_json::Value::as_object);
    values.into_iter().flatten().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

fn isolation(job: &JobModel) -> String {
    job.isolation.as_ref().map_or_else(String::new, |isolation| match isolation.missing.as_slice() {
        [] => isolation.mode.clone(),
        missing => format!("{}, without {}", isolation.mode, missing.join("; ")),
    })
}

/// The environment of the step that failed now, in either run.
fn environment(failed: &JobModel, of: &JobModel) -> BTreeMap<String, String> {
    let Some(step) = failed.failed_step() else { return BTreeMap::new() };
    let same = of.steps.iter().find(|one| one.id == step.id && one.stage == step.stage && one.parent == step.parent);
    same.and_then(|step| step.process.as_ref()).map(|process| process.env.clone()).unwrap_or_default()
}
