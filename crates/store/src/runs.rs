//! Runs, their attempts, the engine's inputs and what a run told.

mod list;

use crate::{Lock, Micros, Query, Result, Topic, Tx, args, record};

pub use list::{Filter, count, count_all, find, list};

record! {
    #[derive(Clone, Debug)]
    pub struct Run {
        pub id: i64,
        pub repo_id: i64,
        pub workflow_id: i64,
        pub workflow_path: String,
        pub workflow_name: String,
        pub title: String,
        pub event_id: i64,
        pub event_name: String,
        pub number: i64,
        pub attempt: i64,
        /// `queued`, `waiting`, `action_required`, `in_progress`, `completed`
        pub status: String,
        pub conclusion: Option<String>,
        /// JSON of an `api::Reason`, where there is more to say than the jobs do.
        pub reason: Option<String>,
        pub head_sha: String,
        pub head_branch: Option<String>,
        pub git_ref: String,
        pub head_repo_id: Option<i64>,
        pub pull_number: Option<i64>,
        pub actor_id: Option<i64>,
        pub actor_login: String,
        pub trigger_login: String,
        pub trust: String,
        pub chain: i64,
        pub priority: i64,
        pub suite_id: Option<i64>,
        pub created_at: Micros,
        pub started_at: Micros,
        pub updated_at: Micros,
        pub completed_at: Option<Micros>,
    }
}

impl Run {
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.status == "completed"
    }
}

record! {
    #[derive(Clone)]
    pub struct Attempt {
        pub run_id: i64,
        pub attempt: i64,
        pub sealed: Vec<u8>,
        pub debug: bool,
        pub status: String,
        pub conclusion: Option<String>,
        pub trigger_id: Option<i64>,
        pub trigger_login: String,
        pub next_input: i64,
        pub next_event: i64,
        pub started_at: Micros,
        pub completed_at: Option<Micros>,
    }
}

/// Inserts a run with everything but its id; returns that.
pub async fn insert(tx: &mut Tx, run: &Run) -> Result<i64> {
    let columns = Run::COLUMNS.trim_start_matches("id, ");
    let sql = format!("INSERT INTO runs ({columns}) VALUES ({}) RETURNING id", crate::placeholders(1, 28));
    let values = args![
        run.repo_id,
        run.workflow_id,
        &run.workflow_path,
        &run.workflow_name,
        &run.title,
        run.event_id,
        &run.event_name,
        run.number,
        run.attempt,
        &run.status,
        &run.conclusion,
        &run.reason,
        &run.head_sha,
        &run.head_branch,
        &run.git_ref,
        run.head_repo_id,
        run.pull_number,
        run.actor_id,
        &run.actor_login,
        &run.trigger_login,
        &run.trust,
        run.chain,
        run.priority,
        run.suite_id,
        run.created_at,
        run.started_at,
        run.updated_at,
        run.completed_at,
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Run>> {
    query.fetch_optional(format!("SELECT {} FROM runs WHERE id = $1", Run::COLUMNS), args![id]).await
}

/// The run, locked: whoever has it drives it.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<Option<Run>> {
    let clause = tx.lock_clause(Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM runs WHERE id = $1{clause}", Run::COLUMNS), args![id]).await
}

/// Open runs whose repository was deleted.
pub async fn of_deleted(query: &mut impl Query, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT r.id FROM repositories d JOIN runs r ON r.repo_id = d.id \
               WHERE d.deleted_at IS NOT NULL AND r.status <> 'completed' ORDER BY r.id LIMIT $1";
    query.fetch_all(sql, args![limit]).await
}

/// Runs that wait since before `before` for somebody to approve them.
pub async fn unapproved(query: &mut impl Query, before: Micros, limit: i64) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM runs WHERE status <> 'completed' AND status = 'action_required' AND created_at < $1 \
               ORDER BY id LIMIT $2";
    query.fetch_all(sql, args![before, limit]).await
}

pub async fn set_status(tx: &mut Tx, id: i64, status: &str) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE runs SET status = $2, updated_at = $3 WHERE id = $1 AND status <> $2 AND status <> 'completed'";
    tx.execute(sql, args![id, status, now]).await.map(drop)
}

