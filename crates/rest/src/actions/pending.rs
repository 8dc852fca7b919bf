//! Deployments that wait for somebody, and what was decided.

use control::Decision;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};

use super::runs::found;
use crate::route::fields::PENDING_DEPLOYMENT;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Actions, Level::Read, Role::Read);
/// Whoever is a reviewer decides; `control` knows who is.
const REVIEW: Access = Access::repo(Permission::Deployments, Level::Write, Role::Read);

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments",
        READ,
        handler!(list),
        "Deployments of a run that wait.",
    )
    .gives(200, Gives::List(PENDING_DEPLOYMENT)),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments",
        REVIEW,
        handler!(review),
        "Approves or rejects deployments of a run.",
    )
    .body(&[
        Field::required("environment_ids", Kind::Array(&Kind::Integer)),
        Field::required("state", Kind::Choice(&["approved", "rejected"])),
        Field::required("comment", Kind::String),
    ])
    .gives(200, Gives::List(&[])),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/bypass_deployments",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(bypass),
        "Starts deployments of a run whatever their rules say, where the environment lets administrators do that.",
    )
    .body(&[Field::required("environment_ids", Kind::Array(&Kind::Integer)), Field::required("comment", Kind::String)])
    .gives(204, Gives::Nothing),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/approvals",
        READ,
        handler!(approvals),
        "What was decided about the deployments of a run.",
    )
    .gives(200, Gives::List(&[])),
];

async fn list(api: &Api, call: &mut Call) -> Result {
    let (run, repo) = (found(api, call).await?, call.repo()?);
    let mut query = api.store().read();
    let mut items: Vec<Value> = Vec::new();
    for gate in store::environments::waiting_gates(&mut query, run.id).await? {
        if items.iter().any(|item| item["environment"]["id"].as_i64() == Some(gate.environment_id)) {
            continue;
        }
        let Some(environment) = store::environments::by_id(&mut query, gate.environment_id).await? else { continue };
        let reviewers = store::environments::reviewers(&mut query, environment.id).await?;
        let (mut shapes, mut may) = (Vec::new(), false);
        for reviewer in &reviewers {
            shapes.push(super::environments::reviewer_shape(api, reviewer).await?);
            may |= is_reviewer(api, call, reviewer).await?;
        }
        let url = format!("{}/environments/{}", api.forge().urls().repo(&repo.full_name()), environment.name);
        items.push(json!({
            "environment": {
                "id": environment.id,
                "node_id": forge::ids::node_id("Environment", environment.id),
                "name": environment.name,
                "url": url,
                "html_url": format!("{}/deployments/{}", api.forge().urls().page(&repo.full_name()), environment.name),
            },
            "wait_timer": environment.wait_minutes,
            "wait_timer_started_at": forge::shape::at(gate.waiting_since),
            "current_user_can_approve": may,
            "reviewers": shapes,
        }));
    }
    Ok(Answer::json(items))
}

async fn is_reviewer(api: &Api, call: &Call, reviewer: &store::environments::Reviewer) -> Result<bool> {
    let Some(user) = call.caller.user() else { return Ok(false) };
    if reviewer.kind == "Team" {
        let members = store::teams::member_ids(&mut api.store().read(), reviewer.reviewer_id).await?;
        return Ok(members.contains(&user.id));
    }
    Ok(reviewer.reviewer_id == user.id)
}

async fn review(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    let ids = call.integers("environment_ids").unwrap_or_default();
    if ids.is_empty() {
        return Err(Problem::invalid("environment_ids", "expected the ids of environments that wait"));
    }
    let decision = if call.text("state") == Some("approved") { Decision::Approve } else { Decision::Reject };
    let comment = call.text("comment").unwrap_or_default();
    api.control().review_deployments(&call.caller, run.id, &ids, decision, comment).await?;
    let found = store::deployments::list(&mut api.store().read(), run.repo_id, None, None, None, 0, 100).await?;
    let mut items = Vec::new();
    for deployment in found.iter().filter(|deployment| deployment.run_id == Some(run.id)) {
        items.push(super::deployments::shape(api, call, deployment).await?);
    }
    Ok(Answer::json(items))
}

async fn bypass(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    let ids = call.integers("environment_ids").unwrap_or_default();
    let comment = call.text("comment").unwrap_or_default();
    api.control().bypass_deployments(&call.caller, run.id, &ids, comment).await?;
    Ok(Answer::empty())
}

async fn approvals(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    let mut query = api.store().read();
    let mut shapes = api.forge().shape();
    let mut items = Vec::new();
    for gate in store::environments::gates_of_run(&mut query, run.id).await? {
        for review in store::environments::reviews(&mut query, gate.id).await? {
            items.push(json!({
                "state": review.state,
                "comment": review.comment,
                "user": shapes.user(review.user_id).await?,
                "environments": [{ "id": gate.environment_id, "name": gate.environment }],
                "created_at": forge::shape::at(review.created_at),
            }));
        }
    }
    Ok(Answer::json(items))
}
