use serde_json::{Map, Value};
use store::events::Facts;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::reviews::{Review, ReviewComment};

use super::{About, Told, parts};
use crate::shape::Shape;
use crate::{Actor, Forge, Result};

impl Forge {
    /// `pull_request`; `more` are parts such as the label, or where the head was before.
    pub(crate) async fn tell_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        pull: &Pull,
        more: Map<String, Value>,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut payload = parts([
            ("number", issue.number.into()),
            ("pull_request", self.whole_pull(&mut shape, repository, issue, pull).await?),
        ]);
        payload.extend(more);
        let about = self.about_pull("pull_request", action, issue, pull).await?;
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `pull_request_review`.
    pub(crate) async fn tell_review(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        pull: &Pull,
        review: &Review,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut whole = shape.review(repository, issue, review).await?;
        // Payloads have states in lower case, unlike the API.
        whole["state"] = review.state.to_lowercase().into();
        let payload = parts([("review", whole), ("pull_request", shape.pull(repository, issue, pull).await?)]);
        let about = self.about_pull("pull_request_review", action, issue, pull).await?;
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `pull_request_review_comment`.
    pub(crate) async fn tell_review_comment(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        pull: &Pull,
        comment: &ReviewComment,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let payload = parts([
            ("comment", shape.review_comment(repository, issue, comment).await?),
            ("pull_request", shape.pull(repository, issue, pull).await?),
        ]);
        let about = self.about_pull("pull_request_review_comment", action, issue, pull).await?;
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `pull_request_review_thread`; `first` is the comment that began it.
    pub(crate) async fn tell_conversation(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        issue: &Issue,
        pull: &Pull,
        first: &ReviewComment,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut comments = Vec::new();
        for comment in store::reviews::comments_of_issue(&mut self.store().read(), issue.id).await? {
            if comment.id == first.id || comment.in_reply_to == Some(first.id) {
                comments.push(shape.review_comment(repository, issue, &comment).await?);
            }
        }
        let node_id = crate::ids::node_id("PullRequestReviewThread", first.id);
        let payload = parts([
            ("thread", serde_json::json!({ "node_id": node_id, "comments": comments })),
            ("pull_request", shape.pull(repository, issue, pull).await?),
        ]);
        let about = self.about_pull("pull_request_review_thread", action, issue, pull).await?;
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// A pull request with everything that takes git.
    pub async fn whole_pull(
        &self,
        shape: &mut Shape<'_>,
        repository: &Repository,
        issue: &Issue,
        pull: &Pull,
    ) -> Result<Value> {
        let numbers = self.pull_numbers(pull).await?;
        let state = self.mergeable_state(repository, issue, pull).await?;
        shape.full_pull(repository, issue, pull, numbers, state).await
    }

    async fn about_pull(&self, name: &'static str, action: &'static str, issue: &Issue, pull: &Pull) -> Result<About> {
        let first_time =
            !store::pulls::has_merged_before(&mut self.store().read(), pull.repo_id, issue.author_id).await?;
        let facts = Facts {
            base_ref: Some(pull.base_ref.clone()),
            base_sha: Some(pull.base_sha.clone()),
            head_ref: Some(pull.head_ref.clone()),
            head_sha: Some(pull.head_sha.clone()),
            head_repo_id: pull.head_repo_id,
            pull_number: Some(pull.number),
            fork: pull.is_from_fork(),
            first_time_contributor: first_time && pull.is_from_fork(),
            mergeable: pull.mergeable,
            ..Facts::default()
        };
        let merge = if pull.merged { &pull.merge_commit_sha } else { &pull.merge_sha };
        Ok(About {
            name,
            action: Some(action),
            git_ref: Some(format!("refs/pull/{}/merge", pull.number)),
            before: None,
            sha: Some(merge.clone().unwrap_or_else(|| pull.head_sha.clone())),
            facts,
        })
    }
}
