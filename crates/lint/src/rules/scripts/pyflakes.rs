use span::Severity;

use crate::finding::Confidence;
use crate::rule::{Check, Profile, Rule};

pub(crate) static RULE: Rule = Rule {
    id: "scripts/pyflakes",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["actionlint:pyflakes"],
    summary: "pyflakes has something to say about a script in Python",
    page: page!("scripts/pyflakes"),
    checks: &[Check::External],
};
