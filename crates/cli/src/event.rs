//! The event of a run, made up from git the way GitHub would send it.

mod ahead;
mod diff;

use std::path::{Path, PathBuf};

pub(crate) use ahead::Ahead;
use git::{Commit, Facts, Repository};
use jiff::Timestamp;
use trigger::{ActorKind, ChangedFiles, CommitFacts, EventFacts, Person, RefKind};
use workflow::Workflow;

use crate::args::RunArgs;
use crate::failure::Failure;
use crate::project::Project;

/// Commits of a push that its payload tells of, as on GitHub.
const MAX_COMMITS: usize = 2048;
const ZERO_SHA: &str = "0000000000000000000000000000000000000000";

/// The event's name: the one asked for, else `push` when a workflow listens to it, else the first one that any does.
pub(crate) fn name(project: &Project, args: &RunArgs) -> Result<String, Failure> {
    if let Some(name) = &args.event {
        if workflow::activity_types(name).is_none() && !known(name) {
            let help = match span::did_you_mean(name, workflow::EVENTS.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "events are named as under `on:`, such as push or pull_request".to_owned(),
            };
            return Err(Failure::usage(format!("`{name}` is no event; {help}")));
        }
        return Ok(name.clone());
    }
    let events =
        |workflow: &Workflow| workflow.on.events.iter().map(|event| event.name.value.to_string()).collect::<Vec<_>>();
    let all: Vec<String> = project.workflows.iter().flat_map(|workflow| events(workflow)).collect();
    let first = |wanted: &str| all.iter().find(|name| *name == wanted).cloned();
    Ok(first("push")
        .or_else(|| first("pull_request"))
        .or_else(|| first("workflow_dispatch"))
        .or_else(|| all.iter().find(|name| *name != "workflow_call").cloned())
        .unwrap_or_else(|| "push".to_owned()))
}

fn known(name: &str) -> bool {
    workflow::EVENTS.contains(&name)
}

/// What is asked of an event beyond its name; the rest is made up from git.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// A file whose fields win over everything else.
    pub(crate) payload: Option<PathBuf>,
    /// The activity type.
    pub(crate) action: Option<String>,
    /// `NAME=VALUE`
    pub(crate) inputs: Vec<String>,
    /// Uncommitted changes stay out.
    pub(crate) clean: bool,
    /// The branch or tag that the event is about, and its commit, in place of HEAD.
    pub(crate) head: Option<Head>,
    /// Pull requests: the branch merged into.
    pub(crate) base: Option<String>,
    /// Pushes: where the ref stood before.
    pub(crate) before: Option<String>,
    /// Exactly these files changed.
    pub(crate) files: Option<Vec<String>>,
    /// The pull request's number.
    pub(crate) number: Option<u64>,
    pub(crate) draft: bool,
    /// Where a push has more commits than this, path filters do not apply.
    pub(crate) most_commits: Option<usize>,
}

/// A ref with its commit.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) kind: RefKind,
    /// Without `refs/heads/` or `refs/tags/`.
    pub(crate) name: String,
    pub(crate) commit: String,
}

impl From<&RunArgs> for Asked {
    fn from(args: &RunArgs) -> Self {
        Self {
            payload: args.eventpath.clone(),
            action: args.action_type.clone(),
            inputs: args.input.clone(),
            clean: args.clean,
            ..Self::default()
        }
    }
}

/// The ref that an event is about.
#[derive(Clone, Debug)]
struct Target {
    kind: RefKind,
    name: String,
    /// None where nothing is committed yet.
    commit: Option<String>,
}

impl Target {
    fn of(repository: &Repository, facts: &Facts, asked: &Asked) -> Result<Self, Failure> {
        if let Some(head) = &asked.head {
            return Ok(Self { kind: head.kind, name: head.name.clone(), commit: Some(head.commit.clone()) });
        }
        let commit = facts.head.sha.clone();
        if facts.head.detached {
            let tags = repository.tags_at_head().map_err(|error| Failure::broken(error.to_string()))?;
            if let Some(name) = tags.into_iter().next() {
                return Ok(Self { kind: RefKind::Tag, name, commit });
            }
        }
        let name = facts.head.branch.clone().unwrap_or_else(|| facts.default_branch.clone());
        Ok(Self { kind: RefKind::Branch, name, commit })
    }
}

/// The event, with the user's file merged over it.
pub(crate) fn build(project: &Project, asked: &Asked, name: &str) -> Result<trigger::Event, Failure> {
    build_with(project, asked, name, Ahead::default())
}

