//! Variables of workflows.

use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::variables::Variable;

use super::scope;
use crate::route::fields::VARIABLE;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const REPO_READ: Access = Access::repo(Permission::Variables, Level::Read, Role::Write);
const REPO_WRITE: Access = Access::repo(Permission::Variables, Level::Write, Role::Admin);
const ENVIRONMENT_READ: Access = Access::repo(Permission::Environments, Level::Read, Role::Write);
const ENVIRONMENT_WRITE: Access = Access::repo(Permission::Environments, Level::Write, Role::Admin);
const ORG_READ: Access = Access::Org(Permission::OrganizationVariables, Level::Read);
const ORG_WRITE: Access = Access::Org(Permission::OrganizationVariables, Level::Write);

const NEW: &[Field] = &[Field::required("name", Kind::String), Field::required("value", Kind::String)];
const NEW_FOR_ORG: &[Field] = &[
    Field::required("name", Kind::String),
    Field::required("value", Kind::String),
    Field::required("visibility", Kind::Choice(&["all", "private", "selected"])),
    Field::new("selected_repository_ids", Kind::Array(&Kind::Integer)),
];
const CHANGED: &[Field] = &[
    Field::new("name", Kind::String),
    Field::new("value", Kind::String),
    Field::new("visibility", Kind::Choice(&["all", "private", "selected"])),
    Field::new("selected_repository_ids", Kind::Array(&Kind::Integer)),
];

macro_rules! group {
    ($base:literal, $read:expr, $write:expr, $new:expr, $of:literal) => {
        [
            Route::get($base, $read, handler!(list), concat!("Variables of ", $of, ".")).wrapped("variables", VARIABLE),
            Route::post($base, $write, handler!(create), concat!("Makes a variable of ", $of, ".")).body($new),
            Route::get(concat!($base, "/{name}"), $read, handler!(get), concat!("A variable of ", $of, "."))
                .gives(200, Gives::Object(VARIABLE)),
            Route::patch(
                concat!($base, "/{name}"),
                $write,
                handler!(update),
                concat!("Changes a variable of ", $of, "."),
            )
            .body(CHANGED)
            .gives(204, Gives::Nothing),
            Route::delete(
                concat!($base, "/{name}"),
                $write,
                handler!(delete),
                concat!("Deletes a variable of ", $of, "."),
            ),
        ]
    };
}

pub(crate) const REPOSITORY: &[Route] =
    &group!("/repos/{owner}/{repo}/actions/variables", REPO_READ, REPO_WRITE, NEW, "a repository");
pub(crate) const ENVIRONMENT: &[Route] = &group!(
    "/repos/{owner}/{repo}/environments/{environment_name}/variables",
    ENVIRONMENT_READ,
    ENVIRONMENT_WRITE,
    NEW,
    "an environment"
);
pub(crate) const ORGANIZATION: &[Route] =
    &group!("/orgs/{org}/actions/variables", ORG_READ, ORG_WRITE, NEW_FOR_ORG, "an organisation");
pub(crate) const OTHERS: &[Route] = &[Route::get(
    "/repos/{owner}/{repo}/actions/organization-variables",
    REPO_READ,
    handler!(of_organization),
    "Variables of the organisation that reach the repository.",
)
.wrapped("variables", VARIABLE)];

fn shape(api: &Api, call: &Call, variable: &Variable) -> Value {
    let mut value = json!({
        "name": variable.name,
        "value": variable.value,
        "created_at": forge::shape::at(variable.created_at),
        "updated_at": forge::shape::at(variable.updated_at),
    });
    if let (Ok(org), Some(object)) = (call.org(), value.as_object_mut()) {
        object.insert("visibility".to_owned(), variable.visibility.as_str().into());
        if variable.visibility == "selected" {
            let base = &api.forge().urls().api;
            let url = format!("{base}/orgs/{}/actions/variables/{}/repositories", org.login, variable.name);
            object.insert("selected_repositories_url".to_owned(), url.into());
        }
    }
    value
}

async fn named(api: &Api, call: &Call, scope: identity::SecretScope) -> Result<Variable> {
    let (kind, id) = scope.columns();
    let name = call.param("name").to_ascii_uppercase();
    let found = store::variables::by_name(&mut api.store().read(), kind, id, &name).await?;
    found.ok_or_else(Problem::not_found)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, scope) = (call.page(), scope::secrets(api, call).await?);
    let (kind, id) = scope.columns();
    let mut query = api.store().read();
    let found = store::variables::list(&mut query, kind, id, page.sql_offset(), page.sql_limit()).await?;
    let total = store::variables::count(&mut query, kind, id).await?;
    let items = found.iter().map(|variable| shape(api, call, variable)).collect();
    Ok(Answer::wrapped(call, page, "variables", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    Ok(Answer::json(shape(api, call, &named(api, call, scope).await?)))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    let selected = super::selected::checked(api, call).await?;
    let (name, value) = (call.required("name")?, call.required("value")?);
    let visibility = call.text("visibility").unwrap_or("all");
    let mut tx = api.store().begin().await?;
    let created =
        api.identity().create_variable(&mut tx, &call.caller, scope, name, value, visibility, &selected).await;
    created.map_err(|error| match error {
        identity::Error::Exists { .. } => Problem::conflict("Already exists"),
        other => other.into(),
    })?;
    tx.commit().await?;
    Ok(Answer::created(json!({})))
}

async fn update(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    let mut variable = named(api, call, scope).await?;
    for (field, name) in
        [(&mut variable.name, "name"), (&mut variable.value, "value"), (&mut variable.visibility, "visibility")]
    {
        if let Some(text) = call.text(name) {
            text.clone_into(field);
        }
    }
    let selected = super::selected::checked(api, call).await?;
    let mut tx = api.store().begin().await?;
    api.identity().update_variable(&mut tx, &call.caller, scope, &variable).await?;
    if call.json.contains_key("selected_repository_ids") {
        store::variables::select(&mut tx, variable.id, &selected).await?;
    }
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    let mut tx = api.store().begin().await?;
    api.identity().delete_variable(&mut tx, &call.caller, scope, call.param("name")).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn of_organization(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let mut query = api.store().read();
    let found = store::variables::of_organization_for(&mut query, repo.owner_id, repo.id, repo.is_private()).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = found.iter().map(|variable| shape(api, call, variable)).skip(page.offset()).collect();
    Ok(Answer::wrapped(call, page, "variables", items, total))
}
