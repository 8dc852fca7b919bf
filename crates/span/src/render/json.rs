use serde::Serialize;

use crate::{Diagnostic, Severity, SourceMap};

/// A JSON array, one object a diagnostic. Without a place, `file` and the numbers are null.
/// Lines and columns count from 1, columns in characters; the end is after the last character.
pub fn render_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let entries: Vec<Entry<'_>> = diagnostics.iter().map(|d| Entry::new(d, sources)).collect();
    // Nothing in an entry can fail to become JSON: plain strings, numbers and lists.
    let mut out = serde_json::to_string_pretty(&entries).unwrap_or_default();
    out.push('\n');
    out
}

#[derive(Serialize)]
struct Entry<'a> {
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    end_line: Option<u32>,
    end_column: Option<u32>,
    rule: &'a str,
    severity: Severity,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    help: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Related<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    message: &'a str,
}

impl<'a> Entry<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Entry<'a> {
        let start = diagnostic.primary.map(|span| sources.position(span));
        let end = diagnostic.primary.map(|span| sources.end_position(span));
        let related = diagnostic.related.iter().map(|(span, message)| {
            let (start, end) = (sources.position(*span), sources.end_position(*span));
            Related {
                file: &sources.file(span.file).name,
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
                message,
            }
        });
        Entry {
            file: diagnostic.primary.map(|span| &*sources.file(span.file).name),
            line: start.map(|at| at.line),
            column: start.map(|at| at.column),
            end_line: end.map(|at| at.line),
            end_column: end.map(|at| at.column),
            rule: diagnostic.code,
            severity: diagnostic.severity,
            message: &diagnostic.message,
            label: diagnostic.label.as_deref(),
            help: &diagnostic.help,
            related: related.collect(),
        }
    }
}
