//! What expressions read from contexts whose content the file itself tells.
//!
//! GitHub evaluates an unknown property to null without a word, so all of these are warnings.

use std::collections::HashSet;
use std::sync::Arc;

use span::{Diagnostic, did_you_mean};

use crate::item::{Item, ItemKind, Read};
use crate::reader::fold;
use crate::{Action, Job, JobKind, Runs, Step, StepKind, Workflow, code};

/// A workflow's expressions.
pub(crate) fn contexts(root: &Item, workflow: &Workflow, out: &mut Vec<Diagnostic>) {
    let inputs = workflow_inputs(workflow);
    root.each_read(&mut |read| check_inputs(read, &inputs, out));
    call_outputs(root, workflow, out);
    for entry in root.get("jobs").map(Item::entries).unwrap_or_default() {
        let Some(job) = entry.name().and_then(|id| workflow.job(id)) else {
            continue;
        };
        let item = &entry.value;
        let matrix = matrix_keys(item);
        item.each_read(&mut |read| {
            check_needs(read, job, workflow, out);
            if let Some(keys) = &matrix {
                check_matrix(read, keys, out);
            }
        });
        if let JobKind::Steps(steps_job) = &job.kind {
            check_steps(item.get("steps"), &steps_job.steps, out);
            // Evaluated when the steps are over: outputs, the environment's url.
            let all = ids(&steps_job.steps);
            for key in ["outputs", "environment"] {
                if let Some(item) = item.get(key) {
                    item.each_read(&mut |read| check_step(read, &all, &all, out));
                }
            }
        }
    }
}

/// A composite action's expressions.
pub(crate) fn action_contexts(root: &Item, action: &Action, out: &mut Vec<Diagnostic>) {
    let names: Vec<Arc<str>> = action
        .inputs
        .iter()
        .map(|input| input.name.value.clone())
        .collect();
    root.each_read(&mut |read| check_inputs(read, &names, out));
    if let Runs::Composite(runs) = &action.runs {
        let steps = root.get("runs").and_then(|runs| runs.get("steps"));
        check_steps(steps, &runs.steps, out);
        let all = ids(&runs.steps);
        if let Some(outputs) = root.get("outputs") {
            outputs.each_read(&mut |read| check_step(read, &all, &all, out));
        }
    }
}

fn warn(
    out: &mut Vec<Diagnostic>,
    code: &'static str,
    read: &Read,
    message: String,
    name: &str,
    known: &[Arc<str>],
) {
    let diagnostic = Diagnostic::warning(code, message)
        .at(read.span)
        .label("this is always empty");
    out.push(match did_you_mean(name, known.iter().map(AsRef::as_ref)) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None if known.is_empty() => diagnostic,
        None => {
            let names: Vec<&str> = known.iter().take(24).map(AsRef::as_ref).collect();
            diagnostic.help(format!("known here: {}", names.join(", ")))
        }
    });
}

/// The path after a context's name, where it starts with that name and goes on with a name.
fn after<'r>(read: &'r Read, context: &[&str]) -> Option<&'r [Arc<str>]> {
    let fits = context.len() < read.path.len()
        && context
            .iter()
            .zip(&read.path)
            .all(|(name, part)| part.eq_ignore_ascii_case(name));
    let rest = fits.then(|| &read.path[context.len()..])?;
    (rest.first().map(AsRef::as_ref) != Some("*")).then_some(rest)
}

fn has(names: &[Arc<str>], name: &str) -> bool {
    names.iter().any(|known| fold(known) == fold(name))
}

fn workflow_inputs(workflow: &Workflow) -> Vec<Arc<str>> {
    let declared = workflow.on.events.iter().flat_map(|event| {
        event
            .inputs
            .iter()
            .chain(event.call.iter().flat_map(|call| &call.inputs))
    });
    declared.map(|input| input.name.value.clone()).collect()
}

fn check_inputs(read: &Read, inputs: &[Arc<str>], out: &mut Vec<Diagnostic>) {
    let Some([name, ..]) = after(read, &["inputs"]) else {
        return;
    };
    if !has(inputs, name) {
        warn(
            out,
            code::UNKNOWN_INPUT,
            read,
            format!("there is no input `{name}`"),
            name,
            inputs,
        );
    }
}

fn check_needs(read: &Read, job: &Job, workflow: &Workflow, out: &mut Vec<Diagnostic>) {
    let Some([name, rest @ ..]) = after(read, &["needs"]) else {
        return;
    };
    let needs: Vec<Arc<str>> = job.needs.iter().map(|need| need.value.clone()).collect();
    if !has(&needs, name) {
        let message = match workflow.job(name) {
            Some(_) => format!("the job `{}` does not need `{name}`", job.id.value),
            None => format!("there is no job `{name}`"),
        };
        warn(
            out,
            code::UNKNOWN_NEEDS_CONTEXT,
            read,
            message,
            name,
            &needs,
        );
        return;
    }
    let Some(needed) = workflow.job(name) else {
        return;
    };
    check_job(read, needed, rest, out);
}

