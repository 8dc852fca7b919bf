//! Repositories.

mod branches;
mod forks;
mod lists;
mod protection;

pub(crate) use branches::ROUTES as BRANCHES;
pub(crate) use forks::ROUTES as FORKS;
pub(crate) use lists::ROUTES as LISTS;
pub(crate) use protection::ROUTES as PROTECTION;

use forge::repositories::{ChangeRepository, CreateRepository};
use identity::{Level, Permission, Role};
use serde_json::{Map, Value, json};
use store::repositories::Repository;

use crate::acting::actor;
use crate::collaborators::permissions;
use crate::route::fields::REPOSITORY;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

const VISIBILITY: Kind = Kind::Choice(&["public", "private", "internal"]);

/// Fields that making and changing have in common.
pub(crate) const SETTINGS: &[Field] = &[
    Field::nullable("name", Kind::String),
    Field::nullable("description", Kind::String),
    Field::nullable("homepage", Kind::String),
    Field::new("private", Kind::Boolean),
    Field::new("visibility", VISIBILITY),
    Field::new("default_branch", Kind::String),
    Field::new("archived", Kind::Boolean),
    Field::new("has_issues", Kind::Boolean),
    Field::new("auto_init", Kind::Boolean),
    Field::new("allow_merge_commit", Kind::Boolean),
    Field::new("allow_squash_merge", Kind::Boolean),
    Field::new("allow_rebase_merge", Kind::Boolean),
    Field::new("allow_auto_merge", Kind::Boolean),
    Field::new("allow_update_branch", Kind::Boolean),
    Field::new("delete_branch_on_merge", Kind::Boolean),
];

/// Settings that are kept as they are called.
const SWITCHES: &[&str] = &[
    "has_issues",
    "allow_merge_commit",
    "allow_squash_merge",
    "allow_rebase_merge",
    "allow_auto_merge",
    "allow_update_branch",
    "delete_branch_on_merge",
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}",
        Access::repo(Permission::Metadata, Level::Read, Role::Read),
        handler!(get),
        "A repository.",
    )
    .gives(200, Gives::Object(REPOSITORY)),
    Route::patch(
        "/repos/{owner}/{repo}",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(change),
        "Changes a repository; another name leaves the old one as a redirect.",
    )
    .body(SETTINGS)
    .gives(200, Gives::Object(REPOSITORY)),
    Route::delete(
        "/repos/{owner}/{repo}",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(delete),
        "Deletes a repository.",
    ),
    Route::post(
        "/repos/{owner}/{repo}/transfer",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(transfer),
        "Gives a repository to another account.",
    )
    .body(&[Field::required("new_owner", Kind::String), Field::new("new_name", Kind::String)])
    .gives(202, Gives::Object(REPOSITORY)),
    Route::get(
        "/repos/{owner}/{repo}/topics",
        Access::repo(Permission::Metadata, Level::Read, Role::Read),
        handler!(topics),
        "Topics of a repository.",
    ),
    Route::put(
        "/repos/{owner}/{repo}/topics",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(set_topics),
        "Sets the topics of a repository.",
    )
    .body(&[Field::required("names", Kind::Array(&Kind::String))]),
    Route::post("/user/repos", Access::User("repo"), handler!(create_own), "Makes a repository of one's own.")
        .body(SETTINGS)
        .gives(201, Gives::Object(REPOSITORY)),
    Route::post(
        "/orgs/{org}/repos",
        Access::Org(Permission::Administration, Level::Write),
        handler!(create_in_org),
        "Makes a repository of an organisation.",
    )
    .body(SETTINGS)
    .gives(201, Gives::Object(REPOSITORY)),
];

async fn get(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    Ok(Answer::json(full(api, call, repository).await?))
}

