use span::Severity;

use super::tell;
use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};
use crate::types::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: "expression/constant",
    severity: Severity::Error,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:expression"],
    summary: "the constants of `format` or `fromJSON` do not fit",
    page: page!("expression/constant"),
    checks: &[Check::File(|subject, report| tell(subject, ProblemKind::Constant, report))],
};
