//! The audit log: rows are added, never changed.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq)]
    pub struct Entry {
        /// Without gaps: a row that is missing shows.
        pub id: i64,
        pub at: Micros,
        /// `user`, `job`, `runner`, `server` or `anonymous`.
        pub actor_kind: String,
        pub actor_id: Option<i64>,
        pub actor: String,
        /// `secret.put`, `token.create`, …
        pub action: String,
        pub allowed: bool,
        pub repo_id: Option<i64>,
        pub org_id: Option<i64>,
        pub subject: String,
        pub details: serde_json::Value,
        /// Over the entry and the hash before it.
        pub hash: String,
    }
}

/// The last id and hash. Locked until the transaction ends, so ask as late in it as can be.
pub async fn head(tx: &mut Tx) -> Result<(i64, String)> {
    let lock = tx.lock_clause(crate::Lock::Wait);
    tx.fetch_one(format!("SELECT last_id, hash FROM audit_head WHERE one = 1{lock}"), args![]).await
}

/// The last id and hash, as they are now.
pub async fn end(query: &mut impl Query) -> Result<(i64, String)> {
    query.fetch_one("SELECT last_id, hash FROM audit_head WHERE one = 1", args![]).await
}

/// The hash of an entry.
pub async fn hash_of(query: &mut impl Query, id: i64) -> Result<Option<String>> {
    query.fetch_optional("SELECT hash FROM audit WHERE id = $1", args![id]).await
}

/// Adds the entry that follows the [`head`].
pub async fn append(tx: &mut Tx, entry: &Entry) -> Result<()> {
    let sql = "INSERT INTO audit (id, at, actor_kind, actor_id, actor, action, allowed, repo_id, org_id, subject, details, hash) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = args![
        entry.id,
        entry.at,
        &entry.actor_kind,
        entry.actor_id,
        &entry.actor,
        &entry.action,
        entry.allowed,
        entry.repo_id,
        entry.org_id,
        &entry.subject,
        &entry.details,
        &entry.hash
    ];
    tx.execute(sql, values).await?;
    tx.execute("UPDATE audit_head SET last_id = $1, hash = $2 WHERE one = 1", args![entry.id, &entry.hash]).await?;
    Ok(())
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub org_id: Option<i64>,
    pub repo_id: Option<i64>,
    pub actor: Option<String>,
    /// The action, or its first part: `secret` finds `secret.put`.
    pub action: Option<String>,
    /// Only entries before this id.
    pub before: Option<i64>,
}

/// The newest first.
pub async fn list(query: &mut impl Query, filter: &Filter, limit: i64) -> Result<Vec<Entry>> {
    let sql = format!(
        "SELECT {} FROM audit WHERE id < $1 AND ($2 = 0 OR org_id = $2) AND ($3 = 0 OR repo_id = $3) \
         AND ($4 = '' OR actor = $4) AND ($5 = '' OR action = $5 OR action LIKE $6) ORDER BY id DESC LIMIT $7",
        Entry::COLUMNS
    );
    let action = filter.action.clone().unwrap_or_default();
    let prefix = format!("{}.%", action.replace(['%', '_'], ""));
    let values = args![
        filter.before.unwrap_or(i64::MAX),
        filter.org_id.unwrap_or(0),
        filter.repo_id.unwrap_or(0),
        filter.actor.clone().unwrap_or_default(),
        action,
        prefix,
        limit
    ];
    query.fetch_all(sql, values).await
}

/// In order, from an id on: what checking the chain reads.
pub async fn from(query: &mut impl Query, id: i64, limit: i64) -> Result<Vec<Entry>> {
    let sql = format!("SELECT {} FROM audit WHERE id >= $1 ORDER BY id LIMIT $2", Entry::COLUMNS);
    query.fetch_all(sql, args![id, limit]).await
}
