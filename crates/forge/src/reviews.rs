//! Reviews of pull requests, and comments on their lines.

mod conversations;
mod place;

use serde_json::Map;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;
use store::reviews::{Review, ReviewComment};

use crate::events::Told;
use crate::{Actor, Error, Forge, Result};

/// A comment on a line, as it is made.
#[derive(Clone, Debug, Default)]
pub struct NewReviewComment {
    pub path: String,
    pub body: String,
    /// Line of the file on its side.
    pub line: Option<i64>,
    /// Instead of a line: lines below the first `@@` of the file's patch.
    pub position: Option<i64>,
    pub start_line: Option<i64>,
    /// `LEFT` or `RIGHT`
    pub side: Option<String>,
    pub start_side: Option<String>,
    pub commit: Option<String>,
    pub in_reply_to: Option<i64>,
    /// On the whole file.
    pub on_file: bool,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewEvent {
    Approve,
    RequestChanges,
    Comment,
}

impl ReviewEvent {
    /// # Errors
    /// When it is none of the three.
    pub fn parse(text: &str) -> Result<ReviewEvent> {
        match text {
            "APPROVE" => Ok(ReviewEvent::Approve),
            "REQUEST_CHANGES" => Ok(ReviewEvent::RequestChanges),
            "COMMENT" => Ok(ReviewEvent::Comment),
            other => {
                let message = format!("`{other}` is none of APPROVE, REQUEST_CHANGES and COMMENT");
                Err(Error::invalid("PullRequestReview", "event", message))
            }
        }
    }

    fn state(self) -> &'static str {
        match self {
            ReviewEvent::Approve => "APPROVED",
            ReviewEvent::RequestChanges => "CHANGES_REQUESTED",
            ReviewEvent::Comment => "COMMENTED",
        }
    }
}

impl Forge {
    /// Makes a review; without an event it is pending, seen by its author only.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the review")]
    pub async fn create_review(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        event: Option<ReviewEvent>,
        body: &str,
        commit: Option<&str>,
        comments: &[NewReviewComment],
    ) -> Result<Review> {
        let (issue, pull) = self.pull(repository, number).await?;
        if let Some(event) = event {
            check_event(repository, &issue, actor, event, body, !comments.is_empty())?;
        }
        let existing = store::reviews::of_issue(&mut self.store().read(), issue.id).await?;
        if event.is_none() && existing.iter().any(|r| r.author_id == actor.account_id && r.state == "PENDING") {
            let message = "User can only have one pending review per pull request";
            return Err(Error::invalid("PullRequestReview", "event", message));
        }
        let commit = commit.unwrap_or(&pull.head_sha);
        let mut placed = Vec::new();
        for comment in comments {
            placed.push(self.place_comment(&issue, &pull, actor, commit, comment).await?);
        }
        let reviewer = self.named(actor).await?;
        let mut tx = self.store().begin().await?;
        let row = Review {
            id: 0,
            repo_id: repository.id,
            issue_id: issue.id,
            author_id: actor.account_id,
            state: event.map_or("PENDING", ReviewEvent::state).to_owned(),
            body: body.to_owned(),
            commit_sha: commit.to_owned(),
            dismissal: None,
            created_at: 0,
            submitted_at: None,
        };
        let review = store::reviews::insert(&mut tx, &row).await?;
        let mut written = Vec::new();
        for comment in placed {
            let comment = ReviewComment { review_id: review.id, ..comment };
            written.push(store::reviews::insert_comment(&mut tx, &comment).await?);
        }
        if event.is_some() {
            let told = self.tell_submitted(repository, actor, &issue, &pull, &review, &written).await?;
            self.append_events(&mut tx, told).await?;
            // Whoever was asked has answered.
            store::pulls::unrequest(&mut tx, issue.id, "user", actor.account_id).await?;
            store::issues::touch(&mut tx, issue.id).await?;
            self.audit_review(&mut tx, reviewer, "review.submit", repository, &issue, &review).await?;
            tx.wake(store::Topic::Pulls);
        }
        tx.commit().await?;
        Ok(review)
    }

    async fn tell_submitted(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        pull: &Pull,
        review: &Review,
        comments: &[ReviewComment],
    ) -> Result<Vec<Told>> {
        let mut told = vec![self.tell_review(repository, actor, "submitted", issue, pull, review).await?];
        for comment in comments {
            told.push(self.tell_review_comment(repository, actor, "created", issue, pull, comment).await?);
        }
        Ok(told)
    }

    /// Submits a pending review.
    pub async fn submit_review(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        id: i64,
        event: ReviewEvent,
        body: Option<&str>,
    ) -> Result<Review> {
        let (issue, pull) = self.pull(repository, number).await?;
        let mut review = self.review(&issue, id).await?;
        if review.state != "PENDING" || review.author_id != actor.account_id {
            return Err(Error::invalid("PullRequestReview", "event", "only an own pending review can be submitted"));
        }
        let comments = store::reviews::comments_of_review(&mut self.store().read(), id).await?;
        if let Some(body) = body {
            body.clone_into(&mut review.body);
        }
        check_event(repository, &issue, actor, event, &review.body, !comments.is_empty())?;
        event.state().clone_into(&mut review.state);
        review.submitted_at = Some(self.store().now());
        let told = self.tell_submitted(repository, actor, &issue, &pull, &review, &comments).await?;
        let reviewer = self.named(actor).await?;
        let mut tx = self.store().begin().await?;
        store::reviews::update(&mut tx, &review).await?;
        store::pulls::unrequest(&mut tx, issue.id, "user", actor.account_id).await?;
        self.append_events(&mut tx, told).await?;
        self.audit_review(&mut tx, reviewer, "review.submit", repository, &issue, &review).await?;
        tx.wake(store::Topic::Pulls);
        tx.commit().await?;
        Ok(review)
    }

