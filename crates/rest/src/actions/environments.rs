//! Environments and their protection rules.

use axum::http::StatusCode;
use identity::{Action, Level, Permission, Role};
use serde_json::{Value, json};
use store::environments::{Environment, Reviewer};

use super::scope::environment;
use crate::route::fields::{BRANCH_POLICY, ENVIRONMENT};
use crate::{Access, Answer, Api, Call, Field, FieldError, Gives, Kind, Problem, Result, Route, handler};

pub(crate) const READ: Access = Access::repo(Permission::Environments, Level::Read, Role::Read);
pub(crate) const WRITE: Access = Access::repo(Permission::Environments, Level::Write, Role::Admin);

const REVIEWER: &[Field] =
    &[Field::required("type", Kind::Choice(&["User", "Team"])), Field::required("id", Kind::Integer)];
const POLICY: &[Field] =
    &[Field::required("protected_branches", Kind::Boolean), Field::required("custom_branch_policies", Kind::Boolean)];
const NAME: &[Field] = &[Field::required("name", Kind::String), Field::new("type", Kind::Choice(&["branch", "tag"]))];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/environments", READ, handler!(list), "Environments of a repository.")
        .wrapped("environments", ENVIRONMENT),
    Route::get(
        "/repos/{owner}/{repo}/environments/{environment_name}",
        READ,
        handler!(get),
        "An environment with its rules.",
    )
    .gives(200, Gives::Object(ENVIRONMENT)),
    Route::put(
        "/repos/{owner}/{repo}/environments/{environment_name}",
        WRITE,
        handler!(put),
        "Makes an environment or sets its rules.",
    )
    .body(&[
        Field::new("wait_timer", Kind::Integer),
        Field::new("prevent_self_review", Kind::Boolean),
        Field::new("can_admins_bypass", Kind::Boolean),
        Field::nullable("reviewers", Kind::Array(&Kind::Object(REVIEWER))),
        Field::new("required_approvals", Kind::Integer),
        Field::nullable("deployment_branch_policy", Kind::Object(POLICY)),
    ])
    .gives(200, Gives::Object(ENVIRONMENT)),
    Route::delete(
        "/repos/{owner}/{repo}/environments/{environment_name}",
        WRITE,
        handler!(delete),
        "Deletes an environment with its secrets and variables.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies",
        READ,
        handler!(policies),
        "Branches and tags that may be deployed to an environment.",
    )
    .wrapped("branch_policies", BRANCH_POLICY),
    Route::post(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies",
        WRITE,
        handler!(add_policy),
        "Lets branches or tags of a pattern be deployed to an environment.",
    )
    .body(NAME)
    .gives(200, Gives::Object(BRANCH_POLICY)),
    Route::get(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies/{branch_policy_id}",
        READ,
        handler!(policy),
        "A pattern of branches or tags.",
    )
    .gives(200, Gives::Object(BRANCH_POLICY)),
    Route::delete(
        "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies/{branch_policy_id}",
        WRITE,
        handler!(delete_policy),
        "Deletes a pattern of branches or tags.",
    ),
];

/// The most reviewers of an environment, as on GitHub.
const MOST_REVIEWERS: usize = 6;
/// The longest wait timer: 30 days, in minutes.
const LONGEST_WAIT: i64 = 43_200;

pub(crate) async fn shape(api: &Api, full_name: &str, environment: &Environment) -> Result<Value> {
    let mut query = api.store().read();
    let urls = api.forge().urls();
    let mut rules = Vec::new();
    let id = |kind: i64| environment.id * 10 + kind;
    if environment.wait_minutes > 0 {
        rules.push(json!({ "id": id(1), "type": "wait_timer", "wait_timer": environment.wait_minutes }));
    }
    let reviewers = store::environments::reviewers(&mut query, environment.id).await?;
    if !reviewers.is_empty() {
        let mut shapes = Vec::new();
        for reviewer in &reviewers {
            shapes.push(reviewer_shape(api, reviewer).await?);
        }
        rules.push(json!({
            "id": id(2),
            "type": "required_reviewers",
            "prevent_self_review": environment.prevent_self_review,
            "required_approvals": environment.approvals,
            "reviewers": shapes,
        }));
    }
    let branch_policy = match environment.branch_policy.as_str() {
        "protected" => json!({ "protected_branches": true, "custom_branch_policies": false }),
        "custom" => json!({ "protected_branches": false, "custom_branch_policies": true }),
        _ => Value::Null,
    };
    if !branch_policy.is_null() {
        rules.push(json!({ "id": id(3), "type": "branch_policy" }));
    }
    for gate in store::environments::custom_gates(&mut query, environment.id).await? {
        rules.push(json!({ "id": gate.id, "type": "custom", "name": gate.name, "enabled": gate.enabled }));
    }
    let name = crate::edge::page::encode(&environment.name);
    Ok(json!({
        "id": environment.id,
        "node_id": forge::ids::node_id("Environment", environment.id),
        "name": environment.name,
        "url": format!("{}/environments/{name}", urls.repo(full_name)),
        "html_url": format!("{}/deployments/{name}", urls.page(full_name)),
        "created_at": forge::shape::at(environment.created_at),
        "updated_at": forge::shape::at(environment.updated_at),
        "can_admins_bypass": environment.admins_bypass,
        "protection_rules": rules,
        "deployment_branch_policy": branch_policy,
    }))
}

