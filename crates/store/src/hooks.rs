//! Webhooks out, and their deliveries.

use serde_json::Value;

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Hook {
        pub id: i64,
        pub repo_id: Option<i64>,
        pub owner_id: Option<i64>,
        pub active: bool,
        /// Names of events; `*` takes all.
        pub events: Value,
        pub url: String,
        /// `json` or `form`
        pub content_type: String,
        pub secret_sealed: Option<Vec<u8>>,
        pub insecure_ssl: bool,
        pub last_response: Value,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct Delivery {
        pub id: i64,
        pub hook_id: i64,
        pub guid: String,
        pub event: String,
        pub action: Option<String>,
        pub repo_id: Option<i64>,
        pub redelivery: bool,
        pub payload: String,
        /// `queued`, `sending`, `delivered`, `failed`
        pub state: String,
        pub attempts: i64,
        pub next_at: Micros,
        pub status_code: Option<i64>,
        pub status: String,
        pub request_headers: Value,
        pub response_headers: Value,
        pub response_body: String,
        pub duration: i64,
        pub created_at: Micros,
        pub delivered_at: Option<Micros>,
    }
}

pub async fn insert(tx: &mut Tx, hook: &Hook) -> Result<Hook> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO hooks (repo_id, owner_id, active, events, url, content_type, secret_sealed, insecure_ssl, \
             last_response, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) RETURNING {}",
            Hook::COLUMNS
        ),
        args![
            hook.repo_id,
            hook.owner_id,
            hook.active,
            &hook.events,
            &hook.url,
            &hook.content_type,
            hook.secret_sealed.clone(),
            hook.insecure_ssl,
            &hook.last_response,
            now,
        ],
    )
    .await
}

pub async fn update(tx: &mut Tx, hook: &Hook) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "UPDATE hooks SET active = $2, events = $3, url = $4, content_type = $5, secret_sealed = $6, insecure_ssl = $7, \
         updated_at = $8 WHERE id = $1",
        args![
            hook.id,
            hook.active,
            &hook.events,
            &hook.url,
            &hook.content_type,
            hook.secret_sealed.clone(),
            hook.insecure_ssl,
            now,
        ],
    )
    .await
    .map(drop)
}

pub async fn set_last_response(tx: &mut Tx, id: i64, response: &Value) -> Result<()> {
    tx.execute("UPDATE hooks SET last_response = $2 WHERE id = $1", args![id, response]).await.map(drop)
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM deliveries WHERE hook_id = $1", args![id]).await?;
    tx.execute("DELETE FROM hooks WHERE id = $1", args![id]).await.map(drop)
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Hook>> {
    query.fetch_optional(format!("SELECT {} FROM hooks WHERE id = $1", Hook::COLUMNS), args![id]).await
}

pub async fn of_repository(query: &mut impl Query, repo_id: i64) -> Result<Vec<Hook>> {
    query.fetch_all(format!("SELECT {} FROM hooks WHERE repo_id = $1 ORDER BY id", Hook::COLUMNS), args![repo_id]).await
}

pub async fn of_owner(query: &mut impl Query, owner_id: i64) -> Result<Vec<Hook>> {
    query
        .fetch_all(format!("SELECT {} FROM hooks WHERE owner_id = $1 ORDER BY id", Hook::COLUMNS), args![owner_id])
        .await
}

/// Active hooks that an event of a repository may concern.
pub async fn for_event(query: &mut impl Query, repo_id: i64, owner_id: i64) -> Result<Vec<Hook>> {
    let sql = format!(
        "SELECT {} FROM hooks WHERE active = TRUE AND (repo_id = $1 OR owner_id = $2) ORDER BY id",
        Hook::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, owner_id]).await
}

/// Active hooks that hear of a repository.
pub async fn of_repository_and_owner(query: &mut impl Query, repo_id: i64) -> Result<Vec<Hook>> {
    let sql = format!(
        "SELECT {} FROM hooks WHERE active = TRUE AND (repo_id = $1 OR owner_id = (SELECT owner_id FROM repositories WHERE \
         id = $1)) ORDER BY id",
        Hook::COLUMNS
    );
    query.fetch_all(sql, args![repo_id]).await
}

/// Whether there is anybody to tell anything.
pub async fn any(query: &mut impl Query) -> Result<bool> {
    let found: Option<i64> = query.fetch_optional("SELECT id FROM hooks LIMIT 1", args![]).await?;
    Ok(found.is_some())
}

/// Whether a delivery is due.
pub async fn any_due(query: &mut impl Query) -> Result<bool> {
    let now = query.now();
    let sql = "SELECT id FROM deliveries WHERE state IN ('queued', 'sending') AND next_at <= $1 LIMIT 1";
    Ok(query.fetch_optional::<i64>(sql, args![now]).await?.is_some())
}

