//! The queue: which job a runner gets, its lease and its fence.

use crate::jobs::Job;
use crate::{Lock, Micros, Query, Result, Topic, Tx, args, placeholders, record};

record! {
    /// Jobs that wait, by what decides who can take them.
    #[derive(Clone, Debug)]
    pub struct Waiting {
        pub repo_id: i64,
        /// JSON list, in lower case and order.
        pub labels_key: String,
        pub runner_group: Option<String>,
        /// The highest.
        pub priority: i64,
        /// The oldest.
        pub first: i64,
        /// Since when it waits.
        pub since: Option<Micros>,
    }
}

/// What waits, a row for each repository, label set and group.
pub async fn waiting(query: &mut impl Query) -> Result<Vec<Waiting>> {
    let sql = "SELECT repo_id, labels_key, runner_group, MAX(priority) AS priority, MIN(id) AS first, MIN(queued_at) AS since FROM jobs \
               WHERE status = 'queued' AND repo_id NOT IN (SELECT id FROM repositories WHERE deleted_at IS NOT NULL) \
               GROUP BY repo_id, labels_key, runner_group";
    query.fetch_all(sql, args![]).await
}

/// How many jobs of each repository are at work on runners of a group: what others have for themselves is not shared.
pub async fn running(query: &mut impl Query, group_id: i64) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT j.repo_id, COUNT(*) FROM jobs j JOIN runners r ON r.id = j.runner_id \
               WHERE j.status = 'in_progress' AND r.group_id = $1 GROUP BY j.repo_id";
    query.fetch_all(sql, args![group_id]).await
}

/// The next job of one repository, or of one run of it, with one of these label sets and groups, locked. `None` when others
/// have them all.
pub async fn next(
    tx: &mut Tx,
    repo_id: i64,
    run_id: Option<i64>,
    kinds: &[(String, Option<String>)],
) -> Result<Option<Job>> {
    let lock = tx.lock_clause(Lock::Skip);
    let mut values = args![repo_id];
    let mut keys: Vec<&str> = kinds.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    // With one set of labels, as nearly always, the index has the jobs in order.
    let in_keys = match keys.len() {
        1 => "= $2".to_owned(),
        count => format!("IN ({})", placeholders(2, count)),
    };
    values.extend(keys.into_iter().map(crate::Arg::from));
    let groups: Vec<&str> = kinds.iter().filter_map(|(_, group)| group.as_deref()).collect();
    let in_group = if groups.is_empty() {
        "runner_group IS NULL".to_owned()
    } else {
        let list = placeholders(values.len() + 1, groups.len());
        values.extend(groups.into_iter().map(crate::Arg::from));
        format!("(runner_group IS NULL OR runner_group IN ({list}))")
    };
    let of_run = run_id.map_or_else(String::new, |run_id| {
        values.push(run_id.into());
        format!(" AND run_id = ${}", values.len())
    });
    let sql = format!(
        "SELECT {} FROM jobs WHERE status = 'queued' AND repo_id = $1 AND labels_key {in_keys} AND {in_group}{of_run} \
         ORDER BY priority DESC, id LIMIT 1{lock}",
        Job::COLUMNS
    );
    tx.fetch_optional(sql, values).await
}

/// Who takes a job, and until when.
#[derive(Clone, Debug)]
pub struct Claimed<'a> {
    pub runner_id: i64,
    pub runner_name: &'a str,
    /// The runner's own name for this claim.
    pub claim_id: Option<&'a str>,
    /// Now: a lease that was never renewed is known by it.
    pub at: Micros,
    pub lease_until: Micros,
    pub deadline: Micros,
}

/// Gives a locked job to a runner. The fence is that of the claim.
pub async fn claim(tx: &mut Tx, id: i64, by: &Claimed<'_>) -> Result<i64> {
    let sql = "UPDATE jobs SET status = 'in_progress', fence = fence + 1, runner_id = $2, runner_name = $3, claim_id = $4, \
               lease_until = $5, deadline = $6, last_event = 0, started_at = $7 WHERE id = $1 AND status = 'queued' \
               RETURNING fence";
    let values = args![id, by.runner_id, by.runner_name, by.claim_id, by.lease_until, by.deadline, by.at];
    tx.fetch_one(sql, values).await
}

/// The job that a runner got by a claim of this name and still holds: its id and fence.
pub async fn claimed(query: &mut impl Query, runner_id: i64, claim_id: &str) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT id, fence FROM jobs WHERE runner_id = $1 AND claim_id = $2 AND status = 'in_progress'";
    query.fetch_optional(sql, args![runner_id, claim_id]).await
}

