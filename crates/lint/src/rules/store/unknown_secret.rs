use span::Severity;

use super::names::{self, Kind};
use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "store/unknown-secret",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a secret is used that the store does not have",
    page: page!("store/unknown-secret"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    names::check(subject, Kind::Secret, report);
}
