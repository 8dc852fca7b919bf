//! From the words of the command line to what is asked of an event.

use std::borrow::Cow;

use jiff::Zoned;
use jiff::civil::DateTime;
use trigger::{Event, RefKind};
use workflow::Workflow;

use super::arguments::EventArgs;
use crate::event::{Asked, Head};
use crate::failure::Failure;
use crate::project::Project;

/// Commits of a push beyond which GitHub does not look at path filters.
const GITHUB_COMMITS: usize = 1000;

/// What the words mean.
pub(super) struct Supposed {
    pub(super) name: String,
    pub(super) asked: Asked,
    /// Branches or tags pushed together.
    pub(super) at_once: usize,
    pub(super) deleted: bool,
    /// The time that a schedule is asked about.
    at: Option<Zoned>,
    /// Sentences for people.
    pub(super) told: Vec<String>,
}

pub(super) fn supposed(args: &EventArgs, project: &Project) -> Result<Supposed, Failure> {
    let mut words = args.words.iter().map(String::as_str);
    let first = words.next();
    let rest: Vec<&str> = words.collect();
    let mut supposed = Supposed {
        name: "push".to_owned(),
        asked: Asked {
            payload: args.eventpath.clone(),
            action: args.action.clone(),
            inputs: args.input.clone(),
            clean: args.clean,
            base: args.base.clone(),
            before: args.before.clone(),
            files: args.files.clone(),
            draft: args.suppose.draft,
            most_commits: args.suppose.github.then_some(GITHUB_COMMITS),
            ..Asked::default()
        },
        at_once: 1,
        deleted: false,
        at: None,
        told: Vec::new(),
    };
    if let Some((head, there)) = head(args, project)? {
        if !there {
            supposed.told.push(format!("{} is not there yet; it is put on HEAD", head.name));
        }
        supposed.asked.head = Some(head);
    }
    match first {
        None if args.eventpath.is_some() => supposed.name = name_in_file(args)?,
        None => {}
        Some("pr") => supposed.pull_request(&rest)?,
        Some("tag") => supposed.tag(&rest, project)?,
        Some(name) => supposed.event(name, &rest)?,
    }
    if let Some(time) = &args.at {
        if supposed.name != "schedule" {
            return Err(Failure::usage("--at is for `why schedule`"));
        }
        supposed.at = Some(time_of(time)?);
    }
    Ok(supposed)
}

impl Supposed {
    fn pull_request(&mut self, rest: &[&str]) -> Result<(), Failure> {
        self.name = "pull_request".to_owned();
        match rest {
            [] => {}
            [number] => {
                let number = number.trim_start_matches('#').parse();
                let number = number.map_err(|_| Failure::usage(format!("`pr` takes a number, not `{}`", rest[0])))?;
                self.asked.number = Some(number);
                self.told.push(format!(
                    "pull request {number} is of the branch that is checked out, unless --head says another"
                ));
            }
            _ => return Err(Failure::usage("`pr` takes one number")),
        }
        Ok(())
    }

    fn tag(&mut self, names: &[&str], project: &Project) -> Result<(), Failure> {
        let Some(name) = names.first() else {
            return Err(Failure::usage("`tag` takes the name of a tag").hint("trunkline why tag v1.2"));
        };
        self.at_once = names.len();
        let commit = commit_of(project, &format!("refs/tags/{name}"))?;
        if commit.is_none() {
            self.told.push(format!("the tag {name} is not there yet; it is put on HEAD"));
        }
        let commit = commit.or_else(|| project.facts.head.sha.clone());
        let commit =
            commit.ok_or_else(|| Failure::missing("the repository has no commit yet that a tag could name"))?;
        self.asked.head = Some(Head { kind: RefKind::Tag, name: (*name).to_owned(), commit });
        Ok(())
    }

    fn event(&mut self, name: &str, rest: &[&str]) -> Result<(), Failure> {
        if !workflow::EVENTS.contains(&name) {
            let known =
                workflow::EVENTS.iter().copied().chain(["pr", "tag", "run", "cache", "secret", "slow", "failed"]);
            let help = match span::did_you_mean(name, known) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "events are named as under `on:`, such as push or pull_request".to_owned(),
            };
            return Err(Failure::usage(format!("`{name}` is no event; {help}")));
        }
        name.clone_into(&mut self.name);
        match rest {
            [] => Ok(()),
            ["delete" | "deleted"] if name == "push" => {
                self.deleted = true;
                Ok(())
            }
            [word] if workflow::activity_types(name).is_none() && name != "repository_dispatch" => {
                let failure = Failure::usage(format!("`{name}` has no activity types: `{word}` says nothing here"));
                Err(match name {
                    "workflow_dispatch" => failure.hint(format!("a workflow is chosen with `-W {word}`")),
                    _ => failure.hint(format!("a branch is chosen with `--ref {word}`")),
                })
            }
            [action] => {
                if let Some(known) = workflow::activity_types(name)
                    && !known.is_empty()
                    && !known.contains(action)
                {
                    let help = match span::did_you_mean(action, known.iter().copied()) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("there are {}", known.join(", ")),
                    };
                    return Err(Failure::usage(format!("`{action}` is no activity type of {name}; {help}")));
                }
                self.asked.action = Some((*action).to_owned());
                Ok(())
            }
            _ => Err(Failure::usage(format!("`{name}` takes at most an activity type, not `{}`", rest.join(" ")))),
        }
    }

    /// The event with the cron line of the workflow that is due at the time asked about.
    pub(super) fn due<'e>(&self, event: &'e Event, workflow: &Workflow) -> Cow<'e, Event> {
        let mut event = Cow::Borrowed(event);
        if let Some(at) = &self.at {
            let schedules = workflow.on.event("schedule").map(|event| event.schedules.as_slice()).unwrap_or_default();
            let due = schedules.iter().find(|schedule| {
                local(at, schedule.timezone.as_ref().map(|zone| zone.value.as_ref()))
                    .is_some_and(|time| explain::cron::is_due(&schedule.cron.value, time))
            });
            let line = due.map(|schedule| schedule.cron.value.to_string());
            event.to_mut().schedule = Some(line.unwrap_or_else(|| at.strftime("%Y-%m-%d %H:%M UTC").to_string()));
        }
        event
    }

    /// When the workflow is due next, and what GitHub does with schedules.
    pub(super) fn schedule_note(&self, workflow: &Workflow) -> Vec<String> {
        let Some(trigger) = workflow.on.event("schedule").filter(|_| self.name == "schedule") else {
            return Vec::new();
        };
        let from = self.at.clone().unwrap_or_else(|| Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC));
        let mut notes: Vec<String> = trigger
            .schedules
            .iter()
            .filter_map(|schedule| {
                let zone = schedule.timezone.as_ref().map(|zone| zone.value.as_ref());
                let next = explain::cron::next(&schedule.cron.value, local(&from, zone)?)?;
                let zone = zone.unwrap_or("UTC");
                Some(format!("`{}` is due next at {} {zone}", schedule.cron.value, next.strftime("%Y-%m-%d %H:%M")))
            })
            .collect();
        notes.push(
            "undetermined: GitHub may start scheduled runs late, or drop them at busy times, and ends them in public \
             repositories after 60 days without activity"
                .to_owned(),
        );
        notes
    }
}

