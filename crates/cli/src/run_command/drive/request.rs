//! From a decision of the state machine to what a runner is asked to do.

use actions::Uses;
use api::{LegId, RunNumber, WorkflowIndex, WorkflowStarted};
use engine::{Facts, JobOrder, Mask, Run, Selection};
use expr::{Object, Value};
use runner::{JobRequest, Masker};
use services::JobIdentity;
use trigger::Event;
use workflow::{InputSource, PermissionLevel, coerce_inputs};

use crate::run_command::Where;
use crate::run_command::gate::Gates;
use crate::run_command::github::{RunIds, context};
use crate::run_command::start::Ready;

/// Runs of one invocation lie this far apart, so that each workflow has a `run_id` of its own.
const IDS_PER_RUN: u64 = 10_000;

fn ids(ready: &Ready<'_>, number: RunNumber, workflow: usize) -> RunIds {
    // A repeated run keeps its id and number, as on GitHub.
    let number = ready.resume.parent.map_or(number.0, |parent| parent.0);
    RunIds { id: number * IDS_PER_RUN + workflow as u64, number, attempt: ready.resume.attempt.max(1) }
}

/// A workflow's run, not started yet.
pub(super) fn workflow(ready: &Ready<'_>, number: RunNumber, index: usize, masker: &Masker) -> (WorkflowStarted, Run) {
    let program = ready.plan.programs[index].clone();
    let workflow = program.workflow.clone();
    let ids = ids(ready, number, index);
    // As on GitHub: what comes from a fork or from Dependabot gets no secrets, whatever was given.
    let trusted = trigger::trust(&ready.event).secrets;
    // Who may not see secrets gets no token of the user's either.
    let secrets = if trusted { with_token(ready.values.secrets.clone()) } else { no_token() };
    let token = secrets.get("GITHUB_TOKEN").map(|token| token.to_display_string().into_owned()).unwrap_or_default();
    let github = context(&ready.project.facts, &ready.event, &workflow, ids, &actor(&ready.event), &token);
    let inputs = ready.inputs.get(&*workflow.path).cloned().unwrap_or(Value::Null);
    let vars = Value::from(ready.values.vars.clone());
    let run_name = run_name(&ready.event, &workflow, &github, &inputs, &vars);
    let masker = masker.clone();
    let mask = Mask::new(move |text| masker.mask_str(text).into_owned());
    let facts = Facts { github, inputs, vars, secrets: Value::from(secrets), mask, default_grant: None };
    let selection = Selection {
        jobs: ready.args.job.clone(),
        matrix: ready.matrix.clone(),
        known: ready.resume.known.get(&*workflow.path).cloned().unwrap_or_default(),
        first_leg: None,
    };
    let started = WorkflowStarted {
        workflow: WorkflowIndex(u32::try_from(index).unwrap_or(u32::MAX)),
        path: workflow.path.to_string(),
        name: workflow.display_name().to_owned(),
        run_name,
        run_id: ids.id,
        run_number: ids.number,
    };
    (started, Run::new(program, facts, selection))
}

/// What a rehearsal knows: the same, but for secrets and numbers.
pub(crate) fn facts(
    facts: &git::Facts,
    event: &Event,
    workflow: &workflow::Workflow,
    inputs: Value,
    vars: Value,
) -> Facts {
    let ids = RunIds { id: IDS_PER_RUN, number: 1, attempt: 1 };
    let github = context(facts, event, workflow, ids, &actor(event), "");
    Facts { github, inputs, vars, secrets: Value::from(Object::new()), mask: Mask::default(), default_grant: None }
}

fn no_token() -> Object {
    [("GITHUB_TOKEN", Value::string(""))].into_iter().collect()
}

/// `secrets.GITHUB_TOKEN` is always there; empty when the user gave none.
pub(super) fn with_token(mut secrets: Object) -> Object {
    if !secrets.contains_key("GITHUB_TOKEN") {
        let token = std::env::var("GITHUB_TOKEN").unwrap_or_default();
        secrets.insert("GITHUB_TOKEN", Value::string(token));
    }
    secrets
}

fn actor(event: &Event) -> String {
    let login = event.payload.pointer("/sender/login").and_then(serde_json::Value::as_str);
    login.unwrap_or("trunkline").to_owned()
}

struct Contexts<'a>(&'a [(&'a str, &'a Value)]);

