//! Sessions of browsers, wrong passwords, logins under way at an identity provider.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, PartialEq)]
    pub struct Session {
        pub id: i64,
        pub user_id: i64,
        /// What forms must bring along.
        pub csrf: String,
        pub agent: Option<String>,
        pub created_at: Micros,
        pub seen_at: Micros,
        pub expires_at: Micros,
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, user {})", self.id, self.user_id)
    }
}

pub async fn insert(
    tx: &mut Tx,
    hash: &str,
    user_id: i64,
    csrf: &str,
    agent: Option<&str>,
    expires_at: Micros,
) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO sessions (hash, user_id, csrf, agent, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6) RETURNING id";
    tx.fetch_one(sql, args![hash, user_id, csrf, agent, now, expires_at]).await
}

pub async fn by_hash(query: &mut impl Query, hash: &str) -> Result<Option<Session>> {
    let sql = format!("SELECT {} FROM sessions WHERE hash = $1", Session::COLUMNS);
    query.fetch_optional(sql, args![hash]).await
}

pub async fn of_user(query: &mut impl Query, user_id: i64) -> Result<Vec<Session>> {
    let sql = format!("SELECT {} FROM sessions WHERE user_id = $1 ORDER BY id", Session::COLUMNS);
    query.fetch_all(sql, args![user_id]).await
}

pub async fn touch(tx: &mut Tx, id: i64, expires_at: Micros) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE id = $3", args![now, expires_at, id]).await?;
    Ok(())
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE id = $1", args![id]).await?;
    Ok(())
}

pub async fn delete_of_user(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE user_id = $1", args![user_id]).await?;
    Ok(())
}

record! {
    /// Wrong passwords of one user or from one address.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Failures {
        pub failures: i64,
        pub last_at: Micros,
        pub blocked_until: Micros,
    }
}

pub async fn failures(query: &mut impl Query, subject: &str) -> Result<Option<Failures>> {
    let sql = "SELECT failures, last_at, blocked_until FROM login_failures WHERE subject = $1";
    query.fetch_optional(sql, args![subject]).await
}

/// Counts one more failure; what is known then, with the block that was there before. Failures are forgotten when there was
/// none since `forget`. The row is locked until the transaction ends.
pub async fn count_failure(tx: &mut Tx, subject: &str, forget: Micros) -> Result<Failures> {
    let now = tx.now();
    let sql = "INSERT INTO login_failures (subject, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0) \
               ON CONFLICT (subject) DO UPDATE SET last_at = $2, \
               failures = CASE WHEN login_failures.last_at < $3 THEN 1 ELSE login_failures.failures + 1 END \
               RETURNING failures, last_at, blocked_until";
    tx.fetch_one(sql, args![subject, now, forget]).await
}

/// Nobody tries again before that time.
pub async fn block(tx: &mut Tx, subject: &str, until: Micros) -> Result<()> {
    tx.execute("UPDATE login_failures SET blocked_until = $1 WHERE subject = $2", args![until, subject]).await?;
    Ok(())
}

/// Takes one failure back, and the block it made: the try was none.
pub async fn uncount_failure(tx: &mut Tx, subject: &str) -> Result<()> {
    let sql =
        "UPDATE login_failures SET failures = failures - 1, blocked_until = 0 WHERE subject = $1 AND failures > 0";
    tx.execute(sql, args![subject]).await?;
    Ok(())
}

pub async fn clear_failures(tx: &mut Tx, subject: &str) -> Result<()> {
    tx.execute("DELETE FROM login_failures WHERE subject = $1", args![subject]).await?;
    Ok(())
}

/// Whether the user has logged in from the address not long ago.
pub async fn is_login_address(query: &mut impl Query, user_id: i64, address: &str) -> Result<bool> {
    let now = query.now();
    let sql = "SELECT COUNT(*) FROM login_addresses WHERE user_id = $1 AND address = $2 AND expires_at > $3";
    Ok(query.fetch_one::<i64>(sql, args![user_id, address, now]).await? > 0)
}

/// The user has logged in from the address.
pub async fn note_login_address(tx: &mut Tx, user_id: i64, address: &str, expires_at: Micros) -> Result<()> {
    let sql = "INSERT INTO login_addresses (user_id, address, expires_at) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id, address) DO UPDATE SET expires_at = excluded.expires_at";
    tx.execute(sql, args![user_id, address, expires_at]).await?;
    Ok(())
}

/// Forgets failures of before then that block nobody any more; how many.
pub async fn forget_failures(tx: &mut Tx, before: Micros) -> Result<u64> {
    let now = tx.now();
    tx.execute("DELETE FROM login_failures WHERE last_at < $1 AND blocked_until < $2", args![before, now]).await
}

/// Forgets all but the newest logins that were begun at a provider: anybody may begin one.
pub async fn bound_provider_logins(tx: &mut Tx, most: i64) -> Result<u64> {
    let sql = "DELETE FROM provider_logins WHERE expires_at <= \
               (SELECT expires_at FROM provider_logins ORDER BY expires_at DESC LIMIT 1 OFFSET $1)";
    tx.execute(sql, args![most]).await
}

pub async fn insert_provider_login(
    tx: &mut Tx,
    state_hash: &str,
    sealed: &[u8],
    return_to: &str,
    expires_at: Micros,
) -> Result<()> {
    let sql = "INSERT INTO provider_logins (state_hash, sealed, return_to, expires_at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, args![state_hash, sealed, return_to, expires_at]).await?;
    Ok(())
}

/// A login that comes back: taken once. Its sealed part, where to go, until when it was good.
pub async fn take_provider_login(tx: &mut Tx, state_hash: &str) -> Result<Option<(Vec<u8>, String, Micros)>> {
    let sql = "DELETE FROM provider_logins WHERE state_hash = $1 RETURNING sealed, return_to, expires_at";
    tx.fetch_optional(sql, args![state_hash]).await
}
