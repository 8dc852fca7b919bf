//! The types of contexts at one place of a file.

use std::sync::{Arc, LazyLock};

use expr::Value;
use workflow::{
    Action, InputType, Job, JobKind, Runs, Step, StepKind, StepsJob, Template, TemplateKey, TemplateKind, Workflow,
};

use super::Type;
use crate::document::Document;
use crate::known_action::{self, KnownAction};
use crate::project::Project;
use crate::subject::Owner;

/// Where an expression stands, which decides what its contexts hold.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    pub project: &'a Project,
    pub document: &'a Document,
    pub owner: Owner<'a>,
}

/// Actions that give more outputs than their `action.yml` lists.
const MORE_OUTPUTS: &[&str] = &[
    "actions/github-script",
    "aws-actions/amazon-ecr-login",
    "changesets/action",
    "dorny/paths-filter",
    "hashicorp/setup-terraform",
    "ruby/setup-ruby",
    "taiki-e/install-action",
    "tj-actions/changed-files",
];

const GITHUB: &[&str] = &[
    "action",
    "action_path",
    "action_ref",
    "action_repository",
    "action_status",
    "actor",
    "actor_id",
    "api_url",
    "artifact_cache_size_limit",
    "base_ref",
    "env",
    "event_name",
    "event_path",
    "graphql_url",
    "head_ref",
    "job",
    "job_workflow_sha",
    "output",
    "path",
    "ref",
    "ref_name",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "repositoryUrl",
    "retention_days",
    "run_attempt",
    "run_id",
    "run_number",
    "secret_source",
    "server_url",
    "sha",
    "state",
    "step_summary",
    "token",
    "triggering_actor",
    "workflow",
    "workflow_ref",
    "workflow_sha",
    "workspace",
];

static GITHUB_TYPE: LazyLock<Type> = LazyLock::new(|| {
    let mut properties = strings(GITHUB);
    properties.push(("event".into(), Type::open(Vec::new())));
    properties.push(("ref_protected".into(), Type::Bool));
    Type::closed(properties)
});

static RUNNER_TYPE: LazyLock<Type> = LazyLock::new(|| {
    Type::closed(strings(&["name", "os", "arch", "temp", "tool_cache", "debug", "environment", "workspace"]))
});

static STRATEGY_TYPE: LazyLock<Type> = LazyLock::new(|| {
    let mut properties: Vec<(Arc<str>, Type)> =
        ["job-index", "job-total", "max-parallel"].map(|name| (name.into(), Type::Number)).into();
    properties.push(("fail-fast".into(), Type::Bool));
    Type::closed(properties)
});

static STRINGS: LazyLock<Type> = LazyLock::new(|| Type::map(Type::String));

fn strings(names: &[&str]) -> Vec<(Arc<str>, Type)> {
    names.iter().map(|name| ((*name).into(), Type::String)).collect()
}

impl<'a> Surroundings<'a> {
    /// The type of a context. One that is not known here is [`Type::Any`]; what may not be named has been told.
    ///
    /// Names that the reader of the file already tells to be wrong (steps, needs, inputs, keys of the matrix) are open
    /// here, so that nothing is told twice.
    pub fn context(&self, name: &str) -> Type {
        match name {
            "github" => GITHUB_TYPE.clone(),
            "runner" => RUNNER_TYPE.clone(),
            "strategy" => STRATEGY_TYPE.clone(),
            "env" | "vars" | "secrets" => STRINGS.clone(),
            "inputs" => self.inputs(),
            "needs" => self.needs(),
            "matrix" => self.owner.job().map_or(Type::Any, matrix),
            "steps" => self.steps(),
            "job" => self.job(),
            _ => Type::Any,
        }
    }

    fn inputs(&self) -> Type {
        if let Some(action) = self.owner.action() {
            return Type::open(action.inputs.iter().map(|input| (input.name.value.clone(), Type::String)).collect());
        }
        let Some(workflow) = self.owner.workflow() else { return Type::Any };
        let mut all = Type::open(Vec::new());
        for event in &workflow.on.events {
            let inputs = event.inputs.iter().chain(event.call.iter().flat_map(|call| &call.inputs));
            let properties = inputs.map(|input| (input.name.value.clone(), of_input(input.kind))).collect();
            all = all.merge(&Type::open(properties));
        }
        all
    }

    fn needs(&self) -> Type {
        let (Some(workflow), Some(job)) = (self.owner.workflow(), self.owner.job()) else { return Type::Any };
        let needed = job.needs.iter().filter_map(|need| {
            let job = workflow.job(&need.value)?;
            Some((
                need.value.clone(),
                Type::closed(vec![("result".into(), Type::String), ("outputs".into(), self.job_outputs(job))]),
            ))
        });
        Type::open(needed.collect())
    }

    fn job_outputs(&self, job: &Job) -> Type {
        match &job.kind {
            // Unknown outputs of these are told when the file is read.
            JobKind::Steps(_) => STRINGS.clone(),
            JobKind::Call(call) => match self.project.local_workflow(&call.uses.value) {
                Some((_, callee)) => call_outputs(callee),
                None => STRINGS.clone(),
            },
        }
    }

    fn steps(&self) -> Type {
        let steps = match self.owner {
            Owner::Job { job: Job { kind: JobKind::Steps(job), .. }, .. } => &job.steps,
            Owner::Action { action: Action { runs: Runs::Composite(runs), .. } } => &runs.steps,
            _ => return Type::Any,
        };
        let mut properties = Vec::new();
        self.add_steps(steps, &mut properties);
        Type::open(properties)
    }