/// The first webhook hears of what happens from now on.
pub async fn skip_to_now(tx: &mut Tx) -> Result<()> {
    progress(tx).await?;
    tx.execute("UPDATE hook_progress SET event_id = (SELECT COALESCE(MAX(id), 0) FROM events) WHERE id = 1", args![])
        .await
        .map(drop)
}

/// How far events have been given to hooks; the row is locked until the transaction ends.
pub async fn progress(tx: &mut Tx) -> Result<i64> {
    tx.execute("INSERT INTO hook_progress (id, event_id) VALUES (1, 0) ON CONFLICT (id) DO NOTHING", args![]).await?;
    let lock = tx.lock_clause(crate::Lock::Wait);
    tx.fetch_one(format!("SELECT event_id FROM hook_progress WHERE id = 1{lock}"), args![]).await
}

pub async fn set_progress(tx: &mut Tx, event_id: i64) -> Result<()> {
    tx.execute("UPDATE hook_progress SET event_id = $1 WHERE id = 1", args![event_id]).await.map(drop)
}

/// A delivery to be made.
#[derive(Clone, Debug)]
pub struct NewDelivery<'a> {
    pub hook_id: i64,
    pub guid: &'a str,
    pub event: &'a str,
    pub action: Option<&'a str>,
    pub repo_id: Option<i64>,
    pub redelivery: bool,
    pub payload: &'a str,
}

pub async fn insert_delivery(tx: &mut Tx, new: &NewDelivery<'_>) -> Result<i64> {
    let now = tx.now();
    tx.fetch_one(
        "INSERT INTO deliveries (hook_id, guid, event, action, repo_id, redelivery, payload, state, attempts, next_at, status, \
         request_headers, response_headers, response_body, duration, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, $8, '', '{}', '{}', '', 0, $8) RETURNING id",
        args![new.hook_id, new.guid, new.event, new.action, new.repo_id, new.redelivery, new.payload, now],
    )
    .await
}

/// Takes deliveries that are due; nobody else takes them before `until`.
pub async fn claim_deliveries(tx: &mut Tx, limit: i64, until: Micros) -> Result<Vec<Delivery>> {
    let (now, lock) = (tx.now(), tx.lock_clause(crate::Lock::Skip));
    let ids: Vec<i64> = tx
        .fetch_all(
            format!(
                "SELECT id FROM deliveries WHERE state IN ('queued', 'sending') AND next_at <= $1 ORDER BY next_at, id LIMIT $2{lock}"
            ),
            args![now, limit],
        )
        .await?;
    let mut claimed = Vec::new();
    for id in ids {
        claimed.push(
            tx.fetch_one(
                format!(
                    "UPDATE deliveries SET state = 'sending', next_at = $2, attempts = attempts + 1 WHERE id = $1 RETURNING {}",
                    Delivery::COLUMNS
                ),
                args![id, until],
            )
            .await?,
        );
    }
    Ok(claimed)
}

/// Writes how a delivery went.
pub async fn finish_delivery(tx: &mut Tx, delivery: &Delivery) -> Result<()> {
    tx.execute(
        "UPDATE deliveries SET state = $2, next_at = $3, status_code = $4, status = $5, request_headers = $6, \
         response_headers = $7, response_body = $8, duration = $9, delivered_at = $10 WHERE id = $1",
        args![
            delivery.id,
            &delivery.state,
            delivery.next_at,
            delivery.status_code,
            &delivery.status,
            &delivery.request_headers,
            &delivery.response_headers,
            &delivery.response_body,
            delivery.duration,
            delivery.delivered_at,
        ],
    )
    .await
    .map(drop)
}

/// Newest first; `before` for pages.
pub async fn deliveries(
    query: &mut impl Query,
    hook_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let sql = format!(
        "SELECT {} FROM deliveries WHERE hook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        Delivery::COLUMNS
    );
    query.fetch_all(sql, args![hook_id, before.unwrap_or(i64::MAX), limit]).await
}

pub async fn delivery(query: &mut impl Query, hook_id: i64, id: i64) -> Result<Option<Delivery>> {
    let sql = format!("SELECT {} FROM deliveries WHERE hook_id = $1 AND id = $2", Delivery::COLUMNS);
    query.fetch_optional(sql, args![hook_id, id]).await
}

/// Forgets what was delivered, or given up, before then.
pub async fn forget_deliveries(tx: &mut Tx, before: Micros) -> Result<u64> {
    let sql = "DELETE FROM deliveries WHERE created_at < $1 AND state IN ('delivered', 'failed')";
    tx.execute(sql, args![before]).await
}