/// A repository with its settings and what the caller may do in it.
pub(crate) async fn full(api: &Api, call: &Call, repository: &Repository) -> Result<Value> {
    let role = api.identity().role(&call.caller, &forge::repo_ref(repository)).await?;
    let mut shape = api.forge().shape();
    Ok(shape.full_repository(repository, Some(permissions(role))).await?)
}

fn visibility(call: &Call) -> Option<&str> {
    call.text("visibility").or_else(|| call.flag("private").map(|private| if private { "private" } else { "public" }))
}

fn switches(call: &Call) -> Map<String, Value> {
    let mut settings = Map::new();
    for name in SWITCHES {
        if let Some(on) = call.flag(name) {
            settings.insert((*name).to_owned(), on.into());
        }
    }
    settings
}

async fn change(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let change = ChangeRepository {
        name: call.text("name").map(str::to_owned),
        description: call.text("description").map(str::to_owned),
        homepage: call.text("homepage").map(str::to_owned),
        visibility: visibility(call).map(str::to_owned),
        default_branch: call.text("default_branch").map(str::to_owned),
        archived: call.flag("archived"),
        actions_enabled: None,
        topics: None,
        settings: switches(call),
    };
    let changed = api.forge().change_repository(&call.caller, &actor(call)?, repository, change).await?;
    Ok(Answer::json(full(api, call, &changed).await?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    if let Some(identity::Via::Classic { .. }) = call.caller.user().map(|user| &user.via) {
        api.identity().allow_user(&call.caller, "delete_repo")?;
    }
    api.forge().delete_repository(&call.caller, &actor(call)?, call.repo()?).await?;
    Ok(Answer::empty())
}

async fn transfer(api: &Api, call: &mut Call) -> Result {
    let owner = store::users::by_login(&mut api.store().read(), call.required("new_owner")?).await?;
    let owner = owner.ok_or_else(|| Problem::invalid("new_owner", "there is no such account"))?;
    // Nobody is given a repository without being asked: one's own account, or an organisation of which one is an owner.
    api.identity().allow_create_repository(&call.caller, owner.id).await?;
    let name = call.text("new_name");
    let moved = api.forge().transfer_repository(&call.caller, &actor(call)?, call.repo()?, owner.id, name).await?;
    Ok(Answer::accepted(full(api, call, &moved).await?))
}

async fn topics(_: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(json!({ "names": call.repo()?.topics })))
}

async fn set_topics(api: &Api, call: &mut Call) -> Result {
    let names = call.texts("names").unwrap_or_default();
    let plain = |name: &String| {
        !name.is_empty()
            && name.len() <= 50
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if names.len() > 20 || !names.iter().all(plain) {
        return Err(Problem::invalid("names", "up to 20 topics of small letters, digits and `-`"));
    }
    let change = ChangeRepository { topics: Some(names), ..ChangeRepository::default() };
    let changed = api.forge().change_repository(&call.caller, &actor(call)?, call.repo()?, change).await?;
    Ok(Answer::json(json!({ "names": changed.topics })))
}

async fn create_own(api: &Api, call: &mut Call) -> Result {
    let owner = crate::users::caller(call)?.id;
    api.identity().allow_create_repository(&call.caller, owner).await?;
    create(api, call, owner).await
}

async fn create_in_org(api: &Api, call: &mut Call) -> Result {
    let owner = call.org()?.id;
    create(api, call, owner).await
}

async fn create(api: &Api, call: &Call, owner: i64) -> Result {
    let new = CreateRepository {
        name: call.required("name")?,
        description: call.text("description").unwrap_or_default(),
        homepage: call.text("homepage").unwrap_or_default(),
        visibility: visibility(call).unwrap_or("public"),
        default_branch: call.text("default_branch").unwrap_or("main"),
        settings: Value::Object(switches(call)),
        auto_init: call.flag("auto_init").unwrap_or(false),
    };
    let made = api.forge().create_repository(&call.caller, &actor(call)?, owner, &new).await?;
    Ok(Answer::created(full(api, call, &made).await?))
}
