//! Conversations on lines of a pull request.

use forge::ids::node_id;
use serde_json::{Value, json};
use store::reviews::ReviewComment;

use super::{account, issue, pull};
use crate::graphql::args::Args;
use crate::graphql::connection::{self, PAGING};
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

pub(crate) const TYPES: &[Type] = &[
    Type::object(
        "PullRequestReviewThread",
        &[
            Field::value("id"),
            Field::value("isResolved"),
            Field::value("isOutdated"),
            Field::value("path"),
            Field::value("line"),
            Field::value("startLine"),
            Field::value("diffSide"),
            Field::value("viewerCanResolve"),
            Field::value("viewerCanUnresolve"),
            Field::one("resolvedBy", &[], "User", resolve!(resolved_by)),
            Field::connection("comments", PAGING, "PullRequestReviewComment", resolve!(comments)),
        ],
    ),
    Type::object(
        "PullRequestReviewComment",
        &[
            Field::value("id"),
            Field::value("databaseId"),
            Field::value("body"),
            Field::value("path"),
            Field::value("diffHunk"),
            Field::value("outdated"),
            Field::value("url"),
            Field::value("createdAt"),
            Field::value("updatedAt"),
            Field::one("author", &[], "Actor", resolve!(super::review::author)),
        ],
    ),
];

/// What somebody may see: comments of a review that is not submitted are its author's alone.
async fn visible(context: &Context<'_>, issue_id: i64) -> Result<Vec<ReviewComment>, Fault> {
    let mut query = context.api.store().read();
    let reviews = store::reviews::of_issue(&mut query, issue_id).await?;
    let own = context.caller.account_id();
    let hidden = |comment: &ReviewComment| {
        reviews
            .iter()
            .any(|review| review.id == comment.review_id && review.state == "PENDING" && Some(review.author_id) != own)
    };
    let mut found = store::reviews::comments_of_issue(&mut query, issue_id).await?;
    found.retain(|comment| !hidden(comment));
    Ok(found)
}

pub(crate) async fn list(context: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    let of = pull::subject(node)?;
    let all = visible(context, of.issue.id).await?;
    let may = may_resolve(context, of).await?;
    let page = issue::page(context, &of.repo, &of.issue);
    let first = all.iter().filter(|comment| comment.in_reply_to.is_none());
    Ok(connection::of(args, first.map(|first| thread(&page, first, &all, may)).collect()))
}

/// Who wrote the pull request, and who may write.
pub(crate) async fn may_resolve(context: &Context<'_>, of: &crate::graphql::node::PullSubject) -> Result<bool, Fault> {
    let need = identity::Need::new(identity::Permission::PullRequests, identity::Level::Write);
    let own = context.caller.account_id() == Some(of.issue.author_id);
    let need = if own { need.role(identity::Role::Read) } else { need.role(identity::Role::Write) };
    Ok(context.api.identity().decide(context.caller, &forge::repo_ref(&of.repo), need).await?.is_ok())
}

/// A conversation by the comment that began it; `page` is the pull request's.
pub(crate) fn thread(page: &str, first: &ReviewComment, all: &[ReviewComment], may: bool) -> Node {
    let with = all.iter().filter(|comment| comment.id == first.id || comment.in_reply_to == Some(first.id));
    let data = json!({
        "id": node_id("PullRequestReviewThread", first.id),
        "isResolved": first.resolved_by.is_some(),
        "isOutdated": first.subject == "line" && first.line.is_none(),
        "path": first.path,
        "line": first.line,
        "startLine": first.start_line,
        "diffSide": first.side,
        "viewerCanResolve": may && first.resolved_by.is_none(),
        "viewerCanUnresolve": may && first.resolved_by.is_some(),
    });
    let comments = with.map(|comment| comment_node(page, comment)).collect();
    Node::new("PullRequestReviewThread", data, Subject::Conversation { comments, resolved_by: first.resolved_by })
}

fn comment_node(page: &str, comment: &ReviewComment) -> Node {
    let data = json!({
        "id": node_id("PullRequestReviewComment", comment.id),
        "databaseId": comment.id,
        "body": comment.body,
        "path": comment.path,
        "diffHunk": comment.diff_hunk,
        "outdated": comment.subject == "line" && comment.line.is_none(),
        "url": format!("{page}#discussion_r{}", comment.id),
        "createdAt": forge::shape::at(comment.created_at),
        "updatedAt": forge::shape::at(comment.updated_at),
    });
    Node::new("PullRequestReviewComment", data, Subject::Authored(comment.author_id))
}

async fn resolved_by(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match node.subject {
        Subject::Conversation { resolved_by, .. } => account::by_id(context, resolved_by).await,
        _ => Ok(Out::Value(Value::Null)),
    }
}

async fn comments(_: &Context<'_>, node: &Node, args: &Args) -> Result<Out, Fault> {
    match &node.subject {
        Subject::Conversation { comments, .. } => Ok(connection::of(args, comments.clone())),
        _ => Ok(Out::Value(Value::Null)),
    }
}
