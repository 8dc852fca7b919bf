use span::Severity;
use span::Span;
use workflow::{PermissionLevel, Permissions};

use super::asked::asked;
use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::StepSubject;

pub(super) static RULE: Rule = Rule {
    id: "permissions/insufficient",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["jactionlint:insufficient-permissions"],
    summary: "a step needs a permission that the job's token does not have",
    page: page!("permissions/insufficient"),
    checks: &[Check::Step(check)],
};

fn check(subject: &StepSubject<'_>, report: &mut Report<'_>) {
    let (Some(workflow), Some(job)) = (subject.owner.workflow(), subject.owner.job()) else { return };
    let Some(permissions) = job.permissions.as_ref().or(workflow.permissions.as_ref()) else { return };
    for ask in asked(subject) {
        let enough = |scope: &str| permissions.level(scope) >= ask.level;
        if enough(ask.scope) || ask.or.is_some_and(enough) {
            continue;
        }
        let has = permissions.level(ask.scope).as_str();
        let finding = report.at(
            ask.place,
            format!("{} needs `{}: {}`, and the job has `{has}`", ask.who, ask.scope, ask.level.as_str()),
        );
        // What is public can be read with any token.
        let sure = if ask.level == PermissionLevel::Read { Confidence::Medium } else { ask.confidence };
        finding.confidence(sure).related(place_of(permissions), "the job's token may do this, and no more");
        finding.help(format!("add `{}: {}` to `permissions:` of the job", ask.scope, ask.level.as_str()));
    }
}

fn place_of(permissions: &Permissions) -> Span {
    match permissions {
        Permissions::ReadAll(span) | Permissions::WriteAll(span) | Permissions::Scopes(span, _) => *span,
    }
}
