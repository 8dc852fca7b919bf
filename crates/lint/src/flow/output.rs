//! What the output of a step or a job was made of.

use workflow::{JobKind, Runs, Step, StepKind};

use super::{Origin, Place, Trail, context, of_expression, worst};
use crate::knowledge::attacker::Reach;
use crate::knowledge::outputs;
use crate::knowledge::uses::Uses;
use crate::shell::{Command, Part, Word};
use crate::steps;
use crate::subject::Owner;

/// An output of a job that this one needs, or of a job of a reusable workflow.
pub(super) fn of_job(place: &Place<'_>, id: &str, name: &str, trail: &mut Trail) -> Option<Origin> {
    let workflow = place.owner.workflow()?;
    let job = workflow.job(id)?;
    match &job.kind {
        JobKind::Steps(steps) => {
            let (key, value) = steps.outputs.iter().find(|(key, _)| key.value.eq_ignore_ascii_case(name))?;
            let at = Place { owner: Owner::Job { workflow, job }, step: None, ..*place };
            let origin = worst(&at, value, trail).unwrap_or_else(|| Origin::fixed("a constant"));
            Some(origin.through(key.span, format!("output `{name}` of job `{id}`")))
        }
        JobKind::Call(call) => {
            let (document, called) = place.project.local_workflow(&call.uses.value)?;
            let output =
                called.on.call()?.outputs.iter().find(|output| output.name.value.eq_ignore_ascii_case(name))?;
            let at = Place { document, owner: Owner::Workflow { workflow: called }, step: None, ..*place };
            let origin = worst(&at, &output.value, trail).unwrap_or_else(|| Origin::fixed("a constant"));
            Some(origin.through(output.name.span, format!("output `{name}` of the reusable workflow")))
        }
    }
}

/// An output of a step of the same job or action.
pub(super) fn of_step(place: &Place<'_>, id: &str, name: &str, trail: &mut Trail) -> Option<Origin> {
    let step = step(steps(place)?, id)?;
    let at = Place { step: Some(step), ..*place };
    match &step.kind {
        StepKind::Run { script, .. } => {
            let text = script.source_text()?;
            let origin = of_script(&at, script, &text, name, trail)?;
            Some(origin.through(step.span.at(0, 1), format!("output `{name}` of step `{id}`")))
        }
        StepKind::Uses { uses, .. } => {
            if let Some(known) = Uses::parse(&uses.value) {
                let (reach, what) = outputs::of_action(&known, name)?;
                let source = format!("steps.{id}.outputs.{name}");
                return Some(Origin::new(reach, source).through(uses.span, format!("its output `{name}` is {what}")));
            }
            let (document, action) = place.project.local_action(&uses.value)?;
            let output = action.outputs.iter().find(|output| output.name.value.eq_ignore_ascii_case(name))?;
            let inside = Place { document, owner: Owner::Action { action }, step: None, ..*place };
            let origin = worst(&inside, output.value.as_ref()?, trail)?;
            Some(origin.through(output.name.span, format!("output `{name}` of the action")))
        }
        _ => None,
    }
}

/// The steps among which `steps.…` is looked up.
fn steps<'a>(place: &Place<'a>) -> Option<&'a [Step]> {
    if let Some(job) = place.owner.steps_job() {
        return Some(&job.steps);
    }
    match &place.owner.action()?.runs {
        Runs::Composite(runs) => Some(&runs.steps),
        _ => None,
    }
}

fn step<'a>(steps: &'a [Step], id: &str) -> Option<&'a Step> {
    steps.iter().find_map(|candidate| {
        if candidate.id.eq_ignore_ascii_case(id) {
            return Some(candidate);
        }
        match &candidate.kind {
            StepKind::Parallel { steps } => step(steps, id),
            _ => None,
        }
    })
}

