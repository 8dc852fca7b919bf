//! Whether a repository runs workflows, what its jobs' tokens can do by default, and the subject of identity tokens.

use identity::{Action, Level, Permission, Role};
use serde_json::{Value, json};

use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Result, Route, handler};

const READ: Access = Access::repo(Permission::Administration, Level::Read, Role::Admin);
const WRITE: Access = Access::repo(Permission::Administration, Level::Write, Role::Admin);
const SUBJECT_READ: Access = Access::repo(Permission::Actions, Level::Read, Role::Read);
const SUBJECT_WRITE: Access = Access::repo(Permission::Actions, Level::Write, Role::Admin);

const DEFAULTS: &[Field] = &[
    Field::required("default_workflow_permissions", Kind::Choice(&["read", "write"])),
    Field::required("can_approve_pull_request_reviews", Kind::Boolean),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/permissions", READ, handler!(get), "Whether workflows run.")
        .gives(200, Gives::Object(&[Field::required("enabled", Kind::Boolean)])),
    Route::put("/repos/{owner}/{repo}/actions/permissions", WRITE, handler!(set), "Turns workflows on or off.")
        .body(&[Field::required("enabled", Kind::Boolean), Field::new("allowed_actions", Kind::Choice(&["all"]))])
        .gives(204, Gives::Nothing),
    Route::get(
        "/repos/{owner}/{repo}/actions/permissions/workflow",
        READ,
        handler!(defaults),
        "What the tokens of jobs can do where a workflow does not say.",
    )
    .gives(200, Gives::Object(DEFAULTS)),
    Route::put(
        "/repos/{owner}/{repo}/actions/permissions/workflow",
        WRITE,
        handler!(set_defaults),
        "Sets what the tokens of jobs can do where a workflow does not say.",
    )
    .body(&[
        Field::new("default_workflow_permissions", Kind::Choice(&["read", "write"])),
        Field::new("can_approve_pull_request_reviews", Kind::Boolean),
    ])
    .gives(204, Gives::Nothing),
    Route::get(
        "/repos/{owner}/{repo}/actions/oidc/customization/sub",
        SUBJECT_READ,
        handler!(subject),
        "What the subject of a job's identity token is made of.",
    )
    .gives(200, Gives::Object(&[Field::required("use_default", Kind::Boolean)])),
    Route::put(
        "/repos/{owner}/{repo}/actions/oidc/customization/sub",
        SUBJECT_WRITE,
        handler!(set_subject),
        "Sets what the subject of a job's identity token is made of.",
    )
    .body(&[
        Field::required("use_default", Kind::Boolean),
        Field::new("include_claim_keys", Kind::Array(&Kind::String)),
    ])
    .gives(201, Gives::Object(&[])),
];

/// The names of the settings, as `control` reads them.
pub(crate) const DEFAULT_PERMISSIONS: &str = "default_workflow_permissions";
pub(crate) const APPROVE_PULLS: &str = "can_approve_pull_request_reviews";
pub(crate) const SUBJECT_CLAIMS: &str = "oidc_subject";

/// Claims that a subject can be made of.
const CLAIMS: &[&str] = &[
    "actor",
    "actor_id",
    "base_ref",
    "context",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_type",
    "repo",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
];

async fn get(api: &Api, call: &mut Call) -> Result {
    let repo = call.repo()?;
    let url = format!("{}/actions/permissions/selected-actions", api.forge().urls().repo(&repo.full_name()));
    Ok(Answer::json(json!({
        "enabled": repo.actions_enabled, "allowed_actions": "all", "selected_actions_url": url,
    })))
}

async fn set(api: &Api, call: &mut Call) -> Result {
    let mut repo = call.repo()?.clone();
    repo.actions_enabled = call.flag("enabled").unwrap_or(repo.actions_enabled);
    let details = json!({ "enabled": repo.actions_enabled });
    write(api, call, &repo, "actions.permissions", details).await?;
    Ok(Answer::empty())
}

async fn write(
    api: &Api,
    call: &Call,
    repo: &store::repositories::Repository,
    name: &str,
    details: Value,
) -> Result<()> {
    let mut tx = api.store().begin().await?;
    store::repositories::update(&mut tx, call.repo()?, repo).await?;
    let full_name = repo.full_name();
    let action = Action::new(name, &full_name).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(())
}

async fn defaults(_: &Api, call: &mut Call) -> Result {
    let repo = call.repo()?;
    let level = repo.settings.get(DEFAULT_PERMISSIONS).and_then(Value::as_str).unwrap_or("read");
    Ok(Answer::json(json!({
        "default_workflow_permissions": level,
        "can_approve_pull_request_reviews": repo.setting(APPROVE_PULLS, false),
    })))
}

async fn set_defaults(api: &Api, call: &mut Call) -> Result {
    let mut repo = call.repo()?.clone();
    for name in [DEFAULT_PERMISSIONS, APPROVE_PULLS] {
        if let (Some(value), Some(settings)) = (call.json.get(name), repo.settings.as_object_mut()) {
            settings.insert(name.to_owned(), value.clone());
        }
    }
    write(api, call, &repo, "actions.default_permissions", Value::Object(call.json.clone())).await?;
    Ok(Answer::empty())
}

async fn subject(_: &Api, call: &mut Call) -> Result {
    let claims = call.repo()?.settings.get(SUBJECT_CLAIMS).cloned();
    Ok(Answer::json(match claims {
        Some(claims) => json!({ "use_default": false, "include_claim_keys": claims }),
        None => json!({ "use_default": true }),
    }))
}

async fn set_subject(api: &Api, call: &mut Call) -> Result {
    let mut repo = call.repo()?.clone();
    let claims = call.texts("include_claim_keys").unwrap_or_default();
    if let Some(unknown) = claims.iter().find(|claim| !CLAIMS.contains(&claim.as_str())) {
        return Err(crate::Problem::invalid("include_claim_keys", format!("there is no claim `{unknown}`")));
    }
    if let Some(settings) = repo.settings.as_object_mut() {
        if call.flag("use_default") == Some(true) || claims.is_empty() {
            settings.remove(SUBJECT_CLAIMS);
        } else {
            settings.insert(SUBJECT_CLAIMS.to_owned(), json!(claims));
        }
    }
    write(api, call, &repo, "actions.oidc_subject", Value::Object(call.json.clone())).await?;
    Ok(Answer::created(json!({})))
}