/// `result` and `outputs` of a job.
fn check_job(read: &Read, job: &Job, rest: &[Arc<str>], out: &mut Vec<Diagnostic>) {
    let parts: [Arc<str>; 2] = ["outputs".into(), "result".into()];
    match rest {
        [] => {}
        [part, ..] if part.as_ref() != "*" && !has(&parts, part) => {
            warn(
                out,
                code::UNKNOWN_NEEDS_CONTEXT,
                read,
                format!("a job has no `{part}`"),
                part,
                &parts,
            );
        }
        [part, output, ..] if part.eq_ignore_ascii_case("outputs") && output.as_ref() != "*" => {
            let JobKind::Steps(steps_job) = &job.kind else {
                return;
            };
            let names: Vec<Arc<str>> = steps_job
                .outputs
                .iter()
                .map(|(name, _)| name.value.clone())
                .collect();
            if !has(&names, output) {
                let message = format!("the job `{}` has no output `{output}`", job.id.value);
                warn(out, code::UNKNOWN_OUTPUT, read, message, output, &names);
            }
        }
        _ => {}
    }
}

/// `on.workflow_call.outputs`: `jobs.<id>.outputs.<name>`.
fn call_outputs(root: &Item, workflow: &Workflow, out: &mut Vec<Diagnostic>) {
    let outputs = root
        .get("on")
        .and_then(|on| on.get("workflow_call"))
        .and_then(|call| call.get("outputs"));
    let Some(outputs) = outputs else { return };
    let names: Vec<Arc<str>> = workflow
        .jobs
        .iter()
        .map(|job| job.id.value.clone())
        .collect();
    outputs.each_read(&mut |read| {
        let Some([name, rest @ ..]) = after(read, &["jobs"]) else {
            return;
        };
        match workflow.job(name) {
            Some(job) => check_job(read, job, rest, out),
            None => warn(
                out,
                code::UNKNOWN_JOB,
                read,
                format!("there is no job `{name}`"),
                name,
                &names,
            ),
        }
    });
}

/// Every key that a leg can have; `None` when that is known only at run time.
fn matrix_keys(job: &Item) -> Option<Vec<Arc<str>>> {
    let Some(strategy) = job.get("strategy") else {
        return Some(Vec::new());
    };
    let ItemKind::Mapping(_) = strategy.kind else {
        return None;
    };
    let Some(matrix) = strategy.get("matrix") else {
        return Some(Vec::new());
    };
    let ItemKind::Mapping(entries) = &matrix.kind else {
        return None;
    };
    let mut keys: Vec<Arc<str>> = Vec::new();
    for entry in entries {
        match entry.name()? {
            "exclude" => {}
            "include" => {
                let ItemKind::Sequence(items) = &entry.value.kind else {
                    return None;
                };
                for item in items {
                    let ItemKind::Mapping(entries) = &item.kind else {
                        return None;
                    };
                    for entry in entries {
                        keys.push(entry.name()?.into());
                    }
                }
            }
            axis => keys.push(axis.into()),
        }
    }
    let mut seen = HashSet::new();
    keys.retain(|key| seen.insert(fold(key)));
    Some(keys)
}

fn check_matrix(read: &Read, keys: &[Arc<str>], out: &mut Vec<Diagnostic>) {
    let Some([name, ..]) = after(read, &["matrix"]) else {
        return;
    };
    if !has(keys, name) {
        warn(
            out,
            code::UNKNOWN_MATRIX_KEY,
            read,
            format!("the matrix has no `{name}`"),
            name,
            keys,
        );
    }
}

fn ids(steps: &[Step]) -> Vec<Arc<str>> {
    let mut ids = Vec::new();
    for step in steps {
        ids.extend(step.explicit_id.iter().map(|id| id.value.clone()));
        if let StepKind::Parallel { steps } = &step.kind {
            ids.extend(self::ids(steps));
        }
    }
    ids
}

/// Each step sees the ones before it.
fn check_steps(list: Option<&Item>, steps: &[Step], out: &mut Vec<Diagnostic>) {
    let all = ids(steps);
    let mut before: Vec<Arc<str>> = Vec::new();
    for item in list.map(Item::items).unwrap_or_default() {
        item.each_read(&mut |read| check_step(read, &before, &all, out));
        before.extend(item.get("id").and_then(Item::string).map(|id| id.value));
        for inner in item.get("parallel").map(Item::items).unwrap_or_default() {
            before.extend(inner.get("id").and_then(Item::string).map(|id| id.value));
        }
    }
}

fn check_step(read: &Read, before: &[Arc<str>], all: &[Arc<str>], out: &mut Vec<Diagnostic>) {
    let Some([name, rest @ ..]) = after(read, &["steps"]) else {
        return;
    };
    if !has(before, name) {
        let message = if has(all, name) {
            format!("the step `{name}` does not come before this one")
        } else {
            format!("there is no step with the id `{name}`")
        };
        warn(out, code::UNKNOWN_STEP, read, message, name, before);
        return;
    }
    let parts: [Arc<str>; 3] = ["outputs".into(), "outcome".into(), "conclusion".into()];
    if let [part, ..] = rest
        && part.as_ref() != "*"
        && !has(&parts, part)
    {
        warn(
            out,
            code::UNKNOWN_STEP,
            read,
            format!("a step has no `{part}`"),
            part,
            &parts,
        );
    }
}
