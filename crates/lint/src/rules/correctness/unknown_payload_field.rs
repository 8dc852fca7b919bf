use expr::{Part, Term};
use span::Severity;
use workflow::{EventTrigger, Workflow};

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;
use crate::worlds::{Payload, PayloadField};

pub(super) static RULE: Rule = Rule {
    id: "correctness/unknown-payload-field",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "an expression reads a field that the payload of no event of this workflow has",
    page: page!("correctness/unknown-payload-field"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    if !subject.expr.text().contains("event") {
        return;
    }
    let Some(workflow) = subject.owner.workflow() else { return };
    let Some(payloads) = payloads(workflow) else { return };
    let mut seen: Vec<(Part<'_>, bool)> = Vec::new();
    if let Some(root) = subject.expr.view() {
        collect(root, false, &mut seen);
    }
    for (part, alternative) in seen {
        let Some(path) = part.path() else { continue };
        let [github, event, field, rest @ ..] = &path[..] else { continue };
        if !github.eq_ignore_ascii_case("github") || !event.eq_ignore_ascii_case("event") || field == "*" {
            continue;
        }
        let span = subject.place(part.range());
        let found: Vec<PayloadField> = payloads.iter().map(|(_, payload)| payload.field(field)).collect();
        if !found.contains(&PayloadField::Possible) {
            let finding = if found.contains(&PayloadField::OtherTypes) {
                let message =
                    format!("`github.event.{field}` is always empty: none of the activity types asked for has it");
                report.at(span, message)
            } else {
                let events: Vec<String> = payloads.iter().map(|(event, _)| format!("`{}`", event.name.value)).collect();
                report.at(
                    span,
                    format!("`github.event.{field}` is always empty: no payload of {} has it", events.join(", ")),
                )
            };
            finding.label("this is always empty").related(workflow.on.span, "the events of this workflow");
            // `a || b` for the events of several workflows is copied from one to the next on purpose.
            if alternative {
                finding.confidence(Confidence::Medium);
            }
            let known = payloads.iter().flat_map(|(_, payload)| payload.fields());
            if let Some(meant) = span::did_you_mean(field, known) {
                finding.help(format!("did you mean `{meant}`?"));
            }
        } else if let [name, ..] = rest
            && name != "*"
            && let Some(fields) = Payload::object(&field.to_lowercase())
            && !fields.clone().any(|known| known.eq_ignore_ascii_case(name))
        {
            let finding = report.at(span, format!("`github.event.{field}` has no `{name}`"));
            finding.label("this is always empty");
            match span::did_you_mean(name, fields.clone()) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                // Payloads grow: what is near no known name may be new.
                None => finding.confidence(Confidence::Low),
            };
        }
    }
}

/// The longest paths of an expression, and whether each stands in an `||`.
fn collect<'e>(part: Part<'e>, alternative: bool, out: &mut Vec<(Part<'e>, bool)>) {
    if part.path().is_some() {
        out.push((part, alternative));
        return;
    }
    let alternative = alternative || matches!(part.term(), Term::Or(_));
    part.children().into_iter().for_each(|child| collect(child, alternative, out));
}

/// The payloads of all events; `None` where one is not known.
fn payloads(workflow: &Workflow) -> Option<Vec<(&EventTrigger, Payload)>> {
    let events = workflow.on.events.iter();
    let all: Option<Vec<_>> = events.map(|event| Some((event, Payload::of_trigger(event)?))).collect();
    all.filter(|all| !all.is_empty())
}
