//! Filters of one event: which may stand together, and their patterns.

use span::Diagnostic;

use super::pattern::{Problem, Subject, problem};
use crate::{EventTrigger, Filter, code};

pub(crate) fn filters(event: &EventTrigger, out: &mut Vec<Diagnostic>) {
    for (name, only, ignore, subject) in [
        ("branches", &event.branches, &event.branches_ignore, Subject::Ref),
        ("tags", &event.tags, &event.tags_ignore, Subject::Ref),
        ("paths", &event.paths, &event.paths_ignore, Subject::Path),
    ] {
        if let (Some(only), Some(ignore)) = (only, ignore) {
            let (first, second) = if only.key_span < ignore.key_span { (only, ignore) } else { (ignore, only) };
            out.push(
                Diagnostic::error(
                    code::EXCLUSIVE_FILTERS,
                    format!("`{name}` and `{name}-ignore` cannot both stand under one event"),
                )
                .at(second.key_span)
                .related(first.key_span, "the other one")
                .help(format!("use `{name}` alone: patterns that start with `!` take matches away")),
            );
        }
        if let Some(filter) = only {
            only_negative(name, filter, out);
        }
        for filter in [only, ignore].into_iter().flatten() {
            patterns(filter, subject, out);
        }
    }
}

/// A list that only takes away has nothing to take away from.
fn only_negative(name: &str, filter: &Filter, out: &mut Vec<Diagnostic>) {
    if filter.patterns.is_empty() || !filter.patterns.iter().all(|pattern| pattern.value.starts_with('!')) {
        return;
    }
    out.push(
        Diagnostic::error(
            code::ONLY_NEGATIVE_FILTER,
            format!("every pattern of `{name}` starts with `!`, so none can match"),
        )
        .at(filter.key_span)
        .help(format!("put a pattern that matches first, such as `'**'`, or use `{name}-ignore`")),
    );
}

fn patterns(filter: &Filter, subject: Subject, out: &mut Vec<Diagnostic>) {
    for pattern in &filter.patterns {
        let text = &pattern.value;
        match problem(text, subject) {
            None => {}
            Some(Problem::Invalid(why)) => out.push(
                Diagnostic::error(code::INVALID_PATTERN, format!("`{text}` is no pattern")).at(pattern.span).help(why),
            ),
            Some(Problem::NeverMatches(why)) => out.push(
                Diagnostic::warning(code::INVALID_PATTERN, format!("`{text}` never matches"))
                    .at(pattern.span)
                    .help(why),
            ),
        }
    }
}
