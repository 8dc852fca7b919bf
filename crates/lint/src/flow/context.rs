//! One step back: what a path of contexts means at a place.

use workflow::{InputType, JobKind, Step, StepKind, Template, TemplateKind, Workflow};

use super::{Origin, Place, Trail, output, worst};
use crate::knowledge::attacker::{self, Reach};
use crate::subject::Owner;

pub(super) fn follow(place: &Place<'_>, path: &[&str], trail: &mut Trail) -> Origin {
    let text = path.join(".");
    let Some((context, rest)) = path.split_first() else {
        return Origin::unknown(&text);
    };
    match (context.to_ascii_lowercase().as_str(), rest) {
        ("github", rest) => github(place, rest, &text, trail),
        ("env", [name, ..]) => env(place, name, trail).unwrap_or_else(|| Origin::unknown(&text)),
        ("inputs", [name, ..]) => inputs(place, name, trail).unwrap_or_else(|| Origin::unknown(&text)),
        ("matrix", [name, rest @ ..]) => matrix(place, name, rest, trail).unwrap_or_else(|| Origin::unknown(&text)),
        ("steps", [_, "outcome" | "conclusion"]) => Origin::fixed(&text),
        ("steps", [id, "outputs", name, ..]) => {
            output::of_step(place, id, name, trail).unwrap_or_else(|| Origin::unknown(&text))
        }
        ("needs", [_, "result"]) | ("jobs", [_, "result"]) => Origin::fixed(&text),
        ("needs" | "jobs", [id, "outputs", name, ..]) => {
            output::of_job(place, id, name, trail).unwrap_or_else(|| Origin::unknown(&text))
        }
        // Set by people who administrate the repository, or by GitHub.
        ("secrets" | "vars" | "runner" | "job" | "strategy", _) => Origin::fixed(&text),
        _ => Origin::unknown(&text),
    }
}

fn github(place: &Place<'_>, path: &[&str], text: &str, trail: &mut Trail) -> Origin {
    if let ["event", "inputs", name, ..] = path
        && let Some(origin) = inputs(place, name, trail)
    {
        return origin;
    }
    let mut reach = attacker::github(path);
    if reach == Reach::Insider && is_numbered(place, path) {
        reach = Reach::Fixed;
    }
    Origin::new(reach, text)
}

/// For pull requests alone, the ref is `refs/pull/N/merge`.
fn is_numbered(place: &Place<'_>, path: &[&str]) -> bool {
    let Some(workflow) = place.owner.workflow() else { return false };
    matches!(path, ["ref" | "ref_name"])
        && workflow.on.events.iter().all(|event| &*event.name.value == "pull_request")
        && !workflow.on.events.is_empty()
}

/// The variable of the step, else the job, else the workflow.
fn env(place: &Place<'_>, name: &str, trail: &mut Trail) -> Option<Origin> {
    let (template, span) = variable(place, name)?;
    let origin = match worst(place, template, trail) {
        Some(origin) => origin.through(span, format!("`{name}` is set here")),
        None => Origin::fixed("a constant"),
    };
    Some(origin)
}

/// The value that a variable of the environment is given where it is seen from a place, and the place of its name.
pub(crate) fn variable<'a>(place: &Place<'a>, name: &str) -> Option<(&'a Template, span::Span)> {
    let of_step = place.step.and_then(|step| step.env.as_ref());
    let of_job = place.owner.steps_job().and_then(|job| job.env.as_ref());
    let of_workflow = place.owner.workflow().and_then(|workflow| workflow.env.as_ref());
    [of_step, of_job, of_workflow].into_iter().flatten().find_map(|env| {
        let entry = env.entries().iter().find(|entry| match &entry.key {
            workflow::TemplateKey::Literal(key) => &**key == name,
            _ => false,
        })?;
        Some((&entry.value, entry.key_span))
    })
}

fn inputs(place: &Place<'_>, name: &str, trail: &mut Trail) -> Option<Origin> {
    match place.owner {
        Owner::Action { action } => {
            let declared = action.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(name))?;
            let what = format!("`{name}` is an input of this action");
            let callers = callers_of_action(place, name, trail);
            Some(
                callers.unwrap_or_else(|| Origin::unknown(&format!("inputs.{name}"))).through(declared.name.span, what),
            )
        }
        Owner::Workflow { workflow } | Owner::Job { workflow, .. } => of_workflow(place, workflow, name, trail),
    }
}

