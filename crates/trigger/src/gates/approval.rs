//! G10: pull requests that somebody has to let in.

use crate::{ActorKind, Event, Gate, Runs, Settings, Verdict};

pub(super) fn gate(event: &Event, settings: &Settings) -> Option<Verdict> {
    if event.name != "pull_request" {
        return None;
    }
    if event.fork && settings.private_repository && !settings.private_fork_workflows {
        return Some(Verdict::no(
            Gate::Approval,
            "pull requests from forks of a private repository run no workflows by default",
        ));
    }
    let wait = |reason| Some(Verdict::new(Runs::AwaitsApproval, Gate::Approval, reason));
    if event.actor_kind == ActorKind::GithubToken {
        return wait("the pull request was made with a job's `GITHUB_TOKEN`, so its runs wait for approval");
    }
    if event.fork && event.first_time_contributor {
        return wait("it comes from a fork and is the author's first contribution, so its runs wait for approval");
    }
    None
}
