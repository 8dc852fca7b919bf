//! The `github` context of a run.

use serde_json::{Value as Json, json};
use store::runs::Run;
use workflow::Workflow;

use super::Occasion;
use crate::Control;

/// Everything but the token, which each job has for itself.
pub(super) fn github(control: &Control, occasion: &Occasion, workflow: &Workflow, run: &Run) -> Json {
    let repository = &occasion.repository;
    let event = &occasion.event;
    let (full_name, full_ref) = (repository.full_name(), event.full_ref());
    let urls = control.forge().urls();
    let server = control.server_url();
    let host = server.split("://").last().unwrap_or(server);
    json!({
        "ref": full_ref,
        "sha": event.sha,
        "repository": full_name,
        "repository_id": repository.id.to_string(),
        "repository_owner": repository.owner,
        "repository_owner_id": repository.owner_id.to_string(),
        "repositoryUrl": format!("git://{host}/{full_name}.git"),
        "repository_visibility": repository.visibility,
        "run_id": run.id.to_string(),
        "run_number": run.number.to_string(),
        "run_attempt": run.attempt.to_string(),
        "retention_days": "90",
        "artifact_cache_size_limit": "10",
        "actor": run.actor_login,
        "actor_id": run.actor_id.unwrap_or_default().to_string(),
        "triggering_actor": run.trigger_login,
        "workflow": workflow.display_name(),
        "workflow_ref": format!("{full_name}/{}@{full_ref}", workflow.path),
        "workflow_sha": event.sha,
        "head_ref": event.head_ref.clone().unwrap_or_default(),
        "base_ref": event.base_ref.clone().unwrap_or_default(),
        "event_name": event.name,
        "server_url": server,
        "api_url": urls.api,
        "graphql_url": format!("{}/graphql", urls.api.trim_end_matches("/v3")),
        "ref_name": event.ref_name,
        "ref_type": event.ref_type(),
        "secret_source": if run.trust == "dependabot" { "Dependabot" } else if run.trust == "none" { "None" } else { "Actions" },
        "ref_protected": false,
        "event": event.payload,
    })
}

struct Contexts<'a>(&'a [(&'a str, expr::Value)]);

impl expr::Context for Contexts<'_> {
    fn named(&self, name: &str) -> Option<expr::Value> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }
}

/// `run-name`, else what GitHub shows: the pull request's title, the head commit's first line, else the workflow's name.
pub(super) fn title(
    occasion: &Occasion,
    workflow: &Workflow,
    github: &Json,
    inputs: &expr::Value,
    vars: &Json,
) -> String {
    let contexts = Contexts(&[
        ("github", expr::Value::from_json(github)),
        ("inputs", inputs.clone()),
        ("vars", expr::Value::from_json(vars)),
    ]);
    let own = workflow.run_name.as_ref().and_then(|name| name.evaluate(&contexts).ok());
    let own = own.map(|name| name.to_display_string().trim().to_owned()).filter(|name| !name.is_empty());
    own.unwrap_or_else(|| default_title(occasion, workflow.display_name()))
}

pub(super) fn default_title(occasion: &Occasion, name: &str) -> String {
    let pull = occasion.event.payload.pointer("/pull_request/title").and_then(Json::as_str);
    let message = occasion.event.head_message.as_deref().and_then(|message| message.lines().next());
    pull.or(message).filter(|text| !text.is_empty()).unwrap_or(name).to_owned()
}
