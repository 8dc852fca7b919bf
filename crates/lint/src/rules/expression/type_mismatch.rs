use span::Severity;

use super::tell;
use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};
use crate::types::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: "expression/type-mismatch",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:expression"],
    summary: "a value is of a kind that the operation or key does nothing useful with",
    page: page!("expression/type-mismatch"),
    checks: &[Check::File(|subject, report| tell(subject, ProblemKind::Mismatch, report))],
};
