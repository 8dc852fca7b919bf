use span::Severity;

use super::tell;
use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};
use crate::types::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: "expression/collection-in-text",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:expression"],
    summary: "a list or an object becomes text: `Array` or `Object`",
    page: page!("expression/collection-in-text"),
    checks: &[Check::File(|subject, report| tell(subject, ProblemKind::Collection, report))],
};
