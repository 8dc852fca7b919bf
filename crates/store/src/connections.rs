//! Repositories of other forges that run here: what came from them, and what they are to be told.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Connection {
        pub id: i64,
        pub repo_id: i64,
        /// `github`, `gitea`, `forgejo`
        pub provider: String,
        pub web_url: String,
        pub api_url: String,
        pub clone_url: String,
        /// `owner/name` there.
        pub remote: String,
        pub secret_sealed: Vec<u8>,
        pub token_sealed: Option<Vec<u8>>,
        pub write_statuses: bool,
        pub write_checks: bool,
        pub active: bool,
        pub trouble: Option<String>,
        pub fetched_at: Option<Micros>,
        pub created_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct ReceivedHook {
        pub id: i64,
        pub connection_id: i64,
        pub guid: String,
        pub event: String,
        pub payload: String,
        pub state: String,
        pub attempts: i64,
        pub next_at: Micros,
        pub message: String,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct WriteBack {
        pub id: i64,
        pub connection_id: i64,
        /// `status`, `check`, `comment`
        pub kind: String,
        pub subject: String,
        pub body: serde_json::Value,
        pub remote_id: Option<String>,
        pub state: String,
        pub attempts: i64,
        pub next_at: Micros,
        pub message: String,
    }
}

/// # Errors
/// When the repository is connected already.
pub async fn insert(tx: &mut Tx, new: &Connection) -> Result<Connection> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO connections (repo_id, provider, web_url, api_url, clone_url, remote, secret_sealed, token_sealed, \
             write_statuses, write_checks, active, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, TRUE, $11) \
             RETURNING {}",
            Connection::COLUMNS
        ),
        args![
            new.repo_id,
            &new.provider,
            &new.web_url,
            &new.api_url,
            &new.clone_url,
            &new.remote,
            new.secret_sealed.clone(),
            new.token_sealed.clone(),
            new.write_statuses,
            new.write_checks,
            now,
        ],
    )
    .await
}

/// Writes the sealed secret and token.
pub async fn set_secrets(tx: &mut Tx, connection: &Connection) -> Result<()> {
    tx.execute(
        "UPDATE connections SET secret_sealed = $2, token_sealed = $3 WHERE id = $1",
        args![connection.id, connection.secret_sealed.clone(), connection.token_sealed.clone()],
    )
    .await
    .map(drop)
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Connection>> {
    query.fetch_optional(format!("SELECT {} FROM connections WHERE id = $1", Connection::COLUMNS), args![id]).await
}

pub async fn of_repository(query: &mut impl Query, repo_id: i64) -> Result<Option<Connection>> {
    let sql = format!("SELECT {} FROM connections WHERE repo_id = $1", Connection::COLUMNS);
    query.fetch_optional(sql, args![repo_id]).await
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM write_backs WHERE connection_id = $1", args![id]).await?;
    tx.execute("DELETE FROM received_hooks WHERE connection_id = $1", args![id]).await?;
    tx.execute("DELETE FROM remote_pulls WHERE connection_id = $1", args![id]).await?;
    tx.execute("DELETE FROM connections WHERE id = $1", args![id]).await.map(drop)
}

/// Notes that its refs were fetched, or what kept them from being.
pub async fn set_fetched(tx: &mut Tx, id: i64, trouble: Option<&str>) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "UPDATE connections SET trouble = $2, fetched_at = CASE WHEN $3 THEN $4 ELSE fetched_at END WHERE id = $1",
        args![id, trouble, trouble.is_none(), now],
    )
    .await
    .map(drop)
}

/// Takes a webhook in; `false` when it was here before.
pub async fn receive(tx: &mut Tx, connection_id: i64, guid: &str, event: &str, payload: &str) -> Result<bool> {
    let now = tx.now();
    let inserted = tx
        .execute(
            "INSERT INTO received_hooks (connection_id, guid, event, payload, state, attempts, next_at, message, received_at) \
             VALUES ($1, $2, $3, $4, 'waiting', 0, $5, '', $5) ON CONFLICT (connection_id, guid) DO NOTHING",
            args![connection_id, guid, event, payload, now],
        )
        .await?;
    Ok(inserted == 1)
}

/// When a pull request of the remote was changed last, as far as it has been told, by the remote's clock.
pub async fn remote_pull(query: &mut impl Query, connection_id: i64, number: i64) -> Result<Option<Micros>> {
    let sql = "SELECT updated_at FROM remote_pulls WHERE connection_id = $1 AND number = $2";
    query.fetch_optional(sql, args![connection_id, number]).await
}

pub async fn set_remote_pull(tx: &mut Tx, connection_id: i64, number: i64, updated_at: Micros) -> Result<()> {
    tx.execute(
        "INSERT INTO remote_pulls (connection_id, number, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (connection_id, number) DO UPDATE SET updated_at = excluded.updated_at",
        args![connection_id, number, updated_at],
    )
    .await
    .map(drop)
}

