//! What expressions read from contexts whose content the file itself tells.
//!
//! GitHub evaluates an unknown property to null without a word, so all of these are warnings.

use std::collections::HashMap;
use std::sync::Arc;

use span::Diagnostic;

use super::names::Names;
use super::suggest;
use crate::item::{Item, ItemKind, Read};
use crate::reader::fold;
use crate::{Action, Job, JobKind, Runs, Step, StepKind, Workflow, code};

/// A workflow's expressions.
pub(crate) fn contexts(root: &Item, workflow: &Workflow, out: &mut Vec<Diagnostic>) {
    let declared = workflow
        .on
        .events
        .iter()
        .flat_map(|event| event.inputs.iter().chain(event.call.iter().flat_map(|call| &call.inputs)));
    let inputs: Names = declared.map(|input| input.name.value.clone()).collect();
    root.each_read(&mut |read| check_inputs(read, &inputs, out));
    let jobs: Jobs<'_> = workflow.jobs.iter().map(|job| (fold(&job.id.value), (job, outputs(job)))).collect();
    call_outputs(root, &jobs, out);
    for entry in root.get("jobs").map(Item::entries).unwrap_or_default() {
        let Some((job, _)) = entry.name().and_then(|id| jobs.get(&fold(id))) else {
            continue;
        };
        let item = &entry.value;
        let needs: Names = job.needs.iter().map(|need| need.value.clone()).collect();
        let matrix = matrix_keys(item);
        item.each_read(&mut |read| {
            check_needs(read, job, &needs, &jobs, out);
            if let Some(keys) = &matrix {
                check_matrix(read, keys, out);
            }
        });
        if let JobKind::Steps(steps_job) = &job.kind {
            let all = ids(&steps_job.steps);
            check_steps(item.get("steps"), &all, out);
            // Evaluated when the steps are over: outputs, the environment's url.
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
    let inputs: Names = action.inputs.iter().map(|input| input.name.value.clone()).collect();
    root.each_read(&mut |read| check_inputs(read, &inputs, out));
    if let Runs::Composite(runs) = &action.runs {
        let all = ids(&runs.steps);
        check_steps(root.get("runs").and_then(|runs| runs.get("steps")), &all, out);
        if let Some(outputs) = root.get("outputs") {
            outputs.each_read(&mut |read| check_step(read, &all, &all, out));
        }
    }
}

/// Jobs by id, with the outputs they declare; `None` for calls, whose outputs are in another file.
type Jobs<'w> = HashMap<String, (&'w Job, Option<Names>)>;

fn outputs(job: &Job) -> Option<Names> {
    match &job.kind {
        JobKind::Steps(job) => Some(job.outputs.iter().map(|(name, _)| name.value.clone()).collect()),
        JobKind::Call(_) => None,
    }
}

fn warn(out: &mut Vec<Diagnostic>, code: &'static str, read: &Read, message: String, name: &str, known: &Names) {
    let diagnostic = Diagnostic::warning(code, message).at(read.span).label("this is always empty");
    out.push(match suggest(out.len(), name, known.iter()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None if known.iter().next().is_none() => diagnostic,
        None => {
            let names: Vec<&str> = known.iter().take(24).collect();
            diagnostic.help(format!("known here: {}", names.join(", ")))
        }
    });
}

/// The path after a context's name, where it starts with that name and goes on with a name.
fn after<'r>(read: &'r Read, context: &str) -> Option<&'r [Arc<str>]> {
    let (first, rest) = read.path.split_first()?;
    let named = first.eq_ignore_ascii_case(context) && rest.first().is_some_and(|name| name.as_ref() != "*");
    named.then_some(rest)
}

fn check_inputs(read: &Read, inputs: &Names, out: &mut Vec<Diagnostic>) {
    let Some([name, ..]) = after(read, "inputs") else {
        return;
    };
    if !inputs.has(name) {
        warn(out, code::UNKNOWN_INPUT, read, format!("there is no input `{name}`"), name, inputs);
    }
}

fn check_needs(read: &Read, job: &Job, needs: &Names, jobs: &Jobs<'_>, out: &mut Vec<Diagnostic>) {
    let Some([name, rest @ ..]) = after(read, "needs") else {
        return;
    };
    let needed = jobs.get(&fold(name));
    if !needs.has(name) {
        let message = match needed {
            Some(_) => format!("the job `{}` does not need `{name}`", job.id.value),
            None => format!("there is no job `{name}`"),
        };
        warn(out, code::UNKNOWN_NEEDS_CONTEXT, read, message, name, needs);
    } else if let Some((needed, outputs)) = needed {
        check_job(read, needed, outputs.as_ref(), rest, out);
    }
}

