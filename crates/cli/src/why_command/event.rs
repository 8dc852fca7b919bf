//! `why EVENT`: from words to an event, from the event to every workflow and job.

use std::sync::Arc;

use explain::event::{Detail, EventExplanation, EventSummary, WorkflowExplanation};
use span::Diagnostic;
use trigger::{ActorKind, Event, RefKind, Runs, Settings};
use workflow::{Program, Workflow};

use super::arguments::EventArgs;
use super::jobs::{Around, play};
use super::revision::{self, Revision, Wanted};
use super::show;
use super::words::{Supposed, supposed};
use crate::args::{MachineArgs, ValueArgs};
use crate::dirs::Dirs;
use crate::event::{self, Ahead};
use crate::failure::Failure;
use crate::project::{Broken, DIRECTORIES, Project};
use crate::run_command::{Platforms, dispatch_inputs, link, resolver, variables};

pub(super) fn explain(args: &EventArgs) -> Result<(), Failure> {
    let (explanation, detail) = explanation(args, Project::locate(&args.place)?)?;
    if args.json {
        return show::print_json(&explanation);
    }
    show::print(|columns| explain::event::lines(&explanation, detail, columns));
    Ok(())
}

fn explanation(args: &EventArgs, mut project: Project) -> Result<(EventExplanation, Detail), Failure> {
    let texts = project.read_files(&args.place)?;
    let supposed = supposed(args, &project)?;
    let ahead = Ahead::start(&project, &supposed.asked, &supposed.name, texts.iter().any(may_filter));
    let broken = project.take_in(texts);
    let named = !args.place.workflows.is_empty();
    let revision = files(args, &supposed, &mut project, named, broken)?;
    let mut event = event::build_with(&project, &supposed.asked, &supposed.name, ahead)?;
    suppose(args, &supposed, &revision, &mut event);
    let summary = EventSummary::new(&event, revision.shown.clone(), supposed.told.clone());
    check_jobs(&args.job, &project)?;
    // Who asks for a job does not ask for files that have none.
    let unread: &[Broken] = if args.job.is_empty() { &revision.broken } else { &[] };
    let mut workflows: Vec<WorkflowExplanation> =
        unread.iter().map(|broken| of_broken(args, &revision, broken, &event, &project, named)).collect();
    let wanted: Vec<Arc<Workflow>> =
        project.workflows.iter().filter(|workflow| has_a_job(workflow, &args.job)).cloned().collect();
    // Who names something wants to know all about it.
    let one = wanted.len() + unread.len() == 1;
    let detail = if args.verbose || named || !args.job.is_empty() || one { Detail::Full } else { Detail::Summary };
    let asking = Asking { args, revision: &revision, supposed: &supposed, event: &event, named };
    let judged = lint::parallel::map(0, &wanted, |workflow| asking.judge(workflow, &project, detail));
    let dirs = Dirs::from_env()?;
    let machine = MachineArgs { platform: args.platform.clone(), ..MachineArgs::default() };
    let resolver = resolver(&project, &machine, &dirs)?;
    // What is called is read into the project, one file after the other.
    let linked = wanted.into_iter().zip(judged).map(|(workflow, (explanation, starts))| {
        let program = starts.then(|| link(&mut project, &workflow, &resolver).map(Arc::new));
        (workflow, explanation, program)
    });
    let linked: Vec<Linked> = linked.collect();
    let platforms = Platforms::collect(&machine, &project.config)?;
    let values = ValueArgs { var: args.var.clone(), ..ValueArgs::default() };
    let vars = expr::Value::from(variables(&values, &project.config)?);
    let made = Made { platforms: &platforms, vars: &vars };
    workflows.extend(lint::parallel::map(0, &linked, |linked| asking.jobs(linked, &project, &made)));
    workflows.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((EventExplanation { event: summary, workflows }, detail))
}

/// `test#2` and `test/inner` are of the job `test`.
fn is_of(key: &str, job: &str) -> bool {
    key.split(['#', '/']).next().is_some_and(|first| first.eq_ignore_ascii_case(job))
}

/// Whether a workflow has one of the jobs that are asked for, if any are.
fn has_a_job(workflow: &Workflow, jobs: &[String]) -> bool {
    jobs.is_empty() || jobs.iter().any(|job| workflow.job(job).is_some())
}

fn of_broken(
    args: &EventArgs,
    revision: &Revision,
    broken: &Broken,
    event: &Event,
    project: &Project,
    named: bool,
) -> WorkflowExplanation {
    let settings = settings(args, revision, &broken.path, named);
    let verdict = trigger::verdict_for_broken_file(&broken.path, event, &settings);
    let errors: Vec<Diagnostic> = broken.problems.iter().filter(|one| one.is_error()).cloned().collect();
    let problems = span::render_terminal(&errors, &project.sources, span::Color::Off);
    WorkflowExplanation::broken(&broken.path, &verdict, problems)
}

