//! Runs and jobs as GitHub's API and webhooks write them.

mod steps;

use forge::shape::{Urls, at};
use serde_json::{Value as Json, json};
use store::jobs::Job;
use store::runs::Run;

pub use steps::steps_json;

/// A run, without the parts that other tables hold: `repository`, `actor`, `head_commit`.
#[must_use]
pub fn run_json(urls: &Urls, full_name: &str, run: &Run) -> Json {
    let url = format!("{}/actions/runs/{}", urls.repo(full_name), run.id);
    json!({
        "id": run.id,
        "node_id": format!("WFR_{}", run.id),
        "name": run.workflow_name,
        "path": run.workflow_path,
        "display_title": run.title,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "event": run.event_name,
        "status": status(&run.status),
        "conclusion": run.conclusion.as_deref().or((run.status == "action_required").then_some("action_required")),
        "workflow_id": run.workflow_id,
        "check_suite_id": run.suite_id,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "url": url,
        "html_url": format!("{}/runs/{}", urls.runs_page(full_name), run.id),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1)),
        "workflow_url": format!("{}/actions/workflows/{}", urls.repo(full_name), run.workflow_id),
        "pull_requests": run.pull_number.map(|number| json!({ "number": number })).into_iter().collect::<Vec<_>>(),
        "created_at": at(run.created_at),
        "run_started_at": at(run.started_at),
        "updated_at": at(run.updated_at),
    })
}

/// GitHub's word: a run that waits for approval of an outsider counts as completed.
fn status(status: &str) -> &str {
    if status == "action_required" { "completed" } else { status }
}

/// A job, without its steps.
#[must_use]
pub fn job_json(urls: &Urls, full_name: &str, run: &Run, job: &Job) -> Json {
    let url = format!("{}/actions/jobs/{}", urls.repo(full_name), job.id);
    let labels: Json = serde_json::from_str(&job.labels).unwrap_or_else(|_| json!([]));
    json!({
        "id": job.id,
        "node_id": format!("CR_{}", job.id),
        "run_id": run.id,
        "run_url": format!("{}/actions/runs/{}", urls.repo(full_name), run.id),
        "run_attempt": job.attempt,
        "workflow_name": run.workflow_name,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "name": job.name,
        "status": if job.status == "planned" { "pending" } else { job.status.as_str() },
        "conclusion": job.conclusion,
        "labels": labels,
        "runner_id": job.runner_id,
        "runner_name": job.runner_name,
        "url": url,
        "html_url": format!("{}/runs/{}/job/{}", urls.runs_page(full_name), run.id, job.id),
        "check_run_url": job.check_id.map(|id| format!("{}/check-runs/{id}", urls.repo(full_name))),
        "created_at": at(job.created_at),
        // A job that was skipped, or whose result stands from the attempt before, never started; clients count on a time.
        "started_at": job.started_at.or(job.completed_at).map(at),
        "completed_at": job.completed_at.map(at),
    })
}
