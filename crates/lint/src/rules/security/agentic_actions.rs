use span::Severity;
use workflow::{PermissionLevel, Permissions};

use crate::finding::Confidence;
use crate::flow::{self, Place};
use crate::knowledge::agents;
use crate::knowledge::attacker::{self, Reach};
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::steps::ActionStep;
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "security/agentic-actions",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["jactionlint:agentic-actions"],
    summary: "strangers can tell a language model what to do with the job's rights",
    page: page!("security/agentic-actions"),
    checks: &[Check::Step(check)],
};

/// Events that anyone can cause, with a text of theirs.
const OPEN: &[&str] = &[
    "issues",
    "issue_comment",
    "discussion",
    "discussion_comment",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "workflow_run",
];

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let Some(action) = ActionStep::of(subject) else { return };
    let Some(inputs) = agents::instructions(&action.uses) else { return };
    let Some(workflow) = subject.owner.workflow() else { return };
    let event = OPEN.iter().find_map(|name| workflow.on.event(name));
    let name = action.uses.name();
    for (input, all) in agents::OPEN_TO_ALL {
        if action.says(input, all) {
            let finding = report.at(action.place(input), format!("anyone may give {name} orders"));
            if !may_write(subject) {
                finding.confidence(Confidence::Medium);
            }
            finding.help("leave it out: then only people who may write to the repository can");
        }
    }
    let place = Place::from(subject);
    for input in inputs {
        let Some(value) = action.input(input) else { continue };
        let Some(origin) = flow::of_template(&place, value).filter(|origin| origin.reach == Reach::Outsider) else {
            continue;
        };
        let span = origin.hops.first().map_or(value.span, |(span, _)| *span);
        let finding = report.at(span, format!("`{}` becomes part of the orders for {name}", origin.source));
        if event.is_none() {
            finding.confidence(Confidence::Medium);
        }
        for (span, what) in origin.hops.iter().skip(1) {
            finding.related(*span, what.clone());
        }
        finding
            .help(attacker::reason(&origin.source, origin.reach))
            .help("give the agent no secrets and a token that only reads, and let another job act on what it says");
    }
    if let Some(event) = event
        && !is_guarded(subject)
    {
        report
            .at(action.span, format!("{name} reads what strangers wrote when `{}` starts it", event.name.value))
            .confidence(Confidence::Low)
            .related(event.name.span, "anyone can cause this event")
            .help("ask who it is in `if:` (`author_association`), and give the job no right that a stranger must not have");
    }
}

/// Whether the job's token may change anything; without a word on it, it may.
fn may_write(subject: &StepSubject<'_>) -> bool {
    let job = subject.owner.job().and_then(|job| job.permissions.as_ref());
    let permissions = job.or(subject.owner.workflow().and_then(|workflow| workflow.permissions.as_ref()));
    permissions.is_none_or(|permissions| match permissions {
        Permissions::WriteAll(_) => true,
        Permissions::ReadAll(_) => false,
        Permissions::Scopes(_, scopes) => scopes.iter().any(|(_, level)| level.value == PermissionLevel::Write),
    })
}

fn is_guarded(subject: &StepSubject<'_>) -> bool {
    let conditions = [subject.step.condition.as_ref(), subject.owner.job().and_then(|job| job.condition.as_ref())];
    conditions.into_iter().flatten().any(|condition| {
        let text = condition.condition.expr().source();
        text.contains("author_association") || text.contains("user.login") || text.contains("github.actor")
    })
}
