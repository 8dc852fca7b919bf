//! Jobs and suites, told to webhooks: `workflow_job`, `check_run`, `check_suite`. Nothing is made for nobody: most repositories
//! have no webhook for them.

use forge::Actor;
use forge::checks::SuiteState;
use serde_json::{Map, json};
use store::Tx;
use store::checks::CheckRun;
use store::runs::Run;

use crate::{Control, Result};

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    Waiting,
    Queued,
    InProgress,
    Completed,
}

impl Became {
    fn of_job(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }

    /// Webhooks of repositories hear of a check's beginning and end only.
    fn of_check(self) -> Option<&'static str> {
        match self {
            Self::Queued => Some("created"),
            Self::Completed => Some("completed"),
            Self::Waiting | Self::InProgress => None,
        }
    }
}

/// Tells of a job, in the transaction in which it and its check changed.
pub(crate) async fn job(
    control: &Control,
    tx: &mut Tx,
    run: &Run,
    job_id: i64,
    became: Became,
    check: Option<&CheckRun>,
) -> Result<()> {
    let forge = control.forge();
    let jobs = forge.hooks_want(tx, run.repo_id, &["workflow_job"]).await?;
    let check = match (check, became.of_check()) {
        (Some(check), Some(action)) if forge.hooks_want(tx, run.repo_id, &["check_run"]).await? => {
            Some((check, action))
        }
        _ => None,
    };
    if !jobs && check.is_none() {
        return Ok(());
    }
    let Some(repository) = store::repositories::by_id(tx, run.repo_id).await? else { return Ok(()) };
    let actor = actor(run);
    if jobs && let Some(job) = store::jobs::by_id(tx, job_id).await?.filter(|job| !job.call) {
        let mut whole = crate::job_json(forge.urls(), &repository.full_name(), run, &job);
        whole["status"] = became.of_job().into();
        whole["steps"] = crate::steps_json(tx, &[&job]).await?.remove(&job.leg).unwrap_or_default();
        let group = match job.runner_id {
            Some(id) => store::runners::by_id(tx, id).await?.map(|runner| runner.group_id),
            None => None,
        };
        whole["runner_group_id"] = json!(group);
        whole["runner_group_name"] = json!(job.runner_group);
        let payload = Map::from_iter([("workflow_job".to_owned(), whole)]);
        forge.tell_hooks(tx, &repository, &actor, "workflow_job", became.of_job(), payload).await?;
    }
    if let Some((check, action)) = check {
        let (status, conclusion) = if run.is_completed() {
            ("completed", run.conclusion.as_deref())
        } else if became == Became::Completed || run.status == "in_progress" {
            ("in_progress", None)
        } else {
            ("queued", None)
        };
        let suite = SuiteState { status, conclusion };
        forge.tell_job_check(tx, &repository, &actor, action, &suite, check).await?;
    }
    Ok(())
}

/// Tells of the check suite of a run that is completed.
pub(crate) async fn suite(control: &Control, tx: &mut Tx, run: &Run) -> Result<()> {
    if !control.forge().hooks_want(tx, run.repo_id, &["check_suite"]).await? {
        return Ok(());
    }
    let Some(repository) = store::repositories::by_id(tx, run.repo_id).await? else { return Ok(()) };
    let state = SuiteState { status: "completed", conclusion: run.conclusion.as_deref() };
    Ok(control.forge().tell_suite(tx, &repository, &actor(run), run.id, &state).await?)
}

fn actor(run: &Run) -> Actor {
    Actor::user(run.actor_id.unwrap_or(identity::ACTIONS_BOT_ID))
}
