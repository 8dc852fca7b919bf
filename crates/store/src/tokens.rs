//! Tokens of users, jobs and runners, by their hashes; tokens that are good once.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// A user's token.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Token {
        pub id: i64,
        /// `personal` or `fine_grained`.
        pub kind: String,
        /// The last characters, by which its owner knows it.
        pub hint: String,
        pub user_id: i64,
        pub name: String,
        /// Names with spaces between.
        pub scopes: String,
        pub owner_id: Option<i64>,
        /// `{"contents":"read"}`
        pub permissions: String,
        /// `[1,2]`; all of the owner's repositories when there is none.
        pub repository_ids: Option<String>,
        pub created_at: Micros,
        pub used_at: Option<Micros>,
        pub expires_at: Option<Micros>,
    }
}

/// What is kept of a new token.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    pub kind: &'a str,
    pub hash: &'a str,
    pub hint: &'a str,
    pub user_id: i64,
    pub name: &'a str,
    pub scopes: &'a str,
    pub owner_id: Option<i64>,
    pub permissions: &'a str,
    pub repository_ids: Option<String>,
    pub expires_at: Option<Micros>,
}

pub async fn insert(tx: &mut Tx, new: NewToken<'_>) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO tokens (kind, hash, hint, user_id, name, scopes, owner_id, permissions, repository_ids, created_at, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    let values = args![
        new.kind,
        new.hash,
        new.hint,
        new.user_id,
        new.name,
        new.scopes,
        new.owner_id,
        new.permissions,
        new.repository_ids,
        now,
        new.expires_at
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_hash(query: &mut impl Query, hash: &str) -> Result<Option<Token>> {
    let sql = format!("SELECT {} FROM tokens WHERE hash = $1", Token::COLUMNS);
    query.fetch_optional(sql, args![hash]).await
}

pub async fn of_user(query: &mut impl Query, user_id: i64) -> Result<Vec<Token>> {
    let sql = format!("SELECT {} FROM tokens WHERE user_id = $1 ORDER BY id", Token::COLUMNS);
    query.fetch_all(sql, args![user_id]).await
}

pub async fn touch(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE tokens SET used_at = $1 WHERE id = $2", args![now, id]).await?;
    Ok(())
}

/// `false` when the user has no such token.
pub async fn delete(tx: &mut Tx, user_id: i64, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tokens WHERE id = $1 AND user_id = $2", args![id, user_id]).await? > 0)
}

record! {
    /// A job's token.
    #[derive(Clone, Debug, PartialEq)]
    pub struct JobToken {
        pub job_id: i64,
        pub run_id: i64,
        pub repo_id: i64,
        pub permissions: String,
        pub fork: bool,
        pub expires_at: Micros,
    }
}

pub async fn insert_job(tx: &mut Tx, hash: &str, token: &JobToken) -> Result<()> {
    let sql = "INSERT INTO job_tokens (hash, job_id, run_id, repo_id, permissions, fork, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values =
        args![hash, token.job_id, token.run_id, token.repo_id, &token.permissions, token.fork, token.expires_at];
    tx.execute(sql, values).await?;
    Ok(())
}

pub async fn job_by_hash(query: &mut impl Query, hash: &str) -> Result<Option<JobToken>> {
    let sql = format!("SELECT {} FROM job_tokens WHERE hash = $1", JobToken::COLUMNS);
    query.fetch_optional(sql, args![hash]).await
}

pub async fn delete_of_job(tx: &mut Tx, job_id: i64) -> Result<()> {
    tx.execute("DELETE FROM job_tokens WHERE job_id = $1", args![job_id]).await?;
    Ok(())
}

pub async fn set_runner_secret(tx: &mut Tx, runner_id: i64, hash: &str) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO runner_secrets (runner_id, hash, created_at) VALUES ($1, $2, $3) \
               ON CONFLICT (runner_id) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at";
    tx.execute(sql, args![runner_id, hash, now]).await?;
    Ok(())
}

pub async fn runner_by_hash(query: &mut impl Query, hash: &str) -> Result<Option<i64>> {
    query.fetch_optional("SELECT runner_id FROM runner_secrets WHERE hash = $1", args![hash]).await
}

pub async fn delete_runner_secret(tx: &mut Tx, runner_id: i64) -> Result<()> {
    tx.execute("DELETE FROM runner_secrets WHERE runner_id = $1", args![runner_id]).await?;
    Ok(())
}

record! {
    /// A token for one use.
    #[derive(Clone, Debug, PartialEq)]
    pub struct OneTime {
        /// `registration`, `removal` or `set_up`.
        pub purpose: String,
        /// `repository`, `organization` or `server`.
        pub scope: String,
        /// Of the repository or organisation; 0 for the server.
        pub scope_id: i64,
        pub created_by: Option<i64>,
        pub expires_at: Micros,
    }
}

pub async fn insert_one_time(tx: &mut Tx, hash: &str, token: &OneTime) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO one_time_tokens (hash, purpose, scope, scope_id, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![hash, &token.purpose, &token.scope, token.scope_id, token.created_by, now, token.expires_at];
    tx.execute(sql, values).await?;
    Ok(())
}

/// What the token stands for, without using it up.
pub async fn one_time(query: &mut impl Query, hash: &str) -> Result<Option<OneTime>> {
    let sql = format!("SELECT {} FROM one_time_tokens WHERE hash = $1", OneTime::COLUMNS);
    query.fetch_optional(sql, args![hash]).await
}

/// Uses the token up. Of two that try at once, one gets it.
pub async fn take_one_time(tx: &mut Tx, hash: &str) -> Result<Option<OneTime>> {
    let sql = format!("DELETE FROM one_time_tokens WHERE hash = $1 RETURNING {}", OneTime::COLUMNS);
    tx.fetch_optional(sql, args![hash]).await
}

/// All set-up links are void: one was used, or a new one is printed.
pub async fn delete_purpose(tx: &mut Tx, purpose: &str) -> Result<()> {
    tx.execute("DELETE FROM one_time_tokens WHERE purpose = $1", args![purpose]).await?;
    Ok(())
}

/// Sweeps what has expired; how many rows went.
pub async fn sweep(tx: &mut Tx) -> Result<u64> {
    let now = tx.now();
    let mut gone = 0;
    for table in ["job_tokens", "one_time_tokens", "sessions", "provider_logins", "login_addresses"] {
        gone += tx.execute(format!("DELETE FROM {table} WHERE expires_at < $1"), args![now]).await?;
    }
    Ok(gone)
}
