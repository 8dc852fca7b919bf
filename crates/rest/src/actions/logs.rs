//! Logs: of a job as text, of a run as a zip with a file for each job and each step.

use std::collections::BTreeMap;

use axum::http::header;
use depot::JobOfZip;
use identity::Action;
use store::jobs::Job;

use super::workflows::{READ, WRITE};
use crate::{Answer, Api, Call, Gives, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
        READ,
        handler!(of_job),
        "The log of a job as text, each line with its time; it may be asked for while the job runs.",
    )
    .gives(200, Gives::Bytes),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        READ,
        handler!(of_run),
        "The logs of a run as a zip.",
    )
    .gives(200, Gives::Bytes),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/logs",
        READ,
        handler!(of_attempt),
        "The logs of one attempt of a run as a zip.",
    )
    .gives(200, Gives::Bytes),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        WRITE,
        handler!(delete),
        "Deletes the logs of a run.",
    ),
];

async fn of_job(api: &Api, call: &mut Call) -> Result {
    let job = super::jobs::found(api, call).await?;
    let log = store::logs::last_of_job(&mut api.store().read(), job.id).await?.ok_or_else(Problem::not_found)?;
    let text = axum::body::Body::from_stream(api.depot().log_text(log.job_id, log.fence));
    Ok(Answer::stream("text/plain; charset=utf-8", text))
}

async fn of_run(api: &Api, call: &mut Call) -> Result {
    let run = super::runs::found(api, call).await?;
    zip(api, run.id, run.attempt).await
}

async fn of_attempt(api: &Api, call: &mut Call) -> Result {
    let (run, number) = (super::runs::found(api, call).await?, call.id("attempt_number")?);
    zip(api, run.id, number).await
}

/// The names of a job's steps by their number in its log.
async fn step_names(api: &Api, job: &Job) -> Result<BTreeMap<u32, String>> {
    let mut query = api.store().read();
    let events = store::runs::events_of_leg(&mut query, job.run_id, job.attempt, job.leg).await?;
    let started = events.iter().filter_map(|row| match serde_json::from_str(&row.json) {
        Ok(api::Event::StepStarted(step)) => Some((step.step, step.name)),
        _ => None,
    });
    Ok(started.collect())
}

async fn zip(api: &Api, run_id: i64, attempt: i64) -> Result {
    let mut query = api.store().read();
    let mut jobs = Vec::new();
    for job in store::jobs::of_attempt(&mut query, run_id, attempt).await? {
        if let Some(log) = store::logs::last_of_job(&mut query, job.id).await? {
            let steps = step_names(api, &job).await?;
            jobs.push(JobOfZip { job: job.id, fence: log.fence, name: job.name, steps });
        }
    }
    if jobs.is_empty() {
        return Err(Problem::not_found());
    }
    let zip = axum::body::Body::from_stream(api.depot().log_zip(jobs).await);
    let name = format!("attachment; filename=\"logs_{run_id}.zip\"");
    Ok(Answer::stream("application/zip", zip).header(header::CONTENT_DISPOSITION, &name))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let run = super::runs::found(api, call).await?;
    if !run.is_completed() {
        return Err(Problem::forbidden("Only the logs of a completed run can be deleted."));
    }
    for job in store::jobs::of_run(&mut api.store().read(), run.id).await? {
        api.depot().delete_logs(job.id).await?;
    }
    let mut tx = api.store().begin().await?;
    let subject = format!("{} #{}", run.workflow_path, run.number);
    api.identity().audit(&mut tx, &call.caller, Action::new("run.logs.delete", &subject).repo(run.repo_id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}
