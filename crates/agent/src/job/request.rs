//! From a specification to what crate `runner` is asked to do.

use std::sync::Arc;

use api::wire::{EnvironmentUrl, JobSpec, Report, Secret};
use api::{Conclusion, LegId, Reason};
use expr::Value;
use runner::JobRequest;
use workflow::{JobKind, Template, TemplateKind, Workflow, parse_workflow};

use super::surroundings::Prepared;
use crate::AgentConfig;

/// The request; or the report of a job whose file cannot be read, which the server should have seen.
pub(super) fn of(spec: JobSpec, leg: LegId, config: &AgentConfig, prepared: &Prepared) -> Result<JobRequest, Report> {
    let workflow = read(&spec, prepared)?;
    let job = workflow.jobs.iter().position(|job| *job.id.value == *spec.workflow.job);
    let job = job.ok_or_else(|| refused(format!("{} has no job `{}`", spec.workflow.path, spec.workflow.job)))?;
    let environment = spec.environment.map(|environment| {
        let url = match environment.url {
            EnvironmentUrl::None => None,
            EnvironmentUrl::OfJob => url_of(&workflow, job),
            EnvironmentUrl::Literal(text) => {
                Some(Template { span: workflow.jobs[job].id.span, kind: TemplateKind::Literal(Value::string(text)) })
            }
        };
        (environment.name, url)
    });
    let value = |json: &serde_json::Value| Value::from_json(json);
    let hidden = |json: &Secret<serde_json::Value>| Value::from_json(json.expose());
    let place = config.platforms.place(&spec.runs_on);
    let contexts = &spec.contexts;
    Ok(JobRequest {
        leg,
        path: spec.path,
        name: spec.name,
        job,
        github: hidden(&contexts.github),
        inputs: value(&contexts.inputs),
        vars: value(&contexts.vars),
        needs: value(&contexts.needs),
        strategy: value(&contexts.strategy),
        matrix: value(&contexts.matrix),
        secrets: hidden(&contexts.secrets),
        runs_on: spec.runs_on,
        placement: place.placement(),
        image: place.image(),
        network: config.network.clone(),
        limits: config.limits,
        timeout_minutes: spec.timeout_minutes,
        cancel_timeout_minutes: spec.cancel_timeout_minutes,
        environment,
        extra_env: Vec::new(),
        identity: spec.identity,
        resume: None,
        hold_on_failure: false,
        debug: spec.debug,
        workflow,
    })
}

fn read(spec: &JobSpec, prepared: &Prepared) -> Result<Arc<Workflow>, Report> {
    let (path, text) = (spec.workflow.path.as_str(), spec.workflow.text.as_str());
    let file = {
        let mut sources = prepared.around.source_map.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        sources.add(path, text)
    };
    let parsed = parse_workflow(file, path, text);
    let first = parsed.diagnostics.iter().map(|diagnostic| diagnostic.message.to_string()).next();
    let broken = || refused(format!("{path} cannot be read by this runner: {}", first.unwrap_or_default()));
    parsed.value.map(Arc::new).ok_or_else(broken)
}

/// `environment.url` of a job.
fn url_of(workflow: &Workflow, job: usize) -> Option<Template> {
    match &workflow.jobs[job].kind {
        JobKind::Steps(steps) => steps.environment.as_ref()?.get("url").cloned(),
        JobKind::Call(_) => None,
    }
}

fn refused(text: String) -> Report {
    Report {
        conclusion: Conclusion::Failure,
        reason: Some(Reason { code: "workflow".to_owned(), reason: text.clone(), location: None }),
        outputs: std::collections::BTreeMap::new(),
        first_error: Some(text),
        environment_url: None,
    }
}
