//! Protected branches and tags.

use serde_json::Value;

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// The rules of one pattern.
    #[derive(Clone, Debug)]
    pub struct Protection {
        pub id: i64,
        pub repo_id: i64,
        /// `branch` or `tag`
        pub target: String,
        pub pattern: String,
        pub rules: Value,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

pub async fn of_repository(query: &mut impl Query, repo_id: i64) -> Result<Vec<Protection>> {
    let sql = format!("SELECT {} FROM protections WHERE repo_id = $1 ORDER BY id", Protection::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

/// Writes the rules of a pattern, in place of what it had.
pub async fn put(tx: &mut Tx, repo_id: i64, target: &str, pattern: &str, rules: &Value) -> Result<i64> {
    let now = tx.now();
    tx.fetch_one(
        "INSERT INTO protections (repo_id, target, pattern, rules, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5) \
         ON CONFLICT (repo_id, target, pattern) DO UPDATE SET rules = excluded.rules, updated_at = excluded.updated_at \
         RETURNING id",
        args![repo_id, target, pattern, rules, now],
    )
    .await
}

pub async fn delete(tx: &mut Tx, repo_id: i64, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM protections WHERE repo_id = $1 AND id = $2", args![repo_id, id]).await? == 1)
}
