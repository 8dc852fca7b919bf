//! `on:`: every event with its activity types and filters.

use super::{BOOLEAN, Def, Key, Keys, NAMES, NON_EMPTY, TEXT, TEXT_LIST, contexts, key, keys, required};

pub(super) static ON: Def = Def::one_of(EVENT_NAMES).or_list(&ON_NAME).or_map(&ON_KEYS);
static ON_NAME: Def = Def::one_of(EVENT_NAMES);
static ON_KEYS: Keys = keys("`on`", EVENTS);

/// The activity types GitHub knows for an event. `None`: the event has none, or they are free.
pub fn activity_types(event: &str) -> Option<&'static [&'static str]> {
    let def = EVENTS.iter().find(|key| key.name == event)?.def;
    let Some(super::Map::Keys(keys)) = def.map else {
        return None;
    };
    match keys.find("types")?.def.string {
        Some(super::Text::OneOf(types)) => Some(types),
        _ => None,
    }
}

/// An event with a mapping of its own, which may be left out.
macro_rules! event {
    ($name:literal, types: [$($kind:literal),* $(,)?] $(, $filter:expr)* $(,)?) => {{
        static TYPE: Def = Def::one_of(&[$($kind),*]);
        static TYPES: Def = Def::one_of(&[$($kind),*]).or_list(&TYPE);
        event!($name, key("types", &TYPES) $(, $filter)*)
    }};
    ($name:literal $(, $key:expr)+ $(,)?) => {{
        static KNOWN: &[Key] = &[$($key),+];
        static KEYS: Keys = keys(concat!("`", $name, "`"), KNOWN);
        static EVENT: Def = Def::map(&KEYS).or_null();
        key($name, &EVENT)
    }};
    ($name:literal) => {
        key($name, &NO_KEYS)
    };
}

const fn filter(name: &'static str) -> Key {
    key(name, &NAMES)
}

static NO_KEYS: Def = Def { null: true, ..Def::NOTHING };

static EVENTS: &[Key] = &[
    event!("branch_protection_rule", types: ["created", "edited", "deleted"]),
    event!("check_run", types: ["completed", "created", "rerequested", "requested_action"]),
    event!("check_suite", types: ["completed"]),
    event!("create"),
    event!("delete"),
    event!("deployment"),
    event!("deployment_status"),
    event!("discussion", types: [
        "created", "edited", "deleted", "transferred", "pinned", "unpinned", "labeled", "unlabeled", "locked", "unlocked",
        "category_changed", "answered", "unanswered",
    ]),
    event!("discussion_comment", types: ["created", "edited", "deleted"]),
    event!("fork"),
    event!("gollum"),
    event!("image_version", types: ["created", "ready", "deleted"], filter("names"), filter("versions")),
    event!("issue_comment", types: ["created", "edited", "deleted"]),
    event!("issues", types: [
        "opened", "edited", "deleted", "transferred", "pinned", "unpinned", "closed", "reopened", "assigned", "unassigned",
        "labeled", "unlabeled", "locked", "unlocked", "milestoned", "demilestoned", "field_added", "field_removed",
        "typed", "untyped",
    ]),
    event!("label", types: ["created", "edited", "deleted"]),
    event!("merge_group", types: ["checks_requested"], filter("branches"), filter("branches-ignore")),
    event!("milestone", types: ["created", "closed", "opened", "edited", "deleted"]),
    event!("page_build"),
    event!("project", types: ["created", "closed", "reopened", "edited", "deleted"]),
    event!("project_card", types: ["created", "moved", "converted", "edited", "deleted"]),
    event!("project_column", types: ["created", "updated", "moved", "deleted"]),
    event!("public"),
    event!("pull_request", types: [
        "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened", "synchronize",
        "converted_to_draft", "locked", "unlocked", "enqueued", "dequeued", "milestoned", "demilestoned",
        "ready_for_review", "review_requested", "review_request_removed", "auto_merge_enabled", "auto_merge_disabled",
        "stacked",
    ], filter("branches"), filter("branches-ignore"), filter("paths"), filter("paths-ignore")),
    event!("pull_request_comment", types: ["created", "edited", "deleted"]),
    event!("pull_request_review", types: ["submitted", "edited", "dismissed"]),
    event!("pull_request_review_comment", types: ["created", "edited", "deleted"]),
    event!("pull_request_target", types: [
        "assigned", "unassigned", "labeled", "unlabeled", "opened", "edited", "closed", "reopened", "synchronize",
        "converted_to_draft", "locked", "unlocked", "enqueued", "dequeued", "milestoned", "demilestoned",
        "ready_for_review", "review_requested", "review_request_removed", "auto_merge_enabled", "auto_merge_disabled",
        "stacked",
    ], filter("branches"), filter("branches-ignore"), filter("paths"), filter("paths-ignore")),
    event!(
        "push",
        filter("branches"),
        filter("branches-ignore"),
        filter("tags"),
        filter("tags-ignore"),
        filter("paths"),
        filter("paths-ignore"),
    ),
    event!("registry_package", types: ["published", "updated"]),
    event!("release", types: [
        "published", "unpublished", "created", "edited", "deleted", "prereleased", "released",
    ]),
    event!("repository_dispatch", key("types", &FREE_TYPES)),
    key("schedule", &SCHEDULE),
    event!("status"),
    event!("watch", types: ["started"]),
    key("workflow_call", &CALL),
    key("workflow_dispatch", &DISPATCH),
    event!(
        "workflow_run",
        types: ["requested", "completed", "in_progress"],
        filter("workflows"),
        filter("branches"),
        filter("branches-ignore"),
    ),
];

