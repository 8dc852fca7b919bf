//! The checks that workflows report, by the names under which a branch can ask for them.

use std::collections::HashMap;

use expr::{Context, Value};
use span::{FileId, Span};
use workflow::{Job, JobKind, Workflow, expand_matrix, leg_name};

use crate::document::Document;
use crate::project::{CheckName, Project, Protection};

/// One check that a job reports.
pub(super) struct Produced<'a> {
    pub(super) document: &'a Document,
    pub(super) workflow: &'a Workflow,
    pub(super) job: &'a Job,
    /// `None` where an expression decides that nobody can follow.
    pub(super) name: Option<&'a str>,
}

/// Events whose runs report to pull requests.
const FOR_PULLS: &[&str] = &["pull_request", "pull_request_target", "push", "merge_group"];

/// Checks of one workflow that are told apart; a workflow that has more has some of unknown name.
const MAX_NAMES: usize = 2_000;

/// Every check of every workflow that can report to a pull request; none where no branch waits for any.
pub(super) fn produced(project: &Project) -> Vec<Produced<'_>> {
    if protections(project).next().is_none() {
        return Vec::new();
    }
    let known = project.check_names.get_or_init(|| check_names(project));
    let checks = known.iter().filter_map(|check| {
        let document = project.document(check.file)?;
        let workflow = document.workflow.as_ref()?;
        Some(Produced { document, workflow, job: workflow.jobs.get(check.job)?, name: check.name.as_deref() })
    });
    checks.collect()
}

fn check_names(project: &Project) -> Vec<CheckName> {
    let mut all = Vec::new();
    let mut names = Names { project, known: HashMap::new() };
    for (document, workflow) in project.workflows() {
        if !workflow.on.events.iter().any(|event| FOR_PULLS.contains(&&*event.name.value)) {
            continue;
        }
        for (index, job) in workflow.jobs.iter().enumerate() {
            let of_job = names.of_job(job).into_iter();
            all.extend(of_job.map(|name| CheckName { file: document.file, job: index, name }));
        }
    }
    all
}

/// The names of checks, made once for each workflow that is called.
struct Names<'a> {
    project: &'a Project,
    /// By the called file; `None` while its names are being made.
    known: HashMap<FileId, Option<Vec<Option<String>>>>,
}

impl Names<'_> {
    /// The names of a job's checks: one a leg of its matrix, and one a job of the workflow that it calls.
    fn of_job(&mut self, job: &Job) -> Vec<Option<String>> {
        let own = legs(job);
        let JobKind::Call(call) = &job.kind else { return own };
        let below = self.of_called(&call.uses.value);
        let both =
            |own: &Option<String>, below: &Option<String>| Some(format!("{} / {}", own.as_ref()?, below.as_ref()?));
        capped(own.iter().flat_map(|own| below.iter().map(move |below| both(own, below))))
    }

    fn of_called(&mut self, uses: &str) -> Vec<Option<String>> {
        let Some((document, called)) = self.project.local_workflow(uses) else { return vec![None] };
        match self.known.get(&document.file) {
            Some(Some(names)) => return names.clone(),
            // A ring, which is told elsewhere.
            Some(None) => return vec![None],
            None => {}
        }
        self.known.insert(document.file, None);
        let mut names = Vec::new();
        for job in &called.jobs {
            names.extend(self.of_job(job));
            names = capped(names);
        }
        self.known.insert(document.file, Some(names.clone()));
        names
    }
}

fn capped(names: impl IntoIterator<Item = Option<String>>) -> Vec<Option<String>> {
    let mut names: Vec<_> = names.into_iter().take(MAX_NAMES + 1).collect();
    if names.len() > MAX_NAMES {
        names[MAX_NAMES] = None;
    }
    names
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
