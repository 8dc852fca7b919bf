//! Groups of runners in an organisation: which repositories they work for.

use identity::Action;
use serde_json::{Value, json};
use store::runners::Group;

use super::runners::{ORG_READ, ORG_WRITE};
use crate::route::fields::{RUNNER, RUNNER_GROUP};
use crate::{Answer, Api, Call, Field, FieldError, Gives, Kind, Problem, Result, Route, handler};

const BODY: &[Field] = &[
    Field::new("name", Kind::String),
    Field::new("visibility", Kind::Choice(&["all", "selected"])),
    Field::new("selected_repository_ids", Kind::Array(&Kind::Integer)),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/orgs/{org}/actions/runner-groups", ORG_READ, handler!(list), "Groups of runners.")
        .wrapped("runner_groups", RUNNER_GROUP),
    Route::post("/orgs/{org}/actions/runner-groups", ORG_WRITE, handler!(create), "Makes a group of runners.")
        .body(BODY)
        .gives(201, Gives::Object(RUNNER_GROUP)),
    Route::get("/orgs/{org}/actions/runner-groups/{runner_group_id}", ORG_READ, handler!(get), "A group of runners.")
        .gives(200, Gives::Object(RUNNER_GROUP)),
    Route::patch(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}",
        ORG_WRITE,
        handler!(update),
        "Changes a group of runners.",
    )
    .body(BODY)
    .gives(200, Gives::Object(RUNNER_GROUP)),
    Route::delete(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}",
        ORG_WRITE,
        handler!(delete),
        "Deletes a group that has no runner.",
    ),
    Route::get(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories",
        ORG_READ,
        handler!(repositories),
        "Repositories that a group works for.",
    )
    .wrapped("repositories", &[]),
    Route::put(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories",
        ORG_WRITE,
        handler!(set_repositories),
        "Sets the repositories that a group works for.",
    )
    .body(&[Field::required("selected_repository_ids", Kind::Array(&Kind::Integer))])
    .gives(204, Gives::Nothing),
    Route::get(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners",
        ORG_READ,
        handler!(runners),
        "Runners of a group.",
    )
    .wrapped("runners", RUNNER),
];

fn shape(api: &Api, org: &str, group: &Group) -> Value {
    let url = format!("{}/orgs/{org}/actions/runner-groups/{}", api.forge().urls().api, group.id);
    json!({
        "id": group.id,
        "name": group.name,
        "visibility": group.visibility,
        "default": group.name.eq_ignore_ascii_case("default"),
        "selected_repositories_url": format!("{url}/repositories"),
        "runners_url": format!("{url}/runners"),
        "inherited": false,
        "allows_public_repositories": true,
    })
}

async fn found(api: &Api, call: &Call) -> Result<Group> {
    let group = store::runners::group(&mut api.store().read(), call.id("runner_group_id")?).await?;
    let org = call.org()?.id;
    group.filter(|group| group.scope == "organization" && group.scope_id == org).ok_or_else(Problem::not_found)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, org) = (call.page(), call.org()?);
    let groups = store::runners::groups(&mut api.store().read(), "organization", org.id).await?;
    let total = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    let items = groups.iter().skip(page.offset()).map(|group| shape(api, &org.login, group)).collect();
    Ok(Answer::wrapped(call, page, "runner_groups", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, &call.org()?.login, &found(api, call).await?)))
}

fn check_name(name: &str) -> Result<()> {
    if name.trim().is_empty() || name.len() > 100 {
        return Err(Problem::invalid("name", "a group's name has 1 to 100 characters"));
    }
    Ok(())
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let (org, name) = (call.org()?, call.required("name")?);
    check_name(name)?;
    let ids = super::selected::checked(api, call).await?;
    let visibility = call.text("visibility").unwrap_or("all");
    let mut tx = api.store().begin().await?;
    let groups = store::runners::groups(&mut tx, "organization", org.id).await?;
    if groups.iter().any(|group| group.name.eq_ignore_ascii_case(name)) {
        return Err(Problem::validation(vec![FieldError::exists("RunnerGroup", "name")]));
    }
    let group = store::runners::put_group(&mut tx, "organization", org.id, name, visibility).await?;
    store::runners::set_group_repos(&mut tx, group.id, visibility, &ids).await?;
    api.identity().audit(&mut tx, &call.caller, Action::new("runner_group.create", name).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::created(shape(api, &org.login, &group)))
}

async fn update(api: &Api, call: &mut Call) -> Result {
    let (org, mut group) = (call.org()?, found(api, call).await?);
    let mut tx = api.store().begin().await?;
    if let Some(name) = call.text("name") {
        check_name(name)?;
        store::runners::rename_group(&mut tx, group.id, name).await.map_err(|error| {
            if error.is_taken() {
                Problem::validation(vec![FieldError::exists("RunnerGroup", "name")])
            } else {
                error.into()
            }
        })?;
        name.clone_into(&mut group.name);
    }
    if let Some(visibility) = call.text("visibility") {
        let ids = if call.json.contains_key("selected_repository_ids") {
            super::selected::checked(api, call).await?
        } else {
            store::runners::group_repos(&mut tx, group.id).await?
        };
        store::runners::set_group_repos(&mut tx, group.id, visibility, &ids).await?;
        visibility.clone_into(&mut group.visibility);
    }
    api.identity().audit(&mut tx, &call.caller, Action::new("runner_group.update", &group.name).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::json(shape(api, &org.login, &group)))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let (org, group) = (call.org()?, found(api, call).await?);
    let mut tx = api.store().begin().await?;
    if !store::runners::delete_group(&mut tx, group.id).await? {
        return Err(Problem::conflict("The group has runners: remove them first."));
    }
    api.identity().audit(&mut tx, &call.caller, Action::new("runner_group.delete", &group.name).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn repositories(api: &Api, call: &mut Call) -> Result {
    let (page, group) = (call.page(), found(api, call).await?);
    let ids = store::runners::group_repos(&mut api.store().read(), group.id).await?;
    let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let mut shapes = api.forge().shape();
    let mut items = Vec::new();
    for id in ids.into_iter().skip(page.offset()).take(page.per_page) {
        items.push(shapes.repository_by_id(id).await?);
    }
    Ok(Answer::wrapped(call, page, "repositories", items, total))
}

async fn set_repositories(api: &Api, call: &mut Call) -> Result {
    let (org, group) = (call.org()?, found(api, call).await?);
    let ids = super::selected::checked(api, call).await?;
    let mut tx = api.store().begin().await?;
    store::runners::set_group_repos(&mut tx, group.id, "selected", &ids).await?;
    let action = Action::new("runner_group.update", &group.name).org(org.id).details(json!({ "repositories": ids }));
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn runners(api: &Api, call: &mut Call) -> Result {
    let (page, group, org) = (call.page(), found(api, call).await?, call.org()?);
    let mut found = store::runners::of_scope(&mut api.store().read(), "organization", org.id).await?;
    found.retain(|runner| runner.group_id == group.id);
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    for runner in found.iter().skip(page.offset()).take(page.per_page) {
        items.push(super::runners::shape(api, runner).await?);
    }
    Ok(Answer::wrapped(call, page, "runners", items, total))
}
