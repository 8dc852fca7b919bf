//! The repositories that a secret or variable of an organisation is for.

use identity::{Action, Level, Permission};
use serde_json::{Value, json};

use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const SECRETS_READ: Access = Access::Org(Permission::OrganizationSecrets, Level::Read);
const SECRETS_WRITE: Access = Access::Org(Permission::OrganizationSecrets, Level::Write);
const VARIABLES_READ: Access = Access::Org(Permission::OrganizationVariables, Level::Read);
const VARIABLES_WRITE: Access = Access::Org(Permission::OrganizationVariables, Level::Write);
const IDS: &[Field] = &[Field::required("selected_repository_ids", Kind::Array(&Kind::Integer))];

macro_rules! group {
    ($base:literal, $read:expr, $write:expr, $of:literal) => {
        [
            Route::get($base, $read, handler!(list), concat!("Repositories that ", $of, " of an organisation is for."))
                .wrapped("repositories", &[]),
            Route::put($base, $write, handler!(set), concat!("Sets the repositories that ", $of, " is for."))
                .body(IDS)
                .gives(204, Gives::Nothing),
            Route::put(
                concat!($base, "/{repository_id}"),
                $write,
                handler!(add),
                concat!("Adds a repository that ", $of, " is for."),
            )
            .gives(204, Gives::Nothing),
            Route::delete(
                concat!($base, "/{repository_id}"),
                $write,
                handler!(remove),
                concat!("Takes away a repository that ", $of, " is for."),
            ),
        ]
    };
}

pub(crate) const OF_SECRETS: &[Route] =
    &group!("/orgs/{org}/actions/secrets/{name}/repositories", SECRETS_READ, SECRETS_WRITE, "a secret");
pub(crate) const OF_VARIABLES: &[Route] =
    &group!("/orgs/{org}/actions/variables/{name}/repositories", VARIABLES_READ, VARIABLES_WRITE, "a variable");

/// `selected_repository_ids` of the body: repositories of the organisation, all of them.
pub(crate) async fn checked(api: &Api, call: &Call) -> Result<Vec<i64>> {
    let ids = call.integers("selected_repository_ids").unwrap_or_default();
    check(api, call, &ids).await?;
    Ok(ids)
}

async fn check(api: &Api, call: &Call, ids: &[i64]) -> Result<()> {
    let mut query = api.store().read();
    for id in ids {
        let repo = store::repositories::by_id(&mut query, *id).await?;
        if !repo.is_some_and(|repo| call.org().is_ok_and(|org| org.id == repo.owner_id)) {
            let message = format!("the organisation has no repository {id}");
            return Err(Problem::invalid("selected_repository_ids", message));
        }
    }
    Ok(())
}

/// A secret or a variable with its selection.
struct Selection {
    secret: bool,
    id: i64,
    name: String,
    ids: Vec<i64>,
}

impl Selection {
    async fn read(api: &Api, call: &Call) -> Result<Self> {
        let (org, name) = (call.org()?.id, call.param("name").to_ascii_uppercase());
        let secret = call.route.contains("/secrets/");
        let mut query = api.store().read();
        let found = if secret {
            let found = store::secrets::by_name(&mut query, "organization", org, &name).await?;
            found.map(|found| (found.id, found.visibility))
        } else {
            let found = store::variables::by_name(&mut query, "organization", org, &name).await?;
            found.map(|found| (found.id, found.visibility))
        };
        let (id, visibility) = found.ok_or_else(Problem::not_found)?;
        if visibility != "selected" && call.method != "GET" {
            return Err(Problem::conflict("Its visibility is not `selected`."));
        }
        let ids = if secret {
            store::secrets::selected(&mut query, id).await?
        } else {
            store::variables::selected(&mut query, id).await?
        };
        Ok(Self { secret, id, name, ids })
    }

    async fn write(self, api: &Api, call: &Call) -> Result {
        check(api, call, &self.ids).await?;
        let mut tx = api.store().begin().await?;
        if self.secret {
            store::secrets::select(&mut tx, self.id, &self.ids).await?;
        } else {
            store::variables::select(&mut tx, self.id, &self.ids).await?;
        }
        let name = if self.secret { "secret.select" } else { "variable.select" };
        let action = Action::new(name, &self.name).org(call.org()?.id).details(json!({ "repositories": self.ids }));
        api.identity().audit(&mut tx, &call.caller, action).await?;
        tx.commit().await?;
        Ok(Answer::empty())
    }
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, selection) = (call.page(), Selection::read(api, call).await?);
    let total = i64::try_from(selection.ids.len()).unwrap_or(i64::MAX);
    let mut shapes = api.forge().shape();
    let mut items: Vec<Value> = Vec::new();
    for id in selection.ids.into_iter().skip(page.offset()).take(page.per_page) {
        items.push(shapes.repository_by_id(id).await?);
    }
    Ok(Answer::wrapped(call, page, "repositories", items, total))
}

async fn set(api: &Api, call: &mut Call) -> Result {
    let selection = Selection::read(api, call).await?;
    let ids = call.integers("selected_repository_ids").unwrap_or_default();
    Selection { ids, ..selection }.write(api, call).await
}

async fn add(api: &Api, call: &mut Call) -> Result {
    let (mut selection, id) = (Selection::read(api, call).await?, call.id("repository_id")?);
    if !selection.ids.contains(&id) {
        selection.ids.push(id);
    }
    selection.write(api, call).await
}

async fn remove(api: &Api, call: &mut Call) -> Result {
    let (mut selection, id) = (Selection::read(api, call).await?, call.id("repository_id")?);
    selection.ids.retain(|known| *known != id);
    selection.write(api, call).await
}
