//! `why EVENT`: from words to an event, from the event to every workflow and job.

use std::sync::Arc;

use actions::Resolver;
use explain::event::{Detail, EventExplanation, EventSummary, WorkflowExplanation};
use span::Diagnostic;
use trigger::{ActorKind, Event, RefKind, Runs, Settings};
use workflow::Workflow;

use super::arguments::EventArgs;
use super::jobs::{Around, play};
use super::revision::{self, Revision, Wanted};
use super::show;
use super::words::{Supposed, supposed};
use crate::args::{MachineArgs, ValueArgs};
use crate::dirs::Dirs;
use crate::event;
use crate::failure::Failure;
use crate::project::{Broken, DIRECTORIES, Project};
use crate::run_command::{Platforms, dispatch_inputs, link, resolver, variables};

pub(super) fn explain(args: &EventArgs) -> Result<(), Failure> {
    let (project, broken) = Project::look(&args.place)?;
    let explanation = explanation(args, project, broken)?;
    if args.json {
        return show::print_json(&explanation);
    }
    // Who names something wants to know all about it.
    let named = args.verbose || !args.place.workflows.is_empty() || !args.job.is_empty();
    let detail = if named || explanation.workflows.len() == 1 { Detail::Full } else { Detail::Summary };
    show::print(|columns| explain::event::lines(&explanation, detail, columns));
    Ok(())
}

fn explanation(args: &EventArgs, mut project: Project, broken: Vec<Broken>) -> Result<EventExplanation, Failure> {
    let supposed = supposed(args, &project)?;
    let named = !args.place.workflows.is_empty();
    let revision = files(args, &supposed, &mut project, named, broken)?;
    let mut event = event::build(&project, &supposed.asked, &supposed.name)?;
    suppose(args, &supposed, &revision, &mut event);
    let summary = EventSummary::new(&event, revision.shown.clone(), supposed.told.clone());
    let mut workflows = Vec::new();
    // Who asks for a job does not ask for files that have none.
    for broken in revision.broken.iter().filter(|_| args.job.is_empty()) {
        let settings = settings(args, &revision, &broken.path, named);
        let verdict = trigger::verdict_for_broken_file(&broken.path, &event, &settings);
        let errors: Vec<Diagnostic> = broken.problems.iter().filter(|one| one.is_error()).cloned().collect();
        let problems = span::render_terminal(&errors, &project.sources, span::Color::Off);
        workflows.push(WorkflowExplanation::broken(&broken.path, &verdict, problems));
    }
    let dirs = Dirs::from_env()?;
    let machine = MachineArgs { platform: args.platform.clone(), ..MachineArgs::default() };
    let resolver = resolver(&project, &machine, &dirs)?;
    let platforms = Platforms::collect(&machine, &project.config)?;
    let values = ValueArgs { var: args.var.clone(), ..ValueArgs::default() };
    let vars = expr::Value::from(variables(&values, &project.config)?);
    check_jobs(&args.job, &project)?;
    for workflow in project.workflows.clone() {
        if !args.job.is_empty() && !args.job.iter().any(|job| workflow.job(job).is_some()) {
            continue;
        }
        let event = supposed.due(&event, &workflow);
        let settings = settings(args, &revision, &workflow.path, named);
        let verdict = trigger::verdict(&workflow, &event, &settings);
        let mut one = WorkflowExplanation::new(&workflow, &verdict, &event, &project.sources);
        one.notes.extend(explain::event::notes(&workflow, &verdict, &event, &settings));
        one.notes.extend(supposed.schedule_note(&workflow));
        if verdict.starts() || verdict.runs == Runs::AwaitsApproval {
            let made = Made { event: &event, platforms: &platforms, vars: &vars };
            jobs(&mut project, &workflow, &resolver, &made, &mut one);
            one.jobs.retain(|job| args.job.is_empty() || args.job.iter().any(|wanted| is_of(&job.key, wanted)));
        }
        workflows.push(one);
    }
    workflows.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(EventExplanation { event: summary, workflows })
}

/// `test#2` and `test/inner` are of the job `test`.
fn is_of(key: &str, job: &str) -> bool {
    key.split(['#', '/']).next().is_some_and(|first| first.eq_ignore_ascii_case(job))
}

struct Made<'a> {
    event: &'a Event,
    platforms: &'a Platforms,
    vars: &'a expr::Value,
}

/// Adds the jobs; what cannot be linked or is not given stands as a note.
fn jobs(
    project: &mut Project,
    workflow: &Arc<Workflow>,
    resolver: &Resolver,
    made: &Made<'_>,
    one: &mut WorkflowExplanation,
) {
    let program = match link(project, workflow, resolver) {
        Ok(program) => Arc::new(program),
        Err(problems) => {
            one.notes.extend(problems.iter().map(|problem| format!("its jobs are not known: {}", problem.message)));
            return;
        }
    };
    let inputs = match dispatch_inputs(workflow, made.event) {
        Ok(inputs) => inputs,
        Err(errors) => {
            one.notes
                .extend(errors.iter().map(|error| format!("it would be refused: {error}; give inputs with --input")));
            return;
        }
    };
    let around = Around {
        project,
        event: made.event,
        platforms: made.platforms,
        trust: trigger::trust(made.event),
        vars: made.vars.clone(),
    };
    let (facts, group) = play(&around, &program, inputs);
    one.jobs = explain::event::explain_jobs(workflow, facts);
    one.notes
        .extend(group.map(|group| format!("the whole run waits while another holds its concurrency group `{group}`")));
}

