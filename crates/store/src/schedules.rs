//! Cron lines of default branches, and when they are due next.

use crate::{Lock, Query, Result, Topic, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Schedule {
        pub id: i64,
        pub repo_id: i64,
        pub workflow_path: String,
        pub cron: String,
        pub timezone: String,
        /// Who edited the line last.
        pub actor_id: Option<i64>,
        pub actor_login: String,
        /// Minutes since the Unix epoch: the last one that was fired, never fired again.
        pub last_minute: i64,
        /// `None`: it never comes.
        pub next_minute: Option<i64>,
    }
}

pub async fn of_repo(query: &mut impl Query, repo_id: i64) -> Result<Vec<Schedule>> {
    let sql = format!("SELECT {} FROM schedules WHERE repo_id = $1 ORDER BY id", Schedule::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

/// A line that is new; everything but its id.
pub async fn insert(tx: &mut Tx, schedule: &Schedule) -> Result<()> {
    let sql = "INSERT INTO schedules (repo_id, workflow_path, cron, timezone, actor_id, actor_login, last_minute, next_minute) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    let values = args![
        schedule.repo_id,
        &schedule.workflow_path,
        &schedule.cron,
        &schedule.timezone,
        schedule.actor_id,
        &schedule.actor_login,
        schedule.last_minute,
        schedule.next_minute,
    ];
    tx.execute(sql, values).await?;
    tx.wake(Topic::Timers);
    Ok(())
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM schedules WHERE id = $1", args![id]).await.map(drop)
}

/// Those whose minute has come.
pub async fn due(query: &mut impl Query, minute: i64, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM schedules WHERE next_minute <= $1 ORDER BY next_minute, id LIMIT $2";
    query.fetch_all(sql, args![minute, limit]).await
}

/// A schedule that is due, locked; `None` when another server has it or has fired it.
pub async fn take(tx: &mut Tx, id: i64, minute: i64) -> Result<Option<Schedule>> {
    let lock = tx.lock_clause(Lock::Skip);
    let sql = format!("SELECT {} FROM schedules WHERE id = $1 AND next_minute <= $2{lock}", Schedule::COLUMNS);
    tx.fetch_optional(sql, args![id, minute]).await
}

pub async fn set_fired(tx: &mut Tx, id: i64, last_minute: i64, next_minute: Option<i64>) -> Result<()> {
    let sql = "UPDATE schedules SET last_minute = $2, next_minute = $3 WHERE id = $1";
    tx.execute(sql, args![id, last_minute, next_minute]).await.map(drop)
}

/// The minute in which the next one is due.
pub async fn next_minute(query: &mut impl Query) -> Result<Option<i64>> {
    query.fetch_one("SELECT MIN(next_minute) FROM schedules", args![]).await
}

/// All of them.
pub async fn all(query: &mut impl Query) -> Result<Vec<Schedule>> {
    query.fetch_all(format!("SELECT {} FROM schedules ORDER BY id", Schedule::COLUMNS), args![]).await
}
