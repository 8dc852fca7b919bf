//! Where every query begins.

use forge::ids::parse_node_id;
use serde_json::{Value, json};

use super::{account, repository};
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out};
use crate::graphql::schema::{self, Field, Type, resolve};

const QUERY: &[Field] = &[
    Field::one("viewer", &[], "User", resolve!(viewer)),
    Field::one("repository", &["owner", "name", "followRenames"], "Repository", resolve!(one_repository)),
    Field::one("repositoryOwner", &["login"], "RepositoryOwner", resolve!(owner)),
    Field::one("user", &["login"], "User", resolve!(user)),
    Field::one("organization", &["login"], "Organization", resolve!(organization)),
    Field::one("node", &["id"], "Node", resolve!(node)),
    Field::connection(
        "search",
        &["query", "type", "first", "last", "after", "before"],
        "SearchResultItem",
        resolve!(super::search::search),
    ),
    Field::one("rateLimit", &["dryRun"], "RateLimit", resolve!(rate_limit)),
    Field::one("__type", &["name"], "__Type", resolve!(describe)),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object("Query", QUERY),
    Type::interface(
        "Node",
        &["User", "Organization", "Team", "Repository", "PullRequest", "Issue", "Label", "IssueComment", "Release"],
        &[Field::value("id")],
    ),
    Type::interface("SearchResultItem", &["PullRequest", "Issue", "Repository"], &[]),
];

pub(crate) async fn viewer(context: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    match context.caller.account_id() {
        Some(id) => account::by_id(context, Some(id)).await,
        None => Err(Fault::new("FORBIDDEN", "This endpoint requires you to be authenticated.")),
    }
}

/// Whether the caller may see who there is: everybody who is logged in, and all on an open server.
fn check_reader(context: &Context<'_>) -> Result<(), Fault> {
    if context.caller.is_anonymous() && !context.api.identity().settings().open {
        return Err(Fault::new("FORBIDDEN", "This endpoint requires you to be authenticated."));
    }
    Ok(())
}

async fn one_repository(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = context.repository(args.required("owner")?, args.required("name")?).await?;
    Ok(Out::Node(repository::node(context, repo)))
}

async fn login(context: &Context<'_>, args: &Args, kinds: &[&str], what: &str) -> Result<Out, Fault> {
    check_reader(context)?;
    let login = args.required("login")?;
    let found = store::users::by_login(&mut context.api.store().read(), login).await?;
    let found = found.filter(|user| kinds.contains(&user.kind.as_str()));
    let missing = || Fault::not_found(format!("Could not resolve to {what} with the login of '{login}'."));
    Ok(Out::Node(account::node(context, found.ok_or_else(missing)?)))
}

async fn owner(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    login(context, args, &["User", "Organization"], "a RepositoryOwner").await
}

async fn user(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    login(context, args, &["User"], "a User").await
}

async fn organization(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    login(context, args, &["Organization"], "an Organization").await
}

async fn node(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let text = args.required("id")?;
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    let (kind, id) = parse_node_id(text).ok_or_else(missing)?;
    let found = match kind.as_str() {
        "User" | "Organization" | "Bot" => {
            check_reader(context)?;
            return account::by_id(context, Some(id)).await;
        }
        "Repository" => context.repository_by_id(id).await?.map(|repo| repository::node(context, repo)),
        "PullRequest" => super::pull::by_issue(context, id).await?,
        "Issue" => super::issue::by_id(context, id).await?,
        _ => None,
    };
    Ok(Out::Node(found.ok_or_else(missing)?))
}

async fn rate_limit(context: &Context<'_>, _: &Node, _: &Args) -> Result<Out, Fault> {
    let (budget, _) = context.api.rate().take(context.caller, "", context.api.store().now(), 0);
    let data = json!({
        "limit": budget.limit,
        "cost": 1,
        "remaining": budget.remaining(),
        "used": budget.used,
        "resetAt": forge::shape::at(budget.reset.saturating_mul(1_000_000)),
    });
    Ok(Out::Node(Node::plain("RateLimit", data)))
}

/// What clients look at to know which fields they may ask for.
async fn describe(_: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let Some(kind) = schema::named(args.required("name")?) else {
        return Ok(Out::Value(Value::Null));
    };
    let fields: Vec<Value> =
        kind.fields.iter().map(|field| json!({ "name": field.name, "isDeprecated": false })).collect();
    let word = if kind.members.is_empty() { "OBJECT" } else { "INTERFACE" };
    Ok(Out::Node(Node::plain("__Type", json!({ "name": kind.name, "kind": word, "fields": fields }))))
}