pub async fn complete(tx: &mut Tx, id: i64, attempt: i64, conclusion: &str, reason: Option<&str>) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE runs SET status = 'completed', conclusion = $2, reason = $3, updated_at = $4, completed_at = $4 WHERE id = $1";
    tx.execute(sql, args![id, conclusion, reason, now]).await?;
    let sql = "UPDATE run_attempts SET status = 'completed', conclusion = $3, completed_at = $4 WHERE run_id = $1 AND attempt = $2";
    tx.execute(sql, args![id, attempt, conclusion, now]).await.map(drop)
}

/// Begins another attempt of a completed run.
pub async fn begin_again(tx: &mut Tx, id: i64, attempt: i64, trigger_login: &str) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE runs SET attempt = $2, status = 'queued', conclusion = NULL, reason = NULL, completed_at = NULL, \
               trigger_login = $3, started_at = $4, updated_at = $4 WHERE id = $1";
    tx.execute(sql, args![id, attempt, trigger_login, now]).await.map(drop)
}

pub async fn set_suite(tx: &mut Tx, id: i64, suite_id: i64) -> Result<()> {
    tx.execute("UPDATE runs SET suite_id = $2 WHERE id = $1", args![id, suite_id]).await.map(drop)
}

pub async fn insert_attempt(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    let sql = format!("INSERT INTO run_attempts ({}) VALUES ({})", Attempt::COLUMNS, crate::placeholders(1, 12));
    let values = args![
        attempt.run_id,
        attempt.attempt,
        &attempt.sealed,
        attempt.debug,
        &attempt.status,
        &attempt.conclusion,
        attempt.trigger_id,
        &attempt.trigger_login,
        attempt.next_input,
        attempt.next_event,
        attempt.started_at,
        attempt.completed_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

pub async fn attempt(query: &mut impl Query, run_id: i64, attempt: i64) -> Result<Option<Attempt>> {
    let sql = format!("SELECT {} FROM run_attempts WHERE run_id = $1 AND attempt = $2", Attempt::COLUMNS);
    query.fetch_optional(sql, args![run_id, attempt]).await
}

/// The numbers of an attempt's next input and next event.
pub async fn positions(query: &mut impl Query, run_id: i64, attempt: i64) -> Result<(i64, i64)> {
    let sql = "SELECT next_input, next_event FROM run_attempts WHERE run_id = $1 AND attempt = $2";
    query.fetch_one(sql, args![run_id, attempt]).await
}

pub async fn set_positions(tx: &mut Tx, run_id: i64, attempt: i64, input: i64, event: i64) -> Result<()> {
    let sql = "UPDATE run_attempts SET next_input = $3, next_event = $4 WHERE run_id = $1 AND attempt = $2";
    tx.execute(sql, args![run_id, attempt, input, event]).await.map(drop)
}

pub async fn append_input(tx: &mut Tx, run_id: i64, attempt: i64, seq: i64, input: &str) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO run_inputs (run_id, attempt, seq, input, at) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, args![run_id, attempt, seq, input, now]).await.map(drop)
}

/// The engine's inputs from a number on, in order.
pub async fn inputs(query: &mut impl Query, run_id: i64, attempt: i64, from: i64) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT seq, input FROM run_inputs WHERE run_id = $1 AND attempt = $2 AND seq >= $3 ORDER BY seq";
    query.fetch_all(sql, args![run_id, attempt, from]).await
}

/// Leaves an input for a run; its next step takes it.
pub async fn send(tx: &mut Tx, run_id: i64, attempt: i64, input: &str) -> Result<()> {
    let sql = "INSERT INTO run_inbox (run_id, attempt, input, not_before) VALUES ($1, $2, $3, 0)";
    tx.execute(sql, args![run_id, attempt, input]).await?;
    tx.wake(Topic::Inbox);
    Ok(())
}

/// Runs for which inputs lie there.
pub async fn with_inbox(query: &mut impl Query, limit: i64) -> Result<Vec<i64>> {
    let now = query.now();
    let sql = "SELECT run_id FROM run_inbox WHERE not_before <= $1 GROUP BY run_id ORDER BY MIN(id) LIMIT $2";
    query.fetch_all(sql, args![now, limit]).await
}

/// A run whose step failed is left alone for a while.
pub async fn postpone_inbox(tx: &mut Tx, run_id: i64, pause: Micros) -> Result<()> {
    let until = tx.now().saturating_add(pause);
    tx.execute("UPDATE run_inbox SET not_before = $2 WHERE run_id = $1", args![run_id, until]).await.map(drop)
}

