//! Whether a workflow ran for an event, and why: one row for every workflow of every event.

use serde_json::Value;

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Verdict {
        pub event_id: i64,
        pub repo_id: i64,
        pub workflow_path: String,
        pub workflow_name: String,
        /// `yes`, `no`, `awaits_approval`, `undetermined`
        pub runs: String,
        /// Code of the gate that decided: `trigger/paths`.
        pub gate: String,
        pub reason: String,
        pub line: Option<i64>,
        pub col: Option<i64>,
        pub evidence: Value,
        pub run_id: Option<i64>,
        pub created_at: Micros,
    }
}

pub async fn insert(tx: &mut Tx, verdict: &Verdict) -> Result<()> {
    let sql = format!(
        "INSERT INTO verdicts ({}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        Verdict::COLUMNS
    );
    let values = args![
        verdict.event_id,
        verdict.repo_id,
        &verdict.workflow_path,
        &verdict.workflow_name,
        &verdict.runs,
        &verdict.gate,
        &verdict.reason,
        verdict.line,
        verdict.col,
        &verdict.evidence,
        verdict.run_id,
        verdict.created_at,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Of an event, by path.
pub async fn of_event(query: &mut impl Query, event_id: i64) -> Result<Vec<Verdict>> {
    let sql = format!("SELECT {} FROM verdicts WHERE event_id = $1 ORDER BY workflow_path", Verdict::COLUMNS);
    query.fetch_all(sql, args![event_id]).await
}

/// The one that led to a run.
pub async fn of_run(query: &mut impl Query, run_id: i64) -> Result<Option<Verdict>> {
    let sql = format!("SELECT {} FROM verdicts WHERE run_id = $1", Verdict::COLUMNS);
    query.fetch_optional(sql, args![run_id]).await
}

/// Why workflows of a repository did not run for its last events, newest first: what surprises somebody. What jobs cause
/// with their tokens starts nothing, and a workflow that does not listen to an event is no surprise.
pub async fn surprising(query: &mut impl Query, repo_id: i64, events: i64, limit: i64) -> Result<Vec<Verdict>> {
    let sql = format!(
        "SELECT {} FROM verdicts WHERE event_id IN (SELECT id FROM events WHERE repo_id = $1 AND actor_kind <> 'github_token' \
         ORDER BY id DESC LIMIT $2) AND run_id IS NULL AND gate <> 'trigger/event' \
         ORDER BY event_id DESC, workflow_path LIMIT $3",
        Verdict::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, events, limit]).await
}
