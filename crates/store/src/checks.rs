//! Check suites and check runs.

use serde_json::Value;

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct CheckSuite {
        pub id: i64,
        pub repo_id: i64,
        pub head_sha: String,
        pub head_branch: Option<String>,
        pub app: String,
        pub run_id: Option<i64>,
        pub before: Option<String>,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct CheckRun {
        pub id: i64,
        pub repo_id: i64,
        pub suite_id: i64,
        pub head_sha: String,
        pub name: String,
        /// `queued`, `in_progress`, `waiting`, `completed`
        pub status: String,
        pub conclusion: Option<String>,
        pub external_id: String,
        pub details_url: Option<String>,
        pub source_key: Option<String>,
        pub started_at: Option<Micros>,
        pub completed_at: Option<Micros>,
        /// `{title, summary, text}`
        pub output: Value,
        pub annotations: Value,
        pub actions: Value,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// A new suite.
pub async fn insert_suite(
    tx: &mut Tx,
    repo_id: i64,
    sha: &str,
    branch: Option<&str>,
    app: &str,
    run_id: Option<i64>,
) -> Result<i64> {
    let now = tx.now();
    tx.fetch_one(
        "INSERT INTO check_suites (repo_id, head_sha, head_branch, app, run_id, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id",
        args![repo_id, sha, branch, app, run_id, now],
    )
    .await
}

pub async fn suite(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<CheckSuite>> {
    let sql = format!("SELECT {} FROM check_suites WHERE repo_id = $1 AND id = $2", CheckSuite::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn suite_of_run(query: &mut impl Query, run_id: i64) -> Result<Option<CheckSuite>> {
    let sql = format!("SELECT {} FROM check_suites WHERE run_id = $1", CheckSuite::COLUMNS);
    query.fetch_optional(sql, args![run_id]).await
}

/// The suite of an application on a commit, outside of workflow runs.
pub async fn suite_of_app(query: &mut impl Query, repo_id: i64, sha: &str, app: &str) -> Result<Option<CheckSuite>> {
    let sql = format!(
        "SELECT {} FROM check_suites WHERE repo_id = $1 AND head_sha = $2 AND app = $3 AND run_id IS NULL ORDER BY id LIMIT 1",
        CheckSuite::COLUMNS
    );
    query.fetch_optional(sql, args![repo_id, sha, app]).await
}

pub async fn suites_of_commit(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<CheckSuite>> {
    let sql =
        format!("SELECT {} FROM check_suites WHERE repo_id = $1 AND head_sha = $2 ORDER BY id", CheckSuite::COLUMNS);
    query.fetch_all(sql, args![repo_id, sha]).await
}

/// Writes a run; with a `source_key` that exists, in place of that one.
pub async fn put_run(tx: &mut Tx, run: &CheckRun) -> Result<CheckRun> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO check_runs (repo_id, suite_id, head_sha, name, status, conclusion, external_id, details_url, \
             source_key, started_at, completed_at, output, annotations, actions, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) \
             ON CONFLICT (repo_id, source_key) DO UPDATE SET suite_id = excluded.suite_id, head_sha = excluded.head_sha, \
             name = excluded.name, status = excluded.status, \
             conclusion = excluded.conclusion, details_url = excluded.details_url, started_at = excluded.started_at, \
             completed_at = excluded.completed_at, output = excluded.output, annotations = excluded.annotations, \
             actions = excluded.actions, updated_at = excluded.updated_at RETURNING {}",
            CheckRun::COLUMNS
        ),
        args![
            run.repo_id,
            run.suite_id,
            &run.head_sha,
            &run.name,
            &run.status,
            &run.conclusion,
            &run.external_id,
            &run.details_url,
            &run.source_key,
            run.started_at,
            run.completed_at,
            &run.output,
            &run.annotations,
            &run.actions,
            now,
        ],
    )
    .await
}

pub async fn update_run(tx: &mut Tx, run: &CheckRun) -> Result<()> {
    let now = tx.now();
    tx.execute(
        "UPDATE check_runs SET name = $2, status = $3, conclusion = $4, external_id = $5, details_url = $6, started_at = $7, \
         completed_at = $8, output = $9, annotations = $10, actions = $11, updated_at = $12 WHERE id = $1",
        args![
            run.id,
            &run.name,
            &run.status,
            &run.conclusion,
            &run.external_id,
            &run.details_url,
            run.started_at,
            run.completed_at,
            &run.output,
            &run.annotations,
            &run.actions,
            now,
        ],
    )
    .await
    .map(drop)
}

pub async fn run(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<CheckRun>> {
    let sql = format!("SELECT {} FROM check_runs WHERE repo_id = $1 AND id = $2", CheckRun::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn run_by_key(query: &mut impl Query, repo_id: i64, key: &str) -> Result<Option<CheckRun>> {
    let sql = format!("SELECT {} FROM check_runs WHERE repo_id = $1 AND source_key = $2", CheckRun::COLUMNS);
    query.fetch_optional(sql, args![repo_id, key]).await
}

/// Newest first.
pub async fn of_commit(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<CheckRun>> {
    let sql =
        format!("SELECT {} FROM check_runs WHERE repo_id = $1 AND head_sha = $2 ORDER BY id DESC", CheckRun::COLUMNS);
    query.fetch_all(sql, args![repo_id, sha]).await
}

pub async fn count_of_suite(query: &mut impl Query, suite_id: i64) -> Result<i64> {
    query.fetch_one("SELECT COUNT(*) FROM check_runs WHERE suite_id = $1", args![suite_id]).await
}

pub async fn of_suite(query: &mut impl Query, suite_id: i64) -> Result<Vec<CheckRun>> {
    let sql = format!("SELECT {} FROM check_runs WHERE suite_id = $1 ORDER BY id DESC", CheckRun::COLUMNS);
    query.fetch_all(sql, args![suite_id]).await
}
