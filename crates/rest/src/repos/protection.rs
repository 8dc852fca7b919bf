//! Protected branches and tags, as GitHub's API has them.

use forge::protection::{Bypass, Protections, RequiredCheck, RequiredChecks, RequiredReviews, Rules};
use identity::{Action, Level, Permission, Role};
use serde_json::{Map, Value, json};

use crate::route::fields::PROTECTION;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Administration, Level::Read, Role::Admin);
const WRITE: Access = Access::repo(Permission::Administration, Level::Write, Role::Admin);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/branches/{branch}/protection", READ, handler!(get), "Rules of a branch.")
        .gives(200, Gives::Object(PROTECTION)),
    Route::put(
        "/repos/{owner}/{repo}/branches/{branch}/protection",
        WRITE,
        handler!(put),
        "Sets the rules of a branch, or of all branches of a pattern (`release/*`).",
    )
    .body(&[
        Field::nullable("required_status_checks", Kind::Any),
        Field::nullable("enforce_admins", Kind::Boolean),
        Field::nullable("required_pull_request_reviews", Kind::Any),
        Field::nullable("restrictions", Kind::Any),
        Field::nullable("required_linear_history", Kind::Boolean),
        Field::nullable("allow_force_pushes", Kind::Boolean),
        Field::nullable("allow_deletions", Kind::Boolean),
        Field::nullable("block_creations", Kind::Boolean),
        Field::nullable("required_conversation_resolution", Kind::Boolean),
        Field::nullable("lock_branch", Kind::Boolean),
    ])
    .gives(200, Gives::Object(PROTECTION)),
    Route::delete(
        "/repos/{owner}/{repo}/branches/{branch}/protection",
        WRITE,
        handler!(delete),
        "Takes the rules off a branch.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/branches/{branch}/protection/required_status_checks",
        READ,
        handler!(checks),
        "Required checks of a branch.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/tags/protection",
        READ,
        handler!(tags),
        "Patterns of tags that are neither moved nor deleted.",
    )
    .gives(200, Gives::List(&[])),
    Route::post(
        "/repos/{owner}/{repo}/tags/protection",
        WRITE,
        handler!(protect_tags),
        "Protects the tags of a pattern.",
    )
    .body(&[Field::required("pattern", Kind::String)]),
    Route::delete(
        "/repos/{owner}/{repo}/tags/protection/{id}",
        WRITE,
        handler!(unprotect_tags),
        "Takes the protection off the tags of a pattern.",
    ),
];

/// What lists of branches say of their rules.
pub(super) fn summary(rules: Option<&Rules>) -> Value {
    let checks = rules.and_then(|rules| rules.required_checks.as_ref());
    let contexts: Vec<&str> = checks.iter().flat_map(|c| &c.checks).map(|check| check.context.as_str()).collect();
    let level = match (checks.is_some(), rules.is_some_and(|rules| rules.enforce_admins)) {
        (false, _) => "off",
        (true, false) => "non_admins",
        (true, true) => "everyone",
    };
    json!({
        "enabled": rules.is_some(),
        "required_status_checks": {
            "enforcement_level": level,
            "contexts": contexts,
            "checks": checks.iter().flat_map(|checks| &checks.checks).map(check_shape).collect::<Vec<_>>(),
        },
    })
}

/// A required check, with the id of the application that it must come from.
fn check_shape(check: &RequiredCheck) -> Value {
    json!({ "context": check.context, "app_id": check.app.as_ref().map(|_| ACTIONS_APP_ID) })
}

/// GitHub's id of GitHub Actions: the one application that there is here.
const ACTIONS_APP_ID: i64 = 15368;

async fn rules(api: &Api, call: &Call) -> Result<Rules> {
    let repository = call.repo()?;
    let branch = call.param("branch");
    let protections = Protections::of(api.forge(), repository).await?;
    let found = protections.of_ref(&format!("refs/heads/{branch}"));
    let not = || Problem::new(axum::http::StatusCode::NOT_FOUND, "Branch not protected");
    found.map(|(_, rules)| rules.clone()).ok_or_else(not)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let rules = rules(api, call).await?;
    Ok(Answer::json(shape(api, call, &rules).await?))
}

async fn checks(api: &Api, call: &mut Call) -> Result {
    let rules = rules(api, call).await?;
    let shape = shape(api, call, &rules).await?;
    shape.get("required_status_checks").cloned().map(Answer::json).ok_or_else(Problem::not_found)
}

