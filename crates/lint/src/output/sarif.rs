use span::{Diagnostic, SarifRule, SarifTool, SourceMap};

use crate::finding::Finding;
use crate::rules::RULES;

/// A SARIF 2.1.0 report of one run.
pub fn render_sarif(findings: &[Finding], sources: &SourceMap, version: &str) -> String {
    let diagnostics: Vec<Diagnostic> = findings.iter().map(Finding::to_diagnostic).collect();
    let rules: Vec<SarifRule<'_>> = RULES
        .iter()
        .map(|rule| SarifRule {
            id: rule.id,
            summary: rule.summary,
            page: rule.page,
            severity: rule.severity,
            precision: rule.confidence.as_str(),
        })
        .collect();
    span::render_sarif(&diagnostics, sources, SarifTool { name: "trunkline", version, help_base: None, rules: &rules })
}
