//! Statuses of commits.

use forge::checks::NewStatus;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};

use crate::acting::actor;
use crate::commits::resolve;
use crate::route::fields::STATUS;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Result, Route, handler};

const READ: Access = Access::repo(Permission::Statuses, Level::Read, Role::Read);

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/repos/{owner}/{repo}/statuses/{sha}",
        Access::repo(Permission::Statuses, Level::Write, Role::Write),
        handler!(create),
        "Reports a status of a commit.",
    )
    .body(&[
        Field::required("state", Kind::Choice(&["error", "failure", "pending", "success"])),
        Field::nullable("target_url", Kind::String),
        Field::nullable("description", Kind::String),
        Field::new("context", Kind::String),
    ])
    .gives(201, Gives::Object(STATUS)),
    Route::get("/repos/{owner}/{repo}/commits/{ref}/statuses", READ, handler!(list), "Statuses of a commit.")
        .list(STATUS),
    Route::get("/repos/{owner}/{repo}/statuses/{ref}", READ, handler!(list), "Statuses of a commit.").list(STATUS),
    Route::get(
        "/repos/{owner}/{repo}/commits/{ref}/status",
        READ,
        handler!(combined),
        "The newest status of each context, and what they come to.",
    ),
];

async fn create(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let new = NewStatus {
        sha: call.param("sha"),
        state: call.required("state")?,
        context: call.text("context").unwrap_or("default"),
        target_url: call.text("target_url"),
        description: call.text("description"),
    };
    let status = api.forge().create_status(repository, &actor(call)?, &new).await?;
    Ok(Answer::created(api.forge().shape().status(&repository.full_name(), &status).await?))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let sha = resolve(api, repository, call.param("ref")).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for status in store::statuses::of_commit(&mut api.store().read(), repository.id, &sha).await? {
        items.push(shape.status(&repository.full_name(), &status).await?);
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn combined(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let sha = resolve(api, repository, call.param("ref")).await?;
    let mut shape = api.forge().shape();
    let full_name = repository.full_name();
    let latest = store::statuses::latest(&mut api.store().read(), repository.id, &sha).await?;
    let has = |states: &[&str]| latest.iter().any(|status| states.contains(&status.state.as_str()));
    let state = match latest.is_empty() {
        true => "pending",
        false if has(&["error", "failure"]) => "failure",
        false if has(&["pending"]) => "pending",
        false => "success",
    };
    let mut items: Vec<Value> = Vec::new();
    for status in &latest {
        items.push(shape.status(&full_name, status).await?);
    }
    let url = api.forge().urls().repo(&full_name);
    Ok(Answer::json(json!({
        "state": state,
        "statuses": items,
        "sha": sha,
        "total_count": latest.len(),
        "repository": shape.repository(repository).await?,
        "commit_url": format!("{url}/commits/{sha}"),
        "url": format!("{url}/commits/{sha}/status"),
    })))
}
