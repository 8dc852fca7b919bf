//! Users: the caller's own account, others, and what the server's administrator does with them.

use identity::{FineGrained, Grant, NewAccount, Scopes, UserCaller};
use serde_json::{Value, json};
use store::users::User;

use crate::route::fields::{ORGANIZATION, SIMPLE_USER, TOKEN};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/user", Access::User(""), handler!(own), "Who calls.").gives(200, Gives::Object(SIMPLE_USER)),
    Route::patch("/user", Access::User("user"), handler!(update_own), "Changes the caller's profile.")
        .body(&[
            Field::nullable("name", Kind::String),
            Field::nullable("email", Kind::String),
            Field::nullable("bio", Kind::String),
        ])
        .gives(200, Gives::Object(SIMPLE_USER)),
    Route::get("/user/emails", Access::User("user:email"), handler!(emails), "The caller's addresses.").list(&[]),
    Route::get("/user/orgs", Access::User(""), handler!(own_orgs), "Organisations of the caller.").list(ORGANIZATION),
    Route::get("/user/tokens", Access::User("user"), handler!(tokens), "Tokens of the caller, without the tokens.")
        .list(TOKEN),
    Route::post("/user/tokens", Access::Login, handler!(create_token), "Makes a token; it is shown this once.")
        .body(&[
            Field::required("name", Kind::String),
            Field::new("scopes", Kind::Array(&Kind::String)),
            Field::nullable("owner", Kind::String),
            Field::new("permissions", Kind::Object(&[])),
            Field::nullable("repository_ids", Kind::Array(&Kind::Integer)),
            Field::nullable("expires_at", Kind::String),
        ])
        .gives(201, Gives::Object(TOKEN)),
    Route::delete("/user/tokens/{token_id}", Access::User("user"), handler!(delete_token), "Deletes a token."),
    Route::get("/users", Access::Reader, handler!(list), "Accounts, by id.")
        .params(&[Param::new("since", Kind::Integer, "Only accounts after this id.")])
        .list(SIMPLE_USER),
    Route::get("/users/{username}", Access::Reader, handler!(get), "An account.")
        .gives(200, Gives::Object(SIMPLE_USER)),
    Route::get("/user/{account_id}", Access::Reader, handler!(get_by_id), "An account by its id.")
        .gives(200, Gives::Object(SIMPLE_USER)),
    Route::get("/users/{username}/orgs", Access::Reader, handler!(orgs_of), "Organisations of a user.")
        .list(ORGANIZATION),
    Route::post("/admin/users", Access::SiteAdmin, handler!(create), "Makes a user.")
        .body(&[
            Field::required("login", Kind::String),
            Field::nullable("email", Kind::String),
            Field::nullable("name", Kind::String),
            Field::nullable("password", Kind::String),
            Field::new("site_admin", Kind::Boolean),
        ])
        .gives(201, Gives::Object(SIMPLE_USER)),
    Route::put(
        "/users/{username}/site_admin",
        Access::SiteAdmin,
        handler!(promote),
        "Makes a user administer the server.",
    )
    .gives(204, Gives::Nothing),
    Route::delete("/users/{username}/site_admin", Access::SiteAdmin, handler!(demote), "The opposite."),
    Route::put("/users/{username}/suspended", Access::SiteAdmin, handler!(suspend), "Shuts a user out.")
        .gives(204, Gives::Nothing),
    Route::delete("/users/{username}/suspended", Access::SiteAdmin, handler!(unsuspend), "Lets a user in again."),
];

/// A user with what the profile shows.
pub(crate) fn profile(api: &Api, user: &User, own: bool) -> Value {
    let mut shape = api.forge().shape().simple_user(user);
    if let Some(object) = shape.as_object_mut() {
        object.insert("name".to_owned(), json!(user.name));
        object.insert("email".to_owned(), if own { json!(user.email) } else { Value::Null });
        object.insert("bio".to_owned(), json!(user.description));
        object.insert("company".to_owned(), Value::Null);
        object.insert("blog".to_owned(), "".into());
        object.insert("location".to_owned(), Value::Null);
        object.insert("public_repos".to_owned(), 0.into());
        object.insert("followers".to_owned(), 0.into());
        object.insert("following".to_owned(), 0.into());
        object.insert("created_at".to_owned(), forge::shape::at(user.created_at).into());
        object.insert("updated_at".to_owned(), forge::shape::at(user.updated_at).into());
    }
    shape
}

