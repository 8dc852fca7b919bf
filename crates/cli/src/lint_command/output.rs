//! Findings as text, JSON, SARIF, annotations and JUnit.

use std::fmt::Write as _;

use lint::{Finding, RULES, Safety};
use span::{Color, Diagnostic, Severity, render_github, render_terminal};

use super::{Workspace, print, tell};
use crate::failure::Failure;

pub(super) fn show(findings: &[Finding], workspace: &Workspace, format: &str, left_out: usize) -> Result<(), Failure> {
    let sources = &workspace.sources;
    match format {
        "json" => print(&lint::render_json(findings, sources)),
        "sarif" => print(&lint::render_sarif(findings, sources, env!("CARGO_PKG_VERSION"))),
        "github" => print(&render_github(&diagnostics(findings), sources)),
        "junit" => {
            let files: Vec<&str> = linted(workspace).map(|document| &*document.source.name).collect();
            print(&lint::render_junit(findings, &files, sources).map_err(Failure::broken)?)
        }
        // Colours are taken out again where the output is no terminal.
        _ => {
            print(&render_terminal(&diagnostics(findings), sources, Color::On))?;
            let excluded = workspace.projects.iter().map(|placed| placed.excluded).sum();
            tell(&summary(findings, linted(workspace).count(), excluded, left_out))
        }
    }
}

fn linted(workspace: &Workspace) -> impl Iterator<Item = &lint::Document> {
    workspace.projects.iter().flat_map(|placed| placed.project.documents()).filter(|document| document.linted)
}

fn diagnostics(findings: &[Finding]) -> Vec<Diagnostic> {
    findings.iter().map(Finding::to_diagnostic).collect()
}

fn summary(findings: &[Finding], files: usize, excluded: usize, left_out: usize) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut line = format!("{} in {}", plural(findings.len(), "finding"), plural(files, "file"));
    if !findings.is_empty() {
        let parts: Vec<String> =
            [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "remark")]
                .into_iter()
                .filter(|(severity, _)| count(*severity) > 0)
                .map(|(severity, what)| plural(count(severity), what))
                .collect();
        let _ = write!(line, " ({})", parts.join(", "));
    }
    if excluded > 0 {
        let _ = write!(line, ", {} excluded", plural(excluded, "file"));
    }
    if left_out > 0 {
        let _ = write!(line, ", {left_out} in the baseline");
    }
    let safe = findings.iter().filter(|finding| finding.fixes.iter().any(|fix| fix.safety == Safety::Safe)).count();
    if safe > 0 {
        let _ = write!(line, "; --fix puts {safe} right");
    }
    line.push('\n');
    line
}

/// A line for each rule.
pub(super) fn rules() -> String {
    let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in RULES.iter() {
        let (severity, profile) = (rule.severity.as_str(), rule.profile.as_str());
        let _ = write!(out, "{:width$}  {severity:7}  {profile:11}  {}", rule.id, rule.summary);
        if !rule.aliases.is_empty() {
            let _ = write!(out, " ({})", rule.aliases.join(", "));
        }
        out.push('\n');
    }
    out
}

/// For a file that was named and is of no kind that has rules.
pub(super) fn kinds() -> &'static str {
    "workflows, action.yml, dependabot.yml, .pre-commit-config.yaml and trunkline.toml can be checked"
}
