//! Walks everything in a job that may hold expressions.

use span::Span;

use crate::{CallSecrets, Defaults, Job, JobKind, Step, StepKind, Template, Workflow};

/// Calls `visit` for every template of the job with an expression in it. Conditions (`if`) are no templates.
pub fn each_expression_of_job(job: &Job, visit: &mut dyn FnMut(&expr::Template, Span)) {
    let mut templates: Vec<&Template> = Vec::new();
    templates.extend(&job.name);
    if let Some(concurrency) = &job.concurrency {
        templates.push(&concurrency.group);
        templates.extend(&concurrency.cancel_in_progress);
    }
    if let Some(strategy) = &job.strategy {
        templates.extend(
            [&strategy.whole, &strategy.fail_fast, &strategy.max_parallel, &strategy.matrix].into_iter().flatten(),
        );
    }
    match &job.kind {
        JobKind::Steps(steps) => {
            templates.push(&steps.runs_on);
            let single = [
                &steps.environment,
                &steps.env,
                &steps.timeout_minutes,
                &steps.cancel_timeout_minutes,
                &steps.continue_on_error,
                &steps.container,
                &steps.services,
                &steps.snapshot,
            ];
            templates.extend(single.into_iter().flatten());
            templates.extend(of_defaults(&steps.defaults));
            templates.extend(steps.outputs.iter().map(|(_, template)| template));
            steps.steps.iter().for_each(|step| of_step(step, &mut templates));
        }
        JobKind::Call(call) => {
            templates.extend(call.with.iter().map(|(_, template)| template));
            if let CallSecrets::Map(secrets) = &call.secrets {
                templates.extend(secrets.iter().map(|(_, template)| template));
            }
        }
    }
    templates.into_iter().for_each(|template| template.each_expression(visit));
}

/// The same for what stands at the top of a workflow.
pub fn each_expression_of_workflow(workflow: &Workflow, visit: &mut dyn FnMut(&expr::Template, Span)) {
    let mut templates: Vec<&Template> = Vec::new();
    templates.extend([&workflow.run_name, &workflow.env].into_iter().flatten());
    templates.extend(of_defaults(&workflow.defaults));
    if let Some(concurrency) = &workflow.concurrency {
        templates.push(&concurrency.group);
        templates.extend(&concurrency.cancel_in_progress);
    }
    templates.into_iter().for_each(|template| template.each_expression(visit));
    workflow.jobs.iter().for_each(|job| each_expression_of_job(job, visit));
}

fn of_defaults(defaults: &Defaults) -> impl Iterator<Item = &Template> {
    defaults.shell.iter().chain(&defaults.working_directory)
}

fn of_step<'a>(step: &'a Step, templates: &mut Vec<&'a Template>) {
    let single = [&step.name, &step.env, &step.continue_on_error, &step.timeout_minutes];
    templates.extend(single.into_iter().flatten());
    match &step.kind {
        StepKind::Run { script, shell, working_directory } => {
            templates.push(script);
            templates.extend([shell, working_directory].into_iter().flatten());
        }
        StepKind::Uses { with, .. } => templates.extend(with),
        StepKind::Parallel { steps } => steps.iter().for_each(|step| of_step(step, templates)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {}
    }
}
