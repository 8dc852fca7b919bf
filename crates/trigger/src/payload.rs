//! `github.event`, made up from what git knows.
//!
//! Shapes follow GitHub's webhook payloads: `push` and `pull_request` in full, the others with the fields that workflows read.
//! An event file given by the user is merged over the result and wins.

mod commits;
mod derive;
mod facts;
mod issues;
mod others;
mod pull_request;
mod push;
mod repository;

pub use facts::{CommitFacts, EventFacts, Person, PullRequestFacts};

use serde_json::{Map, Value, json};

/// The payload of the event, with `action`, `repository` and `sender` where GitHub has them.
#[must_use]
pub fn synthesise(facts: &EventFacts) -> Value {
    let mut payload = body(facts);
    let mut common = Map::new();
    let action = facts.action.clone().or_else(|| default_action(&facts.event).map(str::to_owned));
    if let Some(action) = action {
        common.insert("action".to_owned(), Value::String(action));
    }
    common.insert("repository".to_owned(), repository::repository(facts));
    if let Some(owner) = facts.organization() {
        common.insert("organization".to_owned(), json!({ "login": owner, "id": facts.id(owner) }));
    }
    common.insert("sender".to_owned(), repository::user(facts, &facts.actor));
    let mut whole = Value::Object(common);
    merge(&mut whole, std::mem::take(&mut payload));
    whole
}

/// Puts `over` on `base`: objects key by key, everything else is replaced.
pub fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(known) => merge(known, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}

/// The activity type that stands in when none is given. `None` for events without types.
#[must_use]
pub fn default_action(event: &str) -> Option<&'static str> {
    Some(match event {
        "branch_protection_rule"
        | "discussion"
        | "discussion_comment"
        | "issue_comment"
        | "label"
        | "milestone"
        | "project"
        | "project_card"
        | "project_column"
        | "pull_request_review_comment"
        | "pull_request_comment"
        | "check_run" => "created",
        "check_suite" | "workflow_run" => "completed",
        "deployment" | "deployment_status" => "created",
        "image_version" => "ready",
        "issues" | "pull_request" | "pull_request_target" => "opened",
        "merge_group" => "checks_requested",
        "pull_request_review" => "submitted",
        "registry_package" | "release" => "published",
        "repository_dispatch" => "run",
        "watch" => "started",
        _ => return None,
    })
}

fn body(facts: &EventFacts) -> Value {
    match facts.event.as_str() {
        "push" => push::payload(facts),
        "pull_request" | "pull_request_target" => pull_request::payload(facts),
        "pull_request_review" => pull_request::review(facts),
        "pull_request_review_comment" => pull_request::review_comment(facts),
        "issues"
        | "issue_comment"
        | "pull_request_comment"
        | "label"
        | "milestone"
        | "discussion"
        | "discussion_comment" => issues::payload(facts),
        _ => others::payload(facts),
    }
}
