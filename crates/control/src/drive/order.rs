//! What a runner is told of a job, as it lies in the queue: everything but what it shares with the run.

use std::collections::BTreeMap;

use api::wire::{EnvironmentUrl, JobEnvironment};
use engine::JobOrder;
use identity::Aad;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use workflow::{CacheMode, JobKind, TemplateKind};

use crate::told::Told;
use crate::{Control, Error, Result};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SealedJob {
    /// `deploy/test`
    pub(crate) path: String,
    /// The file, as [`Told::sources`] names it, and its path as users know it.
    pub(crate) source: String,
    pub(crate) workflow_path: String,
    /// The key under `jobs`.
    pub(crate) job: String,
    pub(crate) inputs: Json,
    pub(crate) needs: Json,
    pub(crate) strategy: Json,
    pub(crate) matrix: Json,
    /// `None`: those of the run.
    pub(crate) secrets: Option<Json>,
    pub(crate) runs_on: Vec<String>,
    pub(crate) timeout_minutes: Option<f64>,
    pub(crate) cancel_timeout_minutes: Option<f64>,
    pub(crate) environment: Option<JobEnvironment>,
    pub(crate) grant: BTreeMap<String, String>,
    /// `cache-mode`, where the file says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_mode: Option<String>,
}

impl SealedJob {
    pub(crate) fn of(order: &JobOrder, told: &Told) -> Result<Self> {
        let workflow = &order.workflow;
        let path: &str = &workflow.path;
        // A called file of the run's own repository is known by `./` and its path.
        let local = format!("./{path}");
        let own = told.sources.first().is_some_and(|first| first.name == path);
        let source = if !own && told.source(&local).is_some() { local } else { path.to_owned() };
        let job = workflow
            .jobs
            .get(order.job)
            .ok_or_else(|| Error::broken("a job's order", format!("{path} has no job {}", order.job)))?;
        let environment = order.environment.as_ref().map(|environment| {
            let written = match &job.kind {
                JobKind::Steps(steps) => steps.environment.as_ref(),
                JobKind::Call(_) => None,
            };
            let in_file = written.is_some_and(|template| matches!(template.kind, TemplateKind::Mapping(_)));
            let url = match &environment.url {
                None => EnvironmentUrl::None,
                Some(_) if in_file => EnvironmentUrl::OfJob,
                Some(template) => match &template.kind {
                    TemplateKind::Literal(value) => EnvironmentUrl::Literal(value.to_display_string().into_owned()),
                    _ => EnvironmentUrl::OfJob,
                },
            };
            JobEnvironment { name: environment.name.clone(), url }
        });
        let secrets = order.secrets.to_json();
        let of_run = told.secrets_json();
        let grant = order.grant.iter().filter(|(_, level)| *level != workflow::PermissionLevel::None);
        Ok(Self {
            path: order.path.clone(),
            source,
            workflow_path: path.to_owned(),
            job: job.id.value.to_string(),
            inputs: order.inputs.to_json(),
            needs: order.needs.to_json(),
            strategy: order.strategy.to_json(),
            matrix: order.matrix.to_json(),
            secrets: (secrets != of_run).then_some(secrets),
            runs_on: order.runs_on.clone(),
            timeout_minutes: order.timeout_minutes,
            cancel_timeout_minutes: order.cancel_timeout_minutes,
            environment,
            grant: grant.map(|(scope, level)| (scope.to_owned(), level.as_str().to_owned())).collect(),
            cache_mode: order.cache_mode.map(|mode| mode.as_str().to_owned()),
        })
    }

    /// What the job may do with caches, where the file says it.
    pub(crate) fn cache_mode(&self) -> Option<CacheMode> {
        self.cache_mode.as_deref().and_then(CacheMode::parse)
    }

    /// Labels by which runners are matched: in lower case and order, as JSON.
    pub(crate) fn labels_key(&self) -> String {
        let mut labels: Vec<String> = self.runs_on.iter().map(|label| label.to_lowercase()).collect();
        labels.sort();
        labels.dedup();
        serde_json::to_string(&labels).unwrap_or_default()
    }
}

fn aad(job_id: i64) -> Aad {
    Aad::new(&["job", &job_id.to_string()])
}

impl Control {
    pub(crate) fn seal_job(&self, job_id: i64, job: &SealedJob) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(job).map_err(|error| Error::broken("a job's order", error))?;
        Ok(self.identity().seal(&text, &aad(job_id))?)
    }

    pub(crate) fn open_job(&self, job_id: i64, sealed: &[u8]) -> Result<SealedJob> {
        let text = self.identity().open(sealed, &aad(job_id))?;
        serde_json::from_slice(&text).map_err(|error| Error::broken("a job's order", error))
    }
}