/// Takes the inputs that lie there, in order: attempt and input.
pub async fn take_inbox(tx: &mut Tx, run_id: i64) -> Result<Vec<(i64, String)>> {
    let rows: Vec<(i64, i64, String)> =
        tx.fetch_all("SELECT id, attempt, input FROM run_inbox WHERE run_id = $1 ORDER BY id", args![run_id]).await?;
    if let Some((last, ..)) = rows.last() {
        tx.execute("DELETE FROM run_inbox WHERE run_id = $1 AND id <= $2", args![run_id, *last]).await?;
    }
    Ok(rows.into_iter().map(|(_, attempt, input)| (attempt, input)).collect())
}

record! {
    /// One `api::Event` of a run, as JSON.
    #[derive(Clone, Debug)]
    pub struct RunEvent {
        pub seq: i64,
        pub leg: Option<i64>,
        pub at: Micros,
        pub json: String,
    }
}

/// Appends events; the first gets number `seq`.
pub async fn append_events(
    tx: &mut Tx,
    run_id: i64,
    attempt: i64,
    seq: i64,
    events: &[(Option<i64>, Micros, String)],
) -> Result<()> {
    for (chunk_index, chunk) in events.chunks(100).enumerate() {
        let mut sql = "INSERT INTO run_events (run_id, attempt, seq, leg, at, json) VALUES ".to_owned();
        let mut values = Vec::with_capacity(chunk.len() * 6);
        for (index, (leg, at, json)) in chunk.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            sql.push_str(&format!("{separator}({})", crate::placeholders(values.len() + 1, 6)));
            let number = seq + i64::try_from(chunk_index * 100 + index).unwrap_or(i64::MAX);
            values.extend(args![run_id, attempt, number, *leg, *at, json]);
        }
        tx.execute(sql, values).await?;
    }
    if !events.is_empty() {
        tx.wake(Topic::Run(run_id));
    }
    Ok(())
}

/// What a run told after a number.
pub async fn events_after(
    query: &mut impl Query,
    run_id: i64,
    attempt: i64,
    seq: i64,
    limit: i64,
) -> Result<Vec<RunEvent>> {
    let sql = format!(
        "SELECT {} FROM run_events WHERE run_id = $1 AND attempt = $2 AND seq > $3 ORDER BY seq LIMIT $4",
        RunEvent::COLUMNS
    );
    query.fetch_all(sql, args![run_id, attempt, seq, limit]).await
}

/// What one job of a run told.
pub async fn events_of_leg(query: &mut impl Query, run_id: i64, attempt: i64, leg: i64) -> Result<Vec<RunEvent>> {
    events_of_legs(query, run_id, attempt, &[leg]).await
}

/// What some jobs of a run told.
pub async fn events_of_legs(query: &mut impl Query, run_id: i64, attempt: i64, legs: &[i64]) -> Result<Vec<RunEvent>> {
    let mut values = args![run_id, attempt];
    values.extend(legs.iter().copied().map(crate::Arg::from));
    let sql = format!(
        "SELECT {} FROM run_events WHERE run_id = $1 AND attempt = $2 AND leg IN ({}) ORDER BY seq",
        RunEvent::COLUMNS,
        crate::placeholders(3, legs.len())
    );
    query.fetch_all(sql, values).await
}

/// Deletes a completed run with all that hangs on it in these tables; logs and artifacts are the caller's care.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    for table in ["gate_reviews", "gate_requests"] {
        let sql = format!("DELETE FROM {table} WHERE gate_id IN (SELECT id FROM gates WHERE run_id = $1)");
        tx.execute(sql, args![id]).await?;
    }
    for table in ["gates", "jobs", "run_events", "run_inbox", "run_inputs", "run_attempts", "concurrency"] {
        tx.execute(format!("DELETE FROM {table} WHERE run_id = $1"), args![id]).await?;
    }
    tx.execute("UPDATE verdicts SET run_id = NULL WHERE run_id = $1", args![id]).await?;
    let sql = "UPDATE workflows SET runs = runs - 1 WHERE id = (SELECT workflow_id FROM runs WHERE id = $1)";
    tx.execute(sql, args![id]).await?;
    tx.execute("DELETE FROM runs WHERE id = $1", args![id]).await.map(drop)
}
