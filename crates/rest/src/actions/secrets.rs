//! Secrets: their names are shown, their values never.

use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::secrets::Secret;

use super::scope;
use crate::route::fields::{PUBLIC_KEY, SECRET};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const REPO_READ: Access = Access::repo(Permission::Secrets, Level::Read, Role::Write);
const REPO_WRITE: Access = Access::repo(Permission::Secrets, Level::Write, Role::Admin);
const ENVIRONMENT_READ: Access = Access::repo(Permission::Environments, Level::Read, Role::Write);
const ENVIRONMENT_WRITE: Access = Access::repo(Permission::Environments, Level::Write, Role::Admin);
const ORG_READ: Access = Access::Org(Permission::OrganizationSecrets, Level::Read);
const ORG_WRITE: Access = Access::Org(Permission::OrganizationSecrets, Level::Write);

const SEALED: &[Field] =
    &[Field::required("encrypted_value", Kind::String), Field::required("key_id", Kind::StringOrInteger)];
const SEALED_FOR_ORG: &[Field] = &[
    Field::required("encrypted_value", Kind::String),
    Field::required("key_id", Kind::StringOrInteger),
    Field::required("visibility", Kind::Choice(&["all", "private", "selected"])),
    Field::new("selected_repository_ids", Kind::Array(&Kind::Integer)),
];

macro_rules! group {
    ($base:literal, $read:expr, $write:expr, $body:expr, $of:literal) => {
        [
            Route::get($base, $read, handler!(list), concat!("Secrets of ", $of, ", without their values."))
                .wrapped("secrets", SECRET),
            Route::get(
                concat!($base, "/public-key"),
                $read,
                handler!(public_key),
                concat!("The key that secrets of ", $of, " are sealed for."),
            )
            .gives(200, Gives::Object(PUBLIC_KEY)),
            Route::get(concat!($base, "/{secret_name}"), $read, handler!(get), concat!("A secret of ", $of, "."))
                .gives(200, Gives::Object(SECRET)),
            Route::put(
                concat!($base, "/{secret_name}"),
                $write,
                handler!(put),
                concat!("Makes or changes a secret of ", $of, "; the value comes in a sealed box."),
            )
            .body($body)
            .gives(201, Gives::Object(&[])),
            Route::delete(
                concat!($base, "/{secret_name}"),
                $write,
                handler!(delete),
                concat!("Deletes a secret of ", $of, "."),
            ),
        ]
    };
}

pub(crate) const REPOSITORY: &[Route] =
    &group!("/repos/{owner}/{repo}/actions/secrets", REPO_READ, REPO_WRITE, SEALED, "a repository");
pub(crate) const ENVIRONMENT: &[Route] = &group!(
    "/repos/{owner}/{repo}/environments/{environment_name}/secrets",
    ENVIRONMENT_READ,
    ENVIRONMENT_WRITE,
    SEALED,
    "an environment"
);
pub(crate) const ORGANIZATION: &[Route] =
    &group!("/orgs/{org}/actions/secrets", ORG_READ, ORG_WRITE, SEALED_FOR_ORG, "an organisation");
pub(crate) const DEPENDABOT: &[Route] = &group!(
    "/repos/{owner}/{repo}/dependabot/secrets",
    REPO_READ,
    REPO_WRITE,
    SEALED,
    "a repository, for runs that Dependabot causes"
);
pub(crate) const OTHERS: &[Route] = &[Route::get(
    "/repos/{owner}/{repo}/actions/organization-secrets",
    REPO_READ,
    handler!(of_organization),
    "Secrets of the organisation that reach the repository.",
)
.wrapped("secrets", SECRET)];

fn shape(api: &Api, call: &Call, secret: &Secret) -> Value {
    let mut value = json!({
        "name": secret.name,
        "created_at": forge::shape::at(secret.created_at),
        "updated_at": forge::shape::at(secret.updated_at),
    });
    if let (Ok(org), Some(object)) = (call.org(), value.as_object_mut()) {
        object.insert("visibility".to_owned(), secret.visibility.as_str().into());
        if secret.visibility == "selected" {
            let base = &api.forge().urls().api;
            let url = format!("{base}/orgs/{}/actions/secrets/{}/repositories", org.login, secret.name);
            object.insert("selected_repositories_url".to_owned(), url.into());
        }
    }
    value
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, scope) = (call.page(), scope::secrets(api, call).await?);
    let (kind, id) = scope.columns();
    let mut query = api.store().read();
    let found = store::secrets::list(&mut query, kind, id, page.sql_offset(), page.sql_limit()).await?;
    let total = store::secrets::count(&mut query, kind, id).await?;
    let items = found.iter().map(|secret| shape(api, call, secret)).collect();
    Ok(Answer::wrapped(call, page, "secrets", items, total))
}

async fn public_key(api: &Api, call: &mut Call) -> Result {
    let (key_id, key) = api.identity().sealed_box_key(scope::secrets(api, call).await?).await?;
    Ok(Answer::json(json!({ "key_id": key_id, "key": key })))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let (kind, id) = scope::secrets(api, call).await?.columns();
    let name = call.param("secret_name").to_ascii_uppercase();
    let secret = store::secrets::by_name(&mut api.store().read(), kind, id, &name).await?;
    Ok(Answer::json(shape(api, call, &secret.ok_or_else(Problem::not_found)?)))
}

async fn put(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    let key_id = match call.json.get("key_id") {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    let value = api.identity().open_sealed_box(scope, &key_id, call.required("encrypted_value")?).await?;
    let visibility = call.text("visibility").unwrap_or("all");
    let selected = super::selected::checked(api, call).await?;
    let mut tx = api.store().begin().await?;
    let name = call.param("secret_name");
    let new = api.identity().put_secret(&mut tx, &call.caller, scope, name, &value, visibility, &selected).await?;
    tx.commit().await?;
    // Clients read the 201's body as JSON.
    Ok(if new { Answer::created(json!({})) } else { Answer::empty() })
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let scope = scope::secrets(api, call).await?;
    let mut tx = api.store().begin().await?;
    api.identity().delete_secret(&mut tx, &call.caller, scope, call.param("secret_name")).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn of_organization(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let mut query = api.store().read();
    let found = store::secrets::of_organization_for(&mut query, repo.owner_id, repo.id, repo.is_private()).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = found.iter().map(|secret| shape(api, call, secret)).skip(page.offset()).collect();
    Ok(Answer::wrapped(call, page, "secrets", items, total))
}
