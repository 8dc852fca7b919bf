//! Issues, as far as the command line asks for them beside pull requests.

use std::sync::Arc;

use forge::ids::node_id;
use identity::Permission;
use serde_json::{Value, json};
use store::issues::Issue;
use store::repositories::Repository;

use super::repository_lists::label_node;
use super::{account, repository, review};
use crate::graphql::args::Args;
use crate::graphql::connection::{self, PAGING};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const ISSUE: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("number"),
    Field::value("title"),
    Field::value("body"),
    Field::value("state"),
    Field::value("stateReason"),
    Field::value("closed"),
    Field::value("locked"),
    Field::value("activeLockReason"),
    Field::value("url"),
    Field::value("createdAt"),
    Field::value("updatedAt"),
    Field::value("closedAt"),
    Field::value("isPinned"),
    Field::inner("milestone", "Milestone"),
    Field::inners("reactionGroups", "ReactionGroup"),
    Field::one("author", &[], "Actor", resolve!(author)),
    Field::one("repository", &[], "Repository", resolve!(repository_of)),
    Field::connection("assignees", PAGING, "User", resolve!(assignees)),
    Field::connection("labels", &["first", "last", "after", "before", "orderBy"], "Label", resolve!(labels)),
    Field::connection("comments", &["first", "last", "after", "before", "orderBy"], "IssueComment", resolve!(comments)),
    Field::connection("projectCards", PAGING, "ProjectCard", resolve!(super::repository_lists::nothing)),
    Field::connection("projectItems", PAGING, "ProjectV2Item", resolve!(super::repository_lists::nothing)),
];

pub(crate) const TYPES: &[Type] = &[Type::object("Issue", ISSUE)];

pub(crate) fn node(context: &Context<'_>, repo: Arc<Repository>, issue: Issue) -> Node {
    let data = json!({
        "id": node_id("Issue", issue.id),
        "databaseId": issue.id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": issue.state.to_uppercase(),
        "stateReason": issue.state_reason.as_ref().map(|reason| reason.to_uppercase()),
        "closed": !issue.is_open(),
        "locked": issue.locked,
        "activeLockReason": null,
        "url": page(context, &repo, &issue),
        "createdAt": forge::shape::at(issue.created_at),
        "updatedAt": forge::shape::at(issue.updated_at),
        "closedAt": issue.closed_at.map(forge::shape::at),
        "isPinned": false,
        "milestone": null,
        "reactionGroups": [],
    });
    Node::new("Issue", data, Subject::Issue(repo, Arc::new(issue)))
}

pub(crate) async fn by_id(context: &Context<'_>, id: i64) -> Result<Option<Node>, Fault> {
    let issue = store::issues::by_id(&mut context.api.store().read(), id).await?;
    let Some(issue) = issue.filter(|issue| !issue.is_pull) else { return Ok(None) };
    let Some(repo) = context.repository_by_id(issue.repo_id).await? else { return Ok(None) };
    context.read(&repo, Permission::Issues).await?;
    Ok(Some(node(context, repo, issue)))
}

/// The page of an issue or of a pull request.
pub(crate) fn page(context: &Context<'_>, repo: &Repository, issue: &Issue) -> String {
    let kind = if issue.is_pull { "pull" } else { "issues" };
    format!("{}/{kind}/{}", context.urls().page(&repo.full_name()), issue.number)
}

/// Of an issue or of a pull request.
pub(crate) fn subject(node: &Node) -> Result<(&Arc<Repository>, &Issue), Fault> {
    match &node.subject {
        Subject::Issue(repo, issue) => Ok((repo, issue)),
        Subject::Pull(pull) => Ok((&pull.repo, &pull.issue)),
        _ => Err(Fault::new("INTERNAL", "Something went wrong")),
    }
}

pub(crate) async fn author(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    account::by_id(context, Some(subject(node)?.1.author_id)).await
}

pub(crate) async fn repository_of(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    Ok(Out::Node(repository::node(context, subject(node)?.0.clone())))
}

pub(crate) async fn assignees(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let (_, issue) = subject(node)?;
    let mut nodes = Vec::new();
    for id in issue.assignees.as_array().into_iter().flatten().filter_map(Value::as_i64) {
        if let Some(user) = store::users::by_id(&mut context.api.store().read(), id).await? {
            nodes.push(account::node(context, user));
        }
    }
    Ok(connection::of(args, nodes))
}

pub(crate) async fn labels(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let (repo, issue) = subject(node)?;
    let found = store::issues::labels_of(&mut context.api.store().read(), issue.id).await?;
    Ok(connection::of(args, found.iter().map(|label| label_node(context, repo, label)).collect()))
}

pub(crate) async fn comments(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let (repo, issue) = subject(node)?;
    let page = page(context, repo, issue);
    let found = store::comments::of_issue(&mut context.api.store().read(), issue.id, 10_000, 0).await?;
    let mut nodes = Vec::new();
    for comment in &found {
        let association = association(context, repo, comment.author_id).await?;
        nodes.push(review::comment(context, &page, comment, association));
    }
    Ok(connection::of(args, nodes))
}

/// What somebody is to the repository, in GitHub's words.
pub(crate) async fn association(
    context: &Context<'_>,
    repo: &Repository,
    author_id: i64,
) -> Result<&'static str, Fault> {
    if author_id == repo.owner_id {
        return Ok("OWNER");
    }
    let role = context.api.identity().role_of_user(author_id, &forge::repo_ref(repo)).await?;
    Ok(match role {
        identity::Role::None | identity::Role::Read => "NONE",
        _ if repo.owner_kind == "Organization" => "MEMBER",
        _ => "COLLABORATOR",
    })
}
