//! Runners and their groups.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Runner {
        pub id: i64,
        pub name: String,
        pub group_id: i64,
        /// `server`, `organization`, `repository`: whose jobs it takes, with the id of that.
        pub scope: String,
        pub scope_id: i64,
        /// JSON list.
        pub labels: String,
        pub os: String,
        pub arch: String,
        pub version: String,
        pub slots: i64,
        pub ephemeral: bool,
        pub draining: bool,
        pub used: bool,
        /// One of its leases ran out, and it has said nothing since.
        pub given_up: bool,
        pub seen_at: Micros,
        pub created_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct Group {
        pub id: i64,
        pub name: String,
        pub scope: String,
        pub scope_id: i64,
        /// `all` or `selected`
        pub visibility: String,
    }
}

/// The group of this name, made where it is new.
pub async fn put_group(tx: &mut Tx, scope: &str, scope_id: i64, name: &str, visibility: &str) -> Result<Group> {
    let now = tx.now();
    let sql = format!(
        "INSERT INTO runner_groups (name, name_key, scope, scope_id, visibility, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (scope, scope_id, name_key) DO UPDATE SET name = excluded.name RETURNING {}",
        Group::COLUMNS
    );
    tx.fetch_one(sql, args![name, name.to_lowercase(), scope, scope_id, visibility, now]).await
}

pub async fn group(query: &mut impl Query, id: i64) -> Result<Option<Group>> {
    query.fetch_optional(format!("SELECT {} FROM runner_groups WHERE id = $1", Group::COLUMNS), args![id]).await
}

pub async fn groups(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<Vec<Group>> {
    let sql = format!("SELECT {} FROM runner_groups WHERE scope = $1 AND scope_id = $2 ORDER BY id", Group::COLUMNS);
    query.fetch_all(sql, args![scope, scope_id]).await
}

/// Repositories whose jobs a group with visibility `selected` takes.
pub async fn group_repos(query: &mut impl Query, group_id: i64) -> Result<Vec<i64>> {
    query
        .fetch_all("SELECT repo_id FROM runner_group_repos WHERE group_id = $1 ORDER BY repo_id", args![group_id])
        .await
}

pub async fn set_group_repos(tx: &mut Tx, group_id: i64, visibility: &str, repos: &[i64]) -> Result<()> {
    tx.execute("UPDATE runner_groups SET visibility = $2 WHERE id = $1", args![group_id, visibility]).await?;
    tx.execute("DELETE FROM runner_group_repos WHERE group_id = $1", args![group_id]).await?;
    for repo in repos {
        let sql = "INSERT INTO runner_group_repos (group_id, repo_id) VALUES ($1, $2)";
        tx.execute(sql, args![group_id, *repo]).await?;
    }
    Ok(())
}

/// Inserts a runner with everything but its id.
///
/// # Errors
/// [`crate::Error::Taken`] when its group has one of this name.
pub async fn insert(tx: &mut Tx, runner: &Runner) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO runners (name, name_key, group_id, scope, scope_id, labels, os, arch, version, slots, ephemeral, \
               draining, used, given_up, seen_at, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, FALSE, FALSE, $12, $12) RETURNING id";
    let values = args![
        &runner.name,
        runner.name.to_lowercase(),
        runner.group_id,
        &runner.scope,
        runner.scope_id,
        &runner.labels,
        &runner.os,
        &runner.arch,
        &runner.version,
        runner.slots,
        runner.ephemeral,
        now,
    ];
    tx.fetch_one(sql, values).await
}

/// The runner, locked: one claim of it at a time, whichever server it asks.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<Option<Runner>> {
    let clause = tx.lock_clause(crate::Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM runners WHERE id = $1{clause}", Runner::COLUMNS), args![id]).await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Runner>> {
    query.fetch_optional(format!("SELECT {} FROM runners WHERE id = $1", Runner::COLUMNS), args![id]).await
}

pub async fn by_name(query: &mut impl Query, group_id: i64, name: &str) -> Result<Option<Runner>> {
    let sql = format!("SELECT {} FROM runners WHERE group_id = $1 AND name_key = $2", Runner::COLUMNS);
    query.fetch_optional(sql, args![group_id, name.to_lowercase()]).await
}

