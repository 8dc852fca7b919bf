//! From a project to what is told about it.

use std::collections::HashMap;

use span::{FileId, Span};

use crate::document::Document;
use crate::finding::{Confidence, Finding};
use crate::parallel;
use crate::project::Project;
use crate::rule::{Profile, Rule};
use crate::rules::RULES;
use crate::walk::Checks;

/// What is asked for. What is `None` is as the project's configuration says.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub profile: Option<Profile>,
    /// The least confidence of what is told; high if nobody says.
    pub confidence: Option<Confidence>,
    /// Only these rules, whatever the profile; named as in the configuration. Empty means all.
    pub only: Vec<String>,
    /// Threads to work with; 0 is one for each processor.
    pub threads: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// In the order of files and places.
    pub findings: Vec<Finding>,
    /// How many a comment in the files silences.
    pub ignored: usize,
}

/// Runs the rules that look at files one by one over one file: for editors, which have an answer to give while somebody
/// types. What only all files together show is left to [`lint`].
pub fn lint_document(project: &Project, file: FileId, options: &Options) -> Outcome {
    let selection = Selection::new(project, options);
    let mut findings = Vec::new();
    if let Some(document) = project.document(file).filter(|document| selection.looks_at(document)) {
        let rules = RULES.iter().copied().filter(|rule| selection.is_on(rule, &document.path));
        Checks::new(rules).document(project, document, &mut findings);
    }
    selection.finish(findings)
}

/// Runs every rule that is on over every linted file.
pub fn lint(project: &Project, options: &Options) -> Outcome {
    lint_with(project, options, Vec::new())
}

/// As [`lint`], with what programs outside found; the same configuration and comments silence it.
pub fn lint_with(project: &Project, options: &Options, others: Vec<Finding>) -> Outcome {
    let selection = Selection::new(project, options);
    let documents: Vec<&Document> =
        project.documents().iter().filter(|document| selection.looks_at(document)).collect();
    // Which rules are on depends on the path only through the configuration; most paths have the same.
    let mut sets: HashMap<Vec<bool>, usize> = HashMap::new();
    let mut checks: Vec<Checks> = Vec::new();
    let mut jobs: Vec<(&Document, usize)> = Vec::new();
    for document in documents {
        let on: Vec<bool> = RULES.iter().map(|rule| selection.is_on(rule, &document.path)).collect();
        let next = checks.len();
        let index = *sets.entry(on.clone()).or_insert(next);
        if index == next {
            checks.push(Checks::new(RULES.iter().zip(&on).filter(|(_, on)| **on).map(|(rule, _)| *rule)));
        }
        jobs.push((document, index));
    }
    let of_files = parallel::map(options.threads, &jobs, |(document, set)| {
        let mut found = Vec::new();
        checks[*set].document(project, document, &mut found);
        found
    });
    let mut findings: Vec<Finding> = of_files.into_iter().flatten().collect();
    let everywhere = Checks::new(RULES.iter().copied().filter(|rule| selection.is_on_somewhere(rule)));
    everywhere.project(project, &mut findings);
    findings.extend(others);
    selection.finish(findings)
}

/// Which files and rules are looked at.
pub(crate) struct Selection<'a> {
    project: &'a Project,
    options: &'a Options,
    profile: Profile,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(project: &'a Project, options: &'a Options) -> Selection<'a> {
        let profile = options.profile.or(project.facts.config.profile).unwrap_or_default();
        Selection { project, options, profile }
    }

    pub(crate) fn looks_at(&self, document: &Document) -> bool {
        document.linted && !self.project.facts.config.exclude.matches(&document.path)
    }

    pub(crate) fn is_on(&self, rule: &Rule, path: &str) -> bool {
        if !self.options.only.is_empty() {
            return self.options.only.iter().any(|name| rule.is_named(name));
        }
        let facts = &self.project.facts;
        facts.config.is_on(rule, path, self.profile)
            && (!facts.adopted.disables(rule) || facts.config.is_asked_for(rule, path))
    }

    fn is_on_somewhere(&self, rule: &Rule) -> bool {
        self.project.documents().iter().any(|document| self.looks_at(document) && self.is_on(rule, &document.path))
    }

    /// Whether a finding is told, comments aside.
    fn is_told(&self, finding: &Finding, document: &Document) -> bool {
        let config = &self.project.facts.config;
        let least = self.options.confidence.or(config.confidence).unwrap_or(Confidence::High);
        let asked = !self.options.only.is_empty() || config.is_asked_for(finding.rule, &document.path);
        self.looks_at(document)
            && self.is_on(finding.rule, &document.path)
            && (asked || finding.profile <= self.profile)
            && finding.confidence >= least
    }

    fn finish(&self, findings: Vec<Finding>) -> Outcome {
        let mut outcome = Outcome::default();
        let facts = &self.project.facts;
        let told: Vec<(Finding, &Document)> = findings
            .into_iter()
            .filter_map(|finding| {
                let document = self.project.document(finding.span.file)?;
                self.is_told(&finding, document).then_some((finding, document))
            })
            .collect();
        let told_of: Vec<(&Finding, &Document)> = told.iter().map(|(finding, document)| (finding, *document)).collect();
        let silenced = facts.adopted.silenced(&told_of);
        for ((mut finding, document), silenced) in told.into_iter().zip(silenced) {
            if silenced || document.directives().silence(document, &finding) {
                outcome.ignored += 1;
                continue;
            }
            let severity = facts.config.severity(finding.rule, &document.path);
            if let Some(severity) = severity.or_else(|| facts.adopted.severity(finding.rule)) {
                finding.severity = severity;
            }
            finding.fixes.iter_mut().for_each(|fix| fix.break_lines(document.line_break()));
            outcome.findings.push(finding);
        }
        outcome.findings.sort_by(|a, b| {
            let place = |span: Span| (span.file, span.start, span.end);
            place(a.span).cmp(&place(b.span)).then(a.rule.id.cmp(b.rule.id)).then(a.message.cmp(&b.message))
        });
        // What an alias repeats is told once.
        outcome.findings.dedup_by(|a, b| a.span == b.span && a.rule.id == b.rule.id && a.message == b.message);
        outcome
    }
}
