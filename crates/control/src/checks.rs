//! Jobs as check runs, so that required checks and pages see them.

use api::{Conclusion, Reason};
use forge::checks::{JobCheck, put_job_check};
use store::Tx;
use store::jobs::Job;
use store::runs::Run;

use crate::Result;
use crate::drive::Turn;
use crate::report::{self, Became};

/// Where the page of a job is.
pub(crate) fn details_url(turn: &Turn<'_>, job_id: i64) -> String {
    let repository = turn.told_facts().github.get("repository").and_then(serde_json::Value::as_str).unwrap_or_default();
    format!("{}/runs/{}/job/{job_id}", turn.control().forge().urls().runs_page(repository), turn.run.id)
}

fn check<'a>(run: &'a Run, key: &'a str, name: &'a str, url: &'a str, status: &'a str) -> JobCheck<'a> {
    JobCheck {
        key,
        run_id: Some(run.id),
        head_sha: &run.head_sha,
        head_branch: run.head_branch.as_deref(),
        name,
        status,
        details_url: Some(url),
        ..JobCheck::default()
    }
}

pub(crate) async fn queued(turn: &mut Turn<'_>, job_id: i64, name: &str) -> Result<()> {
    let (url, key) = (details_url(turn, job_id), format!("job:{job_id}"));
    let check = check(&turn.run, &key, name, &url, "queued");
    let row = put_job_check(turn.tx, turn.run.repo_id, &check).await?;
    store::jobs::set_check(turn.tx, job_id, row.id).await?;
    report::job(turn.control(), turn.tx, &turn.run, job_id, Became::Queued, Some(&row)).await
}

pub(crate) async fn completed(
    turn: &mut Turn<'_>,
    job_id: i64,
    conclusion: Conclusion,
    reason: Option<&Reason>,
) -> Result<()> {
    let Some(job) = store::jobs::by_id(turn.tx, job_id).await?.filter(|job| !job.call) else { return Ok(()) };
    let (url, key) = (details_url(turn, job_id), format!("job:{job_id}"));
    let check = JobCheck {
        conclusion: Some(conclusion.as_str()),
        started_at: job.started_at,
        completed_at: job.completed_at,
        title: reason.map(|reason| reason.code.as_str()),
        summary: reason.map(|reason| reason.reason.as_str()),
        ..check(&turn.run, &key, &job.name, &url, "completed")
    };
    let row = put_job_check(turn.tx, turn.run.repo_id, &check).await?;
    if job.check_id.is_none() {
        store::jobs::set_check(turn.tx, job_id, row.id).await?;
    }
    report::job(turn.control(), turn.tx, &turn.run, job_id, Became::Completed, Some(&row)).await
}

/// Of a job whose run is given up.
pub(crate) async fn abandoned(
    tx: &mut Tx,
    run: &Run,
    job: &Job,
    conclusion: Conclusion,
    reason: &Reason,
) -> Result<()> {
    let key = format!("job:{}", job.id);
    let check = JobCheck {
        conclusion: Some(conclusion.as_str()),
        started_at: job.started_at,
        completed_at: Some(tx.now()),
        title: Some(&reason.code),
        summary: Some(&reason.reason),
        details_url: None,
        ..check(run, &key, &job.name, "", "completed")
    };
    put_job_check(tx, run.repo_id, &check).await?;
    Ok(())
}