impl expr::Context for Contexts<'_> {
    fn named(&self, name: &str) -> Option<Value> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| (*value).clone())
    }
}

/// `run-name`, else what GitHub shows: the head commit's first line, else the workflow's name.
fn run_name(event: &Event, workflow: &workflow::Workflow, github: &Value, inputs: &Value, vars: &Value) -> String {
    let contexts = Contexts(&[("github", github), ("inputs", inputs), ("vars", vars)]);
    let own = workflow.run_name.as_ref().and_then(|name| name.evaluate(&contexts).ok());
    own.map(|name| name.to_display_string().trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let message = event.head_message.as_deref().and_then(|message| message.lines().next());
        message.unwrap_or(workflow.display_name()).to_owned()
    })
}

/// `inputs` for `workflow_dispatch`: defaults, types and choices of the workflow.
pub(crate) fn dispatch_inputs(
    workflow: &workflow::Workflow,
    event: &trigger::Event,
) -> Result<Value, Vec<workflow::InputError>> {
    if event.name != "workflow_dispatch" {
        return Ok(Value::Null);
    }
    let declared = workflow.on.event("workflow_dispatch").map(|event| event.inputs.as_slice()).unwrap_or_default();
    let given: Object =
        event.inputs.iter().map(|(name, value)| (name.as_str(), Value::string(value.as_str()))).collect();
    coerce_inputs(declared, &given, InputSource::Dispatch, &Contexts(&[]))
}

/// A job for the runner.
pub(super) fn job(
    ready: &Ready<'_>,
    gates: &Gates,
    workflow: usize,
    leg: LegId,
    order: JobOrder,
    place: Where,
) -> JobRequest {
    let environment = order.environment.as_ref().map(|environment| environment.name.as_str());
    let (vars, secrets) = gates.values_of(environment, &order.vars, &order.secrets);
    let github = |name: &str| {
        let value = order.github.as_object().and_then(|github| github.get(name));
        value.map(|value| value.to_display_string().into_owned()).unwrap_or_default()
    };
    let resume =
        ready.resume.jobs.get(&(ready.plan.programs[workflow].workflow.path.to_string(), order.name.clone())).cloned();
    let id_token = order.grant.level("id-token") == PermissionLevel::Write;
    let called = order.workflow.path != ready.plan.programs[workflow].workflow.path;
    let identity = JobIdentity {
        run_id: github("run_id"),
        run_number: github("run_number").parse().unwrap_or_default(),
        attempt: ready.resume.attempt.max(1),
        job_id: leg.to_string(),
        workflow: github("workflow"),
        workflow_ref: github("workflow_ref"),
        workflow_sha: github("workflow_sha"),
        job_workflow_ref: called.then(|| match Uses::of_called_workflow(&order.workflow.path) {
            Some(_) => order.workflow.path.to_string(),
            None => format!("{}/{}@{}", github("repository"), order.workflow.path, github("ref")),
        }),
        job_workflow_sha: called.then(|| github("sha")),
        repository: github("repository"),
        git_ref: github("ref"),
        default_branch: ready.project.facts.default_branch.clone(),
        head_ref: github("head_ref"),
        base_ref: github("base_ref"),
        sha: github("sha"),
        actor: github("actor"),
        actor_id: github("actor_id"),
        event_name: github("event_name"),
        environment: environment.map(str::to_owned),
        id_token,
        cache_write: order.cache_mode.is_none_or(workflow::CacheMode::writes),
        cache_hidden: order.cache_mode.is_some_and(|mode| !mode.reads()),
        ..JobIdentity::default()
    };
    JobRequest {
        leg,
        path: order.path,
        name: order.name,
        workflow: order.workflow,
        job: order.job,
        github: order.github,
        inputs: order.inputs,
        vars,
        needs: order.needs,
        strategy: order.strategy,
        matrix: order.matrix,
        secrets,
        runs_on: order.runs_on,
        placement: place.placement(),
        image: place.image(),
        network: gates.network.clone(),
        limits: gates.limits,
        timeout_minutes: order.timeout_minutes,
        cancel_timeout_minutes: order.cancel_timeout_minutes,
        environment: order.environment.map(|environment| (environment.name, environment.url)),
        extra_env: ready.values.env.clone(),
        identity,
        resume,
        hold_on_failure: ready.args.shell_on_failure,
        debug: ready.args.debug,
    }
}
