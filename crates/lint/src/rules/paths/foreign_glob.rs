use span::Severity;
use std::sync::Arc;
use workflow::Spanned;

use crate::finding::Confidence;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::WorkflowSubject;

pub(super) static RULE: Rule = Rule {
    id: "paths/foreign-glob",
    severity: Severity::Warning,
    confidence: Confidence::High,
    profile: Profile::Correctness,
    aliases: &[],
    summary: "a filter is written in the pattern language of another tool",
    page: page!("paths/foreign-glob"),
    checks: &[Check::Workflow(check)],
};

fn check(subject: &WorkflowSubject<'_>, report: &mut Report<'_>) {
    for event in &subject.workflow.on.events {
        for filter in [&event.paths, &event.paths_ignore].into_iter().flatten() {
            filter.patterns.iter().for_each(|pattern| one(pattern, true, report));
        }
        for filter in [&event.branches, &event.branches_ignore, &event.tags, &event.tags_ignore].into_iter().flatten() {
            filter.patterns.iter().for_each(|pattern| one(pattern, false, report));
        }
    }
}

fn one(pattern: &Spanned<Arc<str>>, is_path: bool, report: &mut Report<'_>) {
    let text = &*pattern.value;
    let bare = text.strip_prefix('!').unwrap_or(text);
    if let Some(alternatives) = braces(bare) {
        report
            .at(pattern.span, "braces are no alternatives here: they stand for themselves")
            .help(format!("write one pattern for each of {}", alternatives.join(", ")));
    } else if ["@(", "!(", "*(", "?(", "+("].iter().any(|open| bare.contains(open)) && bare.contains(')') {
        report
            .at(pattern.span, "extended patterns of shells are not understood: parentheses stand for themselves")
            .help("write one pattern for each alternative");
    } else if bare.starts_with('^') || bare.ends_with('$') || bare.contains("\\d") || bare.contains("\\w") {
        report
            .at(pattern.span, "this reads like a regular expression, and is a pattern")
            .help("`*` stands for any text without `/`, `**` with it, `[0-9]+` for numbers");
    } else if is_path && (bare.starts_with('/') || bare.starts_with("./")) {
        let plain = bare.trim_start_matches("./").trim_start_matches('/');
        report
            .at(pattern.span, "paths have nothing in front of their first name, so this matches none")
            .help(format!("write `{plain}`"));
    } else if is_path && bare.ends_with('/') && bare.len() > 1 {
        report
            .at(pattern.span, "this matches nothing: only files are compared, and no name of a file ends in `/`")
            .help(format!("for the files in the directory: `{bare}**`"));
    }
}

/// The alternatives in braces, if there are any.
fn braces(text: &str) -> Option<Vec<String>> {
    let open = text.find('{')?;
    let close = open + text[open..].find('}')?;
    let inside = &text[open + 1..close];
    let (before, after) = (&text[..open], &text[close + 1..]);
    inside.contains(',').then(|| inside.split(',').map(|part| format!("`{before}{part}{after}`")).collect())
}
