use serde_json::Value;

/// Something that happened, with everything the gates look at.
#[derive(Clone, Debug)]
pub struct Event {
    /// `push`, `pull_request`, …
    pub name: String,
    /// The activity type; for `repository_dispatch` the custom event type.
    pub action: Option<String>,
    /// The ref of the run without `refs/heads/` or `refs/tags/`: `main`, `v1.0`, `12/merge`.
    pub ref_name: String,
    pub ref_kind: RefKind,
    /// Pull requests and merge groups: the branch merged into, by its short name.
    pub base_ref: Option<String>,
    /// Pull requests: the branch that is merged.
    pub head_ref: Option<String>,
    /// The commit of the run.
    pub sha: String,
    /// Push: where the ref stood before; `None` when it is new.
    pub before: Option<String>,
    /// The ref was deleted by this event.
    pub deleted: bool,
    pub changed: ChangedFiles,
    /// Message of the head commit: of the push, or of the pull request's head.
    pub head_message: Option<String>,
    pub actor_kind: ActorKind,
    /// A pull request from another repository.
    pub fork: bool,
    /// The author has not had a pull request merged here before.
    pub first_time_contributor: bool,
    /// Pull requests: false when base and head conflict, `None` when nobody tried.
    pub mergeable: Option<bool>,
    /// Branches and tags that came with the same push.
    pub branches_at_once: usize,
    pub tags_at_once: usize,
    /// The triggering run, for `workflow_run`.
    pub workflow_run: Option<WorkflowRun>,
    /// The cron line that is due, for `schedule`; `None` takes any.
    pub schedule: Option<String>,
    /// `workflow_dispatch` inputs as given.
    pub inputs: Vec<(String, String)>,
    /// Name and version, for `image_version`.
    pub image: Option<(String, String)>,
    /// `github.event`.
    pub payload: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefKind {
    #[default]
    Branch,
    Tag,
    /// `refs/pull/N/merge`
    Pull,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActorKind {
    #[default]
    User,
    /// A job's `GITHUB_TOKEN` caused it.
    GithubToken,
    Dependabot,
}

/// What `paths:` is matched against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedFiles {
    Known(Vec<ChangedFile>),
    /// They could not be found out; the sentence says why.
    Unknown(String),
    /// More than 1,000 commits, or the diff took too long: path filters do not apply and the workflow runs.
    TooMany,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    pub path: String,
    /// The path before a rename. Both are matched.
    pub previous: Option<String>,
}

impl ChangedFile {
    #[must_use]
    pub fn new(path: impl Into<String>) -> ChangedFile {
        ChangedFile { path: path.into(), previous: None }
    }

    #[must_use]
    pub fn renamed(previous: impl Into<String>, path: impl Into<String>) -> ChangedFile {
        ChangedFile { path: path.into(), previous: Some(previous.into()) }
    }
}

impl ChangedFiles {
    /// Files by their paths, none renamed.
    pub fn known<I: IntoIterator<Item: Into<String>>>(paths: I) -> ChangedFiles {
        ChangedFiles::Known(paths.into_iter().map(ChangedFile::new).collect())
    }
}

/// The run that a `workflow_run` event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkflowRun {
    /// The workflow's name.
    pub workflow: String,
    pub head_branch: String,
    /// How many `workflow_run` events led here, this one included. GitHub stops after three.
    pub chain: usize,
    /// The run was started again by hand.
    pub rerun: bool,
}

impl Event {
    /// An event by name on branch `main`, about which nothing else is known.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Event {
        Event {
            name: name.into(),
            action: None,
            ref_name: "main".to_owned(),
            ref_kind: RefKind::Branch,
            base_ref: None,
            head_ref: None,
            sha: String::new(),
            before: None,
            deleted: false,
            changed: ChangedFiles::Unknown("the changed files were not looked up".to_owned()),
            head_message: None,
            actor_kind: ActorKind::User,
            fork: false,
            first_time_contributor: false,
            mergeable: None,
            branches_at_once: 1,
            tags_at_once: 1,
            workflow_run: None,
            schedule: None,
            inputs: Vec::new(),
            image: None,
            payload: Value::Null,
        }
    }

    /// `github.ref`: `refs/heads/main`, `refs/tags/v1`, `refs/pull/12/merge`.
    #[must_use]
    pub fn full_ref(&self) -> String {
        match self.ref_kind {
            RefKind::Branch => format!("refs/heads/{}", self.ref_name),
            RefKind::Tag => format!("refs/tags/{}", self.ref_name),
            RefKind::Pull => format!("refs/pull/{}", self.ref_name),
        }
    }

    /// `github.ref_type`.
    #[must_use]
    pub fn ref_type(&self) -> &'static str {
        match self.ref_kind {
            RefKind::Tag => "tag",
            RefKind::Branch | RefKind::Pull => "branch",
        }
    }

    pub(crate) fn is_pull_request(&self) -> bool {
        matches!(self.name.as_str(), "pull_request" | "pull_request_target")
    }
}
