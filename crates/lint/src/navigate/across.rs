//! What one file names of another: the workflow that a job calls, the action that a step uses, their inputs and outputs.

use span::Span;
use workflow::{Job, JobKind, Runs, Step, StepKind, Template, TemplateKey};

use super::{SymbolKind, each_name};
use crate::document::Document;
use crate::project::Project;
use crate::steps::flat;
use crate::subject::Owner;
use crate::walk;

/// Calls `visit` with each file that a file refers to, and the place of the `uses:`.
pub(super) fn each_reference<'a>(
    project: &'a Project,
    document: &'a Document,
    visit: &mut dyn FnMut(&'a Document, Span),
) {
    for job in jobs(document) {
        if let JobKind::Call(call) = &job.kind
            && let Some((target, _)) = project.local_workflow(&call.uses.value)
        {
            visit(target, call.uses.span);
        }
    }
    for step in steps(document) {
        if let StepKind::Uses { uses, .. } = &step.kind
            && let Some((target, _)) = project.local_action(&uses.value)
        {
            visit(target, uses.span);
        }
    }
}

/// Calls `visit` with each place at which a file names an input or output of another.
pub(super) fn each_use<'a>(
    project: &'a Project,
    document: &'a Document,
    visit: &mut dyn FnMut(&'a Document, SymbolKind, &str, Span),
) {
    for job in jobs(document) {
        let JobKind::Call(call) = &job.kind else { continue };
        let Some((target, _)) = project.local_workflow(&call.uses.value) else { continue };
        call.with.iter().for_each(|(name, _)| visit(target, SymbolKind::Input, &name.value, name.span));
    }
    for step in steps(document) {
        let StepKind::Uses { uses, with: Some(with) } = &step.kind else { continue };
        let Some((target, _)) = project.local_action(&uses.value) else { continue };
        for entry in Template::entries(with) {
            if let TemplateKey::Literal(name) = &entry.key {
                visit(target, SymbolKind::Input, name, entry.key_span);
            }
        }
    }
    walk::each_expression(project, document, &mut |site| {
        each_name(site.expr, &mut |path, name, range| {
            let target = match path {
                ["needs" | "jobs", id, "outputs"] => called(project, site.owner, id),
                ["steps", id, "outputs"] => used(project, site.owner, id),
                _ => return,
            };
            if let Some(target) = target {
                visit(target, SymbolKind::Output, name, document.place(site.scalar, range));
            }
        });
    });
}

/// The workflow that a job of the same workflow calls.
fn called<'a>(project: &'a Project, owner: Owner<'_>, id: &str) -> Option<&'a Document> {
    match &owner.workflow()?.job(id)?.kind {
        JobKind::Call(call) => Some(project.local_workflow(&call.uses.value)?.0),
        JobKind::Steps(_) => None,
    }
}

/// The action that a step of the same job or action uses.
fn used<'a>(project: &'a Project, owner: Owner<'_>, id: &str) -> Option<&'a Document> {
    let steps = match (owner.steps_job(), owner.action().map(|action| &action.runs)) {
        (Some(job), _) => &job.steps,
        (None, Some(Runs::Composite(runs))) => &runs.steps,
        _ => return None,
    };
    let step = flat(steps).into_iter().find(|step| step.id.eq_ignore_ascii_case(id))?;
    match &step.kind {
        StepKind::Uses { uses, .. } => Some(project.local_action(&uses.value)?.0),
        _ => None,
    }
}

fn jobs(document: &Document) -> impl Iterator<Item = &Job> {
    document.workflow.iter().flat_map(|workflow| &workflow.jobs)
}

fn steps(document: &Document) -> Vec<&Step> {
    let mut all = Vec::new();
    for job in jobs(document) {
        if let JobKind::Steps(steps) = &job.kind {
            all.extend(flat(&steps.steps));
        }
    }
    if let Some(Runs::Composite(runs)) = document.action.as_ref().map(|action| &action.runs) {
        all.extend(flat(&runs.steps));
    }
    all
}