/// The account of `{username}`.
pub(crate) async fn named(api: &Api, call: &Call) -> Result<User> {
    let found = store::users::by_login(&mut api.store().read(), call.param("username")).await?;
    found.ok_or_else(Problem::not_found)
}

/// The user who calls: a route of `Access::User` has one.
pub(crate) fn caller(call: &Call) -> Result<&UserCaller> {
    call.caller.user().ok_or_else(Problem::requires_login)
}

async fn own_user(api: &Api, call: &Call) -> Result<User> {
    let id = caller(call)?.id;
    store::users::by_id(&mut api.store().read(), id).await?.ok_or_else(Problem::requires_login)
}

async fn own(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(profile(api, &own_user(api, call).await?, true)))
}

async fn update_own(api: &Api, call: &mut Call) -> Result {
    let mut user = own_user(api, call).await?;
    let text = |name: &str, before: Option<String>| match call.json.get(name) {
        None => before,
        Some(value) => value.as_str().map(str::to_owned).filter(|text| !text.is_empty()),
    };
    user.name = text("name", user.name);
    user.email = text("email", user.email).map(|email| email.to_lowercase());
    user.description = text("bio", user.description);
    if user.email.as_ref().is_some_and(|email| !email.contains('@') || email.len() > 254) {
        return Err(Problem::invalid("email", "an address has an `@`, and 254 characters at most"));
    }
    let mut tx = api.store().begin().await?;
    store::users::update_profile(&mut tx, &user).await?;
    api.identity().audit(&mut tx, &call.caller, identity::Action::new("user.update", &user.login)).await?;
    tx.commit().await?;
    Ok(Answer::json(profile(api, &user, true)))
}

async fn emails(api: &Api, call: &mut Call) -> Result {
    let user = own_user(api, call).await?;
    let address = |email| json!({ "email": email, "primary": true, "verified": false, "visibility": "private" });
    Ok(Answer::whole(call, call.page(), user.email.into_iter().map(address).collect()))
}

async fn own_orgs(api: &Api, call: &mut Call) -> Result {
    let id = caller(call)?.id;
    orgs(api, call, id).await
}

async fn orgs_of(api: &Api, call: &mut Call) -> Result {
    let id = named(api, call).await?.id;
    orgs(api, call, id).await
}

async fn orgs(api: &Api, call: &Call, user_id: i64) -> Result {
    let page = call.page();
    let mut query = api.store().read();
    let found = store::users::organizations_of(&mut query, user_id, page.sql_offset(), page.sql_limit()).await?;
    let items = found.iter().map(|org| crate::organizations::shape(api, org)).collect();
    Ok(Answer::page(call, page, items))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let since = call.query("since").and_then(|since| since.parse().ok()).unwrap_or(0);
    let offset = page.offset();
    let limit = page.sql_limit().saturating_add(page.sql_offset());
    let found = store::users::list(&mut api.store().read(), None, since, limit).await?;
    let items = found.iter().skip(offset).map(|user| api.forge().shape().simple_user(user)).collect();
    Ok(Answer::page(call, page, items))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(profile(api, &named(api, call).await?, false)))
}

