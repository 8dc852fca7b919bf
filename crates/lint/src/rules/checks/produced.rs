//! The checks that workflows report, by the names under which a branch can ask for them.

use expr::{Context, Value};
use span::Span;
use workflow::{Job, JobKind, Workflow, expand_matrix, leg_name};

use crate::document::Document;
use crate::project::{Project, Protection};

/// One check that a job reports.
pub(super) struct Produced<'a> {
    pub(super) document: &'a Document,
    pub(super) workflow: &'a Workflow,
    pub(super) job: &'a Job,
    /// `None` where an expression decides that nobody can follow.
    pub(super) name: Option<String>,
}

/// Events whose runs report to pull requests.
const FOR_PULLS: &[&str] = &["pull_request", "pull_request_target", "push", "merge_group"];

/// Every check of every workflow that can report to a pull request.
pub(super) fn produced(project: &Project) -> Vec<Produced<'_>> {
    let mut all = Vec::new();
    for (document, workflow) in project.workflows() {
        if !workflow.on.events.iter().any(|event| FOR_PULLS.contains(&&*event.name.value)) {
            continue;
        }
        for job in &workflow.jobs {
            for name in names(project, workflow, job, 0) {
                all.push(Produced { document, workflow, job, name });
            }
        }
    }
    all
}

/// The names of a job's checks: one a leg of its matrix, and one a job of the workflow that it calls.
fn names(project: &Project, workflow: &Workflow, job: &Job, depth: usize) -> Vec<Option<String>> {
    let own = legs(job);
    let JobKind::Call(call) = &job.kind else { return own };
    let Some((_, called)) = project.local_workflow(&call.uses.value).filter(|_| depth < workflow::MAX_LEVELS) else {
        return vec![None];
    };
    let _ = workflow;
    let below: Vec<Option<String>> =
        called.jobs.iter().flat_map(|inner| names(project, called, inner, depth + 1)).collect();
    let both = |own: &Option<String>, below: &Option<String>| Some(format!("{} / {}", own.as_ref()?, below.as_ref()?));
    own.iter().flat_map(|own| below.iter().map(move |below| both(own, below))).collect()
}

fn legs(job: &Job) -> Vec<Option<String>> {
    let matrix = job.strategy.as_ref().and_then(|strategy| strategy.matrix.as_ref());
    if job.strategy.as_ref().is_some_and(|strategy| strategy.whole.is_some())
        || matrix.is_some_and(|matrix| !matrix.is_literal())
    {
        return vec![None];
    }
    let named_by_expression = job.name.as_ref().is_some_and(|name| !name.is_literal());
    let legs = matrix.and_then(|matrix| expand_matrix(&matrix.evaluate(&Nothing).ok()?).ok());
    let Some(legs) = legs else {
        return vec![display(job, &Nothing)];
    };
    legs.iter()
        .map(|leg| {
            let name = display(job, &Leg(Value::Object(std::sync::Arc::clone(&leg.values))))?;
            Some(if named_by_expression { name } else { leg_name(&name, leg) })
        })
        .collect()
}

fn display(job: &Job, context: &dyn Context) -> Option<String> {
    match &job.name {
        None => Some(job.id.value.to_string()),
        Some(name) if only_matrix(name) => {
            let value = name.evaluate(context).ok()?;
            Some(value.to_display_string().into_owned())
        }
        Some(_) => None,
    }
}

/// Whether an expression reads nothing but the matrix.
fn only_matrix(name: &workflow::Template) -> bool {
    let mut only = true;
    name.each_expression(&mut |template, _| {
        for expr in template.expressions() {
            only &= expr.references().iter().all(|reference| reference.path[0].eq_ignore_ascii_case("matrix"))
                && expr.calls().next().is_none();
        }
    });
    only
}

struct Nothing;

impl Context for Nothing {
    fn named(&self, _name: &str) -> Option<Value> {
        None
    }
}

struct Leg(Value);

impl Context for Leg {
    fn named(&self, name: &str) -> Option<Value> {
        name.eq_ignore_ascii_case("matrix").then(|| self.0.clone())
    }
}

/// What is asked of the branches: by the platform, and as `trunkline.toml` says.
pub(super) fn protections(project: &Project) -> impl Iterator<Item = &Protection> {
    project.facts.protection.iter().chain(&project.facts.config.protection)
}

/// Where a check is asked for, if a file says it.
pub(super) fn place_of(project: &Project, check: &str) -> Option<Span> {
    let document = project.documents().iter().find(|document| document.kind == crate::document::Kind::Config)?;
    let quoted = format!("\"{check}\"");
    let start = document.text().find(&quoted)?;
    Some(Span::new(document.file, start, start + quoted.len()))
}
