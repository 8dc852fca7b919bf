//! What the expressions of a workflow read, each with its place.

use std::sync::Arc;

use span::Span;
use workflow::{CallSecrets, Condition, Job, JobKind, Step, StepKind, Template, Workflow};

/// A path that an expression reads, such as `secrets.TOKEN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// `["secrets", "TOKEN"]`.
    pub path: Vec<Arc<str>>,
    /// Of the value that holds the expression.
    pub span: Span,
}

impl Read {
    /// The name that is read from a context; none for other contexts.
    #[must_use]
    pub fn of(&self, context: &str) -> Option<&str> {
        match self.path.as_slice() {
            [first, name, ..] if first.eq_ignore_ascii_case(context) => Some(name),
            _ => None,
        }
    }
}

/// What stands at the top of a workflow.
#[must_use]
pub fn reads_of_workflow(workflow: &Workflow) -> Vec<Read> {
    let mut reads = Vec::new();
    let concurrency = workflow.concurrency.as_ref();
    let all = [&workflow.run_name, &workflow.env, &workflow.defaults.shell, &workflow.defaults.working_directory];
    all.into_iter().flatten().chain(concurrency.map(|one| &one.group)).for_each(|one| template(one, &mut reads));
    reads
}

/// A job's own keys, without its steps.
#[must_use]
pub fn reads_of_job(job: &Job) -> Vec<Read> {
    let mut reads = Vec::new();
    condition(job.condition.as_ref(), &mut reads);
    let mut templates: Vec<&Template> = job.name.iter().collect();
    if let Some(concurrency) = &job.concurrency {
        templates.push(&concurrency.group);
        templates.extend(&concurrency.cancel_in_progress);
    }
    if let Some(strategy) = &job.strategy {
        let parts = [&strategy.whole, &strategy.fail_fast, &strategy.max_parallel, &strategy.matrix];
        templates.extend(parts.into_iter().flatten());
    }
    match &job.kind {
        JobKind::Steps(steps) => {
            templates.push(&steps.runs_on);
            let parts = [&steps.environment, &steps.env, &steps.timeout_minutes, &steps.continue_on_error];
            templates.extend(parts.into_iter().flatten());
            let parts = [&steps.container, &steps.services, &steps.snapshot];
            templates.extend(parts.into_iter().flatten());
            templates.extend(steps.outputs.iter().map(|(_, template)| template));
        }
        JobKind::Call(call) => {
            templates.extend(call.with.iter().map(|(_, template)| template));
            if let CallSecrets::Map(secrets) = &call.secrets {
                templates.extend(secrets.iter().map(|(_, template)| template));
            }
        }
    }
    templates.into_iter().for_each(|one| template(one, &mut reads));
    reads
}

/// A step, with the steps that it runs side by side.
#[must_use]
pub fn reads_of_step(step: &Step) -> Vec<Read> {
    let mut reads = Vec::new();
    condition(step.condition.as_ref(), &mut reads);
    let single = [&step.name, &step.env, &step.continue_on_error, &step.timeout_minutes];
    single.into_iter().flatten().for_each(|one| template(one, &mut reads));
    match &step.kind {
        StepKind::Run { script, shell, working_directory } => {
            template(script, &mut reads);
            [shell, working_directory].into_iter().flatten().for_each(|one| template(one, &mut reads));
        }
        StepKind::Uses { with, .. } => with.iter().for_each(|one| template(one, &mut reads)),
        StepKind::Parallel { steps } => reads.extend(steps.iter().flat_map(reads_of_step)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {}
    }
    reads
}

/// What a condition reads.
pub(crate) fn reads_of_condition(one: &Condition) -> Vec<Read> {
    let mut reads = Vec::new();
    condition(Some(one), &mut reads);
    reads
}

fn condition(one: Option<&workflow::Condition>, reads: &mut Vec<Read>) {
    if let Some(one) = one {
        let found = one.condition.expr().references();
        reads.extend(found.into_iter().map(|reference| Read { path: reference.path, span: one.span }));
    }
}

fn template(one: &Template, reads: &mut Vec<Read>) {
    one.each_expression(&mut |template, span| {
        for expression in template.expressions() {
            let found = expression.references();
            reads.extend(found.into_iter().map(|reference| Read { path: reference.path, span }));
        }
    });
}
