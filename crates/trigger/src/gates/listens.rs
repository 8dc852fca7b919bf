//! G7: the event stands under `on:`, with this activity type.

use workflow::{EventTrigger, Filter, Workflow};

use crate::glob::Subject;
use crate::{Event, Gate, PatternList, Runs, Verdict};

/// The types that count when `types:` is not given; `None` means all.
fn default_types(event: &str) -> Option<&'static [&'static str]> {
    matches!(event, "pull_request" | "pull_request_target").then_some(&["opened", "synchronize", "reopened"])
}

pub(super) fn gate<'a>(workflow: &'a Workflow, event: &Event) -> Result<&'a EventTrigger, Verdict> {
    let no = |reason: String| Verdict::no(Gate::Event, reason);
    let Some(trigger) = workflow.on.event(&event.name) else {
        let listens: Vec<String> = workflow.on.events.iter().map(|event| format!("`{}`", event.name.value)).collect();
        return Err(
            no(format!("`{}` is not under `on`, which has {}", event.name, listens.join(", "))).at(workflow.on.span)
        );
    };
    types(trigger, event)?;
    workflow_names(trigger, event)?;
    schedule(trigger, event)?;
    image(trigger, event)?;
    Ok(trigger)
}

/// The verdict for a trigger without filters.
pub(super) fn yes(trigger: &EventTrigger, event: &Event) -> Verdict {
    let what = match (&event.action, &trigger.types) {
        (Some(action), Some(_)) => format!("`{}` with type `{action}` is under `on`", event.name),
        _ => format!("`{}` is under `on`", event.name),
    };
    Verdict::yes(Gate::Event, what).at(trigger.name.span)
}

fn types(trigger: &EventTrigger, event: &Event) -> Result<(), Verdict> {
    let Some(action) = event.action.as_deref() else {
        return Ok(());
    };
    if let Some(types) = &trigger.types {
        if types.patterns.iter().any(|known| known.value.as_ref() == action) {
            return Ok(());
        }
        let what = if event.name == "repository_dispatch" { "event type" } else { "activity type" };
        return Err(Verdict::no(Gate::Event, format!("{what} `{action}` is not under `types`")).at(types.key_span));
    }
    match default_types(&event.name) {
        Some(defaults) if !defaults.contains(&action) => Err(Verdict::no(
            Gate::Event,
            format!("activity type `{action}` is none of the defaults of `{}`: {}", event.name, defaults.join(", ")),
        )
        .at(trigger.name.span)),
        _ => Ok(()),
    }
}

fn workflow_names(trigger: &EventTrigger, event: &Event) -> Result<(), Verdict> {
    let (Some(workflows), Some(run)) = (&trigger.workflows, &event.workflow_run) else {
        return Ok(());
    };
    if workflows.patterns.iter().any(|name| *name.value == *run.workflow) {
        return Ok(());
    }
    if run.workflow.is_empty() {
        let why = "the name of the workflow that ran is not known".to_owned();
        return Err(Verdict::new(Runs::Undetermined, Gate::Event, why).at(workflows.key_span));
    }
    Err(Verdict::no(Gate::Event, format!("the run was of workflow `{}`, which is not under `workflows`", run.workflow))
        .at(workflows.key_span))
}

fn schedule(trigger: &EventTrigger, event: &Event) -> Result<(), Verdict> {
    let Some(due) = &event.schedule else {
        return Ok(());
    };
    if event.name != "schedule" || trigger.schedules.iter().any(|schedule| *schedule.cron.value == **due) {
        return Ok(());
    }
    Err(Verdict::no(Gate::Event, format!("`{due}` is none of the cron lines under `schedule`")).at(trigger.name.span))
}

fn image(trigger: &EventTrigger, event: &Event) -> Result<(), Verdict> {
    let Some((name, version)) = &event.image else {
        return Ok(());
    };
    listed(trigger.names.as_ref(), "names", name)?;
    listed(trigger.versions.as_ref(), "versions", version)
}

fn listed(filter: Option<&Filter>, key: &str, subject: &str) -> Result<(), Verdict> {
    let Some(filter) = filter else { return Ok(()) };
    match PatternList::compile(filter, Subject::Name) {
        Ok(list) if list.decide(subject).selected => Ok(()),
        _ => Err(Verdict::no(Gate::Event, format!("`{subject}` matches nothing under `{key}`")).at(filter.key_span)),
    }
}