/// Of one scope; `server` with 0 are those of everybody.
pub async fn of_scope(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<Vec<Runner>> {
    let sql = format!("SELECT {} FROM runners WHERE scope = $1 AND scope_id = $2 ORDER BY id", Runner::COLUMNS);
    query.fetch_all(sql, args![scope, scope_id]).await
}

pub async fn all(query: &mut impl Query) -> Result<Vec<Runner>> {
    query.fetch_all(format!("SELECT {} FROM runners ORDER BY id", Runner::COLUMNS), args![]).await
}

/// Takes over what a runner says of itself when it starts.
pub async fn hello(tx: &mut Tx, runner: &Runner) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE runners SET labels = $2, os = $3, arch = $4, version = $5, slots = $6, draining = FALSE, given_up = FALSE, seen_at = $7 WHERE id = $1";
    let values = args![runner.id, &runner.labels, &runner.os, &runner.arch, &runner.version, runner.slots, now];
    tx.execute(sql, values).await.map(drop)
}

pub async fn seen(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE runners SET given_up = FALSE, seen_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// The runner of a job whose lease has run out gets nothing until it says something: what is sent to it now nobody may read.
pub async fn give_up(tx: &mut Tx, job_id: i64) -> Result<()> {
    let holder = "SELECT runner_id FROM jobs WHERE id = $1 AND status = 'in_progress' AND lease_until < $2";
    let now = tx.now();
    let Some(runner_id) = tx.fetch_optional::<i64>(holder, args![job_id, now]).await? else { return Ok(()) };
    // A heartbeat that is at it locks the runner too: whether it came is seen behind the lock.
    lock(tx, runner_id).await?;
    if tx.fetch_optional::<i64>(holder, args![job_id, now]).await? == Some(runner_id) {
        tx.execute("UPDATE runners SET given_up = TRUE WHERE id = $1", args![runner_id]).await?;
    }
    Ok(())
}

/// No further job goes to it.
pub async fn drain(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE runners SET draining = TRUE WHERE id = $1", args![id]).await.map(drop)
}

/// A single-use runner did not get its job after all.
pub async fn is_unused(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE runners SET used = FALSE WHERE id = $1", args![id]).await.map(drop)
}

/// A single-use runner has its one job.
pub async fn use_up(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE runners SET used = TRUE WHERE id = $1", args![id]).await.map(drop)
}

pub async fn set_labels(tx: &mut Tx, id: i64, labels: &str) -> Result<()> {
    tx.execute("UPDATE runners SET labels = $2 WHERE id = $1", args![id, labels]).await.map(drop)
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM runners WHERE id = $1", args![id]).await.map(drop)
}

/// Ephemeral runners that have had their job, or were not heard of since then, and have none now.
pub async fn leftovers(query: &mut impl Query, unseen_since: Micros) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM runners WHERE ephemeral AND (used OR seen_at < $1) AND NOT EXISTS \
               (SELECT 1 FROM jobs WHERE jobs.runner_id = runners.id AND jobs.status = 'in_progress') AND seen_at < $1";
    query.fetch_all(sql, args![unseen_since]).await
}

/// Whether it executes a job.
pub async fn busy(query: &mut impl Query, id: i64) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM jobs WHERE runner_id = $1 AND status = 'in_progress'";
    Ok(query.fetch_one::<i64>(sql, args![id]).await? > 0)
}

/// # Errors
/// [`crate::Error::Taken`] when its scope has a group of this name.
pub async fn rename_group(tx: &mut Tx, id: i64, name: &str) -> Result<()> {
    let sql = "UPDATE runner_groups SET name = $2, name_key = $3 WHERE id = $1";
    tx.execute(sql, args![id, name, name.to_lowercase()]).await.map(drop)
}

/// `false` when it has runners, and stays.
pub async fn delete_group(tx: &mut Tx, id: i64) -> Result<bool> {
    let sql = "DELETE FROM runner_groups WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM runners WHERE group_id = $1)";
    let deleted = tx.execute(sql, args![id]).await? > 0;
    if deleted {
        tx.execute("DELETE FROM runner_group_repos WHERE group_id = $1", args![id]).await?;
    }
    Ok(deleted)
}