async fn shape(api: &Api, call: &Call, rules: &Rules) -> Result<Value> {
    let base = api.forge().urls().repo(&call.repo()?.full_name());
    let url = format!("{base}/branches/{}/protection", call.param("branch"));
    let enabled = |on: bool| json!({ "enabled": on });
    let mut shape = json!({
        "url": url,
        "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": rules.enforce_admins },
        "required_linear_history": enabled(rules.linear_history),
        "allow_force_pushes": enabled(rules.allow_force_pushes),
        "allow_deletions": enabled(rules.allow_deletions),
        "block_creations": enabled(rules.block_creations),
        "required_conversation_resolution": enabled(rules.conversation_resolution),
        "lock_branch": enabled(rules.lock_branch),
        "allow_fork_syncing": enabled(false),
        "required_signatures": { "url": format!("{url}/required_signatures"), "enabled": false },
    });
    if let Some(checks) = &rules.required_checks {
        let list: Vec<Value> = checks.checks.iter().map(check_shape).collect();
        shape["required_status_checks"] = json!({
            "url": format!("{url}/required_status_checks"),
            "strict": checks.strict,
            "contexts": checks.checks.iter().map(|check| &check.context).collect::<Vec<_>>(),
            "contexts_url": format!("{url}/required_status_checks/contexts"),
            "checks": list,
        });
    }
    if let Some(reviews) = &rules.required_reviews {
        shape["required_pull_request_reviews"] = json!({
            "url": format!("{url}/required_pull_request_reviews"),
            "dismiss_stale_reviews": reviews.dismiss_stale,
            "require_code_owner_reviews": reviews.code_owners,
            "required_approving_review_count": reviews.approvals,
            "require_last_push_approval": reviews.last_push,
            "bypass_pull_request_allowances": actors(api, &reviews.bypass).await?,
        });
    }
    if let Some(push) = &rules.push {
        let mut restrictions = actors(api, push).await?;
        restrictions["url"] = format!("{url}/restrictions").into();
        shape["restrictions"] = restrictions;
    }
    Ok(shape)
}

async fn actors(api: &Api, bypass: &Bypass) -> Result<Value> {
    let mut shape = api.forge().shape();
    let (mut users, mut teams) = (Vec::new(), Vec::new());
    for id in &bypass.users {
        users.push(shape.user(*id).await?);
    }
    for id in &bypass.teams {
        if let Some(team) = store::teams::by_id(&mut api.store().read(), *id).await? {
            teams.push(json!({ "id": team.id, "name": team.name, "slug": team.slug }));
        }
    }
    Ok(json!({ "users": users, "teams": teams, "apps": [] }))
}

async fn put(api: &Api, call: &mut Call) -> Result {
    let rules = read(api, call).await?;
    let repository = call.repo()?;
    let value = serde_json::to_value(&rules).map_err(|error| Problem::internal(error.to_string()))?;
    let mut tx = api.store().begin().await?;
    store::protection::put(&mut tx, repository.id, "branch", call.param("branch"), &value).await?;
    let action = Action::new("protection.put", call.param("branch")).repo(repository.id).details(value);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::json(shape(api, call, &rules).await?))
}

/// Rules from GitHub's body.
async fn read(api: &Api, call: &Call) -> Result<Rules> {
    let flag = |name: &str| call.flag(name).unwrap_or(false);
    let mut rules = Rules {
        conversation_resolution: flag("required_conversation_resolution"),
        enforce_admins: flag("enforce_admins"),
        linear_history: flag("required_linear_history"),
        allow_force_pushes: flag("allow_force_pushes"),
        allow_deletions: flag("allow_deletions"),
        block_creations: flag("block_creations"),
        lock_branch: flag("lock_branch"),
        ..Rules::default()
    };
    if let Some(checks) = object(call, "required_status_checks")? {
        let list = required_checks(checks)?;
        let strict = checks.get("strict").and_then(Value::as_bool).unwrap_or(false);
        rules.required_checks = Some(RequiredChecks { strict, checks: list });
    }
    if let Some(reviews) = object(call, "required_pull_request_reviews")? {
        let on = |name: &str| reviews.get(name).and_then(Value::as_bool).unwrap_or(false);
        let approvals = reviews.get("required_approving_review_count").and_then(Value::as_u64).unwrap_or(1);
        let approvals = u32::try_from(approvals).ok().filter(|count| *count <= 6);
        let bypass = match reviews.get("bypass_pull_request_allowances").and_then(Value::as_object) {
            Some(bypass) => named(api, call, bypass).await?,
            None => Bypass::default(),
        };
        rules.required_reviews = Some(RequiredReviews {
            approvals: approvals
                .ok_or_else(|| Problem::invalid("required_approving_review_count", "a number from 0 to 6"))?,
            dismiss_stale: on("dismiss_stale_reviews"),
            code_owners: on("require_code_owner_reviews"),
            last_push: on("require_last_push_approval"),
            bypass,
        });
    }
    if let Some(restrictions) = object(call, "restrictions")? {
        rules.push = Some(named(api, call, restrictions).await?);
    }
    Ok(rules)
}