/// What a script writes under the name of an output: the worst of it.
fn of_script(
    place: &Place<'_>,
    template: &workflow::Template,
    text: &str,
    name: &str,
    trail: &mut Trail,
) -> Option<Origin> {
    let syntax = steps::run(place.step?, place.owner)?.syntax().unwrap_or_default();
    let script = place.document.script(template.span, syntax, text);
    let mut found: Option<Origin> = None;
    let prefix = format!("{name}=");
    let document = format!("{name}<<");
    let old = format!("::set-output name={name}::");
    let writers = script.writers_of("GITHUB_OUTPUT");
    // A value of several lines: everything else that is written counts.
    let several = writers.iter().any(|(command, _)| command.words.iter().any(|word| word.text.starts_with(&document)));
    for (command, _) in &writers {
        let parts: Vec<&Part> = texts(command)
            .filter(|word| several || word.text.starts_with(&prefix) || word.text.contains(&format!("\n{prefix}")))
            .flat_map(|word| &word.parts)
            .collect();
        let unread = several && !matches!(command.name(), Some("echo" | "printf")) && command.words.len() > 1;
        add(place, template, text, &parts, unread, trail, &mut found);
        let named = texts(command).any(|word| word.text.starts_with(&prefix));
        if named && parts.is_empty() {
            found.get_or_insert_with(|| Origin::fixed("a constant"));
        }
    }
    for command in &script.commands {
        let parts: Vec<&Part> =
            command.words.iter().filter(|word| word.text.contains(&old)).flat_map(|word| &word.parts).collect();
        add(place, template, text, &parts, false, trail, &mut found);
    }
    found
}

/// The words a command prints: its arguments, and its here-document.
fn texts(command: &Command) -> impl Iterator<Item = &Word> {
    let documents = command.redirections.iter().filter_map(|redirection| redirection.document.as_ref());
    command.words.iter().skip(1).chain(documents)
}

fn add(
    place: &Place<'_>,
    template: &workflow::Template,
    text: &str,
    parts: &[&Part],
    unread: bool,
    trail: &mut Trail,
    found: &mut Option<Origin>,
) {
    let mut put = |origin: Origin| {
        *found = Some(match found.take() {
            Some(before) => before.worse(origin),
            None => origin,
        });
    };
    if unread {
        put(Origin::unknown("what the script prints"));
    }
    for part in parts {
        match part {
            Part::Number { .. } => put(Origin::fixed("a number")),
            Part::Command { range, .. } => {
                put(Origin::unknown(text.get(range.clone()).unwrap_or("a command")));
            }
            Part::Variable { name, range, .. } => {
                let span = place.document.place(template.span, range.clone());
                let written = without_braces(text.get(range.clone()).unwrap_or(name));
                put(variable(place, name, &written, trail)
                    .through(span, format!("`{written}` is written to the output")));
            }
            Part::Expression { range, .. } => {
                let workflow::TemplateKind::Text(parsed) = &template.kind else { continue };
                for expr in parsed.expressions().filter(|expr| range.contains(&expr.range().start)) {
                    for (value, origin) in of_expression(place, expr, trail) {
                        let span = place.document.place(template.span, value.part.range());
                        put(origin.through(span, "written to the output"));
                    }
                }
            }
        }
    }
}

/// `${NAME:-x}` and `${env:NAME}` as people speak of them.
fn without_braces(written: &str) -> String {
    let Some(inside) = written.strip_prefix("${") else { return written.to_owned() };
    let length = inside.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(byte)).count();
    format!("${}", inside[..length].trim_end_matches(':'))
}

/// A variable of the shell: one of the environment, or one that GitHub sets.
fn variable(place: &Place<'_>, name: &str, written: &str, trail: &mut Trail) -> Origin {
    let reach = match name {
        "GITHUB_HEAD_REF" => Some(Reach::Outsider),
        "GITHUB_REF" | "GITHUB_REF_NAME" | "GITHUB_BASE_REF" => Some(Reach::Insider),
        _ if name.starts_with("GITHUB_") || name.starts_with("RUNNER_") => Some(Reach::Fixed),
        _ => None,
    };
    if let Some(reach) = reach {
        return Origin::new(reach, written.to_owned());
    }
    match context::variable(place, name) {
        Some((template, span)) => match worst(place, template, trail) {
            Some(origin) => origin.through(span, format!("`{name}` is set here")),
            None => Origin::fixed("a constant"),
        },
        None => Origin::unknown(written),
    }
}
