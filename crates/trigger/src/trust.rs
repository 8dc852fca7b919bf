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

/// Events of pull requests that run what the head has.
const OF_HEADS: &[&str] = &["pull_request", "pull_request_review", "pull_request_review_comment"];

/// Events that run what their commit has, which may have come with a fork's pull request.
const OF_COMMITS: &[&str] = &["deployment", "deployment_status"];

/// Events that bring no secrets when Dependabot causes them, as far as their name tells.
///
/// Source: GitHub, "Troubleshooting Dependabot on GitHub Actions", restrictions when Dependabot triggers events.
const OF_DEPENDABOT: &[&str] = &["push", "create", "deployment", "deployment_status"];

/// How an event of that name may come without secrets, in words for people; none for those that always bring them.
#[must_use]
pub fn without_secrets(name: &str) -> Option<&'static str> {
    match name {
        _ if OF_HEADS.contains(&name) => Some("from a fork or by Dependabot"),
        _ if OF_DEPENDABOT.contains(&name) => Some("by Dependabot"),
        "pull_request_target" => Some("into a branch of Dependabot's"),
        _ => None,
    }
}

/// Runs of pull requests from forks and of deployments of their commits, and what Dependabot causes, get no secrets and a
/// token that can only read. `pull_request_target`, `workflow_run` and `issue_comment` run the base's own code and get both, but for
/// `pull_request_target` on a base that Dependabot has made.
#[must_use]
pub fn trust(event: &Event) -> Trust {
    let name = event.name.as_str();
    let from_fork = event.fork && (OF_HEADS.contains(&name) || OF_COMMITS.contains(&name));
    let own_base =
        name == "pull_request_target" && event.base_ref.as_deref().is_some_and(|base| base.starts_with("dependabot/"));
    let dependabot = event.actor_kind == ActorKind::Dependabot
        && (OF_HEADS.contains(&name) || OF_DEPENDABOT.contains(&name) || own_base);
    if from_fork || dependabot {
        Trust { secrets: false, token: TokenAccess::ReadOnly }
    } else {
        Trust { secrets: true, token: TokenAccess::AsConfigured }
    }
}
