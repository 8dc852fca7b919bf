use expr::{Comparison, Part, Term, Value};
use span::Severity;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;
use crate::worlds::worlds;

pub(super) static RULE: Rule = Rule {
    id: "correctness/event-never-received",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:event-name-never-received"],
    summary: "an expression asks for an event that never starts this workflow",
    page: page!("correctness/event-never-received"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    if !subject.expr.text().contains("event_name") {
        return;
    }
    let Some(worlds) = subject.owner.workflow().and_then(worlds) else { return };
    let Some(root) = subject.expr.view() else { return };
    let mut found = Vec::new();
    let mut alternatives = false;
    root.each(&mut |part| {
        alternatives |= matches!(part.term(), Term::Or(_));
        let Term::Compare(comparison @ (Comparison::Equal | Comparison::NotEqual), left, right) = part.term() else {
            return;
        };
        let pair = event_name(left).then_some(right).or_else(|| event_name(right).then_some(left));
        if let Some((literal, Value::String(name))) = pair.and_then(|part| Some((part, part.literal()?)))
            && !worlds.iter().any(|world| world.event.eq_ignore_ascii_case(name))
        {
            found.push((literal, name, comparison));
        }
    });
    for (literal, name, comparison) in found {
        let finding = report.at(subject.place(literal.range()), format!("`{name}` never starts this workflow"));
        let exists = workflow::EVENTS.contains(&&**name);
        // A guard against an event that does not come does no harm, and is often the same in many workflows.
        if exists && (alternatives || comparison == Comparison::NotEqual) {
            finding.confidence(Confidence::Medium);
        }
        if !exists && let Some(meant) = span::did_you_mean(name, workflow::EVENTS.iter().copied()) {
            finding.help(format!("did you mean `{meant}`?"));
        } else {
            let events: Vec<&str> = worlds.iter().map(|world| world.event.as_str()).collect();
            finding.help(format!("it listens to {}", events.join(", ")));
        }
    }
}

fn event_name(part: Part<'_>) -> bool {
    part.path().is_some_and(|path| path.join(".").eq_ignore_ascii_case("github.event_name"))
}
