//! Which workflows run for the event, each linked with what it calls.

use std::sync::Arc;

use actions::{Resolver, Uses};
use api::{Reason, WorkflowConsidered};
use span::{Diagnostic, Span};
use trigger::{Event, Settings};
use workflow::{Program, Workflow};

use crate::failure::Failure;
use crate::project::{Project, location, read_workflow, rendered};

/// Recorded for each workflow.
const MAX_EVIDENCE: usize = 20;

pub(crate) struct Plan {
    /// Verdicts for every workflow, in file order.
    pub(crate) considered: Vec<WorkflowConsidered>,
    /// Those that run.
    pub(crate) programs: Vec<Arc<Program>>,
}

/// Applies the filters for real, and links what passed.
pub(crate) fn make(
    project: &mut Project,
    event: &Event,
    jobs: &[String],
    resolver: &Resolver,
) -> Result<Plan, Failure> {
    let mut considered = Vec::new();
    let mut chosen: Vec<Arc<Workflow>> = Vec::new();
    for workflow in &project.workflows {
        let verdict = trigger::verdict(workflow, event, &Settings::local());
        let mut runs = verdict.starts();
        let mut reason = Reason {
            code: verdict.gate.code().to_owned(),
            reason: verdict.reason.clone(),
            location: verdict.span.map(|span| project.location(span)),
        };
        if runs && !jobs.is_empty() && !jobs.iter().any(|job| workflow.job(job).is_some()) {
            runs = false;
            reason = Reason {
                code: "selection".to_owned(),
                reason: "it has none of the jobs asked for".to_owned(),
                location: None,
            };
        }
        considered.push(WorkflowConsidered {
            path: workflow.path.to_string(),
            name: workflow.display_name().to_owned(),
            runs,
            reason,
            evidence: evidence(&verdict, &project.sources),
        });
        if runs {
            chosen.push(workflow.clone());
        }
    }
    check_jobs(project, &chosen, jobs)?;
    let mut programs = Vec::new();
    let mut errors = Vec::new();
    for workflow in chosen {
        match link(project, &workflow, resolver) {
            Ok(program) => programs.push(Arc::new(program)),
            Err(found) => errors.extend(found),
        }
    }
    if errors.is_empty() {
        Ok(Plan { considered, programs })
    } else {
        Err(Failure::invalid(rendered(&errors, &project.sources)))
    }
}

/// Reads everything that a workflow calls.
pub(crate) fn link(
    project: &mut Project,
    workflow: &Arc<Workflow>,
    resolver: &Resolver,
) -> Result<Program, Vec<Diagnostic>> {
    let (top, tree, sources) = (&project.top, &project.tree, &mut project.sources);
    let mut load = |uses: &str, span: Span| -> Result<Arc<Workflow>, Diagnostic> {
        let refuse = |text: String| Diagnostic::error("call/not-found", text).at(span);
        let parsed = Uses::parse(uses).map_err(|error| refuse(error.to_string()))?;
        let shown = uses.strip_prefix("./").or(uses.strip_prefix("$/")).unwrap_or(uses);
        let text = match (tree, &parsed) {
            // What the repository calls of itself is of the same revision.
            (Some(tree), Uses::Local(path) | Uses::SelfRepository(path)) => {
                let file = tree.iter().find(|file| file.path == *path);
                file.map(|file| file.content.clone())
                    .ok_or_else(|| refuse(format!("{uses}: that revision has no {path}")))?
            }
            _ => resolver.workflow(&parsed, top).map_err(|error| refuse(error.to_string()))?.text,
        };
        let (callee, found) = read_workflow(sources, shown, &text);
        match callee {
            Some(callee) if !found.iter().any(Diagnostic::is_error) => Ok(Arc::new(callee)),
            _ => {
                let first = found.iter().find(|one| one.is_error());
                let text = first.map(|one| one.message.clone()).unwrap_or_default();
                let mut refused = refuse(format!("the called workflow is not valid: {text}"));
                if let Some(place) = first.and_then(|one| one.primary) {
                    refused = refused.related(place, "here");
                }
                Err(refused)
            }
        }
    };
    workflow::link(workflow, &mut load)
}

/// How subjects fared against the filter that decided; the first ones when there are many.
fn evidence(verdict: &trigger::Verdict, sources: &span::SourceMap) -> Vec<api::Evidence> {
    let steps = verdict.evidence.iter().take(MAX_EVIDENCE);
    steps
        .map(|step| api::Evidence {
            subject: step.subject.clone(),
            pattern: step.pattern.clone(),
            matched: step.matched,
            location: Some(location(sources, step.span)),
        })
        .collect()
}

/// A job asked for that is nowhere is a mistake, not an empty run.
fn check_jobs(project: &Project, chosen: &[Arc<Workflow>], jobs: &[String]) -> Result<(), Failure> {
    for job in jobs {
        if chosen.iter().any(|workflow| workflow.job(job).is_some()) {
            continue;
        }
        let elsewhere = project.workflows.iter().find(|workflow| workflow.job(job).is_some());
        if let Some(workflow) = elsewhere {
            let text = format!("the job `{job}` is in {}, which does not run for this event", workflow.path);
            return Err(
                Failure::missing(text).hint("`trunkline run --dry-run` tells the reason; or name another event")
            );
        }
        return Err(project.no_such_job(job));
    }
    Ok(())
}

/// A reason of the engine with its place in a file.
pub(crate) fn reason(why: &engine::Why, sources: &span::SourceMap) -> Reason {
    Reason {
        code: why.code.to_owned(),
        reason: why.text.clone(),
        location: why.span.map(|span| location(sources, span)),
    }
}
