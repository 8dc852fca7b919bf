//! Users, organisations, teams.

use std::sync::Arc;

use forge::ids::node_id;
use identity::{Level, Permission};
use serde_json::{Value, json};
use store::users::User;

use crate::graphql::args::Args;
use crate::graphql::connection::{self, PAGING};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const ACTOR: &[Field] = &[
    Field::value("login"),
    Field::value("url"),
    Field::value("resourcePath"),
    Field { args: &["size"], ..Field::value("avatarUrl") },
    Field::value("id"),
];

const USER: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("login"),
    Field::value("name"),
    Field::value("email"),
    Field::value("bio"),
    Field::value("url"),
    Field::value("resourcePath"),
    Field { args: &["size"], ..Field::value("avatarUrl") },
    Field::value("isSiteAdmin"),
    Field::value("createdAt"),
    Field::one("viewer", &[], "User", resolve!(super::query::viewer)),
    Field::connection("organizations", PAGING, "Organization", resolve!(organizations)),
    Field::connection(
        "repositories",
        &["first", "last", "after", "before", "ownerAffiliations", "affiliations", "orderBy", "privacy", "isFork"],
        "Repository",
        resolve!(super::repository_lists::of_owner),
    ),
    Field::one("repository", &["name"], "Repository", resolve!(super::repository_lists::one_of_owner)),
    Field::connection(
        "projectsV2",
        &["first", "last", "after", "before", "query", "orderBy"],
        "ProjectV2",
        resolve!(nothing),
    ),
];

const ORGANIZATION: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("login"),
    Field::value("name"),
    Field::value("email"),
    Field::value("description"),
    Field::value("url"),
    Field::value("resourcePath"),
    Field { args: &["size"], ..Field::value("avatarUrl") },
    Field::value("createdAt"),
    Field::scalar("viewerCanAdminister", &[], resolve!(can_administer)),
    Field::connection(
        "repositories",
        &["first", "last", "after", "before", "ownerAffiliations", "affiliations", "orderBy", "privacy", "isFork"],
        "Repository",
        resolve!(super::repository_lists::of_owner),
    ),
    Field::one("repository", &["name"], "Repository", resolve!(super::repository_lists::one_of_owner)),
    Field::one("team", &["slug"], "Team", resolve!(team)),
    Field::connection("teams", &["first", "last", "after", "before", "orderBy", "query"], "Team", resolve!(teams)),
    Field::connection(
        "projects",
        &["first", "last", "after", "before", "states", "orderBy"],
        "Project",
        resolve!(nothing),
    ),
    Field::connection(
        "projectsV2",
        &["first", "last", "after", "before", "query", "orderBy"],
        "ProjectV2",
        resolve!(nothing),
    ),
];

const TEAM: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("name"),
    Field::value("slug"),
    Field::value("description"),
    Field::value("url"),
    Field::one("organization", &[], "Organization", resolve!(organization_of_team)),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object("User", USER),
    Type::object("Organization", ORGANIZATION),
    Type::object("Bot", ACTOR),
    Type::object("Team", TEAM),
    Type::interface("Actor", &["User", "Organization", "Bot"], ACTOR),
    Type::interface(
        "RepositoryOwner",
        &["User", "Organization"],
        &[
            Field::value("id"),
            Field::value("login"),
            Field::value("url"),
            Field::value("resourcePath"),
            Field { args: &["size"], ..Field::value("avatarUrl") },
            Field::connection(
                "repositories",
                &[
                    "first",
                    "last",
                    "after",
                    "before",
                    "ownerAffiliations",
                    "affiliations",
                    "orderBy",
                    "privacy",
                    "isFork",
                ],
                "Repository",
                resolve!(super::repository_lists::of_owner),
            ),
            Field::one("repository", &["name"], "Repository", resolve!(super::repository_lists::one_of_owner)),
        ],
    ),
    Type::interface("RequestedReviewer", &["User", "Team", "Bot"], &[]),
];

