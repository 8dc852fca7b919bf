//! Teams of an organisation.

use identity::{Action, Level, Need, OrgRole, Permission, Role};
use serde_json::{Value, json};
use store::teams::Team;

use crate::route::fields::{SIMPLE_USER, TEAM, TEAM_MEMBERSHIP};
use crate::users::named;
use crate::{Access, Answer, Api, Call, Field, FieldError, Gives, Kind, Problem, Result, Route, handler};

const READ: Access = Access::Org(Permission::Members, Level::Read);
const WRITE: Access = Access::Org(Permission::Members, Level::Write);
const FIELDS: &[Field] = &[
    Field::new("name", Kind::String),
    Field::nullable("description", Kind::String),
    Field::new("privacy", Kind::Choice(&["closed", "secret"])),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/orgs/{org}/teams", READ, handler!(list), "Teams that the caller sees.").list(TEAM),
    Route::post("/orgs/{org}/teams", WRITE, handler!(create), "Makes a team.")
        .body(&[
            Field::required("name", Kind::String),
            Field::nullable("description", Kind::String),
            Field::new("privacy", Kind::Choice(&["closed", "secret"])),
            Field::new("maintainers", Kind::Array(&Kind::String)),
        ])
        .gives(201, Gives::Object(TEAM)),
    Route::get("/orgs/{org}/teams/{team_slug}", READ, handler!(get), "A team.").gives(200, Gives::Object(TEAM)),
    Route::patch("/orgs/{org}/teams/{team_slug}", WRITE, handler!(update), "Changes a team.")
        .body(FIELDS)
        .gives(200, Gives::Object(TEAM)),
    Route::delete("/orgs/{org}/teams/{team_slug}", WRITE, handler!(delete), "Deletes a team."),
    Route::get("/orgs/{org}/teams/{team_slug}/members", READ, handler!(members), "Members of a team.")
        .list(SIMPLE_USER),
    Route::get(
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        READ,
        handler!(membership),
        "What a user is in a team.",
    )
    .gives(200, Gives::Object(TEAM_MEMBERSHIP)),
    Route::put(
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        WRITE,
        handler!(set_membership),
        "Puts a member of the organisation into a team.",
    )
    .body(&[Field::new("role", Kind::Choice(&["member", "maintainer"]))])
    .gives(200, Gives::Object(TEAM_MEMBERSHIP)),
    Route::delete(
        "/orgs/{org}/teams/{team_slug}/memberships/{username}",
        WRITE,
        handler!(remove_member),
        "Takes a user out of a team.",
    ),
    Route::get("/orgs/{org}/teams/{team_slug}/repos", READ, handler!(repositories), "Repositories a team reaches.")
        .list(&[]),
    Route::get(
        "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
        READ,
        handler!(has_repository),
        "Whether a team reaches a repository.",
    )
    .gives(204, Gives::Nothing),
    Route::put(
        "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
        WRITE,
        handler!(set_repository),
        "Gives a team a role in a repository.",
    )
    .body(&[Field::new("permission", Kind::Choice(&["pull", "triage", "push", "maintain", "admin"]))])
    .gives(204, Gives::Nothing),
    Route::delete(
        "/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}",
        WRITE,
        handler!(remove_repository),
        "Takes a repository from a team.",
    ),
    Route::get("/user/teams", Access::User("read:org"), handler!(own), "Teams of the caller.").list(TEAM),
    Route::get(
        "/repos/{owner}/{repo}/teams",
        Access::repo(Permission::Administration, Level::Read, Role::Admin),
        handler!(of_repository),
        "Teams that reach a repository.",
    )
    .list(TEAM),
];

/// A team; `role` is what it is in the repository at hand, if there is one.
pub(crate) fn shape(api: &Api, org_login: &str, team: &Team, role: Option<Role>) -> Value {
    let urls = api.forge().urls();
    let url = format!("{}/orgs/{org_login}/teams/{}", urls.api, team.slug);
    let permission = match role.unwrap_or(Role::Read) {
        Role::None | Role::Read => "pull",
        Role::Write => "push",
        other => other.name(),
    };
    json!({
        "id": team.id,
        "node_id": forge::ids::node_id("Team", team.id),
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "privacy": team.privacy,
        "notification_setting": "notifications_enabled",
        "permission": permission,
        "url": url,
        "html_url": format!("{}/orgs/{org_login}/teams/{}", urls.web, team.slug),
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
        "parent": null,
    })
}

/// Letters and digits of the name in lower case, with hyphens between.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn check_name(name: &str) -> Result<String> {
    let slug = slug(name);
    if slug.is_empty() || name.len() > 100 {
        return Err(Problem::invalid("name", "a team's name has letters or digits, and 100 characters at most"));
    }
    Ok(slug)
}

fn taken(error: store::Error) -> Problem {
    if error.is_taken() { Problem::validation(vec![FieldError::exists("Team", "name")]) } else { error.into() }
}

