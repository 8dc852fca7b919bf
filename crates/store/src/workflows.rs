//! Workflows that a repository has, or had: their ids, states and run numbers.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Workflow {
        pub id: i64,
        pub repo_id: i64,
        pub path: String,
        pub name: String,
        /// `active`, `disabled_manually`, `disabled_inactivity`, `deleted`
        pub state: String,
        pub next_run_number: i64,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// The workflow of a path, made known when it is new.
pub async fn put(tx: &mut Tx, repo_id: i64, path: &str, name: &str) -> Result<Workflow> {
    let now = tx.now();
    let found: Option<Workflow> = by_path(tx, repo_id, path).await?;
    if let Some(found) = found.filter(|found| found.name == name && found.state != "deleted") {
        return Ok(found);
    }
    let sql = format!(
        "INSERT INTO workflows (repo_id, path, name, state, next_run_number, runs, created_at, updated_at) \
         VALUES ($1, $2, $3, 'active', 1, 0, $4, $4) ON CONFLICT (repo_id, path) DO UPDATE SET name = excluded.name, \
         updated_at = excluded.updated_at, state = CASE WHEN workflows.state = 'deleted' THEN 'active' ELSE workflows.state END \
         RETURNING {}",
        Workflow::COLUMNS
    );
    tx.fetch_one(sql, args![repo_id, path, name, now]).await
}

/// The number of the workflow's next run, which the caller makes in this transaction.
pub async fn take_number(tx: &mut Tx, id: i64) -> Result<i64> {
    let sql = "UPDATE workflows SET next_run_number = next_run_number + 1, runs = runs + 1 WHERE id = $1 \
               RETURNING next_run_number - 1";
    tx.fetch_one(sql, args![id]).await
}

pub async fn by_id(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<Workflow>> {
    let sql = format!("SELECT {} FROM workflows WHERE repo_id = $1 AND id = $2", Workflow::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn by_path(query: &mut impl Query, repo_id: i64, path: &str) -> Result<Option<Workflow>> {
    let sql = format!("SELECT {} FROM workflows WHERE repo_id = $1 AND path = $2", Workflow::COLUMNS);
    query.fetch_optional(sql, args![repo_id, path]).await
}

pub async fn of_repo(query: &mut impl Query, repo_id: i64) -> Result<Vec<Workflow>> {
    let sql =
        format!("SELECT {} FROM workflows WHERE repo_id = $1 AND state <> 'deleted' ORDER BY id", Workflow::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

pub async fn set_state(tx: &mut Tx, id: i64, state: &str) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE workflows SET state = $2, updated_at = $3 WHERE id = $1", args![id, state, now]).await.map(drop)
}
