use serde::Serialize;
use span::{Severity, SourceMap};

use crate::finding::{Confidence, Finding};

/// A JSON array with an object for each finding. Lines and columns count from 1, columns in characters; the end is the
/// place after the last character. `help` is one text with a line for each hint, or null.
pub fn render_json(findings: &[Finding], sources: &SourceMap) -> String {
    let entries: Vec<Entry<'_>> = findings.iter().map(|finding| Entry::new(finding, sources)).collect();
    // Plain strings and numbers: nothing in it can fail to become JSON.
    let mut out = serde_json::to_string_pretty(&entries).unwrap_or_default();
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    rule: &'a str,
    severity: Severity,
    confidence: Confidence,
    message: &'a str,
    help: Option<String>,
}

impl<'a> Entry<'a> {
    fn new(finding: &'a Finding, sources: &'a SourceMap) -> Entry<'a> {
        let (start, end) = (sources.position(finding.span), sources.end_position(finding.span));
        Entry {
            file: &sources.file(finding.span.file).name,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            rule: finding.rule.id,
            severity: finding.severity,
            confidence: finding.confidence,
            message: &finding.message,
            help: (!finding.help.is_empty()).then(|| finding.help.join("\n")),
        }
    }
}
