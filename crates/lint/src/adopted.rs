//! What the configuration files of zizmor and actionlint say, for repositories that come from them. It counts until
//! `trunkline.toml` says otherwise.
//!
//! Facts: <https://docs.zizmor.sh/configuration/> and actionlint's `docs/config.md`.

mod actionlint;
mod reading;
mod sentences;
mod zizmor;

use std::collections::BTreeMap;

use globset::{GlobMatcher, GlobSet};
use regex::Regex;
use span::{Diagnostic, Severity};

use crate::document::{Document, Kind};
use crate::finding::Finding;
use crate::rule::Rule;

/// Where zizmor looks for its configuration, from the top of a repository; the first that exists counts.
const OF_ZIZMOR: &[&str] = &[".github/zizmor.yml", ".github/zizmor.yaml", "zizmor.yml", "zizmor.yaml"];
/// The same for actionlint.
const OF_ACTIONLINT: &[&str] = &[".github/actionlint.yaml", ".github/actionlint.yml"];

/// Settings of other linters.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Audits of zizmor that are off.
    disabled: Vec<String>,
    ignored: Vec<IgnoredPlace>,
    /// By zizmor's audit.
    severity: BTreeMap<String, Severity>,
    /// By the id of our rule.
    options: BTreeMap<&'static str, toml::Table>,
    messages: Vec<IgnoredMessages>,
    runner_labels: GlobSet,
    /// The only variables that there are.
    pub(crate) vars: Option<Vec<String>>,
}

/// `ci.yml:12:3` below an audit of zizmor.
#[derive(Debug)]
struct IgnoredPlace {
    audit: String,
    /// The name alone, without directories.
    file: String,
    line: Option<u32>,
    column: Option<u32>,
}

/// What actionlint is not to say in some files.
#[derive(Debug)]
struct IgnoredMessages {
    files: GlobMatcher,
    patterns: Vec<Regex>,
}

impl Adopted {
    /// The paths, from the top, at which one of each list may stand: the first that exists counts.
    pub fn candidates() -> [(Kind, &'static [&'static str]); 2] {
        [(Kind::Zizmor, OF_ZIZMOR), (Kind::Actionlint, OF_ACTIONLINT)]
    }

    /// Takes a file's settings in, and adds to the file what is wrong with it.
    pub fn read(&mut self, document: &mut Document) {
        let Some(root) = document.yaml.as_ref().filter(|root| !root.is_null()) else { return };
        let mut problems: Vec<Diagnostic> = Vec::new();
        match document.kind {
            Kind::Zizmor => zizmor::read(root, self, &mut problems),
            Kind::Actionlint => actionlint::read(root, self, &mut problems),
            _ => {}
        }
        document.diagnostics.extend(problems);
    }

    pub(crate) fn disables(&self, rule: &Rule) -> bool {
        self.disabled.iter().any(|audit| rule.is_alias("zizmor", audit))
    }

    pub(crate) fn severity(&self, rule: &Rule) -> Option<Severity> {
        self.severity.iter().find(|(audit, _)| rule.is_alias("zizmor", audit)).map(|(_, severity)| *severity)
    }

    pub(crate) fn options(&self, rule: &str) -> Option<&toml::Table> {
        self.options.get(rule)
    }

    /// Whether a label is one of runners of their own.
    pub(crate) fn has_label(&self, label: &str) -> bool {
        self.runner_labels.is_match(label)
    }

    /// Which findings are not to be told, in their order.
    ///
    /// zizmor and Trunkline do not always point at the same column or line of what they find. An entry with a place
    /// silences what stands exactly there; else what stands on that line; else what stands in the same step.
    pub(crate) fn silenced(&self, findings: &[(&Finding, &Document)]) -> Vec<bool> {
        let mut silenced: Vec<bool> = findings
            .iter()
            .map(|(finding, document)| self.ignores(finding, document) || is_commented(finding, document))
            .collect();
        for place in &self.ignored {
            let near: Vec<Option<Nearness>> =
                findings.iter().map(|(finding, document)| place.nearness(finding, document)).collect();
            let Some(best) = near.iter().flatten().min() else { continue };
            for (silenced, near) in silenced.iter_mut().zip(&near) {
                *silenced |= near.as_ref() == Some(best);
            }
        }
        silenced
    }

    fn ignores(&self, finding: &Finding, document: &Document) -> bool {
        let mut of_file = self.messages.iter().filter(|ignored| ignored.files.is_match(&*document.path)).peekable();
        if of_file.peek().is_none() {
            return false;
        }
        let sentences = sentences::of(finding, document);
        of_file.flat_map(|ignored| &ignored.patterns).any(|pattern| sentences.iter().any(|text| pattern.is_match(text)))
    }
}

/// How well a finding fits a place, best first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    Exact,
    Line,
    Step,
}

impl IgnoredPlace {
    fn nearness(&self, finding: &Finding, document: &Document) -> Option<Nearness> {
        let name = document.path.rsplit('/').next().unwrap_or_default();
        // As for zizmor: files of actions are silenced by comments only.
        if document.kind != Kind::Workflow || name != self.file || !finding.rule.is_alias("zizmor", &self.audit) {
            return None;
        }
        let Some(line) = self.line else { return Some(Nearness::Exact) };
        let lines = |span: span::Span| document.line(span.start)..=document.line(span.end.max(span.start + 1) - 1);
        let start = document.source.position(finding.span.start as usize);
        if start.line == line && self.column.is_none_or(|column| column == start.column) {
            return Some(Nearness::Exact);
        }
        let related = finding.related.iter().map(|(span, _)| *span).filter(|span| span.file == document.file);
        if std::iter::once(finding.span).chain(related).any(|span| lines(span).contains(&line)) {
            return Some(Nearness::Line);
        }
        let step = step_around(document, finding.span)?;
        lines(step).contains(&line).then_some(Nearness::Step)
    }
}

/// Whether a comment of zizmor's silences it from elsewhere in its step, or in `on`: there zizmor's findings are of the
/// whole of it.
fn is_commented(finding: &Finding, document: &Document) -> bool {
    const START: &str = "zizmor: ignore[";
    if !document.text().contains(START) {
        return false;
    }
    let of_on = || {
        let (key, value) = document.yaml.as_ref()?.entry("on")?;
        Some(key.span.join(value.span)).filter(|on| on.contains(finding.span))
    };
    let Some(area) = step_around(document, finding.span).or_else(of_on) else { return false };
    let lines = document.line(area.start)..=document.line(area.end.max(area.start + 1) - 1);
    document.comments().iter().filter(|comment| lines.contains(&comment.line)).any(|comment| {
        let names = comment.text.split_once(START).and_then(|(_, rest)| rest.split_once(']'));
        names.is_some_and(|(names, _)| names.split(',').any(|name| finding.rule.is_alias("zizmor", name.trim())))
    })
}

/// The step that something stands in.
fn step_around(document: &Document, inner: span::Span) -> Option<span::Span> {
    let workflow = document.workflow.as_ref()?;
    workflow.jobs.iter().find_map(|job| {
        let workflow::JobKind::Steps(job) = &job.kind else { return None };
        job.steps.iter().map(|step| step.span).find(|span| span.contains(inner))
    })
}
