//! How a finding may be named by a regular expression of actionlint's `ignore`.
//!
//! Those are written for what actionlint says. Its sentences begin with known words (its Go sources); the beginnings of
//! those that people silence stand here beside our rules.

use crate::document::Document;
use crate::finding::Finding;

/// The beginning of actionlint's sentence for a rule; `{}` is what stands at the finding's place, `{last}` its part after
/// the last dot.
const BEGINNINGS: &[(&str, &str)] = &[
    ("action/missing-input", "missing input"),
    ("action/unknown-input", "input \"{}\" is not defined in action"),
    ("call/permissions", "permission"),
    ("correctness/constant-condition", "constant expression \"{}\" in condition"),
    ("correctness/deprecated-command", "workflow command \"{}\" was deprecated"),
    ("correctness/deprecated-runner-label", "label \"{}\" is unknown"),
    ("correctness/matrix-duplicate-value", "duplicate value \"{}\" is found in matrix"),
    ("correctness/outdated-action-runtime", "the runner of \"{}\" action is too old to run on GitHub Actions"),
    ("correctness/unknown-runner-label", "label \"{}\" is unknown"),
    ("expression/comparison", "\"{}\" value cannot be compared to"),
    ("expression/unknown-property", "property \"{last}\" is not defined in object type"),
    ("security/dead-action-version", "the runner of \"{}\" action is too old to run on GitHub Actions"),
    ("security/template-injection", "\"{}\" is potentially untrusted"),
    ("store/unknown-variable", "undefined configuration variable \"{last}\""),
    ("workflow/duplicate-id", "step ID \"{}\" duplicates"),
    ("workflow/frequent-cron", "scheduled job runs too frequently"),
    ("workflow/invalid-cron", "invalid CRON format \"{}\" in schedule event"),
    ("workflow/missing-key", "\"{}\" section is missing"),
    ("workflow/invalid-expression", "undefined variable \"{}\""),
    ("workflow/invalid-expression", "undefined function \"{}\""),
    ("workflow/invalid-expression", "context \"{}\" is not allowed here"),
    ("workflow/unknown-key", "unexpected key \"{}\" for"),
    ("workflow/unknown-key", "unknown permission scope \"{}\""),
    ("workflow/unknown-need", "needs job \"{}\" which does not exist in this workflow"),
    ("workflow/unknown-value", "unknown Webhook event \"{}\""),
    ("workflow/unknown-value", "unknown permission scope \"{}\""),
];

/// Every text that a pattern may match: our rule, our sentence, and actionlint's.
pub(super) fn of(finding: &Finding, document: &Document) -> Vec<String> {
    let here = document.text_of(finding.span).trim_matches(['"', '\'']);
    let mut texts = vec![finding.rule.id.to_owned(), finding.message.clone()];
    match finding.rule.id {
        "scripts/shellcheck" => {
            let code = finding.label.as_deref().unwrap_or_default();
            let position = document.source.position(finding.span.start as usize);
            let level = match finding.severity {
                span::Severity::Error => "error",
                span::Severity::Warning => "warning",
                span::Severity::Info if finding.confidence == crate::Confidence::Low => "style",
                span::Severity::Info => "info",
            };
            texts.push(format!(
                "shellcheck reported issue in this script: {code}:{level}:{}:{}: {}",
                position.line, position.column, finding.message
            ));
        }
        "scripts/pyflakes" => texts.push(format!("pyflakes reported issue in this script: {}", finding.message)),
        id => {
            let beginnings = BEGINNINGS.iter().filter(|(rule, _)| *rule == id);
            texts.extend(beginnings.map(|(_, text)| {
                let last = here.rsplit('.').next().unwrap_or_default();
                text.replace("{}", here).replace("{last}", last)
            }));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::BEGINNINGS;

    #[test]
    fn the_rules_exist() {
        for (rule, _) in BEGINNINGS {
            assert!(crate::RULES.iter().any(|known| known.id == *rule), "{rule}");
        }
    }
}
