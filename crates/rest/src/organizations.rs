//! Organisations and their members.

use identity::{Action, Level, OrgRole, Permission};
use serde_json::{Value, json};
use store::users::User;

use crate::route::fields::{MEMBERSHIP, ORGANIZATION, SIMPLE_USER};
use crate::users::named;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

const READ: Access = Access::Org(Permission::Members, Level::Read);
const WRITE: Access = Access::Org(Permission::Members, Level::Write);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/organizations", Access::Reader, handler!(list), "Organisations, by id.")
        .params(&[Param::new("since", Kind::Integer, "Only organisations after this id.")])
        .list(ORGANIZATION),
    Route::post("/admin/organizations", Access::SiteAdmin, handler!(create), "Makes an organisation.")
        .body(&[
            Field::required("login", Kind::String),
            Field::required("admin", Kind::String),
            Field::nullable("profile_name", Kind::String),
        ])
        .gives(201, Gives::Object(ORGANIZATION)),
    Route::get("/orgs/{org}", Access::Reader, handler!(get), "An organisation.")
        .gives(200, Gives::Object(ORGANIZATION)),
    Route::patch(
        "/orgs/{org}",
        Access::Org(Permission::OrganizationAdministration, Level::Write),
        handler!(update),
        "Changes an organisation.",
    )
    .body(&[
        Field::nullable("name", Kind::String),
        Field::nullable("email", Kind::String),
        Field::nullable("description", Kind::String),
        Field::new("default_repository_permission", Kind::Choice(&["read", "write", "admin", "none"])),
    ])
    .gives(200, Gives::Object(ORGANIZATION)),
    Route::get("/orgs/{org}/members", READ, handler!(members), "Members of an organisation.")
        .params(&[Param::new("role", Kind::Choice(&["all", "admin", "member"]), "Only members of this role.")])
        .list(SIMPLE_USER),
    Route::get("/orgs/{org}/members/{username}", READ, handler!(is_member), "Whether a user is a member.")
        .gives(204, Gives::Nothing),
    Route::delete("/orgs/{org}/members/{username}", WRITE, handler!(remove), "Takes a member out."),
    Route::get("/orgs/{org}/memberships/{username}", READ, handler!(membership), "What a user is in the organisation.")
        .gives(200, Gives::Object(MEMBERSHIP)),
    Route::put(
        "/orgs/{org}/memberships/{username}",
        WRITE,
        handler!(set_membership),
        "Makes a user a member or owner.",
    )
    .body(&[Field::new("role", Kind::Choice(&["admin", "member"]))])
    .gives(200, Gives::Object(MEMBERSHIP)),
    Route::delete("/orgs/{org}/memberships/{username}", WRITE, handler!(remove), "Takes a member out."),
    Route::get("/user/memberships/orgs", Access::User(""), handler!(own_memberships), "Memberships of the caller.")
        .list(MEMBERSHIP),
    Route::get(
        "/user/memberships/orgs/{org}",
        READ,
        handler!(own_membership),
        "What the caller is in an organisation.",
    )
    .gives(200, Gives::Object(MEMBERSHIP)),
];

/// An organisation as lists show it.
pub(crate) fn shape(api: &Api, org: &User) -> Value {
    let urls = api.forge().urls();
    let url = format!("{}/orgs/{}", urls.api, org.login);
    json!({
        "login": org.login,
        "id": org.id,
        "node_id": forge::ids::node_id("Organization", org.id),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": "",
        "description": org.description,
    })
}

