//! Caches of repositories.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Cache {
        pub id: i64,
        pub repo_id: i64,
        /// `owner/name` when it was saved.
        pub repository: String,
        /// The full ref it was saved for.
        pub scope: String,
        pub cache_key: String,
        pub version: String,
        pub size: i64,
        pub sha256: String,
        pub object: String,
        /// `github.run_id` and the leg that saved it.
        pub run_id: String,
        pub job: String,
        pub created_at: Micros,
        pub used_at: Micros,
    }
}

/// Inserts a cache with everything but its id; an error of [`crate::Error::is_taken`] when the scope has that key.
pub async fn insert(tx: &mut Tx, new: &Cache) -> Result<i64> {
    let columns = Cache::COLUMNS.trim_start_matches("id, ");
    let sql = format!("INSERT INTO caches ({columns}) VALUES ({}) RETURNING id", crate::placeholders(1, 12));
    let values = args![
        new.repo_id,
        &new.repository,
        &new.scope,
        &new.cache_key,
        &new.version,
        new.size,
        &new.sha256,
        &new.object,
        &new.run_id,
        &new.job,
        new.created_at,
        new.used_at,
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(db: &mut impl Query, id: i64) -> Result<Option<Cache>> {
    db.fetch_optional(format!("SELECT {} FROM caches WHERE id = $1", Cache::COLUMNS), args![id]).await
}

/// Whether a scope has the key.
pub async fn exists(db: &mut impl Query, repo_id: i64, scope: &str, key: &str, version: &str) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM caches WHERE repo_id = $1 AND scope = $2 AND cache_key = $3 AND version = $4";
    let count: i64 = db.fetch_one(sql, args![repo_id, scope, key, version]).await?;
    Ok(count > 0)
}

/// All caches of a repository, oldest first.
pub async fn of_repo(db: &mut impl Query, repo_id: i64) -> Result<Vec<Cache>> {
    db.fetch_all(format!("SELECT {} FROM caches WHERE repo_id = $1 ORDER BY id", Cache::COLUMNS), args![repo_id]).await
}

/// How many there are, and their bytes.
pub async fn usage(db: &mut impl Query, repo_id: i64) -> Result<(i64, i64)> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM caches WHERE repo_id = $1";
    db.fetch_one(sql, args![repo_id]).await
}

pub async fn touch(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE caches SET used_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// Those of a repository that were not used for longest.
pub async fn least_used(db: &mut impl Query, repo_id: i64, most: i64) -> Result<Vec<Cache>> {
    let sql = format!("SELECT {} FROM caches WHERE repo_id = $1 ORDER BY used_at, id LIMIT $2", Cache::COLUMNS);
    db.fetch_all(sql, args![repo_id, most]).await
}

/// Those of all repositories that nobody used since then.
pub async fn unused_since(db: &mut impl Query, since: Micros, most: i64) -> Result<Vec<Cache>> {
    let sql = format!("SELECT {} FROM caches WHERE used_at < $1 ORDER BY used_at LIMIT $2", Cache::COLUMNS);
    db.fetch_all(sql, args![since, most]).await
}

/// Forgets a cache; the object that nobody refers to any more.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<Option<String>> {
    tx.fetch_optional("DELETE FROM caches WHERE id = $1 RETURNING object", args![id]).await
}