/// Reads the workflow files that the event would read.
fn files(
    args: &EventArgs,
    supposed: &Supposed,
    project: &mut Project,
    named: bool,
    broken: Vec<Broken>,
) -> Result<Revision, Failure> {
    let head = supposed.asked.head.as_ref();
    let current = project.facts.head.sha.clone();
    let base = supposed.asked.base.clone().unwrap_or_else(|| project.facts.default_branch.clone());
    let base_commit = project.repository.branch_commit(&base);
    let wanted = match (supposed.name.as_str(), head, &current, &base_commit) {
        ("push" | "create" | "merge_group" | "deployment" | "deployment_status" | "release", Some(head), ..)
            if args.git_ref.is_some() =>
        {
            Wanted::Commit { name: &head.name, commit: &head.commit }
        }
        ("push" | "create" | "merge_group" | "deployment" | "deployment_status" | "release", ..) => Wanted::WorkTree,
        ("pull_request" | "pull_request_review" | "pull_request_review_comment", head, current, Some(base)) => {
            let commit = head.map(|head| &head.commit).or(current.as_ref());
            match commit {
                Some(commit) => Wanted::Merge { base, head: commit, checked_out: head.is_none() },
                None => Wanted::WorkTree,
            }
        }
        ("pull_request" | "pull_request_review" | "pull_request_review_comment", ..) => Wanted::WorkTree,
        // The file of the chosen ref counts, and it must be on the default branch as well.
        ("workflow_dispatch", Some(head), ..) if args.git_ref.is_some() => {
            Wanted::Commit { name: &head.name, commit: &head.commit }
        }
        ("workflow_dispatch", ..) => Wanted::WorkTree,
        _ => Wanted::Default,
    };
    let asks_default = !matches!(
        supposed.name.as_str(),
        "push"
            | "create"
            | "merge_group"
            | "deployment"
            | "deployment_status"
            | "release"
            | "pull_request"
            | "pull_request_review"
            | "pull_request_review_comment"
    );
    revision::read(project, &wanted, asks_default, named, broken)
}

/// Puts into the event what git cannot know.
fn suppose(args: &EventArgs, supposed: &Supposed, revision: &Revision, event: &mut Event) {
    let suppose = &args.suppose;
    if suppose.fork {
        event.fork = true;
    }
    event.first_time_contributor = suppose.first_time;
    if suppose.dependabot {
        event.actor_kind = ActorKind::Dependabot;
    } else if suppose.github_token {
        event.actor_kind = ActorKind::GithubToken;
    }
    if let Some(conflicts) = &revision.conflicts {
        event.mergeable = Some(conflicts.is_empty());
    }
    let at_once = suppose.at_once.unwrap_or(supposed.at_once);
    match event.ref_kind {
        RefKind::Tag => event.tags_at_once = at_once,
        RefKind::Branch | RefKind::Pull => event.branches_at_once = at_once,
    }
    if let Some(run) = &mut event.workflow_run {
        if let Some(name) = &args.workflow {
            run.workflow.clone_from(name);
        }
        run.chain = suppose.chain.unwrap_or(run.chain);
        run.rerun |= suppose.rerun;
    }
    if supposed.deleted {
        event.deleted = true;
    }
}

fn settings(args: &EventArgs, revision: &Revision, path: &str, named: bool) -> Settings {
    let local = Settings::local();
    Settings {
        disabled: args.suppose.disabled.then(|| "the workflow is switched off".to_owned()),
        github_compat_300: args.suppose.github,
        workflow_directories: match args.suppose.github {
            true => vec![DIRECTORIES[0].to_owned()],
            false => Vec::new(),
        },
        on_default_branch: revision.on_default.as_ref().filter(|_| !named).map(|known| known.contains(path)),
        private_repository: args.suppose.private,
        ..local
    }
}

/// A job that is nowhere is a mistake.
fn check_jobs(jobs: &[String], project: &Project) -> Result<(), Failure> {
    for job in jobs {
        let keys = || project.workflows.iter().flat_map(|one| one.jobs.iter().map(|job| job.id.value.as_ref()));
        if keys().any(|key| key.eq_ignore_ascii_case(job)) {
            continue;
        }
        let help = match span::did_you_mean(job, keys()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", keys().collect::<Vec<_>>().join(", ")),
        };
        return Err(Failure::missing(format!("there is no job `{job}`")).hint(help));
    }
    Ok(())
}