    fn add_steps(&self, steps: &[Step], properties: &mut Vec<(Arc<str>, Type)>) {
        for step in steps {
            if let Some(id) = &step.explicit_id {
                let step = Type::closed(vec![
                    ("outputs".into(), self.step_outputs(step)),
                    ("outcome".into(), Type::String),
                    ("conclusion".into(), Type::String),
                ]);
                properties.push((id.value.clone(), step));
            }
            if let StepKind::Parallel { steps } = &step.kind {
                self.add_steps(steps, properties);
            }
        }
    }

    fn step_outputs(&self, step: &Step) -> Type {
        let StepKind::Uses { uses, .. } = &step.kind else { return STRINGS.clone() };
        if let Some((_, action)) = self.project.local_action(&uses.value) {
            // Only composite actions give nothing but what they list.
            return match &action.runs {
                Runs::Composite(_) => Type::closed(
                    action.outputs.iter().map(|output| (output.name.value.clone(), Type::String)).collect(),
                ),
                Runs::Node(_) | Runs::Docker(_) => STRINGS.clone(),
            };
        }
        let more = known_action::split(&uses.value)
            .is_some_and(|(name, _)| MORE_OUTPUTS.iter().any(|other| other.eq_ignore_ascii_case(name)));
        match KnownAction::find(&uses.value, self.document.version_comment(uses)).filter(|_| !more) {
            // Where none is listed, the code may set some all the same.
            Some(action) if action.outputs().next().is_some() => {
                Type::closed(action.outputs().map(|name| (name.into(), Type::String)).collect())
            }
            _ => STRINGS.clone(),
        }
    }

    fn job(&self) -> Type {
        let services =
            self.owner.steps_job().map_or(Some(Type::Any), services).unwrap_or_else(|| Type::closed(Vec::new()));
        let container = Type::closed(strings(&["id", "network"]));
        let mut properties =
            strings(&["status", "workflow_ref", "workflow_sha", "workflow_repository", "workflow_file_path"]);
        properties.push(("check_run_id".into(), Type::Number));
        properties.push(("container".into(), container));
        properties.push(("services".into(), services));
        Type::closed(properties)
    }
}

fn of_input(kind: InputType) -> Type {
    match kind {
        InputType::Boolean => Type::Bool,
        InputType::Number => Type::Number,
        InputType::String | InputType::Choice | InputType::Environment => Type::String,
    }
}

/// What a reusable workflow gives to its caller.
fn call_outputs(callee: &Workflow) -> Type {
    let outputs = callee.on.call().map(|call| call.outputs.as_slice()).unwrap_or_default();
    Type::closed(outputs.iter().map(|output| (output.name.value.clone(), Type::String)).collect())
}

/// Services by name; `None` when the job has none.
fn services(job: &StepsJob) -> Option<Type> {
    let services = job.services.as_ref()?;
    let TemplateKind::Mapping(entries) = &services.kind else { return Some(Type::Any) };
    let service = || {
        let mut properties = strings(&["id", "network"]);
        properties.push(("ports".into(), STRINGS.clone()));
        Type::closed(properties)
    };
    let mut properties = Vec::new();
    for entry in entries {
        let TemplateKey::Literal(name) = &entry.key else { return Some(Type::Any) };
        properties.push((Arc::clone(name), service()));
    }
    Some(Type::closed(properties))
}

/// Every value that an axis or an `include` gives to a key, merged.
fn matrix(job: &Job) -> Type {
    let Some(strategy) = &job.strategy else { return Type::open(Vec::new()) };
    let Some(Template { kind: TemplateKind::Mapping(entries), .. }) = &strategy.matrix else { return Type::Any };
    let mut properties: Vec<(Arc<str>, Type)> = Vec::new();
    let mut add =
        |name: &Arc<str>, ty: Type| match properties.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some((_, own)) => *own = own.merge(&ty),
            None => properties.push((Arc::clone(name), ty)),
        };
    let mut unknown = false;
    for entry in entries {
        let TemplateKey::Literal(name) = &entry.key else { return Type::Any };
        match (&**name, &entry.value.kind) {
            ("exclude", _) => {}
            ("include", TemplateKind::Sequence(items)) => {
                for item in items {
                    let TemplateKind::Mapping(keys) = &item.kind else {
                        unknown = true;
                        continue;
                    };
                    for key in keys {
                        match &key.key {
                            TemplateKey::Literal(name) => add(name, of_template(&key.value)),
                            _ => unknown = true,
                        }
                    }
                }
            }
            ("include", _) => unknown = true,
            (_, TemplateKind::Sequence(items)) => {
                let mut types = items.iter().map(of_template);
                let first = types.next().unwrap_or_default();
                add(name, types.fold(first, |all, ty| all.merge(&ty)));
            }
            _ => add(name, Type::Any),
        }
    }
    // What is not known could give any key another type.
    if unknown { Type::Any } else { Type::open(properties) }
}

fn of_template(template: &Template) -> Type {
    match &template.kind {
        TemplateKind::Literal(value) => match value {
            Value::Null => Type::Null,
            value => Type::of_value(value),
        },
        TemplateKind::Text(text) if text.as_expr().is_none() => Type::String,
        TemplateKind::Text(_) => Type::Any,
        TemplateKind::Sequence(items) => {
            let mut types = items.iter().map(of_template);
            let first = types.next().unwrap_or_default();
            Type::array(types.fold(first, |all, ty| all.merge(&ty)))
        }
        TemplateKind::Mapping(entries) => {
            let mut properties = Vec::new();
            for entry in entries {
                match &entry.key {
                    TemplateKey::Literal(name) => properties.push((Arc::clone(name), of_template(&entry.value))),
                    _ => return Type::Any,
                }
            }
            Type::closed(properties)
        }
    }
}
