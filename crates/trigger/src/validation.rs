//! What is wrong with filters and schedules, found without an event.

use span::{Diagnostic, Span};
use workflow::{EventTrigger, Filter, Spanned, Triggers, Workflow};

use crate::glob::{Pattern, Subject};
use crate::{Cron, PatternList};

/// Everything wrong with the patterns and cron lines of a workflow's `on:`.
#[must_use]
pub fn check(workflow: &Workflow) -> Vec<Diagnostic> {
    check_triggers(&workflow.on)
}

/// As [`check`], for an `on:` alone.
#[must_use]
pub fn check_triggers(triggers: &Triggers) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for event in &triggers.events {
        check_event(event, &mut found);
    }
    found
}

fn check_event(event: &EventTrigger, found: &mut Vec<Diagnostic>) {
    let filters = [
        (&event.branches, "branches", Subject::Ref, true),
        (
            &event.branches_ignore,
            "branches-ignore",
            Subject::Ref,
            false,
        ),
        (&event.tags, "tags", Subject::Ref, true),
        (&event.tags_ignore, "tags-ignore", Subject::Ref, false),
        (&event.paths, "paths", Subject::Path, true),
        (&event.paths_ignore, "paths-ignore", Subject::Path, false),
        (&event.names, "names", Subject::Name, true),
        (&event.versions, "versions", Subject::Name, true),
    ];
    for (filter, key, subject, includes) in filters {
        if let Some(filter) = filter {
            check_filter(filter, key, subject, includes, found);
        }
    }
    for schedule in &event.schedules {
        check_cron(&schedule.cron, found);
    }
}

fn check_filter(
    filter: &Filter,
    key: &str,
    subject: Subject,
    includes: bool,
    found: &mut Vec<Diagnostic>,
) {
    for pattern in &filter.patterns {
        for error in Pattern::parse(&pattern.value, subject)
            .err()
            .unwrap_or_default()
        {
            let place = part_of(pattern, error.offset, error.len);
            found.push(
                Diagnostic::error(
                    "trigger/pattern",
                    format!("invalid pattern under `{key}`: {}", error.message),
                )
                .at(place),
            );
        }
    }
    if includes && PatternList::compile(filter, subject).is_ok_and(|list| list.only_negated()) {
        found.push(
            Diagnostic::error("trigger/only-negated", format!("`{key}` has only `!` patterns"))
                .at(filter.key_span)
                .label("nothing that they could take away from")
                .help(format!("put a positive pattern such as `'**'` before them, or use `{key}-ignore` without `!`")),
        );
    }
}

fn check_cron(cron: &Spanned<std::sync::Arc<str>>, found: &mut Vec<Diagnostic>) {
    match Cron::parse(&cron.value) {
        Err(errors) => {
            for error in errors {
                found.push(Diagnostic::error("trigger/cron", error.message).at(part_of(
                    cron,
                    error.offset,
                    error.len,
                )));
            }
        }
        Ok(line) if line.shortest_interval() < 5 => found.push(
            Diagnostic::warning(
                "trigger/cron-interval",
                "GitHub runs a schedule at most every five minutes",
            )
            .at(cron.span)
            .label(format!(
                "this one asks for every {} minutes",
                line.shortest_interval()
            )),
        ),
        Ok(_) => {}
    }
}

/// The place of a part of a scalar. Only plain scalars and quoted ones without escapes lie in the file byte by byte; for the
/// others it is the whole scalar.
fn part_of(text: &Spanned<std::sync::Arc<str>>, offset: usize, len: usize) -> Span {
    let quotes = match text.span.len().checked_sub(text.value.len()) {
        Some(0) => 0,
        Some(2) => 1,
        _ => return text.span,
    };
    text.span.at(offset + quotes, len)
}