    /// Takes the weight from an approval or an objection.
    pub async fn dismiss_review(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        id: i64,
        message: &str,
    ) -> Result<Review> {
        let (issue, pull) = self.pull(repository, number).await?;
        let mut review = self.review(&issue, id).await?;
        if !matches!(review.state.as_str(), "APPROVED" | "CHANGES_REQUESTED") {
            return Err(Error::invalid(
                "PullRequestReview",
                "state",
                "Can not dismiss this review: it neither approves nor asks for changes",
            ));
        }
        crate::issues::check_body("PullRequestReview", message)?;
        "DISMISSED".clone_into(&mut review.state);
        review.dismissal = Some(message.to_owned());
        let told = self.tell_review(repository, actor, "dismissed", &issue, &pull, &review).await?;
        let dismisser = self.named(actor).await?;
        let mut tx = self.store().begin().await?;
        store::reviews::update(&mut tx, &review).await?;
        self.append_events(&mut tx, vec![told]).await?;
        self.audit_review(&mut tx, dismisser, "review.dismiss", repository, &issue, &review).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Throws an own pending review away.
    pub async fn delete_review(&self, repository: &Repository, actor: &Actor, number: i64, id: i64) -> Result<Review> {
        let (issue, _) = self.pull(repository, number).await?;
        let review = self.review(&issue, id).await?;
        if review.state != "PENDING" || review.author_id != actor.account_id {
            return Err(Error::invalid(
                "PullRequestReview",
                "state",
                "Can not delete a non-pending pull request review",
            ));
        }
        let mut tx = self.store().begin().await?;
        store::reviews::delete(&mut tx, id).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// A review of a pull request.
    pub async fn review(&self, issue: &Issue, id: i64) -> Result<Review> {
        let found = store::reviews::by_id(&mut self.store().read(), issue.id, id).await?;
        found.ok_or_else(|| Error::not_found(format!("review {id}")))
    }

    /// A single comment on a line, which is a review of its own.
    pub async fn create_review_comment(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        new: &NewReviewComment,
    ) -> Result<ReviewComment> {
        let (issue, pull) = self.pull(repository, number).await?;
        let commit = new.commit.clone().unwrap_or_else(|| pull.head_sha.clone());
        let comment = self.place_comment(&issue, &pull, actor, &commit, new).await?;
        let mut tx = self.store().begin().await?;
        let row = Review {
            id: 0,
            repo_id: repository.id,
            issue_id: issue.id,
            author_id: actor.account_id,
            state: "COMMENTED".to_owned(),
            body: String::new(),
            commit_sha: commit,
            dismissal: None,
            created_at: 0,
            submitted_at: None,
        };
        let review = store::reviews::insert(&mut tx, &row).await?;
        let comment = ReviewComment { review_id: review.id, ..comment };
        let comment = store::reviews::insert_comment(&mut tx, &comment).await?;
        let told =
            self.tell_submitted(repository, actor, &issue, &pull, &review, std::slice::from_ref(&comment)).await?;
        self.append_events(&mut tx, told).await?;
        store::issues::touch(&mut tx, issue.id).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// Asks users and teams for a review.
    pub async fn request_reviews(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        users: &[i64],
        teams: &[i64],
        ask: bool,
    ) -> Result<(Issue, Pull)> {
        let (issue, pull) = self.pull(repository, number).await?;
        if ask && users.contains(&issue.author_id) {
            let message = "Review cannot be requested from pull request author.";
            return Err(Error::invalid("PullRequest", "reviewers", message));
        }
        let mut changed = Vec::new();
        let mut tx = self.store().begin().await?;
        let wanted = users.iter().map(|id| ("user", *id)).chain(teams.iter().map(|id| ("team", *id)));
        for (kind, id) in wanted {
            let did = if ask {
                store::pulls::request(&mut tx, issue.id, kind, id).await?
            } else {
                store::pulls::unrequest(&mut tx, issue.id, kind, id).await?
            };
            if did {
                changed.push((kind, id));
            }
        }
        let action = if ask { "review_requested" } else { "review_request_removed" };
        let mut told = Vec::new();
        for (kind, id) in changed {
            let mut more = Map::new();
            if kind == "user" {
                more.insert("requested_reviewer".to_owned(), self.shape().user(id).await?);
            }
            told.push(self.tell_pull(repository, actor, action, &issue, &pull, more).await?);
        }
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        self.pull(repository, number).await
    }
}

fn check_event(
    repository: &Repository,
    issue: &Issue,
    actor: &Actor,
    event: ReviewEvent,
    body: &str,
    has_comments: bool,
) -> Result<()> {
    let by_job = actor.kind == crate::ActorKind::Job;
    if event == ReviewEvent::Approve && by_job && !repository.setting("can_approve_pull_request_reviews", false) {
        let message = "GitHub Actions is not permitted to approve pull requests.";
        return Err(Error::invalid("PullRequestReview", "event", message));
    }
    if event != ReviewEvent::Comment && issue.author_id == actor.account_id {
        let what = if event == ReviewEvent::Approve { "approve" } else { "request changes on" };
        let message = format!("Can not {what} your own pull request");
        return Err(Error::invalid("PullRequestReview", "event", message));
    }
    if body.trim().is_empty() && !has_comments && event != ReviewEvent::Approve {
        return Err(Error::missing("PullRequestReview", "body"));
    }
    Ok(())
}