/// The time in a zone, UTC where none is given; none for a zone that this machine does not know.
fn local(at: &Zoned, zone: Option<&str>) -> Option<DateTime> {
    Some(at.in_tz(zone.unwrap_or("UTC")).ok()?.datetime())
}

/// `2026-12-01T04:00`, taken as UTC where no offset is given.
fn time_of(text: &str) -> Result<Zoned, Failure> {
    let utc = jiff::tz::TimeZone::UTC;
    let with_offset = text.parse::<jiff::Timestamp>().map(|time| time.to_zoned(utc.clone())).ok();
    let plain = || text.parse::<DateTime>().ok().and_then(|time| time.to_zoned(utc).ok());
    with_offset.or_else(plain).ok_or_else(|| {
        Failure::usage(format!(
            "--at takes a time such as 2026-12-01T04:00 (UTC) or 2026-12-01T04:00:00+01:00, not `{text}`"
        ))
    })
}

/// `--ref` and `--head`, and whether such a ref exists.
fn head(args: &EventArgs, project: &Project) -> Result<Option<(Head, bool)>, Failure> {
    let Some(text) = args.git_ref.as_ref().or(args.head.as_ref()) else { return Ok(None) };
    let (kind, name) = match text.strip_prefix("refs/tags/") {
        Some(name) => (RefKind::Tag, name),
        None => (RefKind::Branch, text.strip_prefix("refs/heads/").unwrap_or(text)),
    };
    // What is checked out is looked at as it lies there, unless uncommitted changes are to stay out.
    if kind == RefKind::Branch && project.facts.head.branch.as_deref() == Some(name) && !args.clean {
        return Ok(None);
    }
    let commit = match kind {
        RefKind::Tag => commit_of(project, text)?,
        RefKind::Branch | RefKind::Pull => project.repository.branch_commit(name),
    };
    let there = commit.is_some();
    let commit = commit.or_else(|| project.facts.head.sha.clone());
    let commit = commit.ok_or_else(|| Failure::missing("the repository has no commit yet"))?;
    Ok(Some((Head { kind, name: name.to_owned(), commit }, there)))
}

fn commit_of(project: &Project, revision: &str) -> Result<Option<String>, Failure> {
    project.repository.resolve_commit(revision).map_err(|error| Failure::broken(error.to_string()))
}

/// Keys of payloads and the event that has them; the first that fits counts.
const OF_KEYS: &[(&[&str], &str)] = &[
    (&["pull_request", "review"], "pull_request_review"),
    (&["pull_request", "comment"], "pull_request_review_comment"),
    (&["pull_request"], "pull_request"),
    (&["merge_group"], "merge_group"),
    (&["release"], "release"),
    (&["workflow_run"], "workflow_run"),
    (&["discussion", "comment"], "discussion_comment"),
    (&["discussion"], "discussion"),
    (&["issue", "comment"], "issue_comment"),
    (&["issue"], "issues"),
    (&["check_run"], "check_run"),
    (&["check_suite"], "check_suite"),
    (&["deployment_status"], "deployment_status"),
    (&["deployment"], "deployment"),
    (&["registry_package"], "registry_package"),
    (&["forkee"], "fork"),
    (&["client_payload"], "repository_dispatch"),
    (&["inputs"], "workflow_dispatch"),
    (&["schedule"], "schedule"),
];

/// The event of a payload, told by the keys that only it has, as GitHub documents them; one without any is a push.
fn name_in_file(args: &EventArgs) -> Result<String, Failure> {
    let Some(path) = &args.eventpath else { return Ok("push".to_owned()) };
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::missing(format!("{}: {error}", path.display())))?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
        Failure::invalid(format!("{}:{}:{}: not JSON: {error}", path.display(), error.line(), error.column()))
    })?;
    let has = |key: &str| value.get(key).is_some();
    let found = OF_KEYS.iter().find(|(keys, _)| keys.iter().all(|key| has(key)));
    match found {
        Some((_, name)) => Ok((*name).to_owned()),
        None if has("action") => Err(Failure::usage(format!("{} does not tell which event it is of", path.display()))
            .hint("name it: trunkline why EVENT -e FILE")),
        None => Ok("push".to_owned()),
    }
}
