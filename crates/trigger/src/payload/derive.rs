//! From facts and the user's event file to the event that the gates look at. What the user's file says wins.

use serde_json::Value;

use super::facts::ZERO_SHA;
use super::{EventFacts, merge, synthesise};
use crate::{Event, RefKind, WorkflowRun};

impl EventFacts {
    /// The event. `user` is the content of an event file, merged over what was made up; refs, the activity type and commit ids
    /// in it are then those of the event.
    #[must_use]
    pub fn event(&self, user: Option<Value>) -> Event {
        // A line that was made up stands for all of the workflows' lines; one that the user names is due alone.
        let due = user.as_ref().and_then(|user| text(user, "/schedule"));
        let mut payload = synthesise(self);
        if let Some(user) = user {
            merge(&mut payload, user);
        }
        let mut event = Event::new(self.event.clone());
        event.ref_name.clone_from(&self.ref_name);
        event.ref_kind = self.ref_kind;
        event.sha.clone_from(&self.sha);
        event.changed = self.changed.clone();
        event.actor_kind = self.actor_kind;
        event.action = text(&payload, "/action");
        event.inputs = inputs(&payload);
        event.schedule = due.filter(|_| self.event == "schedule");
        match self.event.as_str() {
            "push" => push(&mut event, &payload),
            name if name.starts_with("pull_request") => self.pull_request(&mut event, &payload),
            "merge_group" => {
                event.base_ref = text(&payload, "/merge_group/base_ref").map(|base| short(&base).to_owned());
                event.head_ref = text(&payload, "/merge_group/head_ref");
            }
            "workflow_run" => {
                event.workflow_run = Some(WorkflowRun {
                    workflow: text(&payload, "/workflow_run/name").unwrap_or_default(),
                    head_branch: text(&payload, "/workflow_run/head_branch").unwrap_or_default(),
                    chain: 1,
                    rerun: payload
                        .pointer("/workflow_run/run_attempt")
                        .and_then(Value::as_u64)
                        .is_some_and(|attempt| attempt > 1),
                });
            }
            _ => {}
        }
        event.payload = payload;
        event
    }

    fn pull_request(&self, event: &mut Event, payload: &Value) {
        event.base_ref = text(payload, "/pull_request/base/ref");
        event.head_ref = text(payload, "/pull_request/head/ref");
        event.head_message = self.pull_request.as_ref().and_then(|pull| pull.head_message.clone());
        let repository = |side: &str| text(payload, &format!("/pull_request/{side}/repo/full_name"));
        event.fork = repository("head") != repository("base");
        if event.name == "pull_request_target" {
            // It runs on the base: nothing of the head is checked out by itself.
            event.ref_kind = RefKind::Branch;
            event.ref_name = event.base_ref.clone().unwrap_or_default();
        } else if let Some(number) = payload.get("number").and_then(Value::as_u64) {
            event.ref_kind = RefKind::Pull;
            event.ref_name = format!("{number}/merge");
        }
    }
}

fn push(event: &mut Event, payload: &Value) {
    if let Some(full) = text(payload, "/ref") {
        event.ref_kind = if full.starts_with("refs/tags/") { RefKind::Tag } else { RefKind::Branch };
        event.ref_name = short(&full).to_owned();
    }
    event.before = text(payload, "/before").filter(|sha| sha != ZERO_SHA);
    event.deleted = payload.get("deleted").and_then(Value::as_bool) == Some(true);
    event.head_message = text(payload, "/head_commit/message");
}

fn short(full: &str) -> &str {
    full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/")).unwrap_or(full)
}

fn text(payload: &Value, pointer: &str) -> Option<String> {
    payload.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn inputs(payload: &Value) -> Vec<(String, String)> {
    let Some(inputs) = payload.get("inputs").and_then(Value::as_object) else {
        return Vec::new();
    };
    inputs
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}