/// `checks` with their applications, and `contexts`, which are the same without.
fn required_checks(checks: &Map<String, Value>) -> Result<Vec<RequiredCheck>> {
    let values = |name: &str| checks.get(name).and_then(Value::as_array).into_iter().flatten();
    let mut list: Vec<RequiredCheck> = Vec::new();
    for check in values("checks") {
        let app = match check.get("app_id") {
            None | Some(Value::Null) => None,
            Some(id) if id.as_i64() == Some(-1) => None,
            Some(id) if id.as_i64() == Some(ACTIONS_APP_ID) => Some(forge::checks::ACTIONS_APP.to_owned()),
            Some(id) => {
                let message =
                    format!("there is no application {id} here: {ACTIONS_APP_ID} is GitHub Actions, -1 or null is any");
                return Err(Problem::invalid("app_id", message));
            }
        };
        let context = check.get("context").and_then(Value::as_str).unwrap_or_default().to_owned();
        list.push(RequiredCheck { context, app });
    }
    for context in values("contexts").filter_map(Value::as_str) {
        if !list.iter().any(|known| known.context == context) {
            list.push(RequiredCheck { context: context.to_owned(), app: None });
        }
    }
    if list.iter().any(|check| check.context.is_empty()) {
        return Err(Problem::invalid("required_status_checks", "a check has a name"));
    }
    Ok(list)
}

fn object<'c>(call: &'c Call, name: &str) -> Result<Option<&'c Map<String, Value>>> {
    match call.json.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(Problem::invalid(name, "an object or null is expected")),
    }
}

/// Accounts and teams by their names.
async fn named(api: &Api, call: &Call, map: &Map<String, Value>) -> Result<Bypass> {
    let texts = |name: &str| -> Vec<String> {
        let list = map.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut bypass = Bypass::default();
    for login in texts("users") {
        let user = store::users::by_login(&mut api.store().read(), &login).await?;
        bypass.users.push(user.ok_or_else(|| Problem::invalid("users", format!("there is no user {login}")))?.id);
    }
    for slug in texts("teams") {
        let team = store::teams::by_slug(&mut api.store().read(), call.repo()?.owner_id, &slug).await?;
        bypass.teams.push(team.ok_or_else(|| Problem::invalid("teams", format!("there is no team {slug}")))?.id);
    }
    Ok(bypass)
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let (repository, branch) = (call.repo()?, call.param("branch"));
    let protections = Protections::of(api.forge(), repository).await?;
    let Some((row, _)) = protections.of_ref(&format!("refs/heads/{branch}")) else {
        return Err(Problem::new(axum::http::StatusCode::NOT_FOUND, "Branch not protected"));
    };
    // A rule for many branches is not taken off all of them in the name of one.
    if row.pattern != branch {
        let text =
            format!("The branch is protected by the rule for `{}`; delete that rule by its pattern.", row.pattern);
        return Err(Problem::conflict(text));
    }
    remove(api, call, row.id, branch).await
}

async fn remove(api: &Api, call: &Call, id: i64, subject: &str) -> Result {
    let repository = call.repo()?;
    let mut tx = api.store().begin().await?;
    if !store::protection::delete(&mut tx, repository.id, id).await? {
        return Err(Problem::not_found());
    }
    let action = Action::new("protection.delete", subject).repo(repository.id);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn tags(api: &Api, call: &mut Call) -> Result {
    let rows = store::protection::of_repository(&mut api.store().read(), call.repo()?.id).await?;
    let items: Vec<Value> = rows
        .iter()
        .filter(|row| row.target == "tag")
        .map(|row| json!({ "id": row.id, "pattern": row.pattern, "enabled": true }))
        .collect();
    Ok(Answer::json(items))
}

async fn protect_tags(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let pattern = call.required("pattern")?;
    if pattern.is_empty() || pattern.len() > 255 {
        return Err(Problem::invalid("pattern", "a pattern has 1 to 255 bytes"));
    }
    let rules = serde_json::to_value(Rules::default()).map_err(|error| Problem::internal(error.to_string()))?;
    let mut tx = api.store().begin().await?;
    let id = store::protection::put(&mut tx, repository.id, "tag", pattern, &rules).await?;
    let action = Action::new("protection.put", pattern).repo(repository.id);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::created(json!({ "id": id, "pattern": pattern, "enabled": true })))
}

async fn unprotect_tags(api: &Api, call: &mut Call) -> Result {
    let id = call.id("id")?;
    remove(api, call, id, call.param("id")).await
}
