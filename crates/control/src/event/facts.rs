//! From an event's row to what the gates look at.

use store::events::{Event as Row, Facts};
use trigger::{ActorKind, Event, RefKind, WorkflowRun};

use serde_json::Value;

/// The event, but for what git knows: changed files and messages.
pub(super) fn event(row: &Row, facts: &Facts) -> Event {
    let mut event = Event::new(row.name.clone());
    event.action.clone_from(&row.action);
    (event.ref_kind, event.ref_name) = split(&row.git_ref);
    event.base_ref.clone_from(&facts.base_ref);
    event.head_ref.clone_from(&facts.head_ref);
    event.sha.clone_from(&row.sha);
    event.before = row.before_sha.clone().filter(|sha| !forge::git::is_zero(sha));
    event.deleted = row.payload.get("deleted").and_then(Value::as_bool) == Some(true);
    event.head_message = row.payload.pointer("/head_commit/message").and_then(Value::as_str).map(str::to_owned);
    event.actor_kind = match store::events::ActorKind::parse(&row.actor_kind) {
        store::events::ActorKind::User => ActorKind::User,
        store::events::ActorKind::GithubToken => ActorKind::GithubToken,
        store::events::ActorKind::Dependabot => ActorKind::Dependabot,
    };
    event.fork = facts.fork;
    event.first_time_contributor = facts.first_time_contributor;
    event.mergeable = facts.mergeable;
    event.branches_at_once = facts.branches_at_once.max(1);
    event.tags_at_once = facts.tags_at_once.max(1);
    event.schedule.clone_from(&facts.schedule);
    if row.name == "workflow_run" {
        event.workflow_run = Some(WorkflowRun {
            workflow: facts.triggering_workflow.clone().unwrap_or_default(),
            head_branch: facts.triggering_branch.clone().unwrap_or_default(),
            chain: usize::try_from(facts.chain).unwrap_or(usize::MAX),
            rerun: facts.rerun,
        });
    }
    event.inputs = row
        .payload
        .get("inputs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    event.payload = row.payload.clone();
    event
}

fn split(git_ref: &str) -> (RefKind, String) {
    if let Some(tag) = git_ref.strip_prefix("refs/tags/") {
        (RefKind::Tag, tag.to_owned())
    } else if let Some(pull) = git_ref.strip_prefix("refs/pull/") {
        (RefKind::Pull, pull.to_owned())
    } else {
        (RefKind::Branch, git_ref.strip_prefix("refs/heads/").unwrap_or(git_ref).to_owned())
    }
}

/// Where an event's workflow files are taken from (gate G1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    /// The event's own commit: what was pushed, merged, released, deployed.
    Event,
    DefaultBranch,
}

pub(super) fn revision(event: &str) -> Revision {
    match event {
        "push"
        | "create"
        | "pull_request"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "merge_group"
        | "release"
        | "registry_package"
        | "deployment"
        | "deployment_status"
        | "workflow_dispatch" => Revision::Event,
        _ => Revision::DefaultBranch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs() {
        let table = [
            ("refs/heads/a/b", RefKind::Branch, "a/b"),
            ("refs/tags/v1", RefKind::Tag, "v1"),
            ("refs/pull/3/merge", RefKind::Pull, "3/merge"),
            ("main", RefKind::Branch, "main"),
        ];
        for (text, kind, name) in table {
            assert_eq!(split(text), (kind, name.to_owned()));
        }
    }

    #[test]
    fn revisions() {
        for own in ["push", "create", "pull_request", "release", "deployment_status", "workflow_dispatch"] {
            assert_eq!(revision(own), Revision::Event, "{own}");
        }
        for default in
            ["pull_request_target", "issues", "issue_comment", "schedule", "workflow_run", "delete", "status"]
        {
            assert_eq!(revision(default), Revision::DefaultBranch, "{default}");
        }
    }
}
