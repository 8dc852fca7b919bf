use serde_json::{Value, json};
use store::comments::Comment;
use store::issues::{Issue, Label};
use store::repositories::Repository;

use super::Shape;
use super::times::{at, maybe};
use crate::Result;
use crate::ids::node_id;

impl Shape<'_> {
    #[must_use]
    pub fn label(&self, full_name: &str, label: &Label) -> Value {
        json!({
            "id": label.id,
            "node_id": node_id("Label", label.id),
            "url": format!("{}/labels/{}", self.urls().repo(full_name), escape(&label.name)),
            "name": label.name,
            "color": label.color,
            "default": false,
            "description": label.description,
        })
    }

    pub(super) async fn labels_of(&mut self, repository: &Repository, issue_id: i64) -> Result<Vec<Value>> {
        let labels = store::issues::labels_of(&mut self.read(), issue_id).await?;
        Ok(labels.iter().map(|label| self.label(&repository.full_name(), label)).collect())
    }

    pub(super) async fn users(&mut self, ids: &Value) -> Result<Vec<Value>> {
        let mut users = Vec::new();
        for id in ids.as_array().into_iter().flatten().filter_map(Value::as_i64) {
            users.push(self.user(id).await?);
        }
        Ok(users)
    }

    /// What the author is to the repository, as GitHub words it.
    pub(super) async fn association(&self, repository: &Repository, author: i64) -> Result<&'static str> {
        if author == repository.owner_id {
            return Ok("OWNER");
        }
        let role = self.forge.identity().role_of_user(author, &crate::repo_ref(repository)).await?;
        if role > identity::Role::Read {
            return Ok(if repository.owner_kind == "Organization" { "MEMBER" } else { "COLLABORATOR" });
        }
        let merged = store::pulls::has_merged_before(&mut self.read(), repository.id, author).await?;
        Ok(if merged { "CONTRIBUTOR" } else { "NONE" })
    }

    /// An issue, or a pull request as the API of issues shows it.
    pub async fn issue(&mut self, repository: &Repository, issue: &Issue) -> Result<Value> {
        let full_name = repository.full_name();
        let api = format!("{}/issues/{}", self.urls().repo(&full_name), issue.number);
        let kind = if issue.is_pull { "pull" } else { "issues" };
        let html = format!("{}/{kind}/{}", self.urls().page(&full_name), issue.number);
        let assignees = self.users(&issue.assignees).await?;
        let comments = store::comments::count(&mut self.read(), issue.id).await?;
        let mut shape = json!({
            "url": api,
            "repository_url": self.urls().repo(&full_name),
            "labels_url": format!("{api}/labels{{/name}}"),
            "comments_url": format!("{api}/comments"),
            "events_url": format!("{api}/events"),
            "html_url": html,
            "id": issue.id,
            "node_id": node_id(if issue.is_pull { "PullRequest" } else { "Issue" }, issue.id),
            "number": issue.number,
            "title": issue.title,
            "user": self.user(issue.author_id).await?,
            "labels": self.labels_of(repository, issue.id).await?,
            "state": issue.state,
            "locked": issue.locked,
            "assignee": assignees.first().cloned().unwrap_or_default(),
            "assignees": assignees,
            "milestone": null,
            "comments": comments,
            "created_at": at(issue.created_at),
            "updated_at": at(issue.updated_at),
            "closed_at": maybe(issue.closed_at),
            "author_association": self.association(repository, issue.author_id).await?,
            "active_lock_reason": null,
            "body": super::repositories::text_or_null(&issue.body),
            "closed_by": self.user(issue.closed_by).await?,
            "timeline_url": format!("{api}/timeline"),
            "performed_via_github_app": null,
            "state_reason": issue.state_reason,
            "reactions": reactions(&api),
        });
        if issue.is_pull {
            let pull = store::pulls::by_issue(&mut self.read(), issue.id).await?;
            let pulls = format!("{}/pulls/{}", self.urls().repo(&full_name), issue.number);
            shape["draft"] = pull.as_ref().is_some_and(|pull| pull.draft).into();
            shape["pull_request"] = json!({
                "url": pulls,
                "html_url": html,
                "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"),
                "merged_at": maybe(pull.and_then(|pull| pull.merged_at)),
            });
        }
        Ok(shape)
    }

    /// A comment on an issue or a pull request.
    pub async fn comment(&mut self, repository: &Repository, issue: &Issue, comment: &Comment) -> Result<Value> {
        let full_name = repository.full_name();
        let api = format!("{}/issues/comments/{}", self.urls().repo(&full_name), comment.id);
        let kind = if issue.is_pull { "pull" } else { "issues" };
        let page = format!("{}/{kind}/{}", self.urls().page(&full_name), issue.number);
        Ok(json!({
            "url": api,
            "html_url": format!("{page}#issuecomment-{}", comment.id),
            "issue_url": format!("{}/issues/{}", self.urls().repo(&full_name), issue.number),
            "id": comment.id,
            "node_id": node_id("IssueComment", comment.id),
            "user": self.user(comment.author_id).await?,
            "created_at": at(comment.created_at),
            "updated_at": at(comment.updated_at),
            "author_association": self.association(repository, comment.author_id).await?,
            "body": comment.body,
            "reactions": reactions(&api),
            "performed_via_github_app": null,
        }))
    }
}

fn reactions(url: &str) -> Value {
    json!({
        "url": format!("{url}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0,
        "heart": 0, "rocket": 0, "eyes": 0,
    })
}

/// What stands in a path as it is, by RFC 3986.
const ENCODED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as part of a path.
pub(crate) fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, ENCODED).to_string()
}
