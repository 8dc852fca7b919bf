//! Logs: of a job as text, of a run as a zip with a file for each job and each step.

use std::collections::BTreeMap;

use axum::http::header;
use depot::JobOfZip;
use identity::Action;
use store::jobs::Job;

use super::downloads::{Content, redirect};
use super::workflows::{READ, WRITE};
use crate::{Answer, Api, Call, Gives, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/logs",
        READ,
        handler!(of_job),
        "Where the log of a job is: text, each line with its time; it may be asked for while the job runs.",
    )
    .gives(302, Gives::Redirect),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        READ,
        handler!(of_run),
        "Where the logs of a run are, as a zip.",
    )
    .gives(302, Gives::Redirect),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/logs",
        READ,
        handler!(of_attempt),
        "Where the logs of one attempt of a run are, as a zip.",
    )
    .gives(302, Gives::Redirect),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/logs",
        WRITE,
        handler!(delete),
        "Deletes the logs of a run.",
    ),
];

async fn of_job(api: &Api, call: &mut Call) -> Result {
    let job = super::jobs::found(api, call).await?;
    // What is not there is told here, not behind the redirect.
    store::logs::last_of_job(&mut api.store().read(), job.id).await?.ok_or_else(Problem::not_found)?;
    redirect(api, Content::JobLog { job: job.id })
}

/// The log of a job, as text.
pub(super) async fn text(api: &Api, job: i64) -> Result {
    let log = store::logs::last_of_job(&mut api.store().read(), job).await?.ok_or_else(Problem::not_found)?;
    let text = axum::body::Body::from_stream(api.depot().log_text(log.job_id, log.fence));
    Ok(Answer::stream("text/plain; charset=utf-8", text))
}

async fn of_run(api: &Api, call: &mut Call) -> Result {
    let run = super::runs::found(api, call).await?;
    logs_of(api, run.id, run.attempt).await
}

async fn of_attempt(api: &Api, call: &mut Call) -> Result {
    let (run, number) = (super::runs::found(api, call).await?, call.id("attempt_number")?);
    logs_of(api, run.id, number).await
}

async fn logs_of(api: &Api, run: i64, attempt: i64) -> Result {
    if zipped(api, run, attempt).await?.is_empty() {
        return Err(Problem::not_found());
    }
    redirect(api, Content::RunLogs { run, attempt })
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

/// The jobs of an attempt that have logs.
async fn zipped(api: &Api, run_id: i64, attempt: i64) -> Result<Vec<JobOfZip>> {
    let mut query = api.store().read();
    let mut jobs = Vec::new();
    for job in store::jobs::of_attempt(&mut query, run_id, attempt).await? {
        if let Some(log) = store::logs::last_of_job(&mut query, job.id).await? {
            let steps = step_names(api, &job).await?;
            jobs.push(JobOfZip { job: job.id, fence: log.fence, name: job.name, steps });
        }
    }
    Ok(jobs)
}

/// The logs of an attempt of a run: a file for each job and each step.
pub(super) async fn zip(api: &Api, run_id: i64, attempt: i64) -> Result {
    let jobs = zipped(api, run_id, attempt).await?;
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
