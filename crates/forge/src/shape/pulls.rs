use serde_json::{Value, json};
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::reviews::{Review, ReviewComment};

use super::Shape;
use super::times::{at, maybe};
use crate::Result;
use crate::ids::node_id;
use crate::pulls::AutoMerge;

/// What counting takes git for; in the answer to asking for one pull request, and in payloads.
#[derive(Clone, Copy, Debug, Default)]
pub struct PullNumbers {
    pub commits: usize,
    pub additions: u64,
    pub deletions: u64,
    pub changed_files: usize,
}

impl Shape<'_> {
    /// A pull request as lists show it.
    pub async fn pull(&mut self, repository: &Repository, issue: &Issue, pull: &Pull) -> Result<Value> {
        let full_name = repository.full_name();
        let number = issue.number;
        let (repo, page) = (self.urls().repo(&full_name), self.urls().page(&full_name));
        let (api, html) = (format!("{repo}/pulls/{number}"), format!("{page}/pull/{number}"));
        let assignees = self.users(&issue.assignees).await?;
        let (reviewers, teams) = self.requested(issue.id).await?;
        let head_repo = self.repository_by_id(pull.head_repo_id).await?;
        let base_repo = self.repository(repository).await?;
        let (head_user, base_user) = (head_repo["owner"].clone(), base_repo["owner"].clone());
        let label = |owner: &Value, name: &str| match owner["login"].as_str() {
            Some(login) => format!("{login}:{name}"),
            None => format!("unknown:{name}"),
        };
        let merge_commit = if pull.merged { &pull.merge_commit_sha } else { &pull.merge_sha };
        Ok(json!({
            "url": api,
            "id": issue.id,
            "node_id": node_id("PullRequest", issue.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": format!("{repo}/issues/{number}"),
            "number": number,
            "state": issue.state,
            "locked": issue.locked,
            "title": issue.title,
            "user": self.user(issue.author_id).await?,
            "body": super::repositories::text_or_null(&issue.body),
            "created_at": at(issue.created_at),
            "updated_at": at(issue.updated_at),
            "closed_at": maybe(issue.closed_at),
            "merged_at": maybe(pull.merged_at),
            "merge_commit_sha": merge_commit,
            "assignee": assignees.first().cloned().unwrap_or_default(),
            "assignees": assignees,
            "requested_reviewers": reviewers,
            "requested_teams": teams,
            "labels": self.labels_of(repository, issue.id).await?,
            "milestone": null,
            "draft": pull.draft,
            "commits_url": format!("{api}/commits"),
            "review_comments_url": format!("{api}/comments"),
            "review_comment_url": format!("{repo}/pulls/comments{{/number}}"),
            "comments_url": format!("{repo}/issues/{number}/comments"),
            "statuses_url": format!("{repo}/statuses/{}", pull.head_sha),
            "head": {
                "label": label(&head_user, &pull.head_ref),
                "ref": pull.head_ref,
                "sha": pull.head_sha,
                "user": head_user,
                "repo": head_repo,
            },
            "base": {
                "label": label(&base_user, &pull.base_ref),
                "ref": pull.base_ref,
                "sha": pull.base_sha,
                "user": base_user,
                "repo": base_repo,
            },
            "_links": {
                "self": { "href": api },
                "html": { "href": html },
                "issue": { "href": format!("{repo}/issues/{number}") },
                "comments": { "href": format!("{repo}/issues/{number}/comments") },
                "review_comments": { "href": format!("{api}/comments") },
                "review_comment": { "href": format!("{repo}/pulls/comments{{/number}}") },
                "commits": { "href": format!("{api}/commits") },
                "statuses": { "href": format!("{repo}/statuses/{}", pull.head_sha) },
            },
            "author_association": self.association(repository, issue.author_id).await?,
            "auto_merge": self.auto_merge(pull).await?,
            "active_lock_reason": null,
        }))
    }

    /// A pull request with everything: the answer to asking for one, and what payloads have.
    pub async fn full_pull(
        &mut self,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
        numbers: PullNumbers,
        mergeable_state: &str,
    ) -> Result<Value> {
        let mut shape = self.pull(repository, issue, pull).await?;
        let comments = store::comments::count(&mut self.read(), issue.id).await?;
        let review_comments = store::reviews::comments_of_issue(&mut self.read(), issue.id).await?.len();
        let merged_by = self.user(pull.merged_by).await?;
        let more = json!({
            "merged": pull.merged,
            "mergeable": if pull.merged || !issue.is_open() { None } else { pull.mergeable },
            "rebaseable": if pull.merged || !issue.is_open() { None } else { pull.mergeable },
            "mergeable_state": mergeable_state,
            "merged_by": merged_by,
            "comments": comments,
            "review_comments": review_comments,
            "maintainer_can_modify": pull.maintainer_can_modify,
            "commits": numbers.commits,
            "additions": numbers.additions,
            "deletions": numbers.deletions,
            "changed_files": numbers.changed_files,
        });
        if let (Some(shape), Some(more)) = (shape.as_object_mut(), more.as_object()) {
            shape.extend(more.clone());
        }
        Ok(shape)
    }

    /// Who wants it merged by itself, and how; null where nobody does.
    async fn auto_merge(&mut self, pull: &Pull) -> Result<Value> {
        let Some(wanted) = AutoMerge::of(pull) else { return Ok(Value::Null) };
        Ok(json!({
            "enabled_by": self.user(wanted.enabled_by).await?,
            "merge_method": wanted.method,
            "commit_title": wanted.title,
            "commit_message": wanted.message,
        }))
    }

    async fn requested(&mut self, issue_id: i64) -> Result<(Vec<Value>, Vec<Value>)> {
        let (mut users, mut teams) = (Vec::new(), Vec::new());
        for (kind, id) in store::pulls::requested(&mut self.read(), issue_id).await? {
            if kind == "team" {
                if let Some(team) = store::teams::by_id(&mut self.read(), id).await? {
                    teams.push(self.team(&team).await?);
                }
            } else {
                users.push(self.user(id).await?);
            }
        }
        Ok((users, teams))
    }

    async fn team(&mut self, team: &store::teams::Team) -> Result<Value> {
        let org = self.user(team.org_id).await?;
        let login = org["login"].as_str().unwrap_or_default();
        let api = format!("{}/orgs/{login}/teams/{}", self.urls().api, team.slug);
        Ok(json!({
            "name": team.name,
            "id": team.id,
            "node_id": node_id("Team", team.id),
            "slug": team.slug,
            "description": team.description,
            "privacy": team.privacy,
            "url": api,
            "html_url": format!("{}/orgs/{login}/teams/{}", self.urls().web, team.slug),
            "members_url": format!("{api}/members{{/member}}"),
            "repositories_url": format!("{api}/repos"),
            "permission": "pull",
            "parent": null,
        }))
    }

    /// A review.
    pub async fn review(&mut self, repository: &Repository, issue: &Issue, review: &Review) -> Result<Value> {
        let full_name = repository.full_name();
        let html = format!("{}/pull/{}#pullrequestreview-{}", self.urls().page(&full_name), issue.number, review.id);
        let pull = format!("{}/pulls/{}", self.urls().repo(&full_name), issue.number);
        let mut shape = json!({
            "id": review.id,
            "node_id": node_id("PullRequestReview", review.id),
            "user": self.user(review.author_id).await?,
            "body": review.body,
            "state": review.state,
            "html_url": html,
            "pull_request_url": pull,
            "author_association": self.association(repository, review.author_id).await?,
            "_links": { "html": { "href": html }, "pull_request": { "href": pull } },
            "commit_id": review.commit_sha,
        });
        if let Some(time) = review.submitted_at {
            shape["submitted_at"] = at(time).into();
        }
        Ok(shape)
    }

    /// A comment on a line.
    pub async fn review_comment(
        &mut self,
        repository: &Repository,
        issue: &Issue,
        comment: &ReviewComment,
    ) -> Result<Value> {
        let full_name = repository.full_name();
        let api = format!("{}/pulls/comments/{}", self.urls().repo(&full_name), comment.id);
        let html = format!("{}/pull/{}#discussion_r{}", self.urls().page(&full_name), issue.number, comment.id);
        let pull = format!("{}/pulls/{}", self.urls().repo(&full_name), issue.number);
        let mut shape = json!({
            "url": api,
            "pull_request_review_id": comment.review_id,
            "id": comment.id,
            "node_id": node_id("PullRequestReviewComment", comment.id),
            "diff_hunk": comment.diff_hunk,
            "path": comment.path,
            "position": comment.position,
            "original_position": comment.original_position,
            "commit_id": comment.commit_sha,
            "original_commit_id": comment.original_commit_sha,
            "user": self.user(comment.author_id).await?,
            "body": comment.body,
            "created_at": at(comment.created_at),
            "updated_at": at(comment.updated_at),
            "html_url": html,
            "pull_request_url": pull,
            "author_association": self.association(repository, comment.author_id).await?,
            "_links": { "self": { "href": api }, "html": { "href": html }, "pull_request": { "href": pull } },
            "start_line": comment.start_line,
            "original_start_line": comment.start_line,
            "start_side": comment.start_side,
            "line": comment.line,
            "original_line": comment.line,
            "side": comment.side,
            "subject_type": comment.subject,
        });
        if let Some(parent) = comment.in_reply_to {
            shape["in_reply_to_id"] = parent.into();
        }
        Ok(shape)
    }
}
