//! Deployments and the history of their states.

use axum::http::StatusCode;
use identity::{Caller, Level, Permission, Role};
use serde_json::{Value, json};
use store::deployments::{Deployment, New, Status};
use store::events::{ActorKind, Facts, NewEvent};

use crate::route::fields::{DEPLOYMENT, DEPLOYMENT_STATUS};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Deployments, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Deployments, Level::Write, Role::Write);
const STATES: &[&str] = &["error", "failure", "inactive", "in_progress", "queued", "pending", "success", "waiting"];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/deployments", READ, handler!(list), "Deployments, newest first.")
        .params(&[
            Param::text("sha", "Only of this commit."),
            Param::text("ref", "Only of this branch or tag."),
            Param::text("task", "Only of this task."),
            Param::text("environment", "Only to this environment."),
        ])
        .list(DEPLOYMENT),
    Route::post("/repos/{owner}/{repo}/deployments", WRITE, handler!(create), "Records a deployment.")
        .body(&[
            Field::required("ref", Kind::String),
            Field::new("task", Kind::String),
            Field::new("auto_merge", Kind::Boolean),
            Field::nullable("required_contexts", Kind::Array(&Kind::String)),
            Field::new("payload", Kind::StringOrObject(&[])),
            Field::new("environment", Kind::String),
            Field::nullable("description", Kind::String),
            Field::new("transient_environment", Kind::Boolean),
            Field::new("production_environment", Kind::Boolean),
        ])
        .gives(201, Gives::Object(DEPLOYMENT)),
    Route::get("/repos/{owner}/{repo}/deployments/{deployment_id}", READ, handler!(get), "A deployment.")
        .gives(200, Gives::Object(DEPLOYMENT)),
    Route::delete(
        "/repos/{owner}/{repo}/deployments/{deployment_id}",
        WRITE,
        handler!(delete),
        "Deletes a deployment that is not active.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        READ,
        handler!(statuses),
        "States of a deployment, newest first.",
    )
    .list(DEPLOYMENT_STATUS),
    Route::post(
        "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        WRITE,
        handler!(create_status),
        "Adds a state to a deployment.",
    )
    .body(&[
        Field::required("state", Kind::Choice(STATES)),
        Field::new("log_url", Kind::String),
        Field::new("target_url", Kind::String),
        Field::new("description", Kind::String),
        Field::new("environment", Kind::String),
        Field::new("environment_url", Kind::String),
        Field::new("auto_inactive", Kind::Boolean),
    ])
    .gives(201, Gives::Object(DEPLOYMENT_STATUS)),
    Route::get(
        "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}",
        READ,
        handler!(status),
        "A state of a deployment.",
    )
    .gives(200, Gives::Object(DEPLOYMENT_STATUS)),
];

/// A deployment in full.
pub(crate) async fn shape(api: &Api, call: &Call, deployment: &Deployment) -> Result<Value> {
    let repo_url = api.forge().urls().repo(&call.repo()?.full_name());
    let url = format!("{repo_url}/deployments/{}", deployment.id);
    Ok(json!({
        "url": url,
        "id": deployment.id,
        "node_id": forge::ids::node_id("Deployment", deployment.id),
        "sha": deployment.sha,
        "ref": deployment.git_ref,
        "task": deployment.task,
        "payload": serde_json::from_str::<Value>(&deployment.payload).unwrap_or_default(),
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": deployment.description,
        "creator": api.forge().shape().user(deployment.creator_id).await?,
        "created_at": forge::shape::at(deployment.created_at),
        "updated_at": forge::shape::at(deployment.updated_at),
        "statuses_url": format!("{url}/statuses"),
        "repository_url": repo_url,
        "transient_environment": deployment.transient,
        "production_environment": deployment.production,
    }))
}

async fn status_shape(api: &Api, call: &Call, deployment: &Deployment, status: &Status) -> Result<Value> {
    let repo_url = api.forge().urls().repo(&call.repo()?.full_name());
    let url = format!("{repo_url}/deployments/{}", deployment.id);
    Ok(json!({
        "url": format!("{url}/statuses/{}", status.id),
        "id": status.id,
        "node_id": forge::ids::node_id("DeploymentStatus", status.id),
        "state": status.state,
        "creator": api.forge().shape().user(status.creator_id).await?,
        "description": status.description,
        "environment": deployment.environment,
        "environment_url": status.environment_url,
        "target_url": status.log_url,
        "log_url": status.log_url,
        "created_at": forge::shape::at(status.created_at),
        "updated_at": forge::shape::at(status.created_at),
        "deployment_url": url,
        "repository_url": repo_url,
    }))
}

async fn found(api: &Api, call: &Call) -> Result<Deployment> {
    let deployment = store::deployments::by_id(&mut api.store().read(), call.id("deployment_id")?).await?;
    let repo = call.repo()?.id;
    deployment.filter(|deployment| deployment.repo_id == repo).ok_or_else(Problem::not_found)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let (environment, sha, git_ref) = (call.query("environment"), call.query("sha"), call.query("ref"));
    let mut query = api.store().read();
    let (offset, limit) = (page.sql_offset(), page.sql_limit());
    let found = store::deployments::list(&mut query, repo.id, environment, sha, git_ref, offset, limit).await?;
    let mut items = Vec::new();
    for deployment in &found {
        if call.query("task").is_none_or(|task| task == deployment.task) {
            items.push(shape(api, call, deployment).await?);
        }
    }
    Ok(Answer::page(call, page, items))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, call, &found(api, call).await?).await?))
}

fn check_length(call: &Call, names: &[&str]) -> Result<()> {
    for name in names {
        if call.text(name).is_some_and(|text| text.chars().count() > 1000) {
            return Err(Problem::invalid(name, format!("`{name}` has 1000 characters at most")));
        }
    }
    Ok(())
}

