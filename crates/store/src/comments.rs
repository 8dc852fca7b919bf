//! Comments on issues and pull requests.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Comment {
        pub id: i64,
        pub repo_id: i64,
        pub issue_id: i64,
        pub author_id: i64,
        pub body: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

pub async fn insert(tx: &mut Tx, repo_id: i64, issue_id: i64, author_id: i64, body: &str) -> Result<Comment> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO comments (repo_id, issue_id, author_id, body, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING {}",
            Comment::COLUMNS
        ),
        args![repo_id, issue_id, author_id, body, now],
    )
    .await
}

pub async fn by_id(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<Comment>> {
    let sql = format!("SELECT {} FROM comments WHERE repo_id = $1 AND id = $2", Comment::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn of_issue(query: &mut impl Query, issue_id: i64, limit: i64, offset: i64) -> Result<Vec<Comment>> {
    let sql = format!("SELECT {} FROM comments WHERE issue_id = $1 ORDER BY id LIMIT $2 OFFSET $3", Comment::COLUMNS);
    query.fetch_all(sql, args![issue_id, limit, offset]).await
}

pub async fn of_repository(query: &mut impl Query, repo_id: i64, limit: i64, offset: i64) -> Result<Vec<Comment>> {
    let sql = format!("SELECT {} FROM comments WHERE repo_id = $1 ORDER BY id LIMIT $2 OFFSET $3", Comment::COLUMNS);
    query.fetch_all(sql, args![repo_id, limit, offset]).await
}

pub async fn count(query: &mut impl Query, issue_id: i64) -> Result<i64> {
    query.fetch_one("SELECT COUNT(*) FROM comments WHERE issue_id = $1", args![issue_id]).await
}

pub async fn set_body(tx: &mut Tx, id: i64, body: &str) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE comments SET body = $2, updated_at = $3 WHERE id = $1", args![id, body, now]).await.map(drop)
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM comments WHERE id = $1", args![id]).await.map(drop)
}

/// The repository of a comment.
pub async fn repository_of(query: &mut impl Query, id: i64) -> Result<Option<i64>> {
    query.fetch_optional("SELECT repo_id FROM comments WHERE id = $1", args![id]).await
}
