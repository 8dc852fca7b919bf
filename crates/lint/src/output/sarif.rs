use span::{Diagnostic, SarifTool, SourceMap};

use crate::finding::Finding;

/// A SARIF 2.1.0 report of one run.
pub fn render_sarif(findings: &[Finding], sources: &SourceMap, version: &str) -> String {
    let diagnostics: Vec<Diagnostic> = findings.iter().map(Finding::to_diagnostic).collect();
    span::render_sarif(&diagnostics, sources, SarifTool { name: "trunkline", version, help_base: None })
}