/// The team of `{team_slug}`, if the caller may know of it.
async fn team(api: &Api, call: &Call) -> Result<Team> {
    let org = call.org()?;
    let mut query = api.store().read();
    let team = store::teams::by_slug(&mut query, org.id, call.param("team_slug")).await?;
    let team = team.ok_or_else(Problem::not_found)?;
    if team.privacy == "secret" && api.identity().org_role(&call.caller, org.id).await? != OrgRole::Owner {
        let user = call.caller.user().map_or(0, |user| user.id);
        if store::teams::membership(&mut query, team.id, user).await?.is_none() {
            return Err(Problem::not_found());
        }
    }
    Ok(team)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, org) = (call.page(), call.org()?);
    let owner = api.identity().org_role(&call.caller, org.id).await? == OrgRole::Owner;
    let seen_by = if owner { None } else { call.caller.account_id() };
    let mut query = api.store().read();
    let found = store::teams::list(&mut query, org.id, seen_by, page.sql_offset(), page.sql_limit()).await?;
    Ok(Answer::page(call, page, found.iter().map(|team| shape(api, &org.login, team, None)).collect()))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let (org, name) = (call.org()?, call.required("name")?);
    let slug = check_name(name)?;
    let privacy = call.text("privacy").unwrap_or("closed");
    let mut tx = api.store().begin().await?;
    let id =
        store::teams::insert(&mut tx, org.id, &slug, name, call.text("description"), privacy).await.map_err(taken)?;
    for login in call.texts("maintainers").unwrap_or_default() {
        let user = store::users::by_login(&mut tx, &login).await?;
        let user = user.ok_or_else(|| Problem::invalid("maintainers", format!("there is no user `{login}`")))?;
        if store::users::membership(&mut tx, org.id, user.id).await?.is_none() {
            return Err(Problem::invalid("maintainers", format!("`{login}` is no member of the organisation")));
        }
        store::teams::set_member(&mut tx, id, user.id, "maintainer").await?;
    }
    let team = store::teams::by_id(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    api.identity().audit(&mut tx, &call.caller, Action::new("team.create", &slug).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::created(shape(api, &org.login, &team, None)))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let team = team(api, call).await?;
    Ok(Answer::json(shape(api, &call.org()?.login, &team, None)))
}