/// Whether a webhook waits to be worked off.
pub async fn any_received(query: &mut impl Query) -> Result<bool> {
    let now = query.now();
    let sql = "SELECT id FROM received_hooks WHERE state = 'waiting' AND next_at <= $1 LIMIT 1";
    Ok(query.fetch_optional::<i64>(sql, args![now]).await?.is_some())
}

/// Whether something is to be written back.
pub async fn any_write_back(query: &mut impl Query) -> Result<bool> {
    let now = query.now();
    let sql = "SELECT id FROM write_backs WHERE state = 'waiting' AND next_at <= $1 LIMIT 1";
    Ok(query.fetch_optional::<i64>(sql, args![now]).await?.is_some())
}

/// The oldest due webhook of each connection: they are worked off in their order.
pub async fn claim_received(tx: &mut Tx, until: Micros) -> Result<Option<ReceivedHook>> {
    let (now, lock) = (tx.now(), tx.lock_clause(crate::Lock::Skip));
    let sql = format!(
        "SELECT id FROM received_hooks WHERE state = 'waiting' AND next_at <= $1 AND id IN \
         (SELECT MIN(id) FROM received_hooks WHERE state = 'waiting' GROUP BY connection_id) ORDER BY id LIMIT 1{lock}"
    );
    let Some(id) = tx.fetch_optional::<i64>(sql, args![now]).await? else { return Ok(None) };
    let sql = format!(
        "UPDATE received_hooks SET next_at = $2, attempts = attempts + 1 WHERE id = $1 RETURNING {}",
        ReceivedHook::COLUMNS
    );
    tx.fetch_optional(sql, args![id, until]).await
}

pub async fn finish_received(tx: &mut Tx, id: i64, state: &str, next_at: Micros, message: &str) -> Result<()> {
    let sql = "UPDATE received_hooks SET state = $2, next_at = $3, message = $4 WHERE id = $1";
    tx.execute(sql, args![id, state, next_at, message]).await.map(drop)
}

/// Queues news for the remote; about a subject only the last one counts.
pub async fn write_back(
    tx: &mut Tx,
    connection_id: i64,
    kind: &str,
    subject: &str,
    body: &serde_json::Value,
) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO write_backs (connection_id, kind, subject, body, state, attempts, next_at, message, created_at) \
         VALUES ($1, $2, $3, $4, 'waiting', 0, $5, '', $5) ON CONFLICT (connection_id, kind, subject) DO UPDATE SET \
         body = excluded.body, state = 'waiting', attempts = 0, next_at = excluded.next_at, message = ''",
        args![connection_id, kind, subject, body, now],
    )
    .await
    .map(drop)
}

pub async fn claim_write_backs(tx: &mut Tx, limit: i64, until: Micros) -> Result<Vec<WriteBack>> {
    let (now, lock) = (tx.now(), tx.lock_clause(crate::Lock::Skip));
    let sql = format!(
        "SELECT id FROM write_backs WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at, id LIMIT $2{lock}"
    );
    let ids: Vec<i64> = tx.fetch_all(sql, args![now, limit]).await?;
    let mut claimed = Vec::new();
    for id in ids {
        let sql = format!(
            "UPDATE write_backs SET next_at = $2, attempts = attempts + 1 WHERE id = $1 RETURNING {}",
            WriteBack::COLUMNS
        );
        claimed.push(tx.fetch_one(sql, args![id, until]).await?);
    }
    Ok(claimed)
}

/// Writes how it went; news that came meanwhile stay waiting.
pub async fn finish_write_back(tx: &mut Tx, done: &WriteBack) -> Result<()> {
    let id = done.remote_id.as_deref();
    tx.execute("UPDATE write_backs SET remote_id = COALESCE($2, remote_id) WHERE id = $1", args![done.id, id]).await?;
    tx.execute(
        "UPDATE write_backs SET state = $2, next_at = $3, message = $4 WHERE id = $1 AND body = $5",
        args![done.id, &done.state, done.next_at, &done.message, &done.body],
    )
    .await
    .map(drop)
}

pub async fn write_backs(query: &mut impl Query, connection_id: i64, limit: i64) -> Result<Vec<WriteBack>> {
    let sql =
        format!("SELECT {} FROM write_backs WHERE connection_id = $1 ORDER BY id DESC LIMIT $2", WriteBack::COLUMNS);
    query.fetch_all(sql, args![connection_id, limit]).await
}

/// Forgets webhooks that were worked off before then.
pub async fn forget_received(tx: &mut Tx, before: Micros) -> Result<u64> {
    tx.execute("DELETE FROM received_hooks WHERE state <> 'waiting' AND received_at < $1", args![before]).await
}
