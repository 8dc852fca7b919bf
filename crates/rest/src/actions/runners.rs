//! Runners, and the tokens with which they register.

use identity::{Action, Level, Permission, Purpose, Role, RunnerScope};
use serde_json::{Value, json};
use store::runners::Runner;

use super::scope;
use crate::route::fields::{RUNNER, RUNNER_TOKEN};
use crate::{Access, Answer, Api, Call, Gives, Param, Problem, Result, Route, handler};

pub(crate) const REPO_READ: Access = Access::repo(Permission::Administration, Level::Read, Role::Admin);
pub(crate) const REPO_WRITE: Access = Access::repo(Permission::Administration, Level::Write, Role::Admin);
pub(crate) const ORG_READ: Access = Access::Org(Permission::OrganizationRunners, Level::Read);
pub(crate) const ORG_WRITE: Access = Access::Org(Permission::OrganizationRunners, Level::Write);

/// A runner that was not heard of for so long is offline, in microseconds.
const SILENCE: i64 = 120 * 1_000_000;
const PARAMS: &[Param] = &[Param::text("name", "Only the runner of this name.")];

macro_rules! group {
    ($base:literal, $read:expr, $write:expr, $of:literal) => {
        [
            Route::get($base, $read, handler!(list), concat!("Runners of ", $of, "."))
                .params(PARAMS)
                .wrapped("runners", RUNNER),
            Route::post(
                concat!($base, "/registration-token"),
                $write,
                handler!(registration_token),
                concat!("A token that registers one runner of ", $of, " within the hour."),
            )
            .gives(201, Gives::Object(RUNNER_TOKEN)),
            Route::post(
                concat!($base, "/remove-token"),
                $write,
                handler!(remove_token),
                concat!("A token that removes one runner of ", $of, " within the hour."),
            )
            .gives(201, Gives::Object(RUNNER_TOKEN)),
            Route::get(concat!($base, "/{runner_id}"), $read, handler!(get), concat!("A runner of ", $of, "."))
                .gives(200, Gives::Object(RUNNER)),
            Route::delete(
                concat!($base, "/{runner_id}"),
                $write,
                handler!(delete),
                concat!("Removes a runner of ", $of, "; its secret is void at once."),
            ),
        ]
    };
}

pub(crate) const REPOSITORY: &[Route] =
    &group!("/repos/{owner}/{repo}/actions/runners", REPO_READ, REPO_WRITE, "a repository");
pub(crate) const ORGANIZATION: &[Route] =
    &group!("/orgs/{org}/actions/runners", ORG_READ, ORG_WRITE, "an organisation");
pub(crate) const SERVER: &[Route] =
    &group!("/admin/actions/runners", Access::SiteAdmin, Access::SiteAdmin, "the server");

/// The labels that a runner has by itself; they cannot be taken from it.
pub(crate) fn own_labels(runner: &Runner) -> [String; 3] {
    ["self-hosted".to_owned(), runner.os.to_lowercase(), runner.arch.to_lowercase()]
}

pub(crate) fn labels(runner: &Runner) -> Vec<String> {
    serde_json::from_str(&runner.labels).unwrap_or_default()
}

pub(crate) fn label_shapes(runner: &Runner) -> Value {
    let own = own_labels(runner);
    let shape = |(index, label): (usize, String)| {
        let kind = if own.contains(&label.to_lowercase()) { "read-only" } else { "custom" };
        json!({ "id": index + 1, "name": label, "type": kind })
    };
    labels(runner).into_iter().enumerate().map(shape).collect()
}

pub(crate) async fn shape(api: &Api, runner: &Runner) -> Result<Value> {
    let busy = store::runners::busy(&mut api.store().read(), runner.id).await?;
    let online = !runner.given_up && (busy || api.store().now() - runner.seen_at < SILENCE);
    Ok(json!({
        "id": runner.id,
        "runner_group_id": runner.group_id,
        "name": runner.name,
        "os": runner.os.to_lowercase(),
        "architecture": runner.arch,
        "version": runner.version,
        "status": if online { "online" } else { "offline" },
        "busy": busy,
        "ephemeral": runner.ephemeral,
        "draining": runner.draining,
        "labels": label_shapes(runner),
    }))
}

/// The runner of `{runner_id}`, which is of the path's scope.
pub(crate) async fn found(api: &Api, call: &Call) -> Result<Runner> {
    let (kind, id) = scope::runners(call).columns();
    let runner = store::runners::by_id(&mut api.store().read(), call.id("runner_id")?).await?;
    runner.filter(|runner| runner.scope == kind && runner.scope_id == id).ok_or_else(Problem::not_found)
}

/// An action on runners, with whose they are.
pub(crate) fn action<'a>(call: &Call, name: &'a str, subject: &'a str) -> Action<'a> {
    let action = Action::new(name, subject);
    match scope::runners(call) {
        RunnerScope::Repository(id) => action.repo(id),
        RunnerScope::Organization(id) => action.org(id),
        RunnerScope::Server => action,
    }
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, (kind, id)) = (call.page(), scope::runners(call).columns());
    let mut found = store::runners::of_scope(&mut api.store().read(), kind, id).await?;
    if let Some(name) = call.query("name") {
        found.retain(|runner| runner.name.eq_ignore_ascii_case(name));
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    for runner in found.iter().skip(page.offset()).take(page.per_page) {
        items.push(shape(api, runner).await?);
    }
    Ok(Answer::wrapped(call, page, "runners", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, &found(api, call).await?).await?))
}

async fn registration_token(api: &Api, call: &mut Call) -> Result {
    token(api, call, Purpose::Register).await
}

async fn remove_token(api: &Api, call: &mut Call) -> Result {
    token(api, call, Purpose::Remove).await
}

async fn token(api: &Api, call: &Call, purpose: Purpose) -> Result {
    let mut tx = api.store().begin().await?;
    let scope = scope::runners(call);
    let (token, expires_at) = api.identity().issue_runner_token(&mut tx, &call.caller, scope, purpose).await?;
    tx.commit().await?;
    let expires_at = forge::shape::at(expires_at);
    Ok(Answer::created(json!({ "token": token.text.as_str(), "expires_at": expires_at })))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let runner = found(api, call).await?;
    if store::runners::busy(&mut api.store().read(), runner.id).await? {
        let message = format!("Runner \"{}\" is running a job and cannot be deleted.", runner.name);
        return Err(Problem::unprocessable(message));
    }
    let mut tx = api.store().begin().await?;
    api.identity().revoke_runner(&mut tx, runner.id).await?;
    store::runners::delete(&mut tx, runner.id).await?;
    api.identity().audit(&mut tx, &call.caller, action(call, "runner.delete", &runner.name)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}
