//! Pull requests.

use std::sync::Arc;

use forge::ids::node_id;
use identity::Permission;
use serde_json::json;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use tokio::sync::OnceCell;

use super::{issue, pull_parts as parts};
use crate::graphql::connection::PAGING;
use crate::graphql::context::Context;
use crate::graphql::fault::Fault;
use crate::graphql::node::{Node, PullSubject, Subject};
use crate::graphql::schema::{Field, Type, resolve};

const PULL: &[Field] = &[
    Field::value("id"),
    Field::value("databaseId"),
    Field::value("number"),
    Field::value("title"),
    Field::value("body"),
    Field::value("state"),
    Field::value("closed"),
    Field::value("merged"),
    Field::value("locked"),
    Field::value("activeLockReason"),
    Field::value("url"),
    Field::value("permalink"),
    Field::value("baseRefName"),
    Field::value("baseRefOid"),
    Field::value("headRefName"),
    Field::value("headRefOid"),
    Field::value("isDraft"),
    Field::value("isCrossRepository"),
    Field::value("isInMergeQueue"),
    Field::value("isMergeQueueEnabled"),
    Field::value("maintainerCanModify"),
    Field::value("createdAt"),
    Field::value("updatedAt"),
    Field::value("closedAt"),
    Field::value("mergedAt"),
    Field::inner("milestone", "Milestone"),
    Field::inner("mergeCommit", "Commit"),
    Field::inner("potentialMergeCommit", "Commit"),
    Field::one("autoMergeRequest", &[], "AutoMergeRequest", resolve!(parts::auto_merge)),
    Field::inners("reactionGroups", "ReactionGroup"),
    Field::one("author", &[], "Actor", resolve!(issue::author)),
    Field::one("mergedBy", &[], "Actor", resolve!(parts::merged_by)),
    Field::one("repository", &[], "Repository", resolve!(issue::repository_of)),
    Field::one("baseRepository", &[], "Repository", resolve!(issue::repository_of)),
    Field::one("headRepository", &[], "Repository", resolve!(parts::head_repository)),
    Field::one("headRepositoryOwner", &[], "RepositoryOwner", resolve!(parts::head_owner)),
    Field::one("baseRef", &[], "Ref", resolve!(parts::base_ref)),
    Field::one("headRef", &[], "Ref", resolve!(parts::head_ref)),
    Field::scalar("mergeable", &[], resolve!(parts::mergeable)),
    Field::scalar("mergeStateStatus", &[], resolve!(parts::merge_state)),
    Field::scalar("reviewDecision", &[], resolve!(parts::review_decision)),
    Field::scalar("additions", &[], resolve!(parts::additions)),
    Field::scalar("deletions", &[], resolve!(parts::deletions)),
    Field::scalar("changedFiles", &[], resolve!(parts::changed_files)),
    Field::scalar("viewerMergeHeadlineText", &["mergeType"], resolve!(parts::merge_headline)),
    Field::scalar("viewerMergeBodyText", &["mergeType"], resolve!(parts::merge_body)),
    Field::scalar("viewerCanUpdate", &[], resolve!(parts::viewer_can_update)),
    Field::connection("assignees", PAGING, "User", resolve!(issue::assignees)),
    Field::connection("labels", &["first", "last", "after", "before", "orderBy"], "Label", resolve!(issue::labels)),
    Field::connection(
        "comments",
        &["first", "last", "after", "before", "orderBy"],
        "IssueComment",
        resolve!(issue::comments),
    ),
    Field::connection(
        "reviews",
        &["first", "last", "after", "before", "states", "author"],
        "PullRequestReview",
        resolve!(parts::reviews),
    ),
    Field::connection(
        "latestReviews",
        &["first", "last", "after", "before", "writersOnly"],
        "PullRequestReview",
        resolve!(parts::latest_reviews),
    ),
    Field::connection("reviewThreads", PAGING, "PullRequestReviewThread", resolve!(super::conversation::list)),
    Field::connection("reviewRequests", PAGING, "ReviewRequest", resolve!(parts::review_requests)),
    Field::connection("files", PAGING, "PullRequestChangedFile", resolve!(parts::files)),
    Field::connection("commits", PAGING, "PullRequestCommit", resolve!(parts::commits)),
    Field::one("statusCheckRollup", &[], "StatusCheckRollup", resolve!(parts::rollup)).needs(Permission::Checks),
    Field::connection("projectCards", PAGING, "ProjectCard", resolve!(super::repository_lists::nothing)),
    Field::connection("projectItems", PAGING, "ProjectV2Item", resolve!(super::repository_lists::nothing)),
    Field::connection(
        "closingIssuesReferences",
        &["first", "last", "after", "before", "orderBy"],
        "Issue",
        resolve!(super::repository_lists::nothing),
    ),
];

