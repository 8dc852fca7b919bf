//! Reviews of pull requests, and their comments on lines.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Review {
        pub id: i64,
        pub repo_id: i64,
        pub issue_id: i64,
        pub author_id: i64,
        /// `PENDING`, `COMMENTED`, `APPROVED`, `CHANGES_REQUESTED`, `DISMISSED`
        pub state: String,
        pub body: String,
        pub commit_sha: String,
        pub dismissal: Option<String>,
        pub created_at: Micros,
        pub submitted_at: Option<Micros>,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct ReviewComment {
        pub id: i64,
        pub repo_id: i64,
        pub issue_id: i64,
        pub review_id: i64,
        pub author_id: i64,
        pub body: String,
        pub path: String,
        pub diff_hunk: String,
        pub commit_sha: String,
        pub original_commit_sha: String,
        pub line: Option<i64>,
        pub start_line: Option<i64>,
        /// `LEFT` or `RIGHT`
        pub side: String,
        pub start_side: Option<String>,
        pub position: Option<i64>,
        pub original_position: Option<i64>,
        /// `line` or `file`
        pub subject: String,
        pub in_reply_to: Option<i64>,
        /// Of the first comment of a conversation.
        pub resolved_by: Option<i64>,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

pub async fn insert(tx: &mut Tx, review: &Review) -> Result<Review> {
    let now = tx.now();
    let submitted = (review.state != "PENDING").then_some(now);
    tx.fetch_one(
        format!(
            "INSERT INTO reviews (repo_id, issue_id, author_id, state, body, commit_sha, created_at, submitted_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {}",
            Review::COLUMNS
        ),
        args![
            review.repo_id,
            review.issue_id,
            review.author_id,
            &review.state,
            &review.body,
            &review.commit_sha,
            now,
            submitted,
        ],
    )
    .await
}

pub async fn update(tx: &mut Tx, review: &Review) -> Result<()> {
    tx.execute(
        "UPDATE reviews SET state = $2, body = $3, dismissal = $4, submitted_at = $5, commit_sha = $6 WHERE id = $1",
        args![review.id, &review.state, &review.body, &review.dismissal, review.submitted_at, &review.commit_sha],
    )
    .await
    .map(drop)
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM review_comments WHERE review_id = $1", args![id]).await?;
    tx.execute("DELETE FROM reviews WHERE id = $1", args![id]).await.map(drop)
}

pub async fn by_id(query: &mut impl Query, issue_id: i64, id: i64) -> Result<Option<Review>> {
    let sql = format!("SELECT {} FROM reviews WHERE issue_id = $1 AND id = $2", Review::COLUMNS);
    query.fetch_optional(sql, args![issue_id, id]).await
}

/// Oldest first.
pub async fn of_issue(query: &mut impl Query, issue_id: i64) -> Result<Vec<Review>> {
    let sql = format!("SELECT {} FROM reviews WHERE issue_id = $1 ORDER BY id", Review::COLUMNS);
    query.fetch_all(sql, args![issue_id]).await
}

pub async fn insert_comment(tx: &mut Tx, comment: &ReviewComment) -> Result<ReviewComment> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO review_comments (repo_id, issue_id, review_id, author_id, body, path, diff_hunk, commit_sha, \
             original_commit_sha, line, start_line, side, start_side, position, original_position, subject, in_reply_to, \
             created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18) RETURNING {}",
            ReviewComment::COLUMNS
        ),
        args![
            comment.repo_id,
            comment.issue_id,
            comment.review_id,
            comment.author_id,
            &comment.body,
            &comment.path,
            &comment.diff_hunk,
            &comment.commit_sha,
            &comment.original_commit_sha,
            comment.line,
            comment.start_line,
            &comment.side,
            &comment.start_side,
            comment.position,
            comment.original_position,
            &comment.subject,
            comment.in_reply_to,
            now,
        ],
    )
    .await
}

pub async fn comment(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<ReviewComment>> {
    let sql = format!("SELECT {} FROM review_comments WHERE repo_id = $1 AND id = $2", ReviewComment::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn comments_of_issue(query: &mut impl Query, issue_id: i64) -> Result<Vec<ReviewComment>> {
    let sql = format!("SELECT {} FROM review_comments WHERE issue_id = $1 ORDER BY id", ReviewComment::COLUMNS);
    query.fetch_all(sql, args![issue_id]).await
}

pub async fn comments_of_review(query: &mut impl Query, review_id: i64) -> Result<Vec<ReviewComment>> {
    let sql = format!("SELECT {} FROM review_comments WHERE review_id = $1 ORDER BY id", ReviewComment::COLUMNS);
    query.fetch_all(sql, args![review_id]).await
}

/// The issue that a comment is on.
pub async fn issue_of_comment(query: &mut impl Query, id: i64) -> Result<Option<i64>> {
    query.fetch_optional("SELECT issue_id FROM review_comments WHERE id = $1", args![id]).await
}

/// Calls the conversation that a comment began resolved, or takes that back; whether that changed it.
pub async fn set_resolved(tx: &mut Tx, id: i64, by: Option<i64>) -> Result<bool> {
    let sql = "UPDATE review_comments SET resolved_by = $2 WHERE id = $1 AND in_reply_to IS NULL \
               AND (resolved_by IS NULL) <> ($2 IS NULL)";
    Ok(tx.execute(sql, args![id, by]).await? > 0)
}

/// Conversations that nobody has called resolved. Those of reviews that are not submitted are their authors' alone.
pub async fn open_conversations(query: &mut impl Query, issue_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM review_comments c JOIN reviews r ON r.id = c.review_id \
               WHERE c.issue_id = $1 AND c.in_reply_to IS NULL AND c.resolved_by IS NULL AND r.state <> 'PENDING'";
    query.fetch_one(sql, args![issue_id]).await
}

pub async fn set_comment_body(tx: &mut Tx, id: i64, body: &str) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE review_comments SET body = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, args![id, body, now]).await.map(drop)
}

/// Where a comment's line is after the head moved; `None`: its lines are gone.
pub async fn set_comment_place(
    tx: &mut Tx,
    id: i64,
    commit: &str,
    line: Option<i64>,
    position: Option<i64>,
) -> Result<()> {
    let sql = "UPDATE review_comments SET commit_sha = $2, line = $3, position = $4 WHERE id = $1";
    tx.execute(sql, args![id, commit, line, position]).await.map(drop)
}

pub async fn delete_comment(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM review_comments WHERE id = $1", args![id]).await.map(drop)
}
