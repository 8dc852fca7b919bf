//! Statuses and checks: reported here by workflow runs and by others.

mod tell;

use serde_json::{Value, json};
use store::Tx;
use store::checks::{CheckRun, CheckSuite};
use store::repositories::Repository;
use store::statuses::Status;

use crate::{Actor, Error, Forge, Result};

pub use tell::SuiteState;

/// Who reports the runs of this server.
pub const ACTIONS_APP: &str = "github-actions";

/// A check run as its job stands.
#[derive(Clone, Debug, Default)]
pub struct JobCheck<'a> {
    /// The same key is the same check: `job:12`, `skipped:34`.
    pub key: &'a str,
    /// The workflow run; with it the suite is that run's, without it one of the commit.
    pub run_id: Option<i64>,
    pub head_sha: &'a str,
    pub head_branch: Option<&'a str>,
    /// The job's name, as required checks name it.
    pub name: &'a str,
    /// `queued`, `waiting`, `in_progress`, `completed`
    pub status: &'a str,
    pub conclusion: Option<&'a str>,
    pub details_url: Option<&'a str>,
    pub started_at: Option<store::Micros>,
    pub completed_at: Option<store::Micros>,
    /// Title and summary: why it was skipped, say.
    pub title: Option<&'a str>,
    pub summary: Option<&'a str>,
    pub annotations: Option<&'a Value>,
}

/// Writes the check of a job, in the transaction in which the job changes. The connected repository, if there is one, is told.
pub async fn put_job_check(tx: &mut Tx, repo_id: i64, check: &JobCheck<'_>) -> Result<CheckRun> {
    let suite_id = match check.run_id {
        Some(run_id) => match store::checks::suite_of_run(tx, run_id).await? {
            Some(suite) => suite.id,
            None => {
                let (sha, branch) = (check.head_sha, check.head_branch);
                store::checks::insert_suite(tx, repo_id, sha, branch, ACTIONS_APP, Some(run_id)).await?
            }
        },
        None => suite_of(tx, repo_id, check.head_sha, check.head_branch, ACTIONS_APP).await?.id,
    };
    let run = CheckRun {
        id: 0,
        repo_id,
        suite_id,
        head_sha: check.head_sha.to_owned(),
        name: check.name.to_owned(),
        status: check.status.to_owned(),
        conclusion: check.conclusion.map(str::to_owned),
        external_id: check.key.to_owned(),
        details_url: check.details_url.map(str::to_owned),
        source_key: Some(check.key.to_owned()),
        started_at: check.started_at,
        completed_at: check.completed_at,
        output: json!({ "title": check.title, "summary": check.summary, "text": null }),
        annotations: check.annotations.cloned().unwrap_or_else(|| json!([])),
        actions: json!([]),
        created_at: 0,
        updated_at: 0,
    };
    let run = store::checks::put_run(tx, &run).await?;
    crate::connections::tell_check(tx, &run).await?;
    Ok(run)
}

/// The suite of an application on a commit; made where there is none.
pub(crate) async fn suite_of(
    tx: &mut Tx,
    repo_id: i64,
    sha: &str,
    branch: Option<&str>,
    app: &str,
) -> Result<CheckSuite> {
    if let Some(suite) = store::checks::suite_of_app(tx, repo_id, sha, app).await? {
        return Ok(suite);
    }
    let id = store::checks::insert_suite(tx, repo_id, sha, branch, app, None).await?;
    store::checks::suite(tx, repo_id, id).await?.ok_or_else(|| Error::not_found("the check suite"))
}

/// Status and conclusion of a suite, from its runs (newest first): the newest of each name counts.
#[must_use]
pub fn suite_state(runs: &[CheckRun]) -> (&'static str, Option<&'static str>) {
    let mut seen = std::collections::HashSet::new();
    let latest: Vec<&CheckRun> = runs.iter().filter(|run| seen.insert(run.name.as_str())).collect();
    if latest.is_empty() || latest.iter().all(|run| run.status == "queued") {
        return ("queued", None);
    }
    if latest.iter().any(|run| run.status != "completed") {
        return ("in_progress", None);
    }
    // The worst one is the suite's.
    const WORST_FIRST: &[&str] =
        &["failure", "timed_out", "startup_failure", "cancelled", "action_required", "stale", "success", "neutral"];
    let has = |wanted: &&&str| latest.iter().any(|run| run.conclusion.as_deref() == Some(**wanted));
    ("completed", Some(WORST_FIRST.iter().find(has).copied().unwrap_or("skipped")))
}

