//! Lists of repositories, of what their reader may see.

use identity::{Level, Permission};
use serde_json::Value;
use store::repositories::Repository;

use crate::route::fields::REPOSITORY;
use crate::users::named;
use crate::{Access, Answer, Api, Call, Param, Result, Route, handler};

const TYPE: &[Param] = &[Param::text("type", "`owner`, `all`, `public` or `private`")];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/user/repos", Access::User(""), handler!(own), "Repositories in which the caller has a role.")
        .params(TYPE)
        .list(REPOSITORY),
    Route::get("/users/{username}/repos", Access::Reader, handler!(of_user), "Repositories of an account.")
        .list(REPOSITORY),
    Route::get(
        "/orgs/{org}/repos",
        Access::Org(Permission::Metadata, Level::Read),
        handler!(of_org),
        "Repositories of an organisation.",
    )
    .list(REPOSITORY),
];

async fn own(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let id = crate::users::caller(call)?.id;
    let wanted = call.query("type").unwrap_or("all");
    let only_own = wanted == "owner" || call.query("affiliation") == Some("owner");
    let visibility = call.query("visibility").or(Some(wanted).filter(|t| matches!(*t, "public" | "private")));
    let found = store::repositories::with_role(&mut api.store().read(), id).await?;
    let found = found
        .into_iter()
        .filter(|repository| !only_own || repository.owner_id == id)
        .filter(|repository| match visibility {
            Some("public") => repository.visibility == "public",
            Some("private") => repository.visibility != "public",
            _ => true,
        })
        .collect();
    shown(api, call, found, page).await
}

async fn of_user(api: &Api, call: &mut Call) -> Result {
    let user = named(api, call).await?;
    of_account(api, call, user.id).await
}

async fn of_org(api: &Api, call: &mut Call) -> Result {
    let id = call.org()?.id;
    of_account(api, call, id).await
}

async fn of_account(api: &Api, call: &Call, id: i64) -> Result {
    let found = store::repositories::of_owner(&mut api.store().read(), id).await?;
    shown(api, call, found, call.page()).await
}

/// One page of those that the caller may know of.
async fn shown(api: &Api, call: &Call, found: Vec<Repository>, page: crate::Page) -> Result {
    let mut items: Vec<Value> = Vec::new();
    let mut seen = 0;
    for repository in found {
        if !api.identity().sees(&call.caller, &forge::repo_ref(&repository)).await? {
            continue;
        }
        seen += 1;
        if seen > page.offset() {
            items.push(super::full(api, call, &repository).await?);
        }
        if items.len() > page.per_page {
            break;
        }
    }
    Ok(Answer::page(call, page, items))
}
