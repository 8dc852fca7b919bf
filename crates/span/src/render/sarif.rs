use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{Diagnostic, Severity, SourceMap, Span};

/// Who found it, for the report's head.
#[derive(Debug, Clone, Copy)]
pub struct SarifTool<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Where a rule's page is: the rule's code is appended. Left out if there is none.
    pub help_base: Option<&'a str>,
    /// What is known of rules. Codes that are not among them stand by themselves.
    pub rules: &'a [SarifRule<'a>],
}

/// What viewers show of a rule beside its findings.
#[derive(Debug, Clone, Copy)]
pub struct SarifRule<'a> {
    pub id: &'a str,
    /// One line.
    pub summary: &'a str,
    /// A page of Markdown.
    pub page: &'a str,
    pub severity: Severity,
    /// `high`, `medium` or `low`.
    pub precision: &'a str,
}

/// A SARIF 2.1.0 report of one run.
pub fn render_sarif(diagnostics: &[Diagnostic], sources: &SourceMap, tool: SarifTool<'_>) -> String {
    let codes: BTreeSet<&str> = diagnostics.iter().map(|d| d.code).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let rules: Vec<Value> = codes.iter().map(|code| rule(code, tool)).collect();
    let results: Vec<Value> = diagnostics.iter().map(|d| result(d, &codes, sources)).collect();
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": tool.name, "version": tool.version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{report:#}\n")
}

fn rule(code: &str, tool: SarifTool<'_>) -> Value {
    let mut rule = json!({ "id": code });
    if let Some(base) = tool.help_base {
        rule["helpUri"] = format!("{base}{code}").into();
    }
    if let Some(known) = tool.rules.iter().find(|rule| rule.id == code) {
        rule["shortDescription"] = json!({ "text": known.summary });
        rule["help"] = json!({ "text": known.summary, "markdown": known.page });
        rule["defaultConfiguration"] = json!({ "level": level(known.severity) });
        rule["properties"] = json!({ "precision": known.precision });
    }
    rule
}

fn result(diagnostic: &Diagnostic, codes: &[&str], sources: &SourceMap) -> Value {
    let mut text = diagnostic.message.clone();
    for help in &diagnostic.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".into(), diagnostic.code.into());
    if let Ok(index) = codes.binary_search(&diagnostic.code) {
        result.insert("ruleIndex".into(), index.into());
    }
    result.insert("level".into(), level(diagnostic.severity).into());
    result.insert("message".into(), json!({ "text": text }));
    if let Some(span) = diagnostic.primary {
        let place = location(span, diagnostic.label.as_deref(), sources);
        result.insert("locations".into(), json!([place]));
    }
    if !diagnostic.related.is_empty() {
        let related = diagnostic.related.iter().enumerate().map(|(id, (span, label))| {
            let mut place = location(*span, Some(label), sources);
            place["id"] = id.into();
            place
        });
        result.insert("relatedLocations".into(), related.collect());
    }
    Value::Object(result)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn location(span: Span, label: Option<&str>, sources: &SourceMap) -> Value {
    let (start, end) = (sources.position(span), sources.end_position(span));
    let mut place = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&sources.file(span.file).name) },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    });
    if let Some(label) = label {
        place["message"] = json!({ "text": label });
    }
    place
}

/// A path as a relative URI reference: what may not stand in one is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        let kept = byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
        if kept {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
