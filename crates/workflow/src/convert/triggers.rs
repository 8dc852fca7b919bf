//! `on:`.

use std::sync::Arc;

use span::{Diagnostic, Span};

use super::inputs::{Declares, inputs};
use super::{Diagnostics, whole};
use crate::item::{Entry, Item};
use crate::{
    EventTrigger, Filter, Schedule, SecretDeclaration, Spanned, Triggers, WorkflowCall, WorkflowOutput, check, code,
};

pub(super) fn triggers(on: &Entry, out: &mut Diagnostics) -> Triggers {
    let item = &on.value;
    let mut events: Vec<EventTrigger> = Vec::new();
    if item.entries().is_empty() {
        for name in item.strings() {
            let span = name.span;
            if let Some(first) = events.iter().find(|event| event.name.value == name.value) {
                let message = format!("the event `{}` is named twice", name.value);
                let diagnostic = Diagnostic::warning(code::DUPLICATE_EVENT, message).at(span);
                out.push(diagnostic.related(first.name.span, "first here"));
                continue;
            }
            let mut event = bare(name, span);
            event.call = (event.name.value.as_ref() == "workflow_call").then(|| WorkflowCall {
                span,
                inputs: Vec::new(),
                secrets: Vec::new(),
                outputs: Vec::new(),
            });
            events.push(event);
        }
    } else {
        events.extend(item.entries().iter().filter_map(|entry| event(entry, out)));
    }
    if events.is_empty() && !item.is_invalid() && item.entries().is_empty() && item.items().is_empty() {
        out.push(Diagnostic::error(code::EMPTY_VALUE, "`on` names no event").at(on.key_span));
    }
    Triggers { span: whole(on.key_span, item), events }
}

fn bare(name: Spanned<Arc<str>>, span: Span) -> EventTrigger {
    EventTrigger {
        name,
        span,
        types: None,
        branches: None,
        branches_ignore: None,
        tags: None,
        tags_ignore: None,
        paths: None,
        paths_ignore: None,
        workflows: None,
        names: None,
        versions: None,
        schedules: Vec::new(),
        inputs: Vec::new(),
        call: None,
    }
}

fn event(entry: &Entry, out: &mut Diagnostics) -> Option<EventTrigger> {
    let name = entry.spanned_name()?;
    let item = &entry.value;
    let mut event = bare(name, whole(entry.key_span, item));
    event.types = filter(item, "types");
    event.branches = filter(item, "branches");
    event.branches_ignore = filter(item, "branches-ignore");
    event.tags = filter(item, "tags");
    event.tags_ignore = filter(item, "tags-ignore");
    event.paths = filter(item, "paths");
    event.paths_ignore = filter(item, "paths-ignore");
    event.workflows = filter(item, "workflows");
    event.names = filter(item, "names");
    event.versions = filter(item, "versions");
    match event.name.value.as_ref() {
        "schedule" => {
            event.schedules = item.items().iter().filter_map(|item| schedule(item, out)).collect();
        }
        "workflow_dispatch" => event.inputs = inputs(item, Declares::Dispatch, out),
        "workflow_call" => event.call = Some(call(item, event.span, out)),
        _ => {}
    }
    check::filters(&event, out);
    Some(event)
}

fn filter(item: &Item, key: &str) -> Option<Filter> {
    let entry = item.entry(key)?;
    Some(Filter { key_span: entry.key_span, patterns: entry.value.strings() })
}

fn schedule(item: &Item, out: &mut Diagnostics) -> Option<Schedule> {
    let cron = item.get("cron")?.string()?;
    check::cron(&cron, out);
    let timezone = item.get("timezone").and_then(Item::string);
    if let Some(zone) = &timezone {
        check::timezone(zone, out);
    }
    Some(Schedule { cron, timezone })
}

fn call(item: &Item, span: Span, out: &mut Diagnostics) -> WorkflowCall {
    let entries = |key: &str| item.get(key).map(Item::entries).unwrap_or_default();
    let secrets = entries("secrets").iter().filter_map(|entry| {
        let required = entry.value.get("required").and_then(Item::bool).unwrap_or(false);
        Some(SecretDeclaration { name: entry.spanned_name()?, required })
    });
    let outputs = entries("outputs").iter().filter_map(|entry| {
        Some(WorkflowOutput { name: entry.spanned_name()?, value: entry.value.get("value")?.template() })
    });
    WorkflowCall {
        span,
        inputs: inputs(item, Declares::Call, out),
        secrets: secrets.collect(),
        outputs: outputs.collect(),
    }
}
