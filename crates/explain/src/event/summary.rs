use serde::Serialize;
use trigger::{ActorKind, ChangedFiles, Event, TokenAccess, trust};

/// The event as it is judged.
#[derive(Clone, Debug, Serialize)]
pub struct EventSummary {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    pub git_ref: String,
    pub sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    pub changed: Changes,
    pub fork: bool,
    pub dependabot: bool,
    /// Whether its runs get the repository's secrets.
    pub secrets: bool,
    /// Whether its runs' token may at most read.
    pub read_only_token: bool,
    /// Where the workflow files were read from.
    pub files_of: String,
    /// What was taken for granted, a sentence each.
    pub supposed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Changes {
    Files(usize),
    TooMany,
    Unknown(String),
    /// The event has none.
    None,
}

impl EventSummary {
    #[must_use]
    pub fn new(event: &Event, files_of: impl Into<String>, supposed: Vec<String>) -> EventSummary {
        let about_files = event.name == "push" || event.name.starts_with("pull_request");
        let trust = trust(event);
        EventSummary {
            name: event.name.clone(),
            action: event.action.clone(),
            git_ref: event.full_ref(),
            sha: event.sha.clone(),
            before: event.before.clone(),
            base: event.base_ref.clone(),
            head: event.head_ref.clone(),
            changed: match &event.changed {
                _ if !about_files => Changes::None,
                ChangedFiles::Known(files) => Changes::Files(files.len()),
                ChangedFiles::TooMany => Changes::TooMany,
                ChangedFiles::Unknown(why) => Changes::Unknown(why.clone()),
            },
            fork: event.fork,
            dependabot: event.actor_kind == ActorKind::Dependabot,
            secrets: trust.secrets,
            read_only_token: trust.token == TokenAccess::ReadOnly,
            files_of: files_of.into(),
            supposed,
        }
    }
}
