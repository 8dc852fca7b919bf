//! Jobs of runs, with their steps.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::jobs::Job;
use store::runs::Run;

use super::workflows::READ;
use crate::route::fields::JOB;
use crate::{Answer, Api, Call, Gives, Kind, Param, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/runs/{run_id}/jobs", READ, handler!(of_run), "Jobs of a run.")
        .params(&[Param::new("filter", Kind::Choice(&["latest", "all"]), "Of the latest attempt, or of all.")])
        .wrapped("jobs", JOB),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs",
        READ,
        handler!(of_attempt),
        "Jobs of one attempt of a run.",
    )
    .wrapped("jobs", JOB),
    Route::get("/repos/{owner}/{repo}/actions/jobs/{job_id}", READ, handler!(get), "A job with its steps.")
        .gives(200, Gives::Object(JOB)),
];

/// The job of `{job_id}`, which is of the path's repository.
pub(crate) async fn found(api: &Api, call: &Call) -> Result<Job> {
    let job = store::jobs::by_id(&mut api.store().read(), call.id("job_id")?).await?;
    let repo = call.repo()?.id;
    job.filter(|job| job.repo_id == repo).ok_or_else(Problem::not_found)
}

/// A step as it was reported.
#[derive(Debug, Default)]
struct Step {
    name: String,
    /// Part of a composite action: not shown by itself.
    inner: bool,
    started_at: Option<i64>,
    completed_at: Option<i64>,
    conclusion: Option<&'static str>,
}

fn word(conclusion: api::Conclusion) -> &'static str {
    match conclusion {
        api::Conclusion::Success => "success",
        api::Conclusion::Failure => "failure",
        api::Conclusion::Cancelled => "cancelled",
        api::Conclusion::Skipped => "skipped",
    }
}

/// The steps of a job, from what its run told.
async fn steps(api: &Api, job: &Job) -> Result<Vec<Value>> {
    let mut query = api.store().read();
    let events = store::runs::events_of_leg(&mut query, job.run_id, job.attempt, job.leg).await?;
    let mut steps: BTreeMap<u32, Step> = BTreeMap::new();
    for row in events {
        // An event of a newer server says nothing about steps that we know.
        let Ok(event) = serde_json::from_str::<api::Event>(&row.json) else { continue };
        match event {
            // A job that was lost and started again begins with its steps anew.
            api::Event::JobStarted(_) => steps.clear(),
            api::Event::StepStarted(started) => {
                let inner = started.parent.is_some();
                let step = Step { name: started.name, inner, started_at: Some(row.at), ..Step::default() };
                steps.insert(started.step, step);
            }
            api::Event::StepFinished(finished) => {
                let step = steps.entry(finished.step).or_default();
                step.completed_at = Some(row.at);
                step.conclusion = Some(word(finished.conclusion));
            }
            _ => {}
        }
    }
    let shown = steps.into_values().filter(|step| !step.inner).enumerate();
    Ok(shown
        .map(|(index, step)| {
            json!({
                "name": step.name,
                "number": index + 1,
                "status": if step.conclusion.is_some() { "completed" } else { "in_progress" },
                "conclusion": step.conclusion,
                "started_at": step.started_at.map(forge::shape::at),
                "completed_at": step.completed_at.map(forge::shape::at),
            })
        })
        .collect())
}

pub(crate) async fn shape(api: &Api, full_name: &str, run: &Run, job: &Job) -> Result<Value> {
    let mut value = control::job_json(api.forge().urls(), full_name, run, job);
    let steps = steps(api, job).await?;
    let group = match job.runner_id {
        Some(id) => store::runners::by_id(&mut api.store().read(), id).await?.map(|runner| runner.group_id),
        None => None,
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("steps".to_owned(), Value::Array(steps));
        object.insert("runner_group_id".to_owned(), json!(group));
        object.insert("runner_group_name".to_owned(), json!(job.runner_group));
        if let Some(reason) = job.reason.as_deref().and_then(|reason| serde_json::from_str::<Value>(reason).ok()) {
            object.insert("reason".to_owned(), reason);
        }
    }
    Ok(value)
}

async fn of_run(api: &Api, call: &mut Call) -> Result {
    let run = super::runs::found(api, call).await?;
    let mut query = api.store().read();
    let jobs = if call.query("filter") == Some("all") {
        store::jobs::of_run(&mut query, run.id).await?
    } else {
        store::jobs::of_attempt(&mut query, run.id, run.attempt).await?
    };
    page(api, call, &run, jobs).await
}

async fn of_attempt(api: &Api, call: &mut Call) -> Result {
    let (run, number) = (super::runs::found(api, call).await?, call.id("attempt_number")?);
    let mut query = api.store().read();
    store::runs::attempt(&mut query, run.id, number).await?.ok_or_else(Problem::not_found)?;
    let jobs = store::jobs::of_attempt(&mut query, run.id, number).await?;
    page(api, call, &run, jobs).await
}

/// A call of a reusable workflow is no job that GitHub knows: its jobs are.
async fn page(api: &Api, call: &Call, run: &Run, mut jobs: Vec<Job>) -> Result {
    jobs.retain(|job| !job.call);
    let (page, full_name) = (call.page(), call.repo()?.full_name());
    let total = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    for job in jobs.iter().skip(page.offset()).take(page.per_page) {
        items.push(shape(api, &full_name, run, job).await?);
    }
    Ok(Answer::wrapped(call, page, "jobs", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let job = found(api, call).await?;
    let run = store::runs::by_id(&mut api.store().read(), job.run_id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(shape(api, &call.repo()?.full_name(), &run, &job).await?))
}
