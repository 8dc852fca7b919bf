//! Every expression of a file with the key it stands under, in the file's order of keys as the model has them.

use expr::Expr;
use span::Span;
use workflow::{
    Action, CallSecrets, Condition, Defaults, Job, JobKind, Runs, Step, StepKind, StepsJob, Template, TemplateKey,
    TemplateKind, Workflow,
};

use crate::subject::{Key, Owner};

/// One expression and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) owner: Owner<'a>,
    pub(super) step: Option<&'a Step>,
    pub(super) key: Key<'a>,
    pub(super) expr: &'a Expr,
    pub(super) scalar: Span,
    pub(super) template: Option<&'a expr::Template>,
    pub(super) condition: Option<&'a expr::Condition>,
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Site<'a>);

/// Where the walk is.
#[derive(Clone, Copy)]
struct At<'a> {
    owner: Owner<'a>,
    step: Option<&'a Step>,
}

pub(super) fn of_workflow<'a>(workflow: &'a Workflow, visit: Visit<'_, 'a>) {
    let at = At { owner: Owner::Workflow { workflow }, step: None };
    at.option("run-name", &workflow.run_name, visit);
    for event in &workflow.on.events {
        for input in event.inputs.iter().chain(event.call.iter().flat_map(|call| &call.inputs)) {
            if let Some(default) = &input.default {
                at.template(Key { name: "on", entry: Some(&input.name.value) }, default, visit);
            }
        }
        for output in event.call.iter().flat_map(|call| &call.outputs) {
            at.template(Key { name: "on", entry: Some(&output.name.value) }, &output.value, visit);
        }
    }
    at.mapping("env", workflow.env.as_ref(), visit);
    at.defaults(&workflow.defaults, visit);
    if let Some(concurrency) = &workflow.concurrency {
        at.template(Key { name: "concurrency", entry: Some("group") }, &concurrency.group, visit);
        at.part("concurrency", "cancel-in-progress", &concurrency.cancel_in_progress, visit);
    }
    workflow.jobs.iter().for_each(|job| of_job(workflow, job, visit));
}

fn of_job<'a>(workflow: &'a Workflow, job: &'a Job, visit: Visit<'_, 'a>) {
    let at = At { owner: Owner::Job { workflow, job }, step: None };
    at.option("name", &job.name, visit);
    at.condition("if", job.condition.as_ref(), visit);
    if let Some(concurrency) = &job.concurrency {
        at.template(Key { name: "concurrency", entry: Some("group") }, &concurrency.group, visit);
        at.part("concurrency", "cancel-in-progress", &concurrency.cancel_in_progress, visit);
    }
    if let Some(strategy) = &job.strategy {
        at.option("strategy", &strategy.whole, visit);
        at.part("strategy", "fail-fast", &strategy.fail_fast, visit);
        at.part("strategy", "max-parallel", &strategy.max_parallel, visit);
        at.part("strategy", "matrix", &strategy.matrix, visit);
    }
    match &job.kind {
        JobKind::Steps(steps) => of_steps_job(at, steps, visit),
        JobKind::Call(call) => {
            for (name, value) in &call.with {
                at.template(Key { name: "with", entry: Some(&name.value) }, value, visit);
            }
            if let CallSecrets::Map(secrets) = &call.secrets {
                for (name, value) in secrets {
                    at.template(Key { name: "secrets", entry: Some(&name.value) }, value, visit);
                }
            }
        }
    }
}

fn of_steps_job<'a>(at: At<'a>, job: &'a StepsJob, visit: Visit<'_, 'a>) {
    at.template(Key { name: "runs-on", entry: None }, &job.runs_on, visit);
    at.mapping("environment", job.environment.as_ref(), visit);
    at.mapping("env", job.env.as_ref(), visit);
    at.defaults(&job.defaults, visit);
    at.option("timeout-minutes", &job.timeout_minutes, visit);
    at.option("cancel-timeout-minutes", &job.cancel_timeout_minutes, visit);
    at.option("continue-on-error", &job.continue_on_error, visit);
    at.mapping("container", job.container.as_ref(), visit);
    at.mapping("services", job.services.as_ref(), visit);
    at.mapping("snapshot", job.snapshot.as_ref(), visit);
    job.steps.iter().for_each(|step| of_step(at, step, visit));
    for (name, value) in &job.outputs {
        at.template(Key { name: "outputs", entry: Some(&name.value) }, value, visit);
    }
}

