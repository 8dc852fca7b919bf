//! Changes. Each does what its REST route does, under the same conditions.

mod conversations;
mod issues;
mod pulls;
mod repositories;

use std::sync::Arc;

use forge::ids::parse_node_id;
use serde_json::json;
use store::repositories::Repository;

use super::args::Args;
use super::context::Context;
use super::fault::Fault;
use super::node::{Node, Out};
use super::schema::{Field, Type, resolve};

const INPUT: &[&str] = &["input"];

const MUTATION: &[Field] = &[
    Field::one("createPullRequest", INPUT, "PullPayload", resolve!(pulls::create)),
    Field::one("updatePullRequest", INPUT, "PullPayload", resolve!(pulls::update)),
    Field::one("closePullRequest", INPUT, "PullPayload", resolve!(pulls::close)),
    Field::one("reopenPullRequest", INPUT, "PullPayload", resolve!(pulls::reopen)),
    Field::one("markPullRequestReadyForReview", INPUT, "PullPayload", resolve!(pulls::ready)),
    Field::one("convertPullRequestToDraft", INPUT, "PullPayload", resolve!(pulls::draft)),
    Field::one("mergePullRequest", INPUT, "PullPayload", resolve!(pulls::merge)),
    Field::one("enablePullRequestAutoMerge", INPUT, "PullPayload", resolve!(pulls::enable_auto_merge)),
    Field::one("disablePullRequestAutoMerge", INPUT, "PullPayload", resolve!(pulls::disable_auto_merge)),
    Field::one("requestReviews", INPUT, "PullPayload", resolve!(pulls::request_reviews)),
    Field::one("addPullRequestReview", INPUT, "PullPayload", resolve!(pulls::review)),
    Field::one("resolveReviewThread", INPUT, "ThreadPayload", resolve!(conversations::resolve_thread)),
    Field::one("unresolveReviewThread", INPUT, "ThreadPayload", resolve!(conversations::unresolve_thread)),
    Field::one("createIssue", INPUT, "IssuePayload", resolve!(issues::create)),
    Field::one("updateIssue", INPUT, "IssuePayload", resolve!(issues::update)),
    Field::one("closeIssue", INPUT, "IssuePayload", resolve!(issues::close)),
    Field::one("reopenIssue", INPUT, "IssuePayload", resolve!(issues::reopen)),
    Field::one("lockLockable", INPUT, "LockPayload", resolve!(issues::lock)),
    Field::one("unlockLockable", INPUT, "LockPayload", resolve!(issues::unlock)),
    Field::one("addComment", INPUT, "CommentPayload", resolve!(issues::add_comment)),
    Field::one("updateIssueComment", INPUT, "CommentPayload", resolve!(issues::update_comment)),
    Field::one("addLabelsToLabelable", INPUT, "Payload", resolve!(issues::add_labels)),
    Field::one("removeLabelsFromLabelable", INPUT, "Payload", resolve!(issues::remove_labels)),
    Field::one("createRepository", INPUT, "RepositoryPayload", resolve!(repositories::create)),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object("Mutation", MUTATION),
    Type::object("Payload", &[Field::value("clientMutationId")]),
    Type::object(
        "PullPayload",
        &[Field::value("clientMutationId"), Field::one("pullRequest", &[], "PullRequest", resolve!(subject_pull))],
    ),
    Type::object(
        "IssuePayload",
        &[Field::value("clientMutationId"), Field::one("issue", &[], "Issue", resolve!(subject_issue))],
    ),
    Type::object(
        "LockPayload",
        &[
            Field::value("clientMutationId"),
            Field::inner("lockedRecord", "Lockable"),
            Field::inner("unlockedRecord", "Lockable"),
        ],
    ),
    Type::object("Lockable", &[Field::value("locked"), Field::value("activeLockReason")]),
    Type::object(
        "ThreadPayload",
        &[
            Field::value("clientMutationId"),
            Field::one("thread", &[], "PullRequestReviewThread", resolve!(conversations::thread)),
        ],
    ),
    Type::object(
        "CommentPayload",
        &[
            Field::value("clientMutationId"),
            Field::inner("commentEdge", "CommentEdge"),
            Field::inner("issueComment", "IssueComment"),
        ],
    ),
    Type::object("CommentEdge", &[Field::inner("node", "IssueComment"), Field::value("cursor")]),
    Type::object(
        "RepositoryPayload",
        &[Field::value("clientMutationId"), Field::one("repository", &[], "Repository", resolve!(subject_repository))],
    ),
];

/// An answer about what was changed.
fn payload(kind: &'static str, input: &Args, of: Node) -> Out {
    Out::Node(Node::new(kind, json!({ "clientMutationId": input.text("clientMutationId") }), of.subject))
}

async fn subject_pull(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let of = super::types::pull::subject(node)?;
    Ok(super::types::pull::by_number(context, &of.repo, of.issue.number).await?.into())
}

async fn subject_issue(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let (_, issue) = super::types::issue::subject(node)?;
    Ok(super::types::issue::by_id(context, issue.id).await?.into())
}

async fn subject_repository(context: &Context<'_>, node: &Node, _: &Args) -> Result<Out, Fault> {
    let repo = super::types::repository::subject(node)?;
    Ok(Out::Node(super::types::repository::node(context, repo.clone())))
}

/// The number in a node id of one of these kinds.
fn id_of(text: &str, kinds: &[&str]) -> Result<(String, i64), Fault> {
    parse_node_id(text)
        .filter(|(kind, _)| kinds.contains(&kind.as_str()))
        .ok_or_else(|| Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'")))
}

/// The numbers in a list of node ids.
fn ids_of(input: &Args, name: &str, kind: &str) -> Result<Option<Vec<i64>>, Fault> {
    let Some(texts) = input.texts(name) else { return Ok(None) };
    texts.into_iter().map(|text| id_of(text, &[kind]).map(|(_, id)| id)).collect::<Result<_, _>>().map(Some)
}

/// The repository of a node id, if the caller may know of it.
async fn repository(context: &Context<'_>, text: &str) -> Result<Arc<Repository>, Fault> {
    let (_, id) = id_of(text, &["Repository"])?;
    let missing = || Fault::not_found(format!("Could not resolve to a node with the global id of '{text}'"));
    context.repository_by_id(id).await?.ok_or_else(missing)
}