/// The job, locked, if this claim still holds it.
pub async fn held(tx: &mut Tx, id: i64, fence: i64, runner_id: i64) -> Result<Option<Job>> {
    let lock = tx.lock_clause(Lock::Wait);
    let sql = format!(
        "SELECT {} FROM jobs WHERE id = $1 AND fence = $2 AND runner_id = $3 AND status = 'in_progress'{lock}",
        Job::COLUMNS
    );
    tx.fetch_optional(sql, args![id, fence, runner_id]).await
}

/// Whether this claim still holds the job, which is locked: the claim does not end before the transaction.
pub async fn holds(tx: &mut Tx, id: i64, fence: i64, runner_id: i64) -> Result<bool> {
    let lock = tx.lock_clause(Lock::Wait);
    let sql =
        format!("SELECT id FROM jobs WHERE id = $1 AND fence = $2 AND runner_id = $3 AND status = 'in_progress'{lock}");
    Ok(tx.fetch_optional::<i64>(sql, args![id, fence, runner_id]).await?.is_some())
}

/// Extends a claim's lease. What the runner is to do: cancel, kill; `None` when the claim does not hold the job any more.
pub async fn renew(
    tx: &mut Tx,
    id: i64,
    fence: i64,
    runner_id: i64,
    lease_until: Micros,
) -> Result<Option<(bool, bool)>> {
    let sql = "UPDATE jobs SET lease_until = $4 WHERE id = $1 AND fence = $2 AND runner_id = $3 AND status = 'in_progress' \
               RETURNING cancel, kill";
    tx.fetch_optional(sql, args![id, fence, runner_id, lease_until]).await
}

pub async fn orders(query: &mut impl Query, id: i64, fence: i64, runner_id: i64) -> Result<Option<(bool, bool)>> {
    let sql =
        "SELECT cancel, kill FROM jobs WHERE id = $1 AND fence = $2 AND runner_id = $3 AND status = 'in_progress'";
    query.fetch_optional(sql, args![id, fence, runner_id]).await
}

pub async fn set_last_event(tx: &mut Tx, id: i64, last: i64) -> Result<()> {
    tx.execute("UPDATE jobs SET last_event = $2 WHERE id = $1", args![id, last]).await.map(drop)
}

/// Takes a job from its runner and puts it back: nobody else is told about this claim any more. Whether it `counts` as lost.
pub async fn requeue(tx: &mut Tx, id: i64, deadline: Option<Micros>, counts: bool) -> Result<()> {
    let sql = "UPDATE jobs SET status = 'queued', runner_id = NULL, runner_name = NULL, claim_id = NULL, lease_until = NULL, deadline = $2, \
               lost_count = lost_count + $3, started_at = NULL WHERE id = $1 AND status = 'in_progress'";
    tx.execute(sql, args![id, deadline, i64::from(counts)]).await?;
    tx.wake(Topic::Queue);
    tx.wake(Topic::Job(id));
    Ok(())
}

/// Jobs whose lease has run out: job and run.
pub async fn expired(query: &mut impl Query, limit: i64) -> Result<Vec<(i64, i64)>> {
    let now = query.now();
    let sql =
        "SELECT id, run_id FROM jobs WHERE status = 'in_progress' AND lease_until < $1 ORDER BY lease_until LIMIT $2";
    query.fetch_all(sql, args![now, limit]).await
}

/// Something is wrong with the job's run: it is looked at again later, and others before it.
pub async fn look_later(tx: &mut Tx, id: i64, until: Micros) -> Result<()> {
    let sql = "UPDATE jobs SET lease_until = $2 WHERE id = $1 AND status = 'in_progress'";
    tx.execute(sql, args![id, until]).await.map(drop)
}

/// Jobs past their deadline, in the queue or at work: job and run.
pub async fn overdue(query: &mut impl Query, limit: i64) -> Result<Vec<(i64, i64)>> {
    let now = query.now();
    let sql =
        "SELECT id, run_id FROM jobs WHERE status IN ('queued', 'in_progress') AND deadline < $1 ORDER BY id LIMIT $2";
    query.fetch_all(sql, args![now, limit]).await
}

/// Jobs that a runner works on.
pub async fn of_runner(query: &mut impl Query, runner_id: i64) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT id, run_id FROM jobs WHERE status = 'in_progress' AND runner_id = $1";
    query.fetch_all(sql, args![runner_id]).await
}

/// Queued and running jobs, for metrics.
pub async fn counts(query: &mut impl Query) -> Result<(i64, i64)> {
    let sql = "SELECT (SELECT COUNT(*) FROM jobs WHERE status = 'queued'), (SELECT COUNT(*) FROM jobs WHERE status = 'in_progress')";
    query.fetch_one(sql, args![]).await
}
