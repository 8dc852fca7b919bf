use serde_json::{Map, Value, json};

use super::facts::ZERO_SHA;
use super::{EventFacts, commits, repository};
use crate::RefKind;

/// Every event without a family of its own.
pub(super) fn payload(facts: &EventFacts) -> Value {
    match facts.event.as_str() {
        "branch_protection_rule" => json!({ "rule": { "id": 1, "name": facts.default_branch } }),
        "check_run" => json!({ "check_run": check(facts) }),
        "check_suite" => json!({ "check_suite": check(facts) }),
        "create" => json!({
            "ref": facts.ref_name, "ref_type": ref_type(facts), "full_ref": facts.full_ref(),
            "master_branch": facts.default_branch, "description": null, "pusher_type": "user"
        }),
        "delete" => json!({
            "ref": facts.ref_name, "ref_type": ref_type(facts), "full_ref": facts.full_ref(), "pusher_type": "user"
        }),
        "deployment" => json!({ "deployment": deployment(facts) }),
        "deployment_status" => json!({
            "deployment": deployment(facts),
            "deployment_status": {
                "id": 1, "state": "success", "environment": "production", "description": "", "target_url": "",
                "log_url": "", "environment_url": "", "creator": repository::user(facts, &facts.actor), "created_at": facts.timestamp
            }
        }),
        "fork" => {
            json!({ "forkee": repository::named(facts, &format!("{}/{}", facts.actor, facts.repository_name())) })
        }
        "gollum" => json!({
            "pages": [{ "page_name": "Home", "title": "Home", "action": "edited", "sha": facts.sha, "summary": null,
                "html_url": format!("{}/wiki/Home", facts.html_url()) }]
        }),
        "image_version" => json!({ "image": { "name": "", "version": "1.0.0" } }),
        "merge_group" => merge_group(facts),
        "page_build" => {
            json!({ "id": 1, "build": { "status": "built", "commit": facts.sha, "error": { "message": null } } })
        }
        "project" => {
            json!({ "project": { "id": 1, "number": 1, "name": "", "body": null, "state": "open" } })
        }
        "project_card" => {
            json!({ "project_card": { "id": 1, "note": "", "column_id": 1, "archived": false } })
        }
        "project_column" => json!({ "project_column": { "id": 1, "name": "" } }),
        "registry_package" => json!({
            "registry_package": {
                "id": 1, "name": facts.repository_name(), "namespace": facts.owner(), "ecosystem": "CONTAINER", "package_type": "CONTAINER",
                "package_version": { "id": 1, "version": "1.0.0", "target_commitish": facts.default_branch, "target_oid": facts.sha }
            }
        }),
        "release" => release(facts),
        "repository_dispatch" => json!({ "branch": facts.default_branch, "client_payload": {} }),
        "schedule" => json!({ "schedule": facts.schedule }),
        "status" => json!({
            "id": 1, "sha": facts.sha, "name": facts.repository, "context": "default", "state": "success",
            "description": null, "target_url": null, "branches": [{ "name": facts.ref_name, "commit": { "sha": facts.sha } }]
        }),
        "workflow_dispatch" => workflow_dispatch(facts),
        "workflow_run" => workflow_run(facts),
        // `public`, `watch`: nothing but what every event has.
        _ => json!({}),
    }
}

fn ref_type(facts: &EventFacts) -> &'static str {
    if facts.ref_kind == RefKind::Tag { "tag" } else { "branch" }
}

fn check(facts: &EventFacts) -> Value {
    json!({
        "id": 1, "name": "", "head_branch": facts.ref_name, "head_sha": facts.sha, "status": "completed",
        "conclusion": "success", "app": { "id": 1, "slug": "", "name": "" }, "pull_requests": [],
        "before": facts.before.as_deref().unwrap_or(ZERO_SHA), "after": facts.sha
    })
}

fn deployment(facts: &EventFacts) -> Value {
    json!({
        "id": 1, "sha": facts.sha, "ref": facts.ref_name, "task": "deploy", "payload": {}, "environment": "production",
        "original_environment": "production", "description": null, "creator": repository::user(facts, &facts.actor),
        "created_at": facts.timestamp, "updated_at": facts.timestamp, "transient_environment": false,
        "production_environment": true
    })
}

fn merge_group(facts: &EventFacts) -> Value {
    let pull = facts.pull_request.as_ref();
    let base = pull.map_or(facts.default_branch.as_str(), |pull| pull.base_ref.as_str());
    json!({
        "merge_group": {
            "head_sha": facts.sha,
            "head_ref": facts.full_ref(),
            "base_ref": format!("refs/heads/{base}"),
            "base_sha": pull.map_or(ZERO_SHA, |pull| pull.base_sha.as_str()),
            "head_commit": commits::head(facts)
        }
    })
}

fn release(facts: &EventFacts) -> Value {
    let tag = if facts.ref_kind == RefKind::Tag { facts.ref_name.as_str() } else { "v0.0.0" };
    json!({
        "release": {
            "id": 1, "tag_name": tag, "target_commitish": facts.default_branch, "name": tag, "body": "", "draft": false,
            "prerelease": false, "created_at": facts.timestamp, "published_at": facts.timestamp, "assets": [],
            "author": repository::user(facts, &facts.actor),
            "html_url": format!("{}/releases/tag/{tag}", facts.html_url()),
            "upload_url": format!("{}/releases/1/assets{{?name,label}}", facts.repo_api_url()),
            "tarball_url": format!("{}/tarball/{tag}", facts.repo_api_url()),
            "zipball_url": format!("{}/zipball/{tag}", facts.repo_api_url())
        }
    })
}

fn workflow_dispatch(facts: &EventFacts) -> Value {
    // GitHub's payload has every input as text; the `inputs` context has the types.
    let inputs: Map<String, Value> = facts
        .inputs
        .iter()
        .map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            (name.clone(), Value::String(text))
        })
        .collect();
    json!({ "inputs": inputs, "ref": facts.full_ref(), "workflow": facts.workflow_path })
}

fn workflow_run(facts: &EventFacts) -> Value {
    let name = facts.triggering_workflow.as_deref().unwrap_or("");
    let status = if facts.action.as_deref() == Some("requested") { "queued" } else { "completed" };
    json!({
        "workflow_run": {
            "id": 1, "name": name, "head_branch": facts.ref_name, "head_sha": facts.sha, "run_number": 1, "run_attempt": 1,
            "event": "push", "status": status, "conclusion": if status == "completed" { json!("success") } else { Value::Null },
            "workflow_id": 1, "path": "", "display_title": name, "pull_requests": [], "created_at": facts.timestamp,
            "updated_at": facts.timestamp, "actor": repository::user(facts, &facts.actor),
            "triggering_actor": repository::user(facts, &facts.actor), "head_commit": commits::head(facts),
            "repository": repository::repository(facts), "head_repository": repository::repository(facts),
            "html_url": format!("{}/actions/runs/1", facts.html_url())
        },
        "workflow": { "id": 1, "name": name, "path": "", "state": "active" }
    })
}
