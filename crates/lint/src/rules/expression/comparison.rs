use span::Severity;

use super::tell;
use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};
use crate::types::ProblemKind;

pub(super) static RULE: Rule = Rule {
    id: "expression/comparison",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &["actionlint:expression"],
    summary: "a list or an object is compared, which is never equal to anything",
    page: page!("expression/comparison"),
    checks: &[Check::File(|subject, report| tell(subject, ProblemKind::Comparison, report))],
};
