//! Deployments that jobs make by naming an environment, and the history of their states.

use api::Conclusion;
use serde_json::json;
use store::Tx;
use store::deployments::{Deployment, New, Status};
use store::events::{ActorKind, Facts, NewEvent};

use crate::drive::Turn;
use crate::{Control, Result};

/// The deployment of a job that reached its environment.
pub(crate) async fn create(turn: &mut Turn<'_>, job_id: i64, environment: &str, waits: bool) -> Result<i64> {
    let sha = turn.told_facts().github.get("sha").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let run = turn.run.clone();
    let new = New {
        repo_id: run.repo_id,
        run_id: Some(run.id),
        job_id: Some(job_id),
        environment,
        sha: &sha,
        git_ref: short(&run.git_ref),
        task: "deploy",
        payload: "{}",
        description: "",
        transient: false,
        production: is_production(environment),
        creator_id: Some(identity::ACTIONS_BOT_ID),
    };
    let deployment = store::deployments::insert(turn.tx, &new).await?;
    report(turn.control(), turn.tx, &deployment, None).await?;
    let state = if waits { "waiting" } else { "queued" };
    set_state(turn.control(), turn.tx, &deployment, state, "", &crate::checks::details_url(turn, job_id)).await?;
    Ok(deployment.id)
}

/// As GitHub guesses it.
fn is_production(environment: &str) -> bool {
    matches!(environment.to_lowercase().as_str(), "production" | "prod")
}

fn short(git_ref: &str) -> &str {
    git_ref.strip_prefix("refs/heads/").or_else(|| git_ref.strip_prefix("refs/tags/")).unwrap_or(git_ref)
}

pub(crate) async fn queued(turn: &mut Turn<'_>, job_id: i64) -> Result<()> {
    let Some(deployment) = of_job(turn, job_id).await? else { return Ok(()) };
    if deployment.state != "queued" {
        let url = crate::checks::details_url(turn, job_id);
        set_state(turn.control(), turn.tx, &deployment, "queued", "", &url).await?;
    }
    Ok(())
}

pub(crate) async fn completed(
    turn: &mut Turn<'_>,
    job_id: i64,
    conclusion: Conclusion,
    url: Option<&str>,
) -> Result<()> {
    let Some(deployment) = of_job(turn, job_id).await? else { return Ok(()) };
    let state = match conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Cancelled => "error",
        Conclusion::Skipped => "inactive",
    };
    let log = crate::checks::details_url(turn, job_id);
    set_state(turn.control(), turn.tx, &deployment, state, url.unwrap_or_default(), &log).await
}

async fn of_job(turn: &mut Turn<'_>, job_id: i64) -> Result<Option<Deployment>> {
    // Jobs without an environment are the rule, and cost no question.
    let Some(job) = store::jobs::by_id(turn.tx, job_id).await?.filter(|job| job.environment.is_some()) else {
        return Ok(None);
    };
    match job.deployment_id {
        Some(id) => Ok(store::deployments::by_id(turn.tx, id).await?),
        None => Ok(None),
    }
}

/// Adds a state; a success makes what was there before inactive.
pub(crate) async fn set_state(
    control: &Control,
    tx: &mut Tx,
    deployment: &Deployment,
    state: &str,
    environment_url: &str,
    log_url: &str,
) -> Result<()> {
    let status = Status {
        id: 0,
        deployment_id: deployment.id,
        state: state.to_owned(),
        description: String::new(),
        environment_url: environment_url.to_owned(),
        log_url: log_url.to_owned(),
        creator_id: Some(identity::ACTIONS_BOT_ID),
        created_at: 0,
    };
    let (id, _) = store::deployments::add_status(tx, deployment, &status, true).await?;
    report(control, tx, deployment, Some(&Status { id, ..status })).await
}

/// The events `deployment` and `deployment_status`. A job's token made them, so no workflow starts; webhooks are told.
async fn report(control: &Control, tx: &mut Tx, deployment: &Deployment, status: Option<&Status>) -> Result<()> {
    let Some(repository) = store::repositories::by_id(tx, deployment.repo_id).await? else { return Ok(()) };
    let mut shape = control.forge().shape();
    let url = format!("{}/deployments/{}", control.forge().urls().repo(&repository.full_name()), deployment.id);
    let mut payload = json!({
        "action": "created",
        "deployment": {
            "id": deployment.id, "url": url, "statuses_url": format!("{url}/statuses"),
            "sha": deployment.sha, "ref": deployment.git_ref, "task": deployment.task, "payload": {},
            "environment": deployment.environment, "original_environment": deployment.environment,
            "description": deployment.description, "transient_environment": deployment.transient,
            "production_environment": deployment.production,
        },
        "repository": shape.repository(&repository).await?,
        "sender": shape.user(identity::ACTIONS_BOT_ID).await?,
    });
    if let Some(status) = status {
        payload["deployment_status"] = json!({
            "id": status.id, "url": format!("{url}/statuses/{}", status.id), "state": status.state,
            "description": status.description, "environment": deployment.environment,
            "environment_url": status.environment_url, "target_url": status.log_url, "log_url": status.log_url,
        });
    }
    let event = NewEvent {
        repo_id: deployment.repo_id,
        name: if status.is_some() { "deployment_status" } else { "deployment" }.to_owned(),
        action: Some("created".to_owned()),
        git_ref: deployment.git_ref.clone(),
        before: None,
        sha: deployment.sha.clone(),
        facts: Facts::default(),
        actor_id: Some(identity::ACTIONS_BOT_ID),
        actor_login: identity::ACTIONS_BOT_LOGIN.to_owned(),
        actor_kind: ActorKind::GithubToken,
        payload,
    };
    store::events::append(tx, &event).await?;
    Ok(())
}