const EVENT_COUNT: usize = 37;

pub static EVENT_NAMES: &[&str] = &{
    let mut names = [""; EVENT_COUNT];
    let mut index = 0;
    while index < EVENT_COUNT {
        names[index] = EVENTS[index].name;
        index += 1;
    }
    names
};

/// GitHub's schema has a list here; its documentation and its service also take a lone name.
static FREE_TYPES: Def = Def::non_empty().or_list(&NON_EMPTY);

static SCHEDULE: Def = Def::list(&CRON);
static CRON: Def = Def::map(&CRON_KEYS);
static CRON_KEYS: Keys = keys("a schedule", &[required("cron", &NON_EMPTY), key("timezone", &NON_EMPTY)]);

static DISPATCH: Def = Def::map(&DISPATCH_KEYS).or_null();
static DISPATCH_KEYS: Keys = keys("`workflow_dispatch`", &[key("inputs", &DISPATCH_INPUTS)]);
static DISPATCH_INPUTS: Def = Def::map(&DISPATCH_INPUTS_KEYS).or_null();
static DISPATCH_INPUTS_KEYS: Keys = super::named("`inputs`", &DISPATCH_INPUT);
static DISPATCH_INPUT: Def = Def::map(&DISPATCH_INPUT_KEYS).or_null();
static DISPATCH_INPUT_KEYS: Keys = keys(
    "an input",
    &[
        key("description", &TEXT),
        key("type", &DISPATCH_TYPE),
        key("required", &BOOLEAN),
        key("default", &DISPATCH_DEFAULT),
        key("options", &TEXT_LIST),
    ],
);
static DISPATCH_TYPE: Def = Def::one_of(&["string", "boolean", "number", "environment", "choice"]);
static DISPATCH_DEFAULT: Def = Def::scalar();

static CALL: Def = Def::map(&CALL_KEYS).or_null();
static CALL_KEYS: Keys = keys(
    "`workflow_call`",
    &[key("inputs", &CALL_INPUTS), key("secrets", &CALL_SECRETS), key("outputs", &CALL_OUTPUTS)],
);
static CALL_INPUTS: Def = Def::map(&CALL_INPUTS_KEYS);
static CALL_INPUTS_KEYS: Keys = super::named("`inputs`", &CALL_INPUT);
static CALL_INPUT: Def = Def::map(&CALL_INPUT_KEYS);
static CALL_INPUT_KEYS: Keys = keys(
    "an input",
    &[
        key("description", &TEXT),
        required("type", &CALL_TYPE),
        key("required", &BOOLEAN),
        key("default", &CALL_DEFAULT),
    ],
);
static CALL_TYPE: Def = Def::one_of(&["string", "boolean", "number"]);
static CALL_DEFAULT: Def = Def::scalar().sees(&contexts::RUN);
static CALL_SECRETS: Def = Def::map(&CALL_SECRETS_KEYS);
static CALL_SECRETS_KEYS: Keys = super::named("`secrets`", &CALL_SECRET);
static CALL_SECRET: Def = Def::map(&CALL_SECRET_KEYS).or_null();
static CALL_SECRET_KEYS: Keys = keys("a secret", &[key("description", &TEXT), key("required", &BOOLEAN)]);
static CALL_OUTPUTS: Def = Def::map(&CALL_OUTPUTS_KEYS);
static CALL_OUTPUTS_KEYS: Keys = super::named("`outputs`", &CALL_OUTPUT);
static CALL_OUTPUT: Def = Def::map(&CALL_OUTPUT_KEYS);
static CALL_OUTPUT_KEYS: Keys = keys("an output", &[key("description", &TEXT), required("value", &CALL_OUTPUT_VALUE)]);
static CALL_OUTPUT_VALUE: Def = Def::text().sees(&contexts::CALL_OUTPUT);
