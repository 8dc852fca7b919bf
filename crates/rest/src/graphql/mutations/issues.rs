//! Comments and labels, of issues and of pull requests.

use std::sync::Arc;

use forge::issues::ChangeIssue;
use identity::{Level, Need, Permission, Role};
use serde_json::{Value, json};
use store::issues::Issue;
use store::repositories::Repository;

use super::{id_of, ids_of, payload};
use crate::conditions;
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::types::{issue, review};

/// The issue or pull request of a node id, with its repository.
async fn found(context: &Context<'_>, text: &str) -> Result<(Arc<Repository>, Issue), Fault> {
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    let (_, id) = id_of(text, &["Issue", "PullRequest"])?;
    let issue = store::issues::by_id(&mut context.api.store().read(), id).await?.ok_or_else(missing)?;
    let repo = context.repository_by_id(issue.repo_id).await?.ok_or_else(missing)?;
    Ok((repo, issue))
}

fn comment_payload(input: &Args, node: Node) -> Out {
    let comment = Value::Object(node.data);
    let data = json!({
        "clientMutationId": input.text("clientMutationId"),
        "commentEdge": { "node": comment, "cursor": "" },
        "issueComment": comment,
    });
    Out::Node(Node::new("CommentPayload", data, Subject::None))
}

pub(super) async fn add_comment(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (repo, issue) = found(context, input.required("subjectId")?).await?;
    context.allow(&repo, conditions::comment(&issue)).await?;
    let (forge, actor) = (context.api.forge(), context.actor()?);
    let (issue, comment) = forge.create_comment(&repo, &actor, issue.number, input.required("body")?).await?;
    let page = issue::page(context, &repo, &issue);
    let association = issue::association(context, &repo, comment.author_id).await?;
    Ok(comment_payload(&input, review::comment(context, &page, &comment, association)))
}

pub(super) async fn update_comment(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let text = input.required("id")?;
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    let (_, id) = id_of(text, &["IssueComment"])?;
    let repo_id = store::comments::repository_of(&mut context.api.store().read(), id).await?.ok_or_else(missing)?;
    let repo = context.repository_by_id(repo_id).await?.ok_or_else(missing)?;
    let forge = context.api.forge();
    let (issue, comment) = forge.comment(&repo, id).await?;
    let need = conditions::change_comment(&issue, context.caller, comment.author_id);
    context.allow(&repo, need).await?;
    let actor = context.actor()?;
    let (issue, comment) = forge.change_comment(&repo, &actor, id, input.required("body")?).await?;
    let page = issue::page(context, &repo, &issue);
    let association = issue::association(context, &repo, comment.author_id).await?;
    Ok(comment_payload(&input, review::comment(context, &page, &comment, association)))
}

/// The names of labels that are given by their ids, and are of the repository.
async fn label_names(context: &Context<'_>, repo: &Repository, ids: &[i64]) -> Result<Vec<String>, Fault> {
    let labels = store::issues::labels(&mut context.api.store().read(), repo.id).await?;
    let name = |id: &i64| labels.iter().find(|label| label.id == *id).map(|label| label.name.clone());
    ids.iter()
        .map(|id| name(id).ok_or_else(|| Fault::not_found("Could not resolve to a Label of the repository.")))
        .collect()
}

pub(super) async fn add_labels(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (repo, issue) = found(context, input.required("labelableId")?).await?;
    context.allow(&repo, conditions::sort(&issue)).await?;
    let ids = ids_of(&input, "labelIds", "Label")?.unwrap_or_default();
    let names = label_names(context, &repo, &ids).await?;
    context.api.forge().label_issue(&repo, &context.actor()?, issue.number, &names, false).await?;
    Ok(payload("Payload", &input, Node::plain("Payload", Value::Null)))
}

pub(super) async fn remove_labels(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let (repo, issue) = found(context, input.required("labelableId")?).await?;
    context.allow(&repo, conditions::sort(&issue)).await?;
    let ids = ids_of(&input, "labelIds", "Label")?.unwrap_or_default();
    for name in label_names(context, &repo, &ids).await? {
        context.api.forge().unlabel_issue(&repo, &context.actor()?, issue.number, &name).await?;
    }
    Ok(payload("Payload", &input, Node::plain("Payload", Value::Null)))
}

