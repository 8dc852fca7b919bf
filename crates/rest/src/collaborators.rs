//! Who has which role in a repository.

use identity::{Action, Level, Permission, Role};
use serde_json::{Value, json};

use crate::route::fields::{COLLABORATOR, COLLABORATOR_PERMISSION};
use crate::users::named;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/collaborators",
        Access::repo(Permission::Metadata, Level::Read, Role::Write),
        handler!(list),
        "Everybody with a role in a repository.",
    )
    .list(COLLABORATOR),
    Route::get(
        "/repos/{owner}/{repo}/collaborators/{username}",
        Access::repo(Permission::Metadata, Level::Read, Role::Read),
        handler!(is_collaborator),
        "Whether a user has a role in a repository.",
    )
    .gives(204, Gives::Nothing),
    Route::put(
        "/repos/{owner}/{repo}/collaborators/{username}",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(set),
        "Gives a user a role in a repository, at once.",
    )
    .body(&[Field::new("permission", Kind::String)])
    .gives(204, Gives::Nothing),
    Route::delete(
        "/repos/{owner}/{repo}/collaborators/{username}",
        Access::repo(Permission::Administration, Level::Write, Role::Admin),
        handler!(remove),
        "Takes a user's own role in a repository.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/collaborators/{username}/permission",
        Access::repo(Permission::Metadata, Level::Read, Role::Read),
        handler!(permission),
        "What a user may do in a repository.",
    )
    .gives(200, Gives::Object(COLLABORATOR_PERMISSION)),
];

/// What a role may do, as repositories and collaborators show it.
pub(crate) fn permissions(role: Role) -> Value {
    json!({
        "admin": role >= Role::Admin,
        "maintain": role >= Role::Maintain,
        "push": role >= Role::Write,
        "triage": role >= Role::Triage,
        "pull": role >= Role::Read,
    })
}

async fn with_role(api: &Api, call: &Call, user: &store::users::User) -> Result<(Value, Role)> {
    let role = api.identity().role_of_user(user.id, &call.repo_ref()?).await?;
    let mut shape = api.forge().shape().simple_user(user);
    if let Some(object) = shape.as_object_mut() {
        object.insert("permissions".to_owned(), permissions(role));
        object.insert("role_name".to_owned(), role.name().into());
    }
    Ok((shape, role))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let mut query = api.store().read();
    let (offset, limit) = (page.sql_offset(), page.sql_limit());
    let mut items = Vec::new();
    for user in store::roles::people(&mut query, repo.id, repo.owner_id, offset, limit).await? {
        items.push(with_role(api, call, &user).await?.0);
    }
    Ok(Answer::page(call, page, items))
}

async fn is_collaborator(api: &Api, call: &mut Call) -> Result {
    let (user, repo) = (named(api, call).await?, call.repo()?);
    let given = store::roles::given(&mut api.store().read(), repo.id, repo.owner_id, user.id).await?;
    let has = user.id == repo.owner_id || given.iter().any(|role| role != "none");
    if has { Ok(Answer::empty()) } else { Err(Problem::not_found()) }
}

async fn set(api: &Api, call: &mut Call) -> Result {
    let (user, repo) = (named(api, call).await?, call.repo()?);
    if user.kind == "Organization" || user.id == repo.owner_id {
        return Err(Problem::unprocessable("A collaborator is a user who does not own the repository."));
    }
    let role: Role = call.text("permission").unwrap_or("push").parse().unwrap_or(Role::None);
    if role == Role::None {
        let expected = "expected `pull`, `triage`, `push`, `maintain` or `admin`";
        return Err(Problem::invalid("permission", expected));
    }
    let mut tx = api.store().begin().await?;
    store::roles::set_collaborator(&mut tx, repo.id, user.id, role.name()).await?;
    let details = json!({ "role": role.name() });
    let action = Action::new("collaborator.set", &user.login).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn remove(api: &Api, call: &mut Call) -> Result {
    let (user, repo) = (named(api, call).await?, call.repo()?);
    let mut tx = api.store().begin().await?;
    store::roles::remove_collaborator(&mut tx, repo.id, user.id).await?;
    api.identity().audit(&mut tx, &call.caller, Action::new("collaborator.remove", &user.login).repo(repo.id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn permission(api: &Api, call: &mut Call) -> Result {
    let user = named(api, call).await?;
    let (shape, role) = with_role(api, call, &user).await?;
    Ok(Answer::json(json!({ "permission": role.legacy_name(), "role_name": role.name(), "user": shape })))
}