fn of_step<'a>(at: At<'a>, step: &'a Step, visit: Visit<'_, 'a>) {
    let at = At { step: Some(step), ..at };
    at.option("name", &step.name, visit);
    at.condition("if", step.condition.as_ref(), visit);
    at.mapping("env", step.env.as_ref(), visit);
    at.option("continue-on-error", &step.continue_on_error, visit);
    at.option("timeout-minutes", &step.timeout_minutes, visit);
    match &step.kind {
        StepKind::Run { script, shell, working_directory } => {
            at.template(Key { name: "run", entry: None }, script, visit);
            at.option("shell", shell, visit);
            at.option("working-directory", working_directory, visit);
        }
        StepKind::Uses { with, .. } => at.mapping("with", with.as_ref(), visit),
        StepKind::Parallel { steps } => steps.iter().for_each(|step| of_step(at, step, visit)),
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } => {}
    }
}

pub(super) fn of_action<'a>(action: &'a Action, visit: Visit<'_, 'a>) {
    let at = At { owner: Owner::Action { action }, step: None };
    for input in &action.inputs {
        if let Some(default) = &input.default {
            at.template(Key { name: "inputs", entry: Some(&input.name.value) }, default, visit);
        }
    }
    for output in &action.outputs {
        if let Some(value) = &output.value {
            at.template(Key { name: "outputs", entry: Some(&output.name.value) }, value, visit);
        }
    }
    match &action.runs {
        Runs::Composite(runs) => runs.steps.iter().for_each(|step| of_step(at, step, visit)),
        Runs::Node(runs) => {
            at.condition("pre-if", runs.pre_if.as_ref(), visit);
            at.condition("post-if", runs.post_if.as_ref(), visit);
        }
        Runs::Docker(runs) => {
            at.condition("pre-if", runs.pre_if.as_ref(), visit);
            at.condition("post-if", runs.post_if.as_ref(), visit);
            for argument in &runs.args {
                at.template(Key { name: "args", entry: None }, argument, visit);
            }
            for (name, value) in &runs.env {
                at.template(Key { name: "env", entry: Some(&name.value) }, value, visit);
            }
        }
    }
}

impl<'a> At<'a> {
    fn site(self, key: Key<'a>, expr: &'a Expr, scalar: Span) -> Site<'a> {
        Site { owner: self.owner, step: self.step, key, expr, scalar, template: None, condition: None }
    }

    fn option(self, name: &'static str, template: &'a Option<Template>, visit: Visit<'_, 'a>) {
        if let Some(template) = template {
            self.template(Key { name, entry: None }, template, visit);
        }
    }

    fn part(self, name: &'static str, part: &'static str, template: &'a Option<Template>, visit: Visit<'_, 'a>) {
        if let Some(template) = template {
            self.template(Key { name, entry: Some(part) }, template, visit);
        }
    }

    /// A mapping whose keys tell what the values are.
    fn mapping(self, name: &'static str, template: Option<&'a Template>, visit: Visit<'_, 'a>) {
        let Some(template) = template else { return };
        let TemplateKind::Mapping(entries) = &template.kind else {
            self.template(Key { name, entry: None }, template, visit);
            return;
        };
        for entry in entries {
            let below = match &entry.key {
                TemplateKey::Literal(key) => Some(&**key),
                TemplateKey::Text(key) => {
                    self.text(Key { name, entry: None }, key, entry.key_span, visit);
                    None
                }
                TemplateKey::Insert => None,
            };
            self.template(Key { name, entry: below }, &entry.value, visit);
        }
    }

    fn defaults(self, defaults: &'a Defaults, visit: Visit<'_, 'a>) {
        self.part("defaults", "shell", &defaults.shell, visit);
        self.part("defaults", "working-directory", &defaults.working_directory, visit);
    }

    fn condition(self, name: &'static str, condition: Option<&'a Condition>, visit: Visit<'_, 'a>) {
        if let Some(Condition { condition, span }) = condition {
            let site = self.site(Key { name, entry: None }, condition.expr(), *span);
            visit(Site { condition: Some(condition), ..site });
        }
    }

    fn template(self, key: Key<'a>, template: &'a Template, visit: Visit<'_, 'a>) {
        match &template.kind {
            TemplateKind::Literal(_) => {}
            TemplateKind::Text(text) => self.text(key, text, template.span, visit),
            TemplateKind::Sequence(items) => items.iter().for_each(|item| self.template(key, item, visit)),
            TemplateKind::Mapping(entries) => {
                for entry in entries {
                    if let TemplateKey::Text(text) = &entry.key {
                        self.text(key, text, entry.key_span, visit);
                    }
                    self.template(key, &entry.value, visit);
                }
            }
        }
    }

    fn text(self, key: Key<'a>, text: &'a expr::Template, scalar: Span, visit: Visit<'_, 'a>) {
        for expr in text.expressions() {
            visit(Site { template: Some(text), ..self.site(key, expr, scalar) });
        }
    }
}