pub(super) async fn create(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let repo = super::repository(context, input.required("repositoryId")?).await?;
    let need = Need::new(Permission::Issues, Level::Write);
    context.allow(&repo, need.role(Role::Read)).await?;
    let labels = ids_of(&input, "labelIds", "Label")?.unwrap_or_default();
    let assignees = ids_of(&input, "assigneeIds", "User")?.unwrap_or_default();
    if !labels.is_empty() || !assignees.is_empty() {
        context.allow(&repo, need.role(Role::Triage)).await?;
    }
    let names = label_names(context, &repo, &labels).await?;
    let (title, body) = (input.required("title")?, input.text("body").unwrap_or_default());
    let made = context.api.forge().create_issue(&repo, &context.actor()?, title, body, &names, &assignees).await?;
    Ok(payload("IssuePayload", &input, issue::node(context, repo, made)))
}

/// Of an issue, or of what a pull request shares with issues.
async fn changed(context: &Context<'_>, input: &Args, id: &'static str, change: ChangeIssue) -> Result<Out, Fault> {
    let (repo, before) = found(context, input.required(id)?).await?;
    let only_state = change.title.is_none() && change.body.is_none();
    context.allow(&repo, conditions::change(&before, context.caller, only_state)).await?;
    let after = context.api.forge().change_issue(&repo, &context.actor()?, before.number, change).await?;
    set_metadata(context, &repo, &after, input).await?;
    Ok(payload("IssuePayload", input, issue::node(context, repo, after)))
}

pub(super) async fn update(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let text = |name: &str| input.text(name).map(str::to_owned);
    let state = text("state").map(|state| state.to_lowercase());
    let change = ChangeIssue { title: text("title"), body: text("body"), state, ..ChangeIssue::default() };
    changed(context, &input, "id", change).await
}

pub(super) async fn close(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let state_reason = input.text("stateReason").map(str::to_lowercase);
    let change = ChangeIssue { state: Some("closed".to_owned()), state_reason, ..ChangeIssue::default() };
    changed(context, &input, "issueId", change).await
}

pub(super) async fn reopen(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    let input = args.input()?;
    let change = ChangeIssue { state: Some("open".to_owned()), ..ChangeIssue::default() };
    changed(context, &input, "issueId", change).await
}

async fn set_locked(context: &Context<'_>, args: &Args, locked: bool) -> Result<Out, Fault> {
    let input = args.input()?;
    let (repo, issue) = found(context, input.required("lockableId")?).await?;
    context.allow(&repo, conditions::lock(&issue)).await?;
    let change = ChangeIssue { locked: Some(locked), ..ChangeIssue::default() };
    context.api.forge().change_issue(&repo, &context.actor()?, issue.number, change).await?;
    let record = json!({ "locked": locked, "activeLockReason": null });
    let data = json!({
        "clientMutationId": input.text("clientMutationId"), "lockedRecord": record, "unlockedRecord": record,
    });
    Ok(Out::Node(Node::plain("LockPayload", data)))
}

pub(super) async fn lock(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    set_locked(context, args, true).await
}

pub(super) async fn unlock(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    set_locked(context, args, false).await
}

/// Labels and assignees of what is updated, where they are given.
pub(super) async fn set_metadata(
    context: &Context<'_>,
    repo: &Repository,
    issue: &Issue,
    input: &Args,
) -> Result<(), Fault> {
    let (forge, actor) = (context.api.forge(), context.actor()?);
    let labels = ids_of(input, "labelIds", "Label")?;
    let assignees = ids_of(input, "assigneeIds", "User")?;
    if labels.is_none() && assignees.is_none() {
        return Ok(());
    }
    context.allow(repo, conditions::sort(issue)).await?;
    if let Some(ids) = labels {
        let names = label_names(context, repo, &ids).await?;
        forge.label_issue(repo, &actor, issue.number, &names, true).await?;
    }
    if let Some(ids) = assignees {
        let change = ChangeIssue { assignees: Some(ids), ..ChangeIssue::default() };
        forge.change_issue(repo, &actor, issue.number, change).await?;
    }
    Ok(())
}
