//! Secrets in their envelopes, and the key pairs that clients seal them for. Nothing here is in clear text.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// A secret's row without its value.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Secret {
        pub id: i64,
        pub name: String,
        /// Of an organisation's: `all`, `private` or `selected`.
        pub visibility: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// Writes a secret; `true` when it is new.
pub async fn put(
    tx: &mut Tx,
    scope: &str,
    scope_id: i64,
    name: &str,
    sealed: &[u8],
    visibility: &str,
) -> Result<(i64, bool)> {
    let new = by_name(tx, scope, scope_id, name).await?.is_none();
    let now = tx.now();
    let sql = "INSERT INTO secrets (scope, scope_id, name, sealed, visibility, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6) \
               ON CONFLICT (scope, scope_id, name) DO UPDATE SET sealed = excluded.sealed, visibility = excluded.visibility, \
               updated_at = excluded.updated_at RETURNING id";
    Ok((tx.fetch_one(sql, args![scope, scope_id, name, sealed, visibility, now]).await?, new))
}

pub async fn by_name(query: &mut impl Query, scope: &str, scope_id: i64, name: &str) -> Result<Option<Secret>> {
    let sql = format!("SELECT {} FROM secrets WHERE scope = $1 AND scope_id = $2 AND name = $3", Secret::COLUMNS);
    query.fetch_optional(sql, args![scope, scope_id, name]).await
}

pub async fn list(query: &mut impl Query, scope: &str, scope_id: i64, offset: i64, limit: i64) -> Result<Vec<Secret>> {
    let sql = format!(
        "SELECT {} FROM secrets WHERE scope = $1 AND scope_id = $2 ORDER BY name LIMIT $3 OFFSET $4",
        Secret::COLUMNS
    );
    query.fetch_all(sql, args![scope, scope_id, limit, offset]).await
}

pub async fn count(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM secrets WHERE scope = $1 AND scope_id = $2";
    query.fetch_one(sql, args![scope, scope_id]).await
}

/// `false` when there was none.
pub async fn delete(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<bool> {
    let sql = "DELETE FROM secrets WHERE scope = $1 AND scope_id = $2 AND name = $3";
    Ok(tx.execute(sql, args![scope, scope_id, name]).await? > 0)
}

/// All of a scope that is deleted: an environment.
pub async fn delete_scope(tx: &mut Tx, scope: &str, scope_id: i64) -> Result<()> {
    for table in ["secrets", "variables", "box_keys"] {
        let sql = format!("DELETE FROM {table} WHERE scope = $1 AND scope_id = $2");
        tx.execute(sql, args![scope, scope_id]).await?;
    }
    Ok(())
}

record! {
    /// A secret's name and envelope.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Sealed {
        pub id: i64,
        pub name: String,
        pub sealed: Vec<u8>,
    }
}

/// The envelopes of a scope.
pub async fn sealed(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<Vec<Sealed>> {
    let sql = "SELECT id, name, sealed FROM secrets WHERE scope = $1 AND scope_id = $2 ORDER BY name";
    query.fetch_all(sql, args![scope, scope_id]).await
}

/// The envelopes of an organisation that reach a repository.
pub async fn sealed_of_organization(
    query: &mut impl Query,
    org_id: i64,
    repo_id: i64,
    private: bool,
) -> Result<Vec<Sealed>> {
    let sql = "SELECT id, name, sealed FROM secrets WHERE scope = 'organization' AND scope_id = $1 \
               AND (visibility = 'all' OR (visibility = 'private' AND $3) \
               OR (visibility = 'selected' AND id IN (SELECT secret_id FROM secret_repositories WHERE repo_id = $2))) ORDER BY name";
    query.fetch_all(sql, args![org_id, repo_id, private]).await
}

/// The rows of an organisation that reach a repository.
pub async fn of_organization_for(
    query: &mut impl Query,
    org_id: i64,
    repo_id: i64,
    private: bool,
) -> Result<Vec<Secret>> {
    let sql = format!(
        "SELECT {} FROM secrets WHERE scope = 'organization' AND scope_id = $1 AND (visibility = 'all' \
         OR (visibility = 'private' AND $3) \
         OR (visibility = 'selected' AND id IN (SELECT secret_id FROM secret_repositories WHERE repo_id = $2))) ORDER BY name",
        Secret::COLUMNS
    );
    query.fetch_all(sql, args![org_id, repo_id, private]).await
}

pub async fn selected(query: &mut impl Query, secret_id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT repo_id FROM secret_repositories WHERE secret_id = $1 ORDER BY repo_id";
    query.fetch_all(sql, args![secret_id]).await
}

pub async fn select(tx: &mut Tx, secret_id: i64, repo_ids: &[i64]) -> Result<()> {
    tx.execute("DELETE FROM secret_repositories WHERE secret_id = $1", args![secret_id]).await?;
    for repo_id in repo_ids {
        let sql = "INSERT INTO secret_repositories (secret_id, repo_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, args![secret_id, repo_id]).await?;
    }
    Ok(())
}

record! {
    /// A pair: the public half, the other in an envelope.
    #[derive(Clone, Debug, PartialEq)]
    pub struct BoxKey {
        pub id: i64,
        pub public: Vec<u8>,
        pub sealed: Vec<u8>,
    }
}

pub async fn box_key(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<Option<BoxKey>> {
    let sql = format!("SELECT {} FROM box_keys WHERE scope = $1 AND scope_id = $2", BoxKey::COLUMNS);
    query.fetch_optional(sql, args![scope, scope_id]).await
}

/// Keeps the pair unless the scope has one by now.
pub async fn insert_box_key(tx: &mut Tx, scope: &str, scope_id: i64, public: &[u8], sealed: &[u8]) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO box_keys (scope, scope_id, public, sealed, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    tx.execute(sql, args![scope, scope_id, public, sealed, now]).await?;
    Ok(())
}
