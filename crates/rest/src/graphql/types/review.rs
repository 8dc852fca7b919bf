//! Comments and reviews.

use forge::ids::node_id;
use serde_json::{Value, json};
use store::comments::Comment;
use store::reviews::Review;

use super::account;
use crate::graphql::args::Args;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, Out, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const COMMENT: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("body"),
    Field::value("url"),
    Field::value("createdAt"),
    Field::value("updatedAt"),
    Field::value("includesCreatedEdit"),
    Field::value("isMinimized"),
    Field::value("minimizedReason"),
    Field::value("authorAssociation"),
    Field::value("viewerDidAuthor"),
    Field::inners("reactionGroups", "ReactionGroup"),
    Field::one("author", &[], "Actor", resolve!(author)),
];

const REVIEW: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("body"),
    Field::value("state"),
    Field::value("url"),
    Field::value("submittedAt"),
    Field::value("createdAt"),
    Field::value("includesCreatedEdit"),
    Field::value("authorAssociation"),
    Field::inners("reactionGroups", "ReactionGroup"),
    Field::inner("commit", "Commit"),
    Field::one("author", &[], "Actor", resolve!(author)),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object("IssueComment", COMMENT),
    Type::object("PullRequestReview", REVIEW),
    Type::object("ReviewRequest", &[Field::one("requestedReviewer", &[], "RequestedReviewer", resolve!(requested))]),
];

/// A comment; `page` is the address of what it is on, `association` what its author is to the repository.
pub(crate) fn comment(context: &Context<'_>, page: &str, comment: &Comment, association: &str) -> Node {
    let own = context.caller.account_id() == Some(comment.author_id);
    let data = json!({
        "id": node_id("IssueComment", comment.id),
        "databaseId": comment.id,
        "body": comment.body,
        "url": format!("{page}#issuecomment-{}", comment.id),
        "createdAt": forge::shape::at(comment.created_at),
        "updatedAt": forge::shape::at(comment.updated_at),
        "includesCreatedEdit": comment.updated_at > comment.created_at,
        "isMinimized": false,
        "minimizedReason": "",
        "authorAssociation": association,
        "viewerDidAuthor": own,
        "reactionGroups": [],
    });
    Node::new("IssueComment", data, Subject::Authored(comment.author_id))
}

pub(crate) fn review(page: &str, review: &Review, association: &str) -> Node {
    let data = json!({
        "id": node_id("PullRequestReview", review.id),
        "databaseId": review.id,
        "body": review.body,
        "state": review.state,
        "url": format!("{page}#pullrequestreview-{}", review.id),
        "submittedAt": review.submitted_at.map(forge::shape::at),
        "createdAt": forge::shape::at(review.created_at),
        "includesCreatedEdit": false,
        "authorAssociation": association,
        "reactionGroups": [],
        "commit": { "oid": review.commit_sha },
    });
    Node::new("PullRequestReview", data, Subject::Authored(review.author_id))
}

pub(crate) async fn author(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match node.subject {
        Subject::Authored(id) => account::by_id(context, Some(id)).await,
        _ => Ok(Out::Value(Value::Null)),
    }
}

/// A user or a team that was asked for a review.
async fn requested(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    match &node.subject {
        Subject::Authored(id) => account::by_id(context, Some(*id)).await,
        Subject::Team(team) => {
            let org = store::users::by_id(&mut context.api.store().read(), team.org_id).await?;
            let login = org.map(|org| org.login).unwrap_or_default();
            Ok(Out::Node(account::team_node(context, &login, team.as_ref().clone())))
        }
        _ => Ok(Out::Value(Value::Null)),
    }
}
