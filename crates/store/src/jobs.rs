//! Jobs of runs: one row for each leg of each attempt.

use crate::{Lock, Micros, Query, Result, Topic, Tx, args, record};

record! {
    #[derive(Clone)]
    pub struct Job {
        pub id: i64,
        pub run_id: i64,
        pub attempt: i64,
        pub leg: i64,
        pub repo_id: i64,
        /// `deploy/test#2`
        pub key: String,
        /// `deploy / test (ubuntu, 1)`
        pub name: String,
        /// JSON: keys of the jobs it needs.
        pub needs: String,
        /// JSON
        pub matrix: Option<String>,
        pub call: bool,
        /// `planned`, `waiting`, `queued`, `in_progress`, `completed`
        pub status: String,
        pub conclusion: Option<String>,
        /// JSON of an `api::Reason`.
        pub reason: Option<String>,
        /// JSON list.
        pub labels: String,
        pub labels_key: String,
        pub runner_group: Option<String>,
        pub priority: i64,
        /// What the runner is told, in an envelope.
        pub sealed: Option<Vec<u8>>,
        pub environment: Option<String>,
        pub environment_url: Option<String>,
        pub deployment_id: Option<i64>,
        pub check_id: Option<i64>,
        pub runner_id: Option<i64>,
        pub runner_name: Option<String>,
        /// Number of the last claim; 0 before the first.
        pub fence: i64,
        pub lease_until: Option<Micros>,
        pub lost_count: i64,
        pub cancel: bool,
        pub kill: bool,
        /// When it is ended by the server at the latest: in the queue, or at work.
        pub deadline: Option<Micros>,
        pub last_event: i64,
        /// JSON object.
        pub outputs: String,
        pub first_error: Option<String>,
        pub created_at: Micros,
        pub queued_at: Option<Micros>,
        pub started_at: Option<Micros>,
        pub completed_at: Option<Micros>,
    }
}

/// A job as it is planned.
#[derive(Clone, Debug)]
pub struct Planned<'a> {
    pub run_id: i64,
    pub attempt: i64,
    pub leg: i64,
    pub repo_id: i64,
    pub key: &'a str,
    pub name: &'a str,
    pub needs: &'a str,
    pub matrix: Option<&'a str>,
    pub call: bool,
    pub priority: i64,
}

pub async fn insert(tx: &mut Tx, job: &Planned<'_>) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO jobs (run_id, attempt, leg, repo_id, key, name, needs, matrix, call, status, labels, labels_key, \
               priority, fence, lost_count, cancel, kill, last_event, outputs, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'planned', '[]', '', $10, 0, 0, FALSE, FALSE, 0, '{}', $11) RETURNING id";
    let values = args![
        job.run_id,
        job.attempt,
        job.leg,
        job.repo_id,
        job.key,
        job.name,
        job.needs,
        job.matrix,
        job.call,
        job.priority,
        now
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Job>> {
    query.fetch_optional(format!("SELECT {} FROM jobs WHERE id = $1", Job::COLUMNS), args![id]).await
}

pub async fn lock(tx: &mut Tx, id: i64) -> Result<Option<Job>> {
    let clause = tx.lock_clause(Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM jobs WHERE id = $1{clause}", Job::COLUMNS), args![id]).await
}

pub async fn by_leg(query: &mut impl Query, run_id: i64, attempt: i64, leg: i64) -> Result<Option<Job>> {
    let sql = format!("SELECT {} FROM jobs WHERE run_id = $1 AND attempt = $2 AND leg = $3", Job::COLUMNS);
    query.fetch_optional(sql, args![run_id, attempt, leg]).await
}

/// Of one attempt, in the order in which they were planned.
pub async fn of_attempt(query: &mut impl Query, run_id: i64, attempt: i64) -> Result<Vec<Job>> {
    let sql = format!("SELECT {} FROM jobs WHERE run_id = $1 AND attempt = $2 ORDER BY leg", Job::COLUMNS);
    query.fetch_all(sql, args![run_id, attempt]).await
}

/// Of all attempts.
pub async fn of_run(query: &mut impl Query, run_id: i64) -> Result<Vec<Job>> {
    let sql = format!("SELECT {} FROM jobs WHERE run_id = $1 ORDER BY attempt, leg", Job::COLUMNS);
    query.fetch_all(sql, args![run_id]).await
}

pub async fn set_waiting(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE jobs SET status = 'waiting' WHERE id = $1 AND status = 'planned'", args![id]).await.map(drop)
}

/// What puts a job into the queue.
#[derive(Clone, Debug)]
pub struct Queued<'a> {
    /// JSON list.
    pub labels: &'a str,
    pub labels_key: &'a str,
    pub runner_group: Option<&'a str>,
    pub sealed: &'a [u8],
    pub environment: Option<&'a str>,
    pub deadline: Option<Micros>,
}

pub async fn enqueue(tx: &mut Tx, id: i64, queued: &Queued<'_>) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE jobs SET status = 'queued', labels = $2, labels_key = $3, runner_group = $4, sealed = $5, environment = $6, \
               deadline = $7, queued_at = $8 WHERE id = $1";
    let values = args![
        id,
        queued.labels,
        queued.labels_key,
        queued.runner_group,
        queued.sealed,
        queued.environment,
        queued.deadline,
        now
    ];
    tx.execute(sql, values).await?;
    tx.wake(Topic::Queue);
    Ok(())
}

pub async fn set_environment(tx: &mut Tx, id: i64, environment: &str, deployment_id: Option<i64>) -> Result<()> {
    let sql = "UPDATE jobs SET environment = $2, deployment_id = $3 WHERE id = $1";
    tx.execute(sql, args![id, environment, deployment_id]).await.map(drop)
}

pub async fn set_check(tx: &mut Tx, id: i64, check_id: i64) -> Result<()> {
    tx.execute("UPDATE jobs SET check_id = $2 WHERE id = $1", args![id, check_id]).await.map(drop)
}

/// Asks whoever executes the job to stop.
pub async fn ask_to_stop(tx: &mut Tx, id: i64, kill: bool, deadline: Micros) -> Result<()> {
    let sql = "UPDATE jobs SET cancel = TRUE, kill = (kill OR $2), deadline = CASE WHEN deadline IS NULL OR deadline > $3 \
               THEN $3 ELSE deadline END WHERE id = $1 AND status = 'in_progress'";
    tx.execute(sql, args![id, kill, deadline]).await?;
    tx.wake(Topic::Job(id));
    Ok(())
}

/// What is known of a job at its end.
#[derive(Clone, Debug, Default)]
pub struct Completed<'a> {
    pub conclusion: &'a str,
    pub reason: Option<&'a str>,
    /// JSON object.
    pub outputs: &'a str,
    pub first_error: Option<&'a str>,
    pub environment_url: Option<&'a str>,
}

pub async fn complete(tx: &mut Tx, id: i64, completed: &Completed<'_>) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE jobs SET status = 'completed', conclusion = $2, reason = $3, outputs = $4, first_error = $5, \
               environment_url = $6, completed_at = $7, lease_until = NULL, deadline = NULL, sealed = NULL WHERE id = $1";
    let values = args![
        id,
        completed.conclusion,
        completed.reason,
        completed.outputs,
        completed.first_error,
        completed.environment_url,
        now
    ];
    tx.execute(sql, values).await?;
    tx.wake(Topic::Job(id));
    Ok(())
}