const STATES: &[&str] = &["error", "failure", "pending", "success"];

/// A status as it is reported.
#[derive(Clone, Debug)]
pub struct NewStatus<'a> {
    pub sha: &'a str,
    pub state: &'a str,
    pub context: &'a str,
    pub target_url: Option<&'a str>,
    pub description: Option<&'a str>,
}

impl Forge {
    /// Reports a commit status.
    pub async fn create_status(&self, repository: &Repository, actor: &Actor, new: &NewStatus<'_>) -> Result<Status> {
        if !STATES.contains(&new.state) {
            let message = format!("a status is one of {}", STATES.join(", "));
            return Err(Error::invalid("Status", "state", message));
        }
        let too_long = new.context.len() > 255 || new.description.is_some_and(|text| text.chars().count() > 140);
        if new.context.is_empty() || too_long {
            let message = "a context has 1 to 255 bytes, a description 140 characters at most";
            return Err(Error::invalid("Status", "context", message));
        }
        let sha = self.git(repository.id).resolve(new.sha).await?;
        let sha = sha.ok_or_else(|| Error::invalid("Status", "sha", format!("no commit {} here", new.sha)))?;
        let status = Status {
            id: 0,
            repo_id: repository.id,
            sha,
            context: new.context.to_owned(),
            state: new.state.to_owned(),
            target_url: new.target_url.map(str::to_owned),
            description: new.description.map(str::to_owned),
            creator_id: Some(actor.account_id),
            created_at: self.store().now(),
        };
        let mut told = self.tell_status(repository, actor, &status).await?;
        let mut tx = self.store().begin().await?;
        let status = store::statuses::insert(&mut tx, &status).await?;
        told.event.payload["id"] = status.id.into();
        self.append_events(&mut tx, vec![told]).await?;
        tx.wake(store::Topic::Pulls);
        tx.commit().await?;
        Ok(status)
    }

    /// Writes a check run that somebody reports over the API; `id` 0 makes one.
    pub async fn put_check_run(
        &self,
        repository: &Repository,
        actor: &Actor,
        app: &str,
        mut run: CheckRun,
    ) -> Result<CheckRun> {
        check_of(&run)?;
        let is_new = run.id == 0;
        if is_new {
            let sha = self.git(repository.id).resolve(&run.head_sha).await?;
            run.head_sha =
                sha.ok_or_else(|| Error::invalid("CheckRun", "head_sha", format!("no commit {} here", run.head_sha)))?;
        }
        let mut tx = self.store().begin().await?;
        let suite = match is_new {
            true => suite_of(&mut tx, repository.id, &run.head_sha, None, app).await?,
            false => store::checks::suite(&mut tx, repository.id, run.suite_id)
                .await?
                .ok_or_else(|| Error::not_found("the check suite"))?,
        };
        run.suite_id = suite.id;
        if is_new {
            run = store::checks::put_run(&mut tx, &run).await?;
        } else {
            store::checks::update_run(&mut tx, &run).await?;
        }
        let action = if run.status == "completed" { "completed" } else { "created" };
        let told = self.tell_check_run(repository, actor, action, &suite, &run).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.wake(store::Topic::Pulls);
        tx.commit().await?;
        Ok(run)
    }
}

const CONCLUSIONS: &[&str] =
    &["action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"];

fn check_of(run: &CheckRun) -> Result<()> {
    if run.name.is_empty() || run.name.len() > 255 {
        return Err(Error::invalid("CheckRun", "name", "a check's name has 1 to 255 bytes"));
    }
    if !["queued", "in_progress", "completed", "waiting", "requested", "pending"].contains(&run.status.as_str()) {
        return Err(Error::invalid("CheckRun", "status", format!("`{}` is no status of a check", run.status)));
    }
    match run.conclusion.as_deref() {
        Some(conclusion) if !CONCLUSIONS.contains(&conclusion) => {
            Err(Error::invalid("CheckRun", "conclusion", format!("a conclusion is one of {}", CONCLUSIONS.join(", "))))
        }
        None if run.status == "completed" => {
            Err(Error::invalid("CheckRun", "conclusion", "a completed check has a conclusion"))
        }
        _ => Ok(()),
    }
}
