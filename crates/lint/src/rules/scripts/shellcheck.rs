use span::Severity;

use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "scripts/shellcheck",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["actionlint:shellcheck"],
    summary: "shellcheck has something to say about a script",
    page: page!("scripts/shellcheck"),
    checks: &[Check::External],
};