async fn get_by_id(api: &Api, call: &mut Call) -> Result {
    let id = call.id("account_id")?;
    let user = store::users::by_id(&mut api.store().read(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(profile(api, &user, false)))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let account = NewAccount {
        login: call.required("login")?,
        name: call.text("name"),
        email: call.text("email"),
        password: call.text("password"),
    };
    let site_admin = call.flag("site_admin").unwrap_or(false);
    let id = api.identity().create_user(&call.caller, &account, site_admin).await?;
    let user = store::users::by_id(&mut api.store().read(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::created(profile(api, &user, true)))
}

async fn promote(api: &Api, call: &mut Call) -> Result {
    set_site_admin(api, call, true).await
}

async fn demote(api: &Api, call: &mut Call) -> Result {
    set_site_admin(api, call, false).await
}

async fn set_site_admin(api: &Api, call: &Call, site_admin: bool) -> Result {
    let user = named(api, call).await?;
    if user.kind != "User" {
        return Err(Problem::unprocessable("Only a user administers the server."));
    }
    if call.caller.user().is_some_and(|caller| caller.id == user.id) && !site_admin {
        return Err(Problem::forbidden("Somebody else must take this from you."));
    }
    let mut tx = api.store().begin().await?;
    store::users::set_site_admin(&mut tx, user.id, site_admin).await?;
    let name = if site_admin { "user.promote" } else { "user.demote" };
    api.identity().audit(&mut tx, &call.caller, identity::Action::new(name, &user.login)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn suspend(api: &Api, call: &mut Call) -> Result {
    set_suspended(api, call, true).await
}

async fn unsuspend(api: &Api, call: &mut Call) -> Result {
    set_suspended(api, call, false).await
}

async fn set_suspended(api: &Api, call: &Call, suspended: bool) -> Result {
    let user = named(api, call).await?;
    if user.kind != "User" || call.caller.user().is_some_and(|caller| caller.id == user.id) {
        return Err(Problem::forbidden("Only other users can be suspended."));
    }
    api.identity().set_suspended(&call.caller, user.id, suspended).await?;
    Ok(Answer::empty())
}

fn token_shape(token: &store::tokens::Token) -> Value {
    let time = |at: Option<i64>| at.map(forge::shape::at);
    json!({
        "id": token.id,
        "name": token.name,
        "kind": token.kind,
        "hint": token.hint,
        "scopes": token.scopes.split(' ').filter(|scope| !scope.is_empty()).collect::<Vec<_>>(),
        "owner_id": token.owner_id,
        "permissions": serde_json::from_str::<Value>(&token.permissions).unwrap_or_default(),
        "repository_ids": token.repository_ids.as_deref().and_then(|ids| serde_json::from_str::<Value>(ids).ok()),
        "created_at": forge::shape::at(token.created_at),
        "last_used_at": time(token.used_at),
        "expires_at": time(token.expires_at),
    })
}

async fn tokens(api: &Api, call: &mut Call) -> Result {
    let found = store::tokens::of_user(&mut api.store().read(), caller(call)?.id).await?;
    Ok(Answer::whole(call, call.page(), found.iter().map(token_shape).collect()))
}

async fn create_token(api: &Api, call: &mut Call) -> Result {
    let user = caller(call)?;
    let name = call.required("name")?;
    let expires_at = match call.text("expires_at") {
        None => None,
        Some(text) => {
            let time: jiff::Timestamp = text
                .parse()
                .map_err(|_| Problem::invalid("expires_at", "expected a time such as 2027-01-31T00:00:00Z"))?;
            Some(time.as_microsecond())
        }
    };
    let (id, token) = match call.json.get("permissions").and_then(Value::as_object) {
        Some(permissions) => {
            let names = permissions.iter().map(|(name, level)| (name.as_str(), level.as_str().unwrap_or_default()));
            let grant = Grant::from_names(names).map_err(|error| Problem::invalid("permissions", error.to_string()))?;
            let owner_id = owner_of_token(api, call, user).await?;
            let what = FineGrained { owner_id, grant, repository_ids: call.integers("repository_ids") };
            api.identity().create_fine_grained_token(&call.caller, user.id, name, &what, expires_at).await?
        }
        None => {
            let names = call.texts("scopes").unwrap_or_default();
            let scopes = Scopes::parse(names.iter().map(String::as_str))
                .map_err(|error| Problem::invalid("scopes", error.to_string()))?;
            api.identity().create_token(&call.caller, user.id, name, &scopes, expires_at).await?
        }
    };
    let found = store::tokens::of_user(&mut api.store().read(), user.id).await?;
    let mut shape = found.iter().find(|token| token.id == id).map(token_shape).unwrap_or_default();
    if let Some(object) = shape.as_object_mut() {
        object.insert("token".to_owned(), token.text.as_str().into());
    }
    Ok(Answer::created(shape))
}

/// The caller, or an organisation they are in.
async fn owner_of_token(api: &Api, call: &Call, user: &UserCaller) -> Result<i64> {
    let Some(owner) = call.text("owner").filter(|owner| !owner.eq_ignore_ascii_case(&user.login)) else {
        return Ok(user.id);
    };
    let wrong = || Problem::invalid("owner", "expected your own login or that of an organisation you are in");
    let mut query = api.store().read();
    let org = store::users::by_login(&mut query, owner).await?.ok_or_else(wrong)?;
    let member = store::users::membership(&mut query, org.id, user.id).await?;
    if member.is_some() { Ok(org.id) } else { Err(wrong()) }
}

async fn delete_token(api: &Api, call: &mut Call) -> Result {
    let id = call.id("token_id")?;
    api.identity().delete_token(&call.caller, caller(call)?.id, id).await?;
    Ok(Answer::empty())
}