pub(crate) const TYPES: &[Type] = &[
    Type::object("PullRequest", PULL),
    Type::object(
        "PullRequestCommit",
        &[Field::value("id"), Field::one("commit", &[], "Commit", resolve!(parts::commit_of))],
    ),
];

/// A pull request as a node.
pub(crate) fn node(context: &Context<'_>, repo: Arc<Repository>, issue: Issue, pull: Pull) -> Node {
    let state = if pull.merged {
        "MERGED"
    } else if issue.is_open() {
        "OPEN"
    } else {
        "CLOSED"
    };
    let url = issue::page(context, &repo, &issue);
    let commit = |sha: &Option<String>| sha.as_ref().map(|sha| json!({ "oid": sha }));
    let facts = json!({
        "id": node_id("PullRequest", issue.id),
        "databaseId": issue.id,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "state": state,
        "closed": !issue.is_open(),
        "merged": pull.merged,
        "locked": issue.locked,
        "activeLockReason": null,
        "url": url,
        "permalink": url,
        "createdAt": forge::shape::at(issue.created_at),
        "updatedAt": forge::shape::at(issue.updated_at),
        "closedAt": issue.closed_at.map(forge::shape::at),
        "mergedAt": pull.merged_at.map(forge::shape::at),
    });
    let more = json!({
        "baseRefName": pull.base_ref,
        "baseRefOid": pull.base_sha,
        "headRefName": pull.head_ref,
        "headRefOid": pull.head_sha,
        "isDraft": pull.draft,
        "isCrossRepository": pull.is_from_fork(),
        "isInMergeQueue": false,
        "isMergeQueueEnabled": false,
        "maintainerCanModify": pull.maintainer_can_modify,
        "milestone": null,
        "mergeCommit": commit(&pull.merge_commit_sha),
        "potentialMergeCommit": commit(&pull.merge_sha),
        "reactionGroups": [],
    });
    let mut data = facts.as_object().cloned().unwrap_or_default();
    data.extend(more.as_object().cloned().unwrap_or_default());
    Node {
        kind: "PullRequest",
        data,
        subject: Subject::Pull(Arc::new(PullSubject { repo, issue, pull, numbers: OnceCell::new() })),
    }
}

/// By its number in a repository the caller may read pull requests of.
pub(crate) async fn by_number(
    context: &Context<'_>,
    repo: &Arc<Repository>,
    number: i64,
) -> Result<Option<Node>, Fault> {
    let mut query = context.api.store().read();
    let Some(pull) = store::pulls::by_number(&mut query, repo.id, number).await? else { return Ok(None) };
    let issue = store::issues::by_id(&mut query, pull.issue_id).await?;
    Ok(issue.map(|issue| node(context, repo.clone(), issue, pull)))
}

/// By the id in its node id.
pub(crate) async fn by_issue(context: &Context<'_>, issue_id: i64) -> Result<Option<Node>, Fault> {
    let pull = store::pulls::by_issue(&mut context.api.store().read(), issue_id).await?;
    let Some(pull) = pull else { return Ok(None) };
    let Some(repo) = context.repository_by_id(pull.repo_id).await? else { return Ok(None) };
    context.read(&repo, Permission::PullRequests).await?;
    by_number(context, &repo, pull.number).await
}

/// The pull request that a node is.
pub(crate) fn subject(node: &Node) -> Result<&Arc<PullSubject>, Fault> {
    match &node.subject {
        Subject::Pull(pull) => Ok(pull),
        _ => Err(Fault::new("INTERNAL", "Something went wrong")),
    }
}
