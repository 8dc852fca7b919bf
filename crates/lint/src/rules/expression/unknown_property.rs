use span::Severity;

use super::tell;
use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};
use crate::types::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: "expression/unknown-property",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:expression"],
    summary: "a context has no such property: the value is always empty",
    page: page!("expression/unknown-property"),
    checks: &[Check::File(|subject, report| tell(subject, ProblemKind::UnknownProperty, report))],
};
