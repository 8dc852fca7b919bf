//! Releases.

use forge::ids::node_id;
use identity::{Level, Need, Permission};
use serde_json::{Value, json};
use store::releases::Release;
use store::repositories::Repository;

use super::{account, repository};
use crate::graphql::args::Args;
use crate::graphql::connection;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const RELEASE: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("name"),
    Field::value("tagName"),
    Field::value("url"),
    Field::value("description"),
    Field::value("isDraft"),
    Field::value("isLatest"),
    Field::value("isPrerelease"),
    Field::value("createdAt"),
    Field::value("publishedAt"),
    Field::one("author", &[], "User", resolve!(author)),
];

pub(crate) const TYPES: &[Type] = &[Type::object("Release", RELEASE)];

fn node(context: &Context<'_>, repo: &Repository, release: &Release, latest: Option<i64>) -> Node {
    let data = json!({
        "id": node_id("Release", release.id),
        "databaseId": release.id,
        "name": release.name,
        "tagName": release.tag,
        "url": format!("{}/releases/tag/{}", context.urls().page(&repo.full_name()), release.tag),
        "description": release.body,
        "isDraft": release.draft,
        "isLatest": latest == Some(release.id),
        "isPrerelease": release.prerelease,
        "createdAt": forge::shape::at(release.created_at),
        "publishedAt": release.published_at.map(forge::shape::at),
    });
    Node::new("Release", data, Subject::Authored(release.author_id))
}

async fn author(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match node.subject {
        Subject::Authored(id) => account::by_id(context, Some(id)).await,
        _ => Ok(Out::Value(Value::Null)),
    }
}

/// Drafts are for those who may write.
async fn sees_drafts(context: &Context<'_>, repo: &Repository) -> Result<bool, Fault> {
    let need = Need::new(Permission::Contents, Level::Write);
    Ok(context.api.identity().decide(context.caller, &forge::repo_ref(repo), need).await?.is_ok())
}

pub(crate) async fn latest(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let found = store::releases::latest(&mut context.api.store().read(), repo.id).await?;
    Ok(found.map(|release| self::node(context, repo, &release, Some(release.id))).into())
}

pub(crate) async fn by_tag(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let tag = args.required("tagName")?;
    let drafts = sees_drafts(context, repo).await?;
    let mut query = context.api.store().read();
    let found = store::releases::list(&mut query, repo.id, drafts, 1000, 0).await?;
    let latest = store::releases::latest(&mut query, repo.id).await?.map(|release| release.id);
    let found = found.iter().find(|release| release.tag == tag);
    Ok(found.map(|release| self::node(context, repo, release, latest)).into())
}

pub(crate) async fn list(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let repo = repository::subject(node)?;
    let drafts = sees_drafts(context, repo).await?;
    let mut query = context.api.store().read();
    let found = store::releases::list(&mut query, repo.id, drafts, 1000, 0).await?;
    let latest = store::releases::latest(&mut query, repo.id).await?.map(|release| release.id);
    let nodes = found.iter().map(|release| self::node(context, repo, release, latest)).collect();
    Ok(connection::of(args, nodes))
}
