//! What pushes want of refs, from before git sees them until their events are told.

use serde_json::Value;

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// One ref of one push.
    #[derive(Clone, Debug)]
    pub struct Push {
        pub id: i64,
        pub repo_id: i64,
        /// The pushes that came together.
        pub batch: String,
        /// `pending`, `applied`, `refused`
        pub state: String,
        pub git_ref: String,
        pub old: String,
        pub new: String,
        pub actor_id: Option<i64>,
        /// `user` or `job`
        pub actor_kind: String,
        pub run_id: Option<i64>,
        /// `git`, `api`, `merge`, …
        pub via: String,
        pub facts: Value,
        pub created_at: Micros,
    }
}

const COLUMNS: &str =
    "id, repo_id, batch, state, git_ref, old, new, actor_id, actor_kind, run_id, via, facts, created_at";

/// Who pushes, and how.
#[derive(Clone, Debug, Default)]
pub struct Pusher {
    pub actor_id: Option<i64>,
    pub actor_kind: String,
    pub run_id: Option<i64>,
    pub via: String,
    pub facts: Value,
}

/// Writes an intent for each `(ref, old, new)`.
pub async fn insert(
    tx: &mut Tx,
    repo_id: i64,
    batch: &str,
    pusher: &Pusher,
    refs: &[(String, String, String)],
) -> Result<()> {
    let now = tx.now();
    for (name, old, new) in refs {
        tx.execute(
            "INSERT INTO pushes (repo_id, batch, state, git_ref, old, new, actor_id, actor_kind, run_id, via, facts, created_at) \
             VALUES ($1, $2, 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            args![
                repo_id,
                batch,
                name,
                old,
                new,
                pusher.actor_id,
                &pusher.actor_kind,
                pusher.run_id,
                &pusher.via,
                &pusher.facts,
                now,
            ],
        )
        .await?;
    }
    Ok(())
}

pub async fn of_batch(query: &mut impl Query, batch: &str) -> Result<Vec<Push>> {
    query.fetch_all(format!("SELECT {COLUMNS} FROM pushes WHERE batch = $1 ORDER BY id"), args![batch]).await
}

/// Everything that is not settled, oldest first.
pub async fn pending(query: &mut impl Query) -> Result<Vec<Push>> {
    query
        .fetch_all(format!("SELECT {COLUMNS} FROM pushes WHERE state = 'pending' ORDER BY id LIMIT 1000"), args![])
        .await
}

/// Settles one; `false` when somebody else did before.
pub async fn settle(tx: &mut Tx, id: i64, applied: bool) -> Result<bool> {
    let (state, now) = (if applied { "applied" } else { "refused" }, tx.now());
    let sql = "UPDATE pushes SET state = $2, settled_at = $3 WHERE id = $1 AND state = 'pending'";
    Ok(tx.execute(sql, args![id, state, now]).await? == 1)
}

/// Whether a later push of the ref started from this one's result: then it was there.
pub async fn was_built_on(query: &mut impl Query, push: &Push) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM pushes WHERE repo_id = $1 AND git_ref = $2 AND id > $3 AND old = $4 AND state <> 'refused'";
    let count: i64 = query.fetch_one(sql, args![push.repo_id, &push.git_ref, push.id, &push.new]).await?;
    Ok(count > 0)
}

/// The push that moved the ref to where this one found it, while that is not settled.
pub async fn predecessor(query: &mut impl Query, push: &Push) -> Result<Option<Push>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pushes WHERE repo_id = $1 AND git_ref = $2 AND id < $3 AND new = $4 AND state = 'pending' \
         ORDER BY id DESC LIMIT 1"
    );
    query.fetch_optional(sql, args![push.repo_id, &push.git_ref, push.id, &push.old]).await
}

/// Who moved a ref to a commit last, while that is known.
pub async fn last_pusher(query: &mut impl Query, repo_id: i64, git_ref: &str, new: &str) -> Result<Option<i64>> {
    let sql = "SELECT actor_id FROM pushes WHERE repo_id = $1 AND git_ref = $2 AND new = $3 AND state <> 'refused' \
               AND actor_id IS NOT NULL ORDER BY id DESC LIMIT 1";
    query.fetch_optional(sql, args![repo_id, git_ref, new]).await
}

/// Forgets what was settled before then.
pub async fn forget(tx: &mut Tx, before: Micros) -> Result<u64> {
    tx.execute("DELETE FROM pushes WHERE state <> 'pending' AND settled_at < $1", args![before]).await
}

record! {
    /// A pull request whose head or base moved.
    #[derive(Clone, Debug)]
    pub struct PullUpdate {
        pub id: i64,
        pub repo_id: i64,
        pub issue_id: i64,
        /// `head` or `base`
        pub kind: String,
        pub before: String,
        pub after: String,
        pub actor_id: Option<i64>,
        pub actor_kind: String,
        pub attempts: i64,
    }
}

pub async fn insert_pull_update(tx: &mut Tx, update: &PullUpdate) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "INSERT INTO pull_updates (repo_id, issue_id, kind, before, after, actor_id, actor_kind, attempts, next_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)",
        args![
            update.repo_id,
            update.issue_id,
            &update.kind,
            &update.before,
            &update.after,
            update.actor_id,
            &update.actor_kind,
            now,
        ],
    )
    .await
    .map(drop)
}

/// Whether an update is due.
pub async fn any_pull_update(query: &mut impl Query) -> Result<bool> {
    let now = query.now();
    let found: Option<i64> =
        query.fetch_optional("SELECT id FROM pull_updates WHERE next_at <= $1 LIMIT 1", args![now]).await?;
    Ok(found.is_some())
}

/// Takes the oldest update of a pull request: nobody else takes it, or a later one of the same pull request, before `until`.
pub async fn claim_pull_update(tx: &mut Tx, until: Micros) -> Result<Option<PullUpdate>> {
    let (now, lock) = (tx.now(), tx.lock_clause(crate::Lock::Skip));
    let sql = format!(
        "SELECT id FROM pull_updates WHERE next_at <= $1 \
         AND id IN (SELECT MIN(id) FROM pull_updates GROUP BY issue_id) ORDER BY id LIMIT 1{lock}"
    );
    let Some(id) = tx.fetch_optional::<i64>(sql, args![now]).await? else { return Ok(None) };
    let sql = format!(
        "UPDATE pull_updates SET next_at = $2, attempts = attempts + 1 WHERE id = $1 RETURNING {}",
        PullUpdate::COLUMNS
    );
    tx.fetch_optional(sql, args![id, until]).await
}

/// Gives an update back, to be taken again then.
pub async fn postpone_pull_update(tx: &mut Tx, id: i64, until: Micros) -> Result<()> {
    tx.execute("UPDATE pull_updates SET next_at = $2 WHERE id = $1", args![id, until]).await.map(drop)
}

/// `false` when another server was faster.
pub async fn delete_pull_update(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM pull_updates WHERE id = $1", args![id]).await? == 1)
}
