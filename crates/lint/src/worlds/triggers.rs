//! From `on:` to worlds.

use expr::Value;
use workflow::{EventTrigger, Filter, InputType, Workflow, activity_types};

use super::{Abstract, Payload, World};

/// Types that a workflow gets when it does not say which.
const PULL_REQUEST_TYPES: [&str; 3] = ["opened", "synchronize", "reopened"];

/// Events whose runs are on the default branch.
const ON_DEFAULT_BRANCH: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "public",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_run",
];

/// A world for each event. `None` for workflows that others call: these run for any event of theirs.
pub(crate) fn worlds(workflow: &Workflow) -> Option<Vec<World>> {
    if workflow.on.call().is_some() || workflow.on.event("workflow_call").is_some() || workflow.on.events.is_empty() {
        return None;
    }
    Some(workflow.on.events.iter().map(world).collect())
}

fn world(event: &EventTrigger) -> World {
    let name = &*event.name.value;
    let mut world = World { event: name.to_owned(), ..World::default() };
    world.set("github.event_name", Abstract::Known(Value::string(name)));
    let types = types(event);
    world.payload = Payload::of(name, types.as_deref());
    if let Some(types) = &types {
        world.set("github.event.action", Abstract::strings(types.iter().copied()));
    }
    let is_pull_request = name.starts_with("pull_request");
    if !is_pull_request {
        for path in ["github.base_ref", "github.head_ref"] {
            world.set(path, Abstract::Known(Value::string("")));
        }
    }
    set_ref(event, types.as_deref(), &mut world);
    if name == "schedule" {
        let crons = event.schedules.iter().map(|schedule| &*schedule.cron.value);
        world.set("github.event.schedule", Abstract::strings(crons));
    }
    for input in event.inputs.iter().filter(|input| input.kind == InputType::Choice && !input.options.is_empty()) {
        // An input without a default that nobody fills in is empty; started over the API it can be anything listed.
        let options = input.options.iter().map(|option| &*option.value);
        let path = input.name.value.to_lowercase();
        let values = Abstract::strings(options.chain([""]));
        world.set(&format!("inputs.{path}"), values.clone());
        world.set(&format!("github.event.inputs.{path}"), values);
    }
    world
}

/// The activity types of an event; `None` for events without types, or with types of the user's own.
fn types(event: &EventTrigger) -> Option<Vec<&str>> {
    let name = &*event.name.value;
    if name == "repository_dispatch" {
        return None;
    }
    match &event.types {
        Some(filter) => Some(filter.patterns.iter().map(|pattern| &*pattern.value).collect()),
        None if matches!(name, "pull_request" | "pull_request_target") => Some(PULL_REQUEST_TYPES.to_vec()),
        None => activity_types(name).filter(|types| !types.is_empty()).map(<[&str]>::to_vec),
    }
}

fn set_ref(event: &EventTrigger, types: Option<&[&str]>, world: &mut World) {
    let starts = |prefix: &str| Abstract::Starts(prefix.to_owned());
    let name = &*event.name.value;
    match name {
        "push" => {
            let branches = event.branches.is_some() || event.branches_ignore.is_some();
            let tags = event.tags.is_some() || event.tags_ignore.is_some();
            let mut refs = Vec::new();
            if branches || !tags {
                refs.extend(names(event.branches.as_ref(), "refs/heads/"));
            }
            if tags || !branches {
                refs.extend(names(event.tags.as_ref(), "refs/tags/"));
            }
            if branches != tags {
                let kind = if branches { "branch" } else { "tag" };
                world.set("github.ref_type", Abstract::Known(Value::string(kind)));
            }
            if let Some(short) = short_names(&refs) {
                world.set("github.ref_name", short);
            }
            world.set("github.ref", Abstract::OneOf(refs));
        }
        // A merged one runs on its base branch.
        "pull_request" if types.is_some_and(|types| !types.contains(&"closed")) => {
            world.set("github.ref", starts("refs/pull/"));
            base(event, world);
        }
        "pull_request" => base(event, world),
        "pull_request_target" => {
            world.set("github.ref", starts("refs/heads/"));
            base(event, world);
        }
        "merge_group" => world.set("github.ref", starts("refs/heads/")),
        "workflow_dispatch" => {
            world.set("github.ref", Abstract::OneOf(vec![starts("refs/heads/"), starts("refs/tags/")]));
        }
        _ if ON_DEFAULT_BRANCH.contains(&name) => {
            world.set("github.ref", starts("refs/heads/"));
            world.set("github.ref_type", Abstract::Known(Value::string("branch")));
        }
        _ => {}
    }
}

fn base(event: &EventTrigger, world: &mut World) {
    if let Some(Abstract::OneOf(names)) = event.branches.as_ref().map(|filter| Abstract::OneOf(names(Some(filter), "")))
        && names.iter().all(|name| matches!(name, Abstract::Known(_)))
    {
        world.set("github.base_ref", Abstract::OneOf(names));
    }
}

/// The refs that a filter lets in: each pattern that is a name by itself, else everything.
fn names(filter: Option<&Filter>, prefix: &str) -> Vec<Abstract> {
    let everything = || vec![Abstract::Starts(prefix.to_owned())];
    let Some(filter) = filter else { return everything() };
    let mut refs = Vec::new();
    for pattern in &filter.patterns {
        if pattern.value.starts_with('!') {
            continue;
        }
        if pattern.value.contains(['*', '?', '+', '[', ']', '\\', '!']) {
            return everything();
        }
        refs.push(Abstract::Known(Value::string(format!("{prefix}{}", pattern.value))));
    }
    if refs.is_empty() { everything() } else { refs }
}

fn short_names(refs: &[Abstract]) -> Option<Abstract> {
    let short = refs.iter().map(|full| match full {
        Abstract::Known(Value::String(full)) => {
            let name = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/"))?;
            Some(Abstract::Known(Value::string(name)))
        }
        _ => None,
    });
    short.collect::<Option<Vec<_>>>().map(Abstract::OneOf)
}

impl Payload {
    /// Of a workflow's event, with the activity types that it asks for.
    pub(crate) fn of_trigger(event: &EventTrigger) -> Option<Payload> {
        Payload::of(&event.name.value, types(event).as_deref())
    }
}