fn full(api: &Api, org: &User, role: OrgRole) -> Value {
    let mut value = shape(api, org);
    if let Some(object) = value.as_object_mut() {
        object.insert("name".to_owned(), json!(org.name));
        object.insert("email".to_owned(), json!(org.email));
        object.insert("type".to_owned(), "Organization".into());
        object.insert("html_url".to_owned(), format!("{}/{}", api.forge().urls().web, org.login).into());
        object.insert("created_at".to_owned(), forge::shape::at(org.created_at).into());
        object.insert("updated_at".to_owned(), forge::shape::at(org.updated_at).into());
        if role == OrgRole::Owner {
            object.insert("default_repository_permission".to_owned(), org.default_role.as_str().into());
        }
    }
    value
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let since = call.query("since").and_then(|since| since.parse().ok()).unwrap_or(0);
    let limit = page.sql_limit().saturating_add(page.sql_offset());
    let found = store::users::list(&mut api.store().read(), Some("Organization"), since, limit).await?;
    Ok(Answer::page(call, page, found.iter().skip(page.offset()).map(|org| shape(api, org)).collect()))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let admin = store::users::by_login(&mut api.store().read(), call.required("admin")?).await?;
    let admin = admin.filter(|user| user.kind == "User");
    let admin = admin.ok_or_else(|| Problem::invalid("admin", "there is no such user"))?;
    let (login, name) = (call.required("login")?, call.text("profile_name"));
    let id = api.identity().create_org(&call.caller, login, name, admin.id).await?;
    let org = store::users::by_id(&mut api.store().read(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::created(full(api, &org, OrgRole::Owner)))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let found = store::users::by_login(&mut api.store().read(), call.param("org")).await?;
    let org = found.filter(|user| user.kind == "Organization").ok_or_else(Problem::not_found)?;
    let role = api.identity().org_role(&call.caller, org.id).await?;
    Ok(Answer::json(full(api, &org, role)))
}

async fn update(api: &Api, call: &mut Call) -> Result {
    let mut org = call.org()?.clone();
    let text = |name: &str, before: Option<String>| match call.json.get(name) {
        None => before,
        Some(value) => value.as_str().map(str::to_owned).filter(|text| !text.is_empty()),
    };
    org.name = text("name", org.name);
    org.email = text("email", org.email).map(|email| email.to_lowercase());
    org.description = text("description", org.description);
    if let Some(role) = call.text("default_repository_permission") {
        role.clone_into(&mut org.default_role);
    }
    let mut tx = api.store().begin().await?;
    store::users::update_profile(&mut tx, &org).await?;
    let details = json!({ "default_repository_permission": org.default_role });
    let action = Action::new("org.update", &org.login).org(org.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::json(full(api, &org, OrgRole::Owner)))
}

async fn members(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let role = call.query("role").filter(|role| *role != "all");
    let mut query = api.store().read();
    let found = store::users::members(&mut query, call.org()?.id, role, page.sql_offset(), page.sql_limit()).await?;
    Ok(Answer::page(call, page, found.iter().map(|user| api.forge().shape().simple_user(user)).collect()))
}

async fn is_member(api: &Api, call: &mut Call) -> Result {
    let user = named(api, call).await?;
    let role = store::users::membership(&mut api.store().read(), call.org()?.id, user.id).await?;
    if role.is_some() { Ok(Answer::empty()) } else { Err(Problem::not_found()) }
}

fn membership_shape(api: &Api, org: &User, user: &User, role: &str) -> Value {
    let url = format!("{}/orgs/{}", api.forge().urls().api, org.login);
    json!({
        "url": format!("{url}/memberships/{}", user.login),
        "state": "active",
        "role": role,
        "organization_url": url,
        "organization": shape(api, org),
        "user": api.forge().shape().simple_user(user),
    })
}

async fn membership(api: &Api, call: &mut Call) -> Result {
    let (org, user) = (call.org()?, named(api, call).await?);
    let role = store::users::membership(&mut api.store().read(), org.id, user.id).await?;
    Ok(Answer::json(membership_shape(api, org, &user, &role.ok_or_else(Problem::not_found)?)))
}

/// Takes effect at once: there are no invitations.
async fn set_membership(api: &Api, call: &mut Call) -> Result {
    let (org, user) = (call.org()?, named(api, call).await?);
    if user.kind != "User" {
        return Err(Problem::unprocessable("Only a user is a member."));
    }
    let role = call.text("role").unwrap_or("member");
    let mut tx = api.store().begin().await?;
    if role == "member" {
        keep_an_owner(&mut tx, org, &user).await?;
    }
    store::users::set_membership(&mut tx, org.id, user.id, role).await?;
    let action = Action::new("member.set", &user.login).org(org.id).details(json!({ "role": role }));
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::json(membership_shape(api, org, &user, role)))
}

async fn remove(api: &Api, call: &mut Call) -> Result {
    let (org, user) = (call.org()?, named(api, call).await?);
    let mut tx = api.store().begin().await?;
    keep_an_owner(&mut tx, org, &user).await?;
    if !store::users::remove_membership(&mut tx, org.id, user.id).await? {
        return Err(Problem::not_found());
    }
    api.identity().audit(&mut tx, &call.caller, Action::new("member.remove", &user.login).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

/// An organisation without owner could not be changed any more.
async fn keep_an_owner(tx: &mut store::Tx, org: &User, user: &User) -> Result<()> {
    let role = store::users::membership(tx, org.id, user.id).await?;
    if role.as_deref() == Some("admin") && store::users::count_owners(tx, org.id).await? < 2 {
        return Err(Problem::forbidden("The last owner of an organisation stays: make somebody else an owner first."));
    }
    Ok(())
}

async fn own_memberships(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let mut query = api.store().read();
    let user = crate::users::caller(call)?.id;
    let user = store::users::by_id(&mut query, user).await?.ok_or_else(Problem::requires_login)?;
    let mut items = Vec::new();
    for org in store::users::organizations_of(&mut query, user.id, page.sql_offset(), page.sql_limit()).await? {
        let role = store::users::membership(&mut query, org.id, user.id).await?.unwrap_or_default();
        items.push(membership_shape(api, &org, &user, &role));
    }
    Ok(Answer::page(call, page, items))
}

async fn own_membership(api: &Api, call: &mut Call) -> Result {
    let mut query = api.store().read();
    let (org, id) = (call.org()?, crate::users::caller(call)?.id);
    let user = store::users::by_id(&mut query, id).await?.ok_or_else(Problem::requires_login)?;
    let role = store::users::membership(&mut query, org.id, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(membership_shape(api, org, &user, &role)))
}
