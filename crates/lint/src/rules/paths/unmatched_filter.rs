use span::Severity;
use std::sync::Arc;
use trigger::{Pattern, Subject};
use workflow::Spanned;

use crate::finding::Confidence;
use crate::project::Tree;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "paths/unmatched-filter",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Default,
    aliases: &["jactionlint:unmatched-paths-filter"],
    summary: "a pattern of paths fits no file of the repository",
    page: page!("paths/unmatched-filter"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    let Some(tree) = &subject.project.facts.tree else { return };
    for event in &subject.workflow.on.events {
        let lists = [(&event.paths, true), (&event.paths_ignore, false)];
        for (filter, includes) in lists.into_iter().filter_map(|(filter, includes)| Some((filter.as_ref()?, includes)))
        {
            for pattern in &filter.patterns {
                one(tree, pattern, includes, report);
            }
        }
    }
}

fn one(tree: &Tree, pattern: &Spanned<Arc<str>>, includes: bool, report: &mut Report<'_>) {
    let text = pattern.value.strip_prefix('!').unwrap_or(&pattern.value);
    let negated = text.len() < pattern.value.len();
    let Ok(parsed) = Pattern::parse(text, Subject::Path) else { return };
    if tree.iter().any(|file| parsed.matches(file)) {
        return;
    }
    let finding = report.at(pattern.span, format!("no file of the repository matches `{}`", pattern.value));
    // What is left out may be there one day, and so may what is looked for anywhere; what has its place should be there.
    if negated || !includes || text.starts_with("**/") {
        finding.confidence(Confidence::Medium);
    }
    let plain = text.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if tree.has_directory(plain) && !plain.is_empty() {
        finding.help(format!("for the files in that directory: `{plain}/**`"));
    } else if tree.has_file(plain) {
        finding.help(format!("paths count from the top, without anything in front: `{plain}`"));
    } else if let Some(near) = span::did_you_mean(plain, tree.iter()) {
        finding.help(format!("there is `{near}`"));
    }
}
