//! Commit statuses.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Status {
        pub id: i64,
        pub repo_id: i64,
        pub sha: String,
        pub context: String,
        /// `error`, `failure`, `pending`, `success`
        pub state: String,
        pub target_url: Option<String>,
        pub description: Option<String>,
        pub creator_id: Option<i64>,
        pub created_at: Micros,
    }
}

pub async fn insert(tx: &mut Tx, status: &Status) -> Result<Status> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO statuses (repo_id, sha, context, state, target_url, description, creator_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {}",
            Status::COLUMNS
        ),
        args![
            status.repo_id,
            &status.sha,
            &status.context,
            &status.state,
            &status.target_url,
            &status.description,
            status.creator_id,
            now,
        ],
    )
    .await
}

/// Newest first.
pub async fn of_commit(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<Status>> {
    let sql = format!("SELECT {} FROM statuses WHERE repo_id = $1 AND sha = $2 ORDER BY id DESC", Status::COLUMNS);
    query.fetch_all(sql, args![repo_id, sha]).await
}

/// The newest of each context, newest first.
pub async fn latest(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<Status>> {
    let mut seen = std::collections::HashSet::new();
    let all = of_commit(query, repo_id, sha).await?;
    Ok(all.into_iter().filter(|status| seen.insert(status.context.clone())).collect())
}

/// Contexts that this repository has reported since then, with the last time.
pub async fn contexts_since(query: &mut impl Query, repo_id: i64, since: Micros) -> Result<Vec<String>> {
    let sql = "SELECT DISTINCT context FROM statuses WHERE repo_id = $1 AND created_at >= $2 \
         UNION SELECT DISTINCT name FROM check_runs WHERE repo_id = $1 AND created_at >= $2";
    query.fetch_all(sql, args![repo_id, since]).await
}
