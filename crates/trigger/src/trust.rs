use crate::{ActorKind, Event};

/// What a run of an event may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Whether the repository's secrets are there at all.
    pub secrets: bool,
    pub token: TokenAccess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAccess {
    /// Whatever `permissions` and settings give.
    AsConfigured,
    /// Nothing above `read`, whatever `permissions` says.
    ReadOnly,
}

/// Runs of pull requests from forks, and everything of Dependabot's on `pull_request` and `push`, get no secrets and a token
/// that can only read. `pull_request_target`, `workflow_run` and `issue_comment` run the base's own code and get both.
#[must_use]
pub fn trust(event: &Event) -> Trust {
    let name = event.name.as_str();
    let from_fork =
        event.fork && matches!(name, "pull_request" | "pull_request_review" | "pull_request_review_comment");
    let dependabot = event.actor_kind == ActorKind::Dependabot
        && matches!(name, "push" | "pull_request" | "pull_request_review" | "pull_request_review_comment");
    if from_fork || dependabot {
        Trust { secrets: false, token: TokenAccess::ReadOnly }
    } else {
        Trust { secrets: true, token: TokenAccess::AsConfigured }
    }
}