/// `{"type": "User", "reviewer": {…}}`
pub(crate) async fn reviewer_shape(api: &Api, reviewer: &Reviewer) -> Result<Value> {
    let shape = if reviewer.kind == "Team" {
        let mut query = api.store().read();
        match store::teams::by_id(&mut query, reviewer.reviewer_id).await? {
            Some(team) => {
                let org = store::users::by_id(&mut query, team.org_id).await?;
                crate::teams::shape(api, org.as_ref().map_or("", |org| &org.login), &team, None)
            }
            None => Value::Null,
        }
    } else {
        api.forge().shape().user(reviewer.reviewer_id).await?
    };
    Ok(json!({ "type": reviewer.kind, "reviewer": shape }))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let found = store::environments::of_repo(&mut api.store().read(), repo.id).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    for environment in found.iter().skip(page.offset()).take(page.per_page) {
        items.push(shape(api, &repo.full_name(), environment).await?);
    }
    Ok(Answer::wrapped(call, page, "environments", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let environment = environment(api, call).await?;
    Ok(Answer::json(shape(api, &call.repo()?.full_name(), &environment).await?))
}

fn check_name(name: &str) -> Result<()> {
    let wrong = name.trim().is_empty() || name.chars().count() > 255 || name.chars().any(char::is_control);
    if wrong {
        Err(Problem::invalid("environment_name", "a name has 1 to 255 characters and no control characters"))
    } else {
        Ok(())
    }
}

/// Who of `reviewers` is there and sees the repository.
async fn reviewers(api: &Api, call: &Call) -> Result<Option<Vec<Reviewer>>> {
    let Some(value) = call.json.get("reviewers") else { return Ok(None) };
    let items = value.as_array().cloned().unwrap_or_default();
    if items.len() > MOST_REVIEWERS {
        return Err(Problem::invalid("reviewers", format!("there are {MOST_REVIEWERS} reviewers at most")));
    }
    let (repo, mut query) = (call.repo_ref()?, api.store().read());
    let mut reviewers: Vec<Reviewer> = Vec::new();
    for item in items {
        let kind = item["type"].as_str().unwrap_or("User").to_owned();
        let reviewer_id = item["id"].as_i64().unwrap_or_default();
        let known = if kind == "Team" {
            store::teams::by_id(&mut query, reviewer_id).await?.is_some_and(|team| team.org_id == repo.owner_id)
        } else {
            store::users::by_id(&mut query, reviewer_id).await?.is_some_and(|user| user.kind == "User")
                && api.identity().role_of_user(reviewer_id, &repo).await? >= Role::Read
        };
        if !known {
            let message = format!("there is no {} {reviewer_id} who reads this repository", kind.to_lowercase());
            return Err(Problem::invalid("reviewers", message));
        }
        let reviewer = Reviewer { kind, reviewer_id };
        if !reviewers.contains(&reviewer) {
            reviewers.push(reviewer);
        }
    }
    Ok(Some(reviewers))
}

async fn put(api: &Api, call: &mut Call) -> Result {
    let (repo, name) = (call.repo()?, call.param("environment_name"));
    check_name(name)?;
    let reviewers = reviewers(api, call).await?;
    let mut tx = api.store().begin().await?;
    let mut environment = store::environments::put(&mut tx, repo.id, name).await?;
    if let Some(minutes) = call.integer("wait_timer") {
        if !(0..=LONGEST_WAIT).contains(&minutes) {
            return Err(Problem::invalid("wait_timer", format!("a wait has 0 to {LONGEST_WAIT} minutes")));
        }
        environment.wait_minutes = minutes;
    }
    environment.prevent_self_review = call.flag("prevent_self_review").unwrap_or(environment.prevent_self_review);
    environment.admins_bypass = call.flag("can_admins_bypass").unwrap_or(environment.admins_bypass);
    if let Some(reviewers) = &reviewers {
        store::environments::set_reviewers(&mut tx, environment.id, reviewers).await?;
        environment.approvals = environment.approvals.max(1);
    }
    let count = store::environments::reviewers(&mut tx, environment.id).await?;
    environment.approvals =
        if count.is_empty() { 0 } else { call.integer("required_approvals").unwrap_or(environment.approvals) };
    // A team may have more people than the list has entries.
    let teams = count.iter().any(|reviewer| reviewer.kind == "Team");
    let most = if teams { 100 } else { i64::try_from(count.len()).unwrap_or(0) };
    if (environment.approvals < 1 && !count.is_empty()) || environment.approvals > most {
        return Err(Problem::invalid(
            "required_approvals",
            format!("expected 1 to {most}, as many as there are reviewers"),
        ));
    }
    if let Some(policy) = call.json.get("deployment_branch_policy") {
        let flag = |name: &str| policy[name].as_bool().unwrap_or(false);
        environment.branch_policy = match (flag("protected_branches"), flag("custom_branch_policies")) {
            _ if policy.is_null() => "all",
            (true, false) => "protected",
            (false, true) => "custom",
            _ => {
                let message = "exactly one of `protected_branches` and `custom_branch_policies` is true";
                return Err(Problem::invalid("deployment_branch_policy", message));
            }
        }
        .to_owned();
    }
    store::environments::update(&mut tx, &environment).await?;
    let details = json!({
        "wait_timer": environment.wait_minutes,
        "required_approvals": environment.approvals,
        "prevent_self_review": environment.prevent_self_review,
        "branch_policy": environment.branch_policy,
    });
    let action = Action::new("environment.put", name).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    // Jobs that wait are looked at again under the new rules.
    tx.wake(store::Topic::Timers);
    tx.commit().await?;
    Ok(Answer::json(shape(api, &repo.full_name(), &environment).await?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let (repo, environment) = (call.repo()?, environment(api, call).await?);
    let mut tx = api.store().begin().await?;
    store::environments::delete(&mut tx, environment.id).await?;
    store::secrets::delete_scope(&mut tx, "environment", environment.id).await?;
    let action = Action::new("environment.delete", &environment.name).repo(repo.id);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty_with(StatusCode::NO_CONTENT))
}

fn policy_shape(policy: &store::environments::Policy) -> Value {
    json!({
        "id": policy.id,
        "node_id": forge::ids::node_id("BranchPolicy", policy.id),
        "name": policy.pattern,
        "type": policy.kind,
    })
}

async fn policies(api: &Api, call: &mut Call) -> Result {
    let (page, environment) = (call.page(), environment(api, call).await?);
    let found = store::environments::policies(&mut api.store().read(), environment.id).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = found.iter().skip(page.offset()).map(policy_shape).collect();
    Ok(Answer::wrapped(call, page, "branch_policies", items, total))
}

async fn add_policy(api: &Api, call: &mut Call) -> Result {
    let (repo, environment) = (call.repo()?, environment(api, call).await?);
    if environment.branch_policy != "custom" {
        return Err(Problem::not_found());
    }
    let (name, kind) = (call.required("name")?, call.text("type").unwrap_or("branch"));
    if name.is_empty() || name.len() > 255 {
        return Err(Problem::invalid("name", "a pattern has 1 to 255 characters"));
    }
    let mut tx = api.store().begin().await?;
    let id = store::environments::insert_policy(&mut tx, environment.id, kind, name).await.map_err(|error| {
        if error.is_taken() {
            Problem::validation(vec![FieldError::exists("BranchPolicy", "name")])
        } else {
            error.into()
        }
    })?;
    let details = json!({ "pattern": name, "type": kind });
    let action = Action::new("environment.policy.add", &environment.name).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    let policy = store::environments::Policy { id, kind: kind.to_owned(), pattern: name.to_owned() };
    Ok(Answer::json(policy_shape(&policy)))
}

async fn policy(api: &Api, call: &mut Call) -> Result {
    let (environment, id) = (environment(api, call).await?, call.id("branch_policy_id")?);
    let found = store::environments::policies(&mut api.store().read(), environment.id).await?;
    let policy = found.iter().find(|policy| policy.id == id).ok_or_else(Problem::not_found)?;
    Ok(Answer::json(policy_shape(policy)))
}

async fn delete_policy(api: &Api, call: &mut Call) -> Result {
    let (repo, environment, id) = (call.repo()?, environment(api, call).await?, call.id("branch_policy_id")?);
    let mut tx = api.store().begin().await?;
    if !store::environments::delete_policy(&mut tx, environment.id, id).await? {
        return Err(Problem::not_found());
    }
    let action = Action::new("environment.policy.remove", &environment.name).repo(repo.id);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}
