//! Conversations on lines: resolved, and taken up again.

use identity::{Level, Need, Permission, Role};
use serde_json::{Value, json};

use super::id_of;
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::types::{conversation, issue, pull};

async fn set(context: &Context<'_>, args: &Args, resolved: bool) -> Result<Out, Fault> {
    let input = args.input()?;
    let text = input.required("threadId")?;
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    let (_, id) = id_of(text, &["PullRequestReviewThread"])?;
    let mut query = context.api.store().read();
    let issue_id = store::reviews::issue_of_comment(&mut query, id).await?.ok_or_else(missing)?;
    let found = pull::by_issue(context, issue_id).await?.ok_or_else(missing)?;
    let of = pull::subject(&found)?.clone();
    // Its author, and who may write.
    let need = Need::new(Permission::PullRequests, Level::Write);
    let own = context.caller.account_id() == Some(of.issue.author_id);
    context.allow(&of.repo, need.role(if own { Role::Read } else { Role::Write })).await?;
    let first = context.api.forge().resolve_conversation(&of.repo, &context.actor()?, id, resolved).await?;
    let all = store::reviews::comments_of_issue(&mut query, issue_id).await?;
    let thread = conversation::thread(&issue::page(context, &of.repo, &of.issue), &first, &all, true);
    let data = json!({ "clientMutationId": input.text("clientMutationId") });
    Ok(Out::Node(Node::new("ThreadPayload", data, Subject::Within(Box::new(thread)))))
}

pub(super) async fn resolve_thread(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    set(context, args, true).await
}

pub(super) async fn unresolve_thread(context: &Context<'_>, _: &Node, args: &Args) -> Result<Out, Fault> {
    set(context, args, false).await
}

pub(super) async fn thread(_: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match &node.subject {
        Subject::Within(thread) => Ok(Out::Node(thread.as_ref().clone())),
        _ => Ok(Out::Value(Value::Null)),
    }
}