/// A workflow with what is known of it so far, and what it runs as, if it does.
type Linked = (Arc<Workflow>, WorkflowExplanation, Option<Result<Arc<Program>, Vec<Diagnostic>>>);

/// What stands around the jobs of every workflow.
struct Made<'a> {
    platforms: &'a Platforms,
    vars: &'a expr::Value,
}

/// The same question to each workflow.
struct Asking<'a> {
    args: &'a EventArgs,
    revision: &'a Revision,
    supposed: &'a Supposed,
    event: &'a Event,
    named: bool,
}

impl Asking<'_> {
    /// Everything but the jobs, and whether these are worth a look.
    fn judge(&self, workflow: &Workflow, project: &Project, detail: Detail) -> (WorkflowExplanation, bool) {
        let event = self.supposed.due(self.event, workflow);
        let settings = settings(self.args, self.revision, &workflow.path, self.named);
        let mut verdict = trigger::verdict(workflow, &event, &settings);
        if verdict.starts()
            && let Err(errors) = dispatch_inputs(workflow, &event)
        {
            verdict = refused_inputs(workflow, &event, &errors);
        }
        let mut one = WorkflowExplanation::new(workflow, &verdict, &project.sources);
        if detail == Detail::Full || self.args.json {
            one = one.with_filter(workflow, &verdict, &event, &project.sources);
        }
        one.notes.extend(explain::event::notes(workflow, &verdict, &event, &settings));
        one.notes.extend(self.supposed.schedule_note(workflow));
        let starts = verdict.starts() || verdict.runs == Runs::AwaitsApproval;
        (one, starts)
    }

    /// Adds the jobs; what cannot be linked stands as a note.
    fn jobs(&self, linked: &Linked, project: &Project, made: &Made<'_>) -> WorkflowExplanation {
        let (workflow, explanation, program) = linked;
        let mut one = explanation.clone();
        let event = self.supposed.due(self.event, workflow);
        // What is wrong with inputs is a verdict already.
        let (Some(program), Ok(inputs)) = (program, dispatch_inputs(workflow, &event)) else { return one };
        let program = match program {
            Ok(program) => program,
            Err(problems) => {
                one.notes.extend(problems.iter().map(|problem| format!("its jobs are not known: {}", problem.message)));
                return one;
            }
        };
        let around = Around {
            project,
            event: &event,
            platforms: made.platforms,
            trust: trigger::trust(&event),
            vars: made.vars.clone(),
        };
        let (facts, group) = play(&around, program, inputs);
        one.jobs = explain::event::explain_jobs(program, facts);
        one.jobs.retain(|job| self.args.job.is_empty() || self.args.job.iter().any(|wanted| is_of(&job.key, wanted)));
        one.notes.extend(
            group.map(|group| format!("the whole run waits while another holds its concurrency group `{group}`")),
        );
        one
    }
}

/// Nothing starts where inputs are missing or wrong.
fn refused_inputs(workflow: &Workflow, event: &Event, errors: &[workflow::InputError]) -> trigger::Verdict {
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    trigger::Verdict {
        runs: Runs::No,
        gate: trigger::Gate::Event,
        span: workflow.on.event(&event.name).map(|trigger| trigger.name.span),
        reason: format!("it would be refused: {}; give inputs with --input NAME=VALUE", told.join("; ")),
        evidence: Vec::new(),
        evidence_omitted: 0,
    }
}

/// Whether a file may have a path filter, told before it is parsed.
fn may_filter(file: &git::TreeFile) -> bool {
    file.content.windows(5).any(|part| part == b"paths")
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
    let branch = project.facts.head.branch.clone().unwrap_or_else(|| "HEAD".to_owned());
    let as_it_lies = match &current {
        Some(commit) if args.clean => Wanted::Commit { name: &branch, commit },
        _ => Wanted::WorkTree,
    };
    let wanted = match (supposed.name.as_str(), head, &current, &base_commit) {
        ("push" | "create" | "merge_group" | "deployment" | "deployment_status" | "release", Some(head), ..)
            if args.git_ref.is_some() =>
        {
            Wanted::Commit { name: &head.name, commit: &head.commit }
        }
        ("push" | "create" | "merge_group" | "deployment" | "deployment_status" | "release", ..) => as_it_lies,
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
        ("workflow_dispatch", ..) => as_it_lies,
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
        let mut keys = project.workflows.iter().flat_map(|one| one.jobs.iter().map(|job| job.id.value.as_ref()));
        if keys.any(|key| key.eq_ignore_ascii_case(job)) {
            continue;
        }
        return Err(project.no_such_job(job));
    }
    Ok(())
}