async fn create(api: &Api, call: &mut Call) -> Result {
    check_length(call, &["ref", "task", "environment", "description"])?;
    let (repo, git_ref) = (call.repo()?, call.required("ref")?);
    let sha = api.forge().git(repo.id).resolve(git_ref).await.map_err(forge::Error::from)?;
    let sha = sha.ok_or_else(|| Problem::invalid("ref", format!("No ref found for: {git_ref}")))?;
    let environment = call.text("environment").filter(|name| !name.is_empty()).unwrap_or("production");
    let payload = call.json.get("payload").map_or_else(|| "{}".to_owned(), Value::to_string);
    let production = matches!(environment.to_lowercase().as_str(), "production" | "prod");
    let new = New {
        repo_id: repo.id,
        run_id: None,
        job_id: None,
        environment,
        sha: &sha,
        git_ref,
        task: call.text("task").unwrap_or("deploy"),
        payload: &payload,
        description: call.text("description").unwrap_or_default(),
        transient: call.flag("transient_environment").unwrap_or(false),
        production: call.flag("production_environment").unwrap_or(production),
        creator_id: call.caller.account_id(),
    };
    let mut tx = api.store().begin().await?;
    store::environments::put(&mut tx, repo.id, environment).await?;
    let deployment = store::deployments::insert(&mut tx, &new).await?;
    let value = shape(api, call, &deployment).await?;
    report(api, call, &mut tx, &deployment, &value, None).await?;
    tx.commit().await?;
    Ok(Answer::created(value))
}

/// The event `deployment` or `deployment_status`.
async fn report(
    api: &Api,
    call: &Call,
    tx: &mut store::Tx,
    deployment: &Deployment,
    value: &Value,
    status: Option<&Value>,
) -> Result<()> {
    let repo = call.repo()?;
    let mut shapes = api.forge().shape();
    let mut payload = json!({
        "action": "created",
        "deployment": value,
        "repository": shapes.repository(repo).await?,
        "sender": shapes.user(call.caller.account_id()).await?,
    });
    if let (Some(status), Some(object)) = (status, payload.as_object_mut()) {
        object.insert("deployment_status".to_owned(), status.clone());
    }
    let job = matches!(call.caller, Caller::Job(_));
    // The workflows of the commit itself run: one that lies in no branch and no tag came with a fork's pull request.
    let published = api.forge().git(repo.id).is_published(&deployment.sha).await.map_err(forge::Error::from)?;
    let event = NewEvent {
        repo_id: repo.id,
        name: if status.is_some() { "deployment_status" } else { "deployment" }.to_owned(),
        action: Some("created".to_owned()),
        git_ref: deployment.git_ref.clone(),
        before: None,
        sha: deployment.sha.clone(),
        facts: Facts { fork: !published, ..Facts::default() },
        actor_id: call.caller.account_id(),
        actor_login: call.caller.login().unwrap_or_default().to_owned(),
        actor_kind: if job { ActorKind::GithubToken } else { ActorKind::User },
        payload,
    };
    // GitHub starts nothing when a deployment becomes inactive.
    let quiet = status.is_some_and(|status| status["state"] == "inactive");
    if quiet {
        store::events::append_for_hooks(tx, &event).await?;
    } else {
        store::events::append(tx, &event).await?;
    }
    Ok(())
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let deployment = found(api, call).await?;
    if deployment.state == "success" || deployment.state == "in_progress" {
        return Err(Problem::unprocessable("We cannot delete an active deployment unless it is the only one."));
    }
    let mut tx = api.store().begin().await?;
    store::deployments::delete(&mut tx, deployment.id).await?;
    tx.commit().await?;
    Ok(Answer::empty_with(StatusCode::NO_CONTENT))
}

async fn statuses(api: &Api, call: &mut Call) -> Result {
    let (page, deployment) = (call.page(), found(api, call).await?);
    let found = store::deployments::statuses(&mut api.store().read(), deployment.id).await?;
    let mut items = Vec::new();
    for status in &found {
        items.push(status_shape(api, call, &deployment, status).await?);
    }
    Ok(Answer::whole(call, page, items))
}

async fn status(api: &Api, call: &mut Call) -> Result {
    let deployment = found(api, call).await?;
    let status = store::deployments::status(&mut api.store().read(), deployment.id, call.id("status_id")?).await?;
    let status = status.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(status_shape(api, call, &deployment, &status).await?))
}

async fn create_status(api: &Api, call: &mut Call) -> Result {
    check_length(call, &["description", "log_url", "target_url", "environment_url"])?;
    let deployment = found(api, call).await?;
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let row = Status {
        id: 0,
        deployment_id: deployment.id,
        state: call.required("state")?.to_owned(),
        description: text("description"),
        environment_url: text("environment_url"),
        log_url: call.text("log_url").or(call.text("target_url")).unwrap_or_default().to_owned(),
        creator_id: call.caller.account_id(),
        created_at: 0,
    };
    let mut tx = api.store().begin().await?;
    let auto_inactive = call.flag("auto_inactive").unwrap_or(true);
    let (id, _) = store::deployments::add_status(&mut tx, &deployment, &row, auto_inactive).await?;
    let status = store::deployments::status(&mut tx, deployment.id, id).await?.ok_or_else(Problem::not_found)?;
    let value = status_shape(api, call, &deployment, &status).await?;
    let of = shape(api, call, &deployment).await?;
    report(api, call, &mut tx, &deployment, &of, Some(&value)).await?;
    tx.commit().await?;
    Ok(Answer::created(value))
}