async fn update(api: &Api, call: &mut Call) -> Result {
    let mut team = team(api, call).await?;
    if let Some(name) = call.text("name") {
        team.slug = check_name(name)?;
        name.clone_into(&mut team.name);
    }
    if let Some(description) = call.json.get("description") {
        team.description = description.as_str().map(str::to_owned);
    }
    if let Some(privacy) = call.text("privacy") {
        privacy.clone_into(&mut team.privacy);
    }
    let org = call.org()?;
    let mut tx = api.store().begin().await?;
    store::teams::update(&mut tx, &team).await.map_err(taken)?;
    api.identity().audit(&mut tx, &call.caller, Action::new("team.update", &team.slug).org(org.id)).await?;
    tx.commit().await?;
    Ok(Answer::json(shape(api, &org.login, &team, None)))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let team = team(api, call).await?;
    let mut tx = api.store().begin().await?;
    store::teams::delete(&mut tx, team.id).await?;
    api.identity().audit(&mut tx, &call.caller, Action::new("team.delete", &team.slug).org(team.org_id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn members(api: &Api, call: &mut Call) -> Result {
    let (page, team) = (call.page(), team(api, call).await?);
    let mut query = api.store().read();
    let found = store::teams::members(&mut query, team.id, page.sql_offset(), page.sql_limit()).await?;
    Ok(Answer::page(call, page, found.iter().map(|user| api.forge().shape().simple_user(user)).collect()))
}

fn membership_shape(api: &Api, call: &Call, team: &Team, login: &str, role: &str) -> Result<Value> {
    let (base, org) = (&api.forge().urls().api, &call.org()?.login);
    let url = format!("{base}/orgs/{org}/teams/{}/memberships/{login}", team.slug);
    Ok(json!({ "url": url, "role": role, "state": "active" }))
}

async fn membership(api: &Api, call: &mut Call) -> Result {
    let (team, user) = (team(api, call).await?, named(api, call).await?);
    let role = store::teams::membership(&mut api.store().read(), team.id, user.id).await?;
    let role = role.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(membership_shape(api, call, &team, &user.login, &role)?))
}

async fn set_membership(api: &Api, call: &mut Call) -> Result {
    let (team, user) = (team(api, call).await?, named(api, call).await?);
    let role = call.text("role").unwrap_or("member");
    let mut tx = api.store().begin().await?;
    if store::users::membership(&mut tx, team.org_id, user.id).await?.is_none() {
        return Err(Problem::unprocessable(format!("{} is no member of the organisation.", user.login)));
    }
    store::teams::set_member(&mut tx, team.id, user.id, role).await?;
    let details = json!({ "team": team.slug, "role": role });
    let action = Action::new("team.member.set", &user.login).org(team.org_id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::json(membership_shape(api, call, &team, &user.login, role)?))
}

async fn remove_member(api: &Api, call: &mut Call) -> Result {
    let (team, user) = (team(api, call).await?, named(api, call).await?);
    let mut tx = api.store().begin().await?;
    if !store::teams::remove_member(&mut tx, team.id, user.id).await? {
        return Err(Problem::not_found());
    }
    let details = json!({ "team": team.slug });
    let action = Action::new("team.member.remove", &user.login).org(team.org_id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn repositories(api: &Api, call: &mut Call) -> Result {
    let (page, team) = (call.page(), team(api, call).await?);
    let mut query = api.store().read();
    let found = store::teams::repositories(&mut query, team.id, page.sql_offset(), page.sql_limit()).await?;
    let mut shapes = api.forge().shape();
    let mut items = Vec::new();
    for (id, role) in found {
        let Some(repo) = store::repositories::by_id(&mut query, id).await? else { continue };
        if !api.identity().sees(&call.caller, &forge::repo_ref(&repo)).await? {
            continue;
        }
        let mut item = shapes.repository(&repo).await?;
        if let Some(object) = item.as_object_mut() {
            object.insert("role_name".to_owned(), role.into());
        }
        items.push(item);
    }
    Ok(Answer::page(call, page, items))
}

/// The repository of `{owner}/{repo}`, which is the organisation's.
async fn repository(api: &Api, call: &Call, team: &Team) -> Result<store::repositories::Repository> {
    let mut query = api.store().read();
    let repo = store::repositories::by_name(&mut query, call.param("owner"), call.param("repo")).await?;
    repo.filter(|repo| repo.owner_id == team.org_id).ok_or_else(Problem::not_found)
}

async fn has_repository(api: &Api, call: &mut Call) -> Result {
    let team = team(api, call).await?;
    let repo = repository(api, call, &team).await?;
    let teams = store::teams::of_repository(&mut api.store().read(), repo.id).await?;
    if teams.iter().any(|(id, _)| *id == team.id) { Ok(Answer::empty()) } else { Err(Problem::not_found()) }
}

async fn set_repository(api: &Api, call: &mut Call) -> Result {
    let team = team(api, call).await?;
    let repo = repository(api, call, &team).await?;
    let need = Need::new(Permission::Administration, Level::Write);
    api.identity().allow_need(&call.caller, &forge::repo_ref(&repo), need).await?;
    let role: Role = call.text("permission").unwrap_or("push").parse().unwrap_or(Role::Write);
    let mut tx = api.store().begin().await?;
    store::teams::set_repository(&mut tx, team.id, repo.id, role.name()).await?;
    let details = json!({ "repository": repo.full_name(), "role": role.name() });
    let action = Action::new("team.repository.set", &team.slug).org(team.org_id).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn remove_repository(api: &Api, call: &mut Call) -> Result {
    let team = team(api, call).await?;
    let repo = repository(api, call, &team).await?;
    let mut tx = api.store().begin().await?;
    store::teams::remove_repository(&mut tx, team.id, repo.id).await?;
    let details = json!({ "repository": repo.full_name() });
    let action = Action::new("team.repository.remove", &team.slug).org(team.org_id).repo(repo.id).details(details);
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn own(api: &Api, call: &mut Call) -> Result {
    let page = call.page();
    let id = crate::users::caller(call)?.id;
    let mut query = api.store().read();
    let mut items = Vec::new();
    for team in store::teams::of_user(&mut query, id, page.sql_offset(), page.sql_limit()).await? {
        let org = store::users::by_id(&mut query, team.org_id).await?;
        let mut item = shape(api, org.as_ref().map_or("", |org| &org.login), &team, None);
        if let (Some(object), Some(org)) = (item.as_object_mut(), org) {
            object.insert("organization".to_owned(), crate::organizations::shape(api, &org));
        }
        items.push(item);
    }
    Ok(Answer::page(call, page, items))
}

async fn of_repository(api: &Api, call: &mut Call) -> Result {
    let repo = call.repo()?;
    let mut query = api.store().read();
    let mut items = Vec::new();
    for (id, role) in store::teams::of_repository(&mut query, repo.id).await? {
        if let Some(team) = store::teams::by_id(&mut query, id).await? {
            items.push(shape(api, &repo.owner, &team, role.parse().ok()));
        }
    }
    Ok(Answer::whole(call, call.page(), items))
}

#[cfg(test)]
mod tests {
    #[test]
    fn slugs() {
        for (name, expected) in [("Release  Team!", "release-team"), ("a_b", "a_b"), ("--", ""), ("Größe", "größe")]
        {
            assert_eq!(super::slug(name), expected);
        }
    }
}
