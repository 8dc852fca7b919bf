use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use crate::{Diagnostic, FileId, Severity, SourceMap, Span};

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
    let mut seen = HashMap::new();
    let results: Vec<Value> = diagnostics.iter().map(|d| result(d, &codes, sources, &mut seen)).collect();
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

/// How often a rule has been told of in a file for a line of the same text.
type Seen<'a> = HashMap<(&'a str, FileId, u64), usize>;

fn result<'a>(diagnostic: &'a Diagnostic, codes: &[&str], sources: &SourceMap, seen: &mut Seen<'a>) -> Value {
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
        let line = line_hash(span, sources);
        let count = seen.entry((diagnostic.code, span.file, line)).or_default();
        *count += 1;
        result.insert("partialFingerprints".into(), json!({ LINE_HASH: format!("{line:016x}:{count}") }));
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

/// The fingerprint by which a result is known again in the next report. `primaryLocationLineHash`, which GitHub's code scanning
/// compares, is left to the action that uploads the report: it makes its own, and warns of every result with another one.
const LINE_HASH: &str = "trunklineLine/v1";

/// A number made of the text of the line that a span begins in, without its blanks: a line may move and be indented.
/// FNV-1a with 64 bits, which stays the same in every version.
fn line_hash(span: Span, sources: &SourceMap) -> u64 {
    let source = sources.file(span.file);
    let line = source.line(span.start as usize);
    let line = &source.text[source.line_start(line)..source.line_start(line + 1)];
    let bytes = line.bytes().filter(|byte| !byte.is_ascii_whitespace());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
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
