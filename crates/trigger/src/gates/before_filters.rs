//! G0 to G6: everything that is asked before the workflow's own `on:`.

use super::skip;
use crate::{ActorKind, Event, Gate, Settings, Verdict};

/// Events that only reach workflow files on the default branch.
const DEFAULT_BRANCH_ONLY: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "delete",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "registry_package",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_dispatch",
    "workflow_run",
];

/// The verdict of the first gate that fails, if one does.
pub(super) fn gate(path: &str, event: &Event, settings: &Settings) -> Option<Verdict> {
    enabled(settings)
        .or_else(|| revision(path, event, settings))
        .or_else(|| event_limits(event))
        .or_else(|| actor(event))
        .or_else(|| skip_instruction(event))
        .or_else(|| mergeable(event))
}

fn enabled(settings: &Settings) -> Option<Verdict> {
    settings.disabled.as_ref().map(|reason| Verdict::no(Gate::Enabled, reason.clone()))
}

fn revision(path: &str, event: &Event, settings: &Settings) -> Option<Verdict> {
    let no = |reason: String| Some(Verdict::no(Gate::Revision, reason));
    if !settings.workflow_directories.is_empty() {
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        if !settings.workflow_directories.iter().any(|known| known == directory) {
            return no(format!(
                "only files directly in `{}` are workflows",
                settings.workflow_directories.join("` or `")
            ));
        }
        if !file.ends_with(".yml") && !file.ends_with(".yaml") {
            return no(format!("`{file}` is no workflow: it ends neither in `.yml` nor in `.yaml`"));
        }
    }
    if event.deleted && event.name == "push" {
        return no(format!("`{}` was deleted, so there is no commit to take the workflow file from", event.ref_name));
    }
    if settings.on_default_branch == Some(false) {
        if DEFAULT_BRANCH_ONLY.contains(&event.name.as_str()) {
            return no(format!(
                "`{}` only reaches workflow files that are on the default branch, and this one is not",
                event.name
            ));
        }
        if event.name == "pull_request_target" {
            return no(
                "`pull_request_target` takes the workflow file from the default branch, and it is not there".to_owned()
            );
        }
    }
    None
}

fn event_limits(event: &Event) -> Option<Verdict> {
    let no = |reason: String| Some(Verdict::no(Gate::EventLimits, reason));
    let about_refs = matches!(event.name.as_str(), "push" | "create" | "delete");
    let field = |path: &str| event.payload.pointer(path).and_then(|value| value.as_str());
    if about_refs && event.branches_at_once > 5_000 {
        return no(format!("{} branches were pushed at once; above 5,000 there are no events", event.branches_at_once));
    }
    if about_refs && event.ref_kind == crate::RefKind::Tag && event.tags_at_once > 3 {
        return no(format!("{} tags were pushed at once; above 3 there are no events for tags", event.tags_at_once));
    }
    if event.name == "deployment_status" && field("/deployment_status/state") == Some("inactive") {
        return no("a deployment that becomes inactive starts nothing".to_owned());
    }
    if matches!(event.name.as_str(), "check_run" | "check_suite") {
        let owner = field("/check_run/check_suite/app/slug")
            .or_else(|| field("/check_run/app/slug"))
            .or_else(|| field("/check_suite/app/slug"));
        if owner == Some("github-actions") {
            return no("checks made by workflows start no workflows".to_owned());
        }
    }
    if event.name == "release"
        && event.payload.pointer("/release/draft").and_then(serde_json::Value::as_bool) == Some(true)
        && matches!(event.action.as_deref(), Some("created" | "edited" | "deleted"))
    {
        return no("drafts of releases start nothing".to_owned());
    }
    if let Some(run) = &event.workflow_run {
        if run.chain > 3 {
            return no(format!(
                "this is number {} in a chain of `workflow_run` events, which end after three",
                run.chain
            ));
        }
        if run.rerun && event.action.as_deref() == Some("requested") {
            return no("`requested` does not happen when a run is started again".to_owned());
        }
    }
    None
}

fn actor(event: &Event) -> Option<Verdict> {
    if event.actor_kind != ActorKind::GithubToken {
        return None;
    }
    let name = event.name.as_str();
    let starts_pull_request =
        name == "pull_request" && matches!(event.action.as_deref(), None | Some("opened" | "synchronize" | "reopened"));
    if starts_pull_request || matches!(name, "workflow_dispatch" | "repository_dispatch") {
        return None;
    }
    Some(Verdict::no(
        Gate::Actor,
        "what a job does with its `GITHUB_TOKEN` starts no workflows, except `workflow_dispatch` and `repository_dispatch`",
    ))
}

fn skip_instruction(event: &Event) -> Option<Verdict> {
    if !matches!(event.name.as_str(), "push" | "pull_request") {
        return None;
    }
    let instruction = skip::instruction(event.head_message.as_deref()?)?;
    Some(Verdict::no(Gate::SkipInstruction, format!("the message of the head commit says `{instruction}`")))
}

fn mergeable(event: &Event) -> Option<Verdict> {
    (event.name == "pull_request" && event.mergeable == Some(false)).then(|| {
        Verdict::no(Gate::Mergeable, "the pull request conflicts with its base, so there is no merge commit to run")
    })
}
