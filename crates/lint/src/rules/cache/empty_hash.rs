use expr::Term;
use globset::GlobBuilder;
use span::Severity;

use crate::finding::Confidence;
use crate::project::Tree;
use crate::report::Report;
use crate::rule::{Check, Profile, Rule};
use crate::subject::ExpressionSubject;

pub(super) static RULE: Rule = Rule {
    id: "cache/empty-hash",
    severity: Severity::Warning,
    confidence: Confidence::Medium,
    profile: Profile::Default,
    aliases: &[],
    summary: "hashFiles finds no file in the repository, so it is always the empty text",
    page: page!("cache/empty-hash"),
    checks: &[Check::Expression(check)],
};

fn check(subject: &ExpressionSubject<'_>, report: &mut Report<'_>) {
    let Some(tree) = &subject.project.facts.tree else { return };
    // A condition asks whether there is a file; a key wants its hash.
    if subject.condition.is_some() || subject.owner.action().is_some() {
        return;
    }
    let Some(part) = subject.expr.view() else { return };
    part.each(&mut |part| {
        let Term::Call(name, arguments) = part.term() else { return };
        if !name.eq_ignore_ascii_case("hashFiles") {
            return;
        }
        let patterns: Option<Vec<&str>> = arguments.iter().map(|argument| argument.literal()?.as_str()).collect();
        let Some(patterns) = patterns else { return };
        let files: Vec<&str> = patterns
            .iter()
            .flat_map(|pattern| pattern.lines())
            .map(str::trim)
            .filter(|pattern| !pattern.starts_with(['!', '-', '#']) && !pattern.is_empty())
            .collect();
        // Files outside of the workspace, and what a step makes or checks out elsewhere, are not to be seen.
        if files.is_empty()
            || files.iter().any(|pattern| pattern.starts_with(['/', '~', '$']) || matches(tree, pattern))
        {
            return;
        }
        report
            .at(subject.place(part.range()), format!("no file of the repository matches {}", files.join(", ")))
            .help("the key never changes then, unless a step before makes such a file");
    });
}

/// Whether a file fits the pattern, which GitHub's toolkit reads like a shell's, with `**`.
fn matches(tree: &Tree, pattern: &str) -> bool {
    let pattern = pattern.trim_start_matches("./");
    let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() else { return true };
    let matcher = glob.compile_matcher();
    let directory = format!("{}/", pattern.trim_end_matches('/'));
    tree.iter().any(|file| matcher.is_match(file) || file.starts_with(&directory))
}
