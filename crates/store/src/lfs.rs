//! Large files and their locks.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct LfsLock {
        pub id: i64,
        pub repo_id: i64,
        pub path: String,
        pub git_ref: String,
        pub owner_id: i64,
        pub locked_at: Micros,
    }
}

const LOCK_COLUMNS: &str = "id, repo_id, path, git_ref, owner_id, locked_at";

/// Which of these objects the repository has, with their sizes.
pub async fn sizes(query: &mut impl Query, repo_id: i64, oids: &[String]) -> Result<Vec<(String, i64)>> {
    if oids.is_empty() {
        return Ok(Vec::new());
    }
    let mut args = args![repo_id];
    args.extend(oids.iter().map(crate::Arg::from));
    let places = crate::placeholders(2, oids.len());
    query.fetch_all(format!("SELECT oid, size FROM lfs_objects WHERE repo_id = $1 AND oid IN ({places})"), args).await
}

pub async fn insert(tx: &mut Tx, repo_id: i64, oid: &str, size: i64) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO lfs_objects (repo_id, oid, size, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (repo_id, oid) DO NOTHING",
        args![repo_id, oid, size, now],
    )
    .await
    .map(drop)
}

/// Gives a fork what its parent has.
pub async fn copy(tx: &mut Tx, from: i64, to: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO lfs_objects (repo_id, oid, size, created_at) SELECT $2, oid, size, created_at FROM lfs_objects WHERE repo_id = $1",
        args![from, to],
    )
    .await
    .map(drop)
}

/// The name of the object that holds a file with this SHA-256: large files and files of releases.
#[must_use]
pub fn object(sha256: &str) -> String {
    format!("files/{sha256}")
}

/// Every object that a repository or a release needs.
pub async fn all_objects(query: &mut impl Query) -> Result<Vec<String>> {
    let sql =
        "SELECT DISTINCT l.oid FROM lfs_objects l JOIN repositories r ON r.id = l.repo_id WHERE r.deleted_at IS NULL";
    let mut hashes: Vec<String> = query.fetch_all(sql, args![]).await?;
    let sql = "SELECT DISTINCT a.digest FROM release_assets a JOIN releases s ON s.id = a.release_id \
               JOIN repositories r ON r.id = s.repo_id WHERE r.deleted_at IS NULL";
    hashes.extend(query.fetch_all::<String>(sql, args![]).await?);
    Ok(hashes.iter().map(|hash| object(hash.strip_prefix("sha256:").unwrap_or(hash))).collect())
}

/// # Errors
/// When the path is locked.
pub async fn lock(tx: &mut Tx, repo_id: i64, path: &str, git_ref: &str, owner_id: i64) -> Result<LfsLock> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO lfs_locks (repo_id, path, git_ref, owner_id, locked_at) VALUES ($1, $2, $3, $4, $5) RETURNING {LOCK_COLUMNS}"
        ),
        args![repo_id, path, git_ref, owner_id, now],
    )
    .await
}

pub async fn locks(query: &mut impl Query, repo_id: i64) -> Result<Vec<LfsLock>> {
    query
        .fetch_all(format!("SELECT {LOCK_COLUMNS} FROM lfs_locks WHERE repo_id = $1 ORDER BY id"), args![repo_id])
        .await
}

pub async fn unlock(tx: &mut Tx, repo_id: i64, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM lfs_locks WHERE repo_id = $1 AND id = $2", args![repo_id, id]).await? == 1)
}