fn of_workflow(place: &Place<'_>, workflow: &Workflow, name: &str, trail: &mut Trail) -> Option<Origin> {
    let source = format!("inputs.{name}");
    let mut found: Option<Origin> = None;
    let mut add = |origin: Origin| {
        found = Some(match found.take() {
            Some(before) => before.worse(origin),
            None => origin,
        });
    };
    for event in &workflow.on.events {
        if let Some(input) = event.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(name)) {
            let reach = if input.kind == InputType::String { Reach::Insider } else { Reach::Fixed };
            add(Origin::new(reach, &source)
                .through(input.name.span, format!("`{name}` is an input of `workflow_dispatch`")));
        }
        let call = event.call.iter().flat_map(|call| &call.inputs);
        if let Some(input) = call.into_iter().find(|input| input.name.value.eq_ignore_ascii_case(name)) {
            let what = format!("`{name}` is an input of `workflow_call`");
            if input.kind == InputType::String {
                let callers = callers_of_workflow(place, workflow, name, trail);
                add(callers.unwrap_or_else(|| Origin::unknown(&source)).through(input.name.span, what));
            } else {
                add(Origin::fixed(&source).through(input.name.span, what));
            }
        }
    }
    found
}

/// What the jobs of this project that call the workflow give it. `None` where none is known.
fn callers_of_workflow(place: &Place<'_>, called: &Workflow, name: &str, trail: &mut Trail) -> Option<Origin> {
    let mut found: Option<Origin> = None;
    for (document, workflow) in place.project.workflows() {
        for job in &workflow.jobs {
            let JobKind::Call(call) = &job.kind else { continue };
            let meant = place.project.local_workflow(&call.uses.value);
            if meant.is_none_or(|(_, meant)| meant.file != called.file) {
                continue;
            }
            let Some((key, value)) = call.with.iter().find(|(key, _)| key.value.eq_ignore_ascii_case(name)) else {
                continue;
            };
            let at = Place { project: place.project, document, owner: Owner::Job { workflow, job }, step: None };
            let origin = given(&at, value, trail).through(key.span, "given by this caller");
            found = Some(match found.take() {
                Some(before) => before.worse(origin),
                None => origin,
            });
        }
    }
    found
}

/// What the steps of this project that use the action give it. `None` where none is known.
fn callers_of_action(place: &Place<'_>, name: &str, trail: &mut Trail) -> Option<Origin> {
    let mut found: Option<Origin> = None;
    let mut look = |at: Place<'_>, step: &Step| {
        let StepKind::Uses { uses, with: Some(with) } = &step.kind else { return };
        let meant = place.project.local_action(&uses.value);
        if meant.is_none_or(|(document, _)| document.file != place.document.file) {
            return;
        }
        let Some(value) = with.get(name) else { return };
        let origin = given(&at, value, trail).through(value.span, "given by this step");
        found = Some(match found.take() {
            Some(before) => before.worse(origin),
            None => origin,
        });
    };
    for (document, workflow) in place.project.workflows() {
        for job in &workflow.jobs {
            let JobKind::Steps(steps) = &job.kind else { continue };
            for step in &steps.steps {
                look(
                    Place { project: place.project, document, owner: Owner::Job { workflow, job }, step: Some(step) },
                    step,
                );
            }
        }
    }
    found
}

fn given(at: &Place<'_>, value: &Template, trail: &mut Trail) -> Origin {
    worst(at, value, trail).unwrap_or_else(|| Origin::fixed("a constant"))
}

fn matrix(place: &Place<'_>, name: &str, rest: &[&str], trail: &mut Trail) -> Option<Origin> {
    let job = place.owner.job()?;
    let strategy = job.strategy.as_ref()?;
    if let Some(whole) = &strategy.whole {
        return worst(place, whole, trail).map(|origin| origin.through(whole.span, "the matrix comes from here"));
    }
    let matrix = strategy.matrix.as_ref()?;
    if matches!(matrix.kind, TemplateKind::Text(_)) {
        return worst(place, matrix, trail).map(|origin| origin.through(matrix.span, "the matrix comes from here"));
    }
    let mut found = Origin::fixed("a constant");
    let include = matrix.get("include");
    let mut values: Vec<&Template> = matrix.get(name).into_iter().collect();
    if let Some(include) = include {
        match &include.kind {
            TemplateKind::Sequence(items) => values.extend(items.iter().filter_map(|item| item.get(name))),
            _ => values.push(include),
        }
    }
    for value in values {
        for value in below(value, rest) {
            if let Some(origin) = worst(place, value, trail) {
                found = found.worse(origin.through(value.span, format!("`matrix.{name}` is set here")));
            }
        }
    }
    Some(found)
}

/// The values that names further down mean, in each item of a list.
fn below<'t>(value: &'t Template, rest: &[&str]) -> Vec<&'t Template> {
    match (&value.kind, rest.split_first()) {
        (TemplateKind::Sequence(items), _) => items.iter().flat_map(|item| below(item, rest)).collect(),
        (TemplateKind::Mapping(_), Some((name, rest))) => {
            value.get(name).map(|value| below(value, rest)).unwrap_or_default()
        }
        _ => vec![value],
    }
}
