use serde_json::Value;

use crate::{ActorKind, ChangedFiles, RefKind};

/// What the caller found out for the event. Everything has a usable default: [`EventFacts::new`].
#[derive(Clone, Debug)]
pub struct EventFacts {
    pub event: String,
    pub action: Option<String>,
    /// `owner/name`
    pub repository: String,
    /// Whether the owner is an organization.
    pub owner_is_organization: bool,
    pub private: bool,
    pub default_branch: String,
    /// `https://github.com`, without a slash at the end.
    pub server_url: String,
    /// `https://api.github.com`, without a slash at the end.
    pub api_url: String,
    /// Login of whoever caused the event.
    pub actor: String,
    pub actor_kind: ActorKind,
    /// Short name of the ref the event is about: the pushed branch or tag, the branch dispatched on.
    pub ref_name: String,
    pub ref_kind: RefKind,
    /// The commit the run works on; for pull requests the merge commit (or the head, when nothing was merged).
    pub sha: String,
    /// Push: the commit before; `None` for a new ref.
    pub before: Option<String>,
    pub forced: bool,
    pub deleted: bool,
    /// Push: its commits, oldest first. The last one is the head.
    pub commits: Vec<CommitFacts>,
    pub pull_request: Option<PullRequestFacts>,
    pub changed: ChangedFiles,
    /// `workflow_dispatch` inputs, already of their types.
    pub inputs: Vec<(String, Value)>,
    /// Path of the workflow dispatched.
    pub workflow_path: Option<String>,
    /// The cron line that the payload names.
    pub schedule: Option<String>,
    /// Name of the workflow whose run triggers a `workflow_run`.
    pub triggering_workflow: Option<String>,
    /// `2026-11-23T05:20:00Z`; the caller has the clock.
    pub timestamp: String,
}

/// A commit of a push, or a pull request's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitFacts {
    pub sha: String,
    pub tree: String,
    pub message: String,
    /// RFC 3339, with the author's offset.
    pub timestamp: String,
    pub author: Person,
    pub committer: Person,
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub modified: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullRequestFacts {
    pub number: u64,
    pub title: String,
    pub body: Option<String>,
    pub draft: bool,
    pub merged: bool,
    pub labels: Vec<String>,
    pub base_ref: String,
    pub base_sha: String,
    pub head_ref: String,
    pub head_sha: String,
    /// `owner/name` of the repository the head is in, when it is a fork.
    pub head_repository: Option<String>,
    pub merge_sha: Option<String>,
    /// Message of the head commit, for skip instructions.
    pub head_message: Option<String>,
    pub commits: usize,
    pub additions: usize,
    pub deletions: usize,
    pub changed_files: usize,
}

impl EventFacts {
    #[must_use]
    pub fn new(event: impl Into<String>, repository: impl Into<String>) -> EventFacts {
        EventFacts {
            event: event.into(),
            action: None,
            repository: repository.into(),
            owner_is_organization: false,
            private: false,
            default_branch: "main".to_owned(),
            server_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            actor: "trunkline".to_owned(),
            actor_kind: ActorKind::User,
            ref_name: "main".to_owned(),
            ref_kind: RefKind::Branch,
            sha: ZERO_SHA.to_owned(),
            before: None,
            forced: false,
            deleted: false,
            commits: Vec::new(),
            pull_request: None,
            changed: ChangedFiles::Unknown("the changed files were not looked up".to_owned()),
            inputs: Vec::new(),
            workflow_path: None,
            schedule: None,
            triggering_workflow: None,
            timestamp: "1970-01-01T00:00:00Z".to_owned(),
        }
    }

    pub(super) fn owner(&self) -> &str {
        self.repository.split_once('/').map_or("local", |(owner, _)| owner)
    }

    pub(super) fn repository_name(&self) -> &str {
        self.repository.split_once('/').map_or(&self.repository, |(_, name)| name)
    }

    pub(super) fn organization(&self) -> Option<&str> {
        self.owner_is_organization.then(|| self.owner())
    }

    pub(super) fn full_ref(&self) -> String {
        match self.ref_kind {
            RefKind::Branch => format!("refs/heads/{}", self.ref_name),
            RefKind::Tag => format!("refs/tags/{}", self.ref_name),
            RefKind::Pull => format!("refs/pull/{}", self.ref_name),
        }
    }

    /// `https://github.com/owner/name`
    pub(super) fn html_url(&self) -> String {
        format!("{}/{}", self.server_url, self.repository)
    }

    /// `https://api.github.com/repos/owner/name`
    pub(super) fn repo_api_url(&self) -> String {
        format!("{}/repos/{}", self.api_url, self.repository)
    }

    /// A number that is always the same for the same text, where GitHub has database ids.
    pub(super) fn id(&self, text: &str) -> u64 {
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        // Small enough to survive as a JavaScript number.
        hash % 1_000_000_000
    }
}

/// What stands for "no commit".
pub(super) const ZERO_SHA: &str = "0000000000000000000000000000000000000000";
