//! What is wrong between files: calls of reusable workflows and uses of actions of the same repository, held against
//! what is called and used.

use std::sync::Arc;

use span::{Diagnostic, did_you_mean};
use workflow::{JobKind, Step, StepKind, Workflow, WorkflowReference, check_action_inputs, check_calls};

use crate::document::Document;
use crate::known_action;
use crate::project::Project;

/// The problems of one file's references.
pub(crate) fn diagnostics(project: &Project, document: &Document) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(workflow) = &document.workflow {
        calls(project, workflow, &mut found);
        for job in &workflow.jobs {
            if let JobKind::Steps(job) = &job.kind {
                uses(project, document, &job.steps, &mut found);
            }
        }
    }
    if let Some(action) = &document.action
        && let workflow::Runs::Composite(runs) = &action.runs
    {
        uses(project, document, &runs.steps, &mut found);
    }
    found
}

fn calls(project: &Project, workflow: &Workflow, found: &mut Vec<Diagnostic>) {
    let calls = || {
        workflow.jobs.iter().filter_map(|job| match &job.kind {
            JobKind::Call(call) => Some(call),
            JobKind::Steps(_) => None,
        })
    };
    let mut known = false;
    for call in calls() {
        let Ok(WorkflowReference::Local { path }) = WorkflowReference::parse(&call.uses.value) else { continue };
        known |= project.local_workflow(&call.uses.value).is_some();
        let Some(tree) = project.facts.tree.as_ref().filter(|tree| !tree.has_file(&path)) else { continue };
        let message = format!("there is no workflow `{path}` in this repository");
        let diagnostic = Diagnostic::error("call/not-found", message).at(call.uses.span);
        let near = did_you_mean(&path, tree.iter().filter(|path| path.starts_with(".github/workflows/")));
        found.push(match near {
            Some(meant) => diagnostic.help(format!("did you mean `./{meant}`?")),
            None => diagnostic.help("the path counts from the top of the repository"),
        });
    }
    if known {
        let mut loader = |name: &str| project.local_workflow(name).map(|(_, workflow)| Arc::new(workflow.clone()));
        found.extend(check_calls(workflow, &mut loader));
    }
}

fn uses(project: &Project, document: &Document, steps: &[Step], found: &mut Vec<Diagnostic>) {
    for step in steps {
        match &step.kind {
            StepKind::Uses { uses, with } => {
                if let Some((_, action)) = project.local_action(&uses.value) {
                    found.extend(check_action_inputs(uses, with.as_ref(), action));
                } else {
                    let comment = document.version_comment(uses);
                    found.extend(known_action::check_inputs(uses, with.as_ref(), comment));
                }
            }
            StepKind::Parallel { steps } => self::uses(project, document, steps, found),
            _ => {}
        }
    }
}
