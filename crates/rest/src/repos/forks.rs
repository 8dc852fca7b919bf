use identity::{Level, Permission, Role};

use crate::acting::actor;
use crate::route::fields::REPOSITORY;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/forks",
        Access::repo(Permission::Metadata, Level::Read, Role::Read),
        handler!(list),
        "Forks of a repository.",
    )
    .list(REPOSITORY),
    Route::post(
        "/repos/{owner}/{repo}/forks",
        Access::repo(Permission::Contents, Level::Read, Role::Read),
        handler!(create),
        "Makes a fork of a repository.",
    )
    .body(&[
        Field::nullable("organization", Kind::String),
        Field::nullable("name", Kind::String),
        Field::new("default_branch_only", Kind::Boolean),
    ])
    .gives(202, Gives::Object(REPOSITORY)),
];

async fn list(api: &Api, call: &mut Call) -> Result {
    let mut items = Vec::new();
    for fork in store::repositories::forks(&mut api.store().read(), call.repo()?.id).await? {
        if api.identity().sees(&call.caller, &forge::repo_ref(&fork)).await? {
            items.push(super::full(api, call, &fork).await?);
        }
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let user = api.identity().allow_user(&call.caller, "repo")?;
    let owner = match call.text("organization") {
        None => user.id,
        Some(org) => {
            let org = store::users::by_login(&mut api.store().read(), org).await?;
            let org = org.ok_or_else(|| Problem::invalid("organization", "there is no such organisation"))?;
            org.id
        }
    };
    api.identity().allow_create_repository(&call.caller, owner).await?;
    if owner == call.repo()?.owner_id && call.text("name").is_none() {
        return Err(Problem::forbidden("A repository is not forked to where it is."));
    }
    let only = call.flag("default_branch_only").unwrap_or(false);
    let (parent, name) = (call.repo()?, call.text("name"));
    let fork = api.forge().fork_repository(&call.caller, &actor(call)?, parent, owner, name, only).await?;
    Ok(Answer::accepted(super::full(api, call, &fork).await?))
}
