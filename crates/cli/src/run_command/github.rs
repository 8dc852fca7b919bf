//! The `github` context of a run.

use expr::{Object, Value};
use git::Facts;
use trigger::Event;
use workflow::Workflow;

/// A number for a name, where GitHub has a database id: always the same for the same name.
fn id_of(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash % 1_000_000_000).to_string()
}

/// What identifies a workflow's run.
#[derive(Clone, Copy)]
pub(crate) struct RunIds {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) attempt: u32,
}

/// The context. The job adds what depends on it.
pub(crate) fn context(
    facts: &Facts,
    event: &Event,
    workflow: &Workflow,
    ids: RunIds,
    actor: &str,
    token: &str,
) -> Value {
    let repository = format!("{}/{}", facts.owner, facts.name);
    let full_ref = event.full_ref();
    let mut github = Object::new();
    let mut text = |name: &str, value: &str| {
        github.insert(name, Value::string(value));
    };
    text("token", token);
    text("ref", &full_ref);
    text("sha", &event.sha);
    text("repository", &repository);
    text("repository_id", &id_of(&repository));
    text("repository_owner", &facts.owner);
    text("repository_owner_id", &id_of(&facts.owner));
    text("repositoryUrl", &format!("git://github.com/{repository}.git"));
    text("repository_visibility", "private");
    text("run_id", &ids.id.to_string());
    text("run_number", &ids.number.to_string());
    text("run_attempt", &ids.attempt.to_string());
    text("retention_days", "90");
    text("artifact_cache_size_limit", "10");
    text("actor", actor);
    text("actor_id", &id_of(actor));
    text("triggering_actor", actor);
    text("workflow", workflow.display_name());
    text("workflow_ref", &format!("{repository}/{}@{full_ref}", workflow.path));
    text("workflow_sha", &event.sha);
    text("head_ref", event.head_ref.as_deref().unwrap_or_default());
    text("base_ref", event.base_ref.as_deref().unwrap_or_default());
    text("event_name", &event.name);
    text("server_url", "https://github.com");
    text("api_url", "https://api.github.com");
    text("graphql_url", "https://api.github.com/graphql");
    text("ref_name", &event.ref_name);
    text("ref_type", event.ref_type());
    text("secret_source", "Actions");
    github.insert("ref_protected", Value::Bool(false));
    github.insert("event", Value::from_json(&event.payload));
    Value::from(github)
}