/// The same, with what git was asked already.
pub(crate) fn build_with(
    project: &Project,
    asked: &Asked,
    name: &str,
    ahead: Ahead,
) -> Result<trigger::Event, Failure> {
    let user = match &asked.payload {
        Some(path) => Some(read_event(path)?),
        None => None,
    };
    let facts = &project.facts;
    let repository = &project.repository;
    let mut event = EventFacts::new(name, format!("{}/{}", facts.owner, facts.name));
    event.default_branch.clone_from(&facts.default_branch);
    event.action = asked.action.clone().or_else(|| trigger::default_action(name).map(str::to_owned));
    event.timestamp = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    event.actor = actor(repository);
    event.actor_kind = ActorKind::User;
    event.inputs = asked
        .inputs
        .iter()
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--input takes NAME=VALUE, not `{pair}`")))?;
            Ok((name.to_owned(), serde_json::Value::String(value.to_owned())))
        })
        .collect::<Result<_, Failure>>()?;
    event.schedule = project
        .workflows
        .iter()
        .flat_map(|workflow| workflow.on.events.iter().flat_map(|event| &event.schedules))
        .map(|schedule| schedule.cron.value.to_string())
        .next();
    let wants_files = wants_changed_files(project, name);
    let (target, brought) = match ahead.answer(wants_files)? {
        Some(answer) => answer,
        None => {
            let target = Target::of(repository, facts, asked)?;
            let brought = diff::brought(repository, facts, asked, name, &target, wants_files)?;
            (target, brought)
        }
    };
    event.sha = target.commit.unwrap_or_else(|| ZERO_SHA.to_owned());
    event.ref_kind = target.kind;
    event.ref_name = target.name;
    event.commits = brought.commits;
    event.before = brought.before;
    event.pull_request = brought.pull_request;
    if let Some(changed) = brought.changed.filter(|_| wants_files) {
        event.changed = changed;
    }
    if let Some(files) = &asked.files {
        event.changed = ChangedFiles::known(files.iter().cloned());
    }
    Ok(event.event(user))
}

fn read_event(path: &Path) -> Result<serde_json::Value, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::missing(format!("{}: {error}", path.display())).hint("name an existing JSON file with -e")
    })?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Failure::invalid(format!("{}:{}:{}: not JSON: {error}", path.display(), error.line(), error.column()))
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Failure::invalid(format!("{}:1:1: an event's payload is a JSON object", path.display())))
    }
}

/// Who caused it: the one whose commits these are.
fn actor(repository: &Repository) -> String {
    std::env::var("GITHUB_ACTOR")
        .ok()
        .or_else(|| repository.config_value("github.user"))
        .or_else(|| repository.config_value("user.name").map(|name| name.replace(' ', "-")))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "trunkline".to_owned())
}

/// Comparing trees takes a git process; it is worth it only when a filter asks.
fn wants_changed_files(project: &Project, name: &str) -> bool {
    project
        .workflows
        .iter()
        .filter_map(|workflow| workflow.on.event(name))
        .any(|event| event.paths.is_some() || event.paths_ignore.is_some())
}

fn commit_facts(commit: &Commit) -> CommitFacts {
    let person = |who: &git::Signature| Person { name: who.name.clone(), email: who.email.clone() };
    let offset = jiff::tz::Offset::from_seconds(commit.committer.offset_minutes * 60).unwrap_or(jiff::tz::Offset::UTC);
    let time = Timestamp::from_second(commit.committer.seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    CommitFacts {
        sha: commit.sha.clone(),
        tree: commit.tree.clone(),
        message: commit.message.trim_end().to_owned(),
        timestamp: time.display_with_offset(offset).to_string(),
        author: person(&commit.author),
        committer: person(&commit.committer),
        ..CommitFacts::default()
    }
}

/// The event of a recorded run, as it was.
pub(crate) fn replay(project: &Project, meta: &crate::record::RunMeta) -> Result<trigger::Event, Failure> {
    let facts = &project.facts;
    let mut event = EventFacts::new(meta.event_name.as_str(), format!("{}/{}", facts.owner, facts.name));
    event.default_branch.clone_from(&facts.default_branch);
    event.sha.clone_from(&meta.sha);
    let (kind, name) = match meta.git_ref.strip_prefix("refs/tags/") {
        Some(tag) => (RefKind::Tag, tag),
        None => (RefKind::Branch, meta.git_ref.strip_prefix("refs/heads/").unwrap_or(&facts.default_branch)),
    };
    event.ref_kind = kind;
    event.ref_name = name.to_owned();
    // The filters have passed once; what changed since does not matter to a repetition.
    let mut event = event.event(Some(meta.payload.clone()));
    event.changed = ChangedFiles::TooMany;
    Ok(event)
}