/// An account as a node. Addresses are shown to their owners only.
pub(crate) fn node(context: &Context<'_>, user: User) -> Node {
    let own = context.caller.user().is_some_and(|caller| caller.id == user.id);
    let kind = match user.kind.as_str() {
        "Organization" => "Organization",
        "Bot" => "Bot",
        _ => "User",
    };
    let data = json!({
        "id": node_id(kind, user.id),
        "databaseId": user.id,
        "login": user.login,
        "name": user.name,
        "email": if own { user.email.clone().unwrap_or_default() } else { String::new() },
        "bio": user.description,
        "description": user.description,
        "url": format!("{}/{}", context.urls().web, user.login),
        "resourcePath": format!("/{}", user.login),
        "avatarUrl": "",
        "isSiteAdmin": user.site_admin,
        "createdAt": forge::shape::at(user.created_at),
    });
    Node::new(kind, data, Subject::Account(Arc::new(user)))
}

/// The account of an id; null when there is none.
pub(crate) async fn by_id(context: &Context<'_>, id: Option<i64>) -> Result<Out, Fault> {
    let Some(id) = id else { return Ok(Out::Value(Value::Null)) };
    let user = store::users::by_id(&mut context.api.store().read(), id).await?;
    Ok(user.map(|user| node(context, user)).into())
}

pub(crate) fn team_node(context: &Context<'_>, org: &str, team: store::teams::Team) -> Node {
    let data = json!({
        "id": node_id("Team", team.id),
        "databaseId": team.id,
        "name": team.name,
        "slug": team.slug,
        "description": team.description,
        "url": format!("{}/orgs/{org}/teams/{}", context.urls().web, team.slug),
    });
    Node::new("Team", data, Subject::Team(Arc::new(team)))
}

/// The account that a node is.
pub(crate) fn subject(node: &Node) -> Result<&User, Fault> {
    match &node.subject {
        Subject::Account(user) => Ok(user),
        _ => Err(Fault::new("INTERNAL", "Something went wrong")),
    }
}

async fn nothing(_: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(connection::empty())
}

async fn organizations(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let user = subject(node)?;
    let found = store::users::organizations_of(&mut context.api.store().read(), user.id, 0, 1000).await?;
    Ok(connection::of(args, found.into_iter().map(|org| self::node(context, org)).collect()))
}

async fn can_administer(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let role = context.api.identity().org_role(context.caller, subject(node)?.id).await?;
    Ok(Out::Value((role == identity::OrgRole::Owner).into()))
}

async fn team(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let org = subject(node)?;
    context.api.identity().allow_org(context.caller, org.id, Permission::Members, Level::Read).await?;
    let found = store::teams::by_slug(&mut context.api.store().read(), org.id, args.required("slug")?).await?;
    let seen = visible_teams(context, org.id).await?;
    let found = found.filter(|team| seen.iter().any(|known| known.id == team.id));
    Ok(found.map(|team| team_node(context, &org.login, team)).into())
}

async fn teams(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let org = subject(node)?;
    context.api.identity().allow_org(context.caller, org.id, Permission::Members, Level::Read).await?;
    let found = visible_teams(context, org.id).await?;
    Ok(connection::of(args, found.into_iter().map(|team| team_node(context, &org.login, team)).collect()))
}

async fn visible_teams(context: &Context<'_>, org_id: i64) -> Result<Vec<store::teams::Team>, Fault> {
    let owner = context.api.identity().org_role(context.caller, org_id).await? == identity::OrgRole::Owner;
    let seen_by = if owner { None } else { context.caller.account_id() };
    Ok(store::teams::list(&mut context.api.store().read(), org_id, seen_by, 0, 1000).await?)
}

async fn organization_of_team(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match &node.subject {
        Subject::Team(team) => by_id(context, Some(team.org_id)).await,
        _ => Ok(Out::Value(Value::Null)),
    }
}