/// `result` and `outputs` of a job.
fn check_job(read: &Read, job: &Job, outputs: Option<&Names>, rest: &[Arc<str>], out: &mut Vec<Diagnostic>) {
    match rest {
        [part, ..] if !["*", "outputs", "result"].iter().any(|known| part.eq_ignore_ascii_case(known)) => {
            let parts = ["outputs", "result"].map(Arc::from).into_iter().collect();
            warn(out, code::UNKNOWN_NEEDS_CONTEXT, read, format!("a job has no `{part}`"), part, &parts);
        }
        [part, output, ..] if part.eq_ignore_ascii_case("outputs") && output.as_ref() != "*" => {
            if let Some(outputs) = outputs.filter(|outputs| !outputs.has(output)) {
                let message = format!("the job `{}` has no output `{output}`", job.id.value);
                warn(out, code::UNKNOWN_OUTPUT, read, message, output, outputs);
            }
        }
        _ => {}
    }
}

/// `on.workflow_call.outputs`: `jobs.<id>.outputs.<name>`.
fn call_outputs(root: &Item, jobs: &Jobs<'_>, out: &mut Vec<Diagnostic>) {
    let call = root.get("on").and_then(|on| on.get("workflow_call"));
    let Some(outputs) = call.and_then(|call| call.get("outputs")) else {
        return;
    };
    let names: Names = jobs.values().map(|(job, _)| job.id.value.clone()).collect();
    outputs.each_read(&mut |read| {
        let Some([name, rest @ ..]) = after(read, "jobs") else {
            return;
        };
        match jobs.get(&fold(name)) {
            Some((job, outputs)) => check_job(read, job, outputs.as_ref(), rest, out),
            None => warn(out, code::UNKNOWN_JOB, read, format!("there is no job `{name}`"), name, &names),
        }
    });
}

/// Every key that a leg can have; `None` when that is known only at run time.
fn matrix_keys(job: &Item) -> Option<Names> {
    let Some(strategy) = job.get("strategy") else {
        return Some(Names::default());
    };
    let ItemKind::Mapping(_) = strategy.kind else {
        return None;
    };
    let Some(matrix) = strategy.get("matrix") else {
        return Some(Names::default());
    };
    let ItemKind::Mapping(entries) = &matrix.kind else {
        return None;
    };
    let mut keys = Names::default();
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
                        keys.add(entry.name()?.into());
                    }
                }
            }
            axis => keys.add(axis.into()),
        }
    }
    Some(keys)
}

fn check_matrix(read: &Read, keys: &Names, out: &mut Vec<Diagnostic>) {
    let Some([name, ..]) = after(read, "matrix") else {
        return;
    };
    if !keys.has(name) {
        warn(out, code::UNKNOWN_MATRIX_KEY, read, format!("the matrix has no `{name}`"), name, keys);
    }
}

fn ids(steps: &[Step]) -> Names {
    let mut ids = Names::default();
    for step in steps {
        if let Some(id) = &step.explicit_id {
            ids.add(id.value.clone());
        }
        if let StepKind::Parallel { steps } = &step.kind {
            for id in steps.iter().filter_map(|step| step.explicit_id.as_ref()) {
                ids.add(id.value.clone());
            }
        }
    }
    ids
}

/// Each step sees the ones before it.
fn check_steps(list: Option<&Item>, all: &Names, out: &mut Vec<Diagnostic>) {
    let mut before = Names::default();
    for item in list.map(Item::items).unwrap_or_default() {
        item.each_read(&mut |read| check_step(read, &before, all, out));
        let parallel = item.get("parallel").map(Item::items).unwrap_or_default();
        for id in parallel.iter().chain([item]).filter_map(|step| step.get("id").and_then(Item::string)) {
            before.add(id.value);
        }
    }
}

fn check_step(read: &Read, before: &Names, all: &Names, out: &mut Vec<Diagnostic>) {
    let Some([name, rest @ ..]) = after(read, "steps") else {
        return;
    };
    if !before.has(name) {
        let message = if all.has(name) {
            format!("the step `{name}` does not come before this one")
        } else {
            format!("there is no step with the id `{name}`")
        };
        warn(out, code::UNKNOWN_STEP, read, message, name, before);
        return;
    }
    const PARTS: [&str; 3] = ["outputs", "outcome", "conclusion"];
    if let [part, ..] = rest
        && part.as_ref() != "*"
        && !PARTS.iter().any(|known| part.eq_ignore_ascii_case(known))
    {
        let parts = PARTS.map(Arc::from).into_iter().collect();
        warn(out, code::UNKNOWN_STEP, read, format!("a step has no `{part}`"), part, &parts);
    }
}
