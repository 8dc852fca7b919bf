//! Deployments and the history of their states.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Deployment {
        pub id: i64,
        pub repo_id: i64,
        pub run_id: Option<i64>,
        pub job_id: Option<i64>,
        pub environment: String,
        pub sha: String,
        pub git_ref: String,
        pub task: String,
        pub payload: String,
        pub description: String,
        pub transient: bool,
        pub production: bool,
        pub creator_id: Option<i64>,
        /// That of its last status; `pending` before the first.
        pub state: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct Status {
        pub id: i64,
        pub deployment_id: i64,
        /// `pending`, `queued`, `waiting`, `in_progress`, `success`, `failure`, `error`, `inactive`
        pub state: String,
        pub description: String,
        pub environment_url: String,
        pub log_url: String,
        pub creator_id: Option<i64>,
        pub created_at: Micros,
    }
}

/// What a new deployment is made of.
#[derive(Clone, Debug, Default)]
pub struct New<'a> {
    pub repo_id: i64,
    pub run_id: Option<i64>,
    pub job_id: Option<i64>,
    pub environment: &'a str,
    pub sha: &'a str,
    pub git_ref: &'a str,
    pub task: &'a str,
    pub payload: &'a str,
    pub description: &'a str,
    pub transient: bool,
    pub production: bool,
    pub creator_id: Option<i64>,
}

pub async fn insert(tx: &mut Tx, new: &New<'_>) -> Result<Deployment> {
    let now = tx.now();
    let sql = format!(
        "INSERT INTO deployments (repo_id, run_id, job_id, environment, sha, git_ref, task, payload, description, transient, \
         production, creator_id, state, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, $13) RETURNING {}",
        Deployment::COLUMNS
    );
    let values = args![
        new.repo_id,
        new.run_id,
        new.job_id,
        new.environment,
        new.sha,
        new.git_ref,
        new.task,
        new.payload,
        new.description,
        new.transient,
        new.production,
        new.creator_id,
        now,
    ];
    tx.fetch_one(sql, values).await
}

/// Adds a status. A success makes earlier deployments to the same environment inactive, unless they are transient or
/// production is not theirs; their ids are returned.
pub async fn add_status(
    tx: &mut Tx,
    deployment: &Deployment,
    status: &Status,
    auto_inactive: bool,
) -> Result<(i64, Vec<i64>)> {
    let id = insert_status(tx, deployment.id, status).await?;
    let mut replaced = Vec::new();
    if status.state == "success" && auto_inactive {
        let sql = "SELECT id FROM deployments WHERE repo_id = $1 AND environment = $2 AND id < $3 AND state = 'success' \
                   AND transient = FALSE ORDER BY id";
        replaced = tx.fetch_all(sql, args![deployment.repo_id, &deployment.environment, deployment.id]).await?;
        for earlier in &replaced {
            let inactive = Status { state: "inactive".to_owned(), ..status.clone() };
            insert_status(tx, *earlier, &inactive).await?;
        }
    }
    Ok((id, replaced))
}

async fn insert_status(tx: &mut Tx, deployment_id: i64, status: &Status) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO deployment_statuses (deployment_id, state, description, environment_url, log_url, creator_id, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let values = args![
        deployment_id,
        &status.state,
        &status.description,
        &status.environment_url,
        &status.log_url,
        status.creator_id,
        now,
    ];
    let id = tx.fetch_one(sql, values).await?;
    let sql = "UPDATE deployments SET state = $2, updated_at = $3 WHERE id = $1";
    tx.execute(sql, args![deployment_id, &status.state, now]).await?;
    Ok(id)
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Deployment>> {
    query.fetch_optional(format!("SELECT {} FROM deployments WHERE id = $1", Deployment::COLUMNS), args![id]).await
}

/// Newest first; `None` does not narrow.
pub async fn list(
    query: &mut impl Query,
    repo_id: i64,
    environment: Option<&str>,
    sha: Option<&str>,
    git_ref: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Deployment>> {
    let sql = format!(
        "SELECT {} FROM deployments WHERE repo_id = $1 AND (CAST($2 AS TEXT) IS NULL OR environment = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR sha = $3) AND (CAST($4 AS TEXT) IS NULL OR git_ref = $4) \
         ORDER BY id DESC LIMIT $5 OFFSET $6",
        Deployment::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, environment, sha, git_ref, limit, offset]).await
}

/// Newest first.
pub async fn statuses(query: &mut impl Query, deployment_id: i64) -> Result<Vec<Status>> {
    let sql = format!("SELECT {} FROM deployment_statuses WHERE deployment_id = $1 ORDER BY id DESC", Status::COLUMNS);
    query.fetch_all(sql, args![deployment_id]).await
}

pub async fn status(query: &mut impl Query, deployment_id: i64, id: i64) -> Result<Option<Status>> {
    let sql = format!("SELECT {} FROM deployment_statuses WHERE deployment_id = $1 AND id = $2", Status::COLUMNS);
    query.fetch_optional(sql, args![deployment_id, id]).await
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM deployment_statuses WHERE deployment_id = $1", args![id]).await?;
    tx.execute("DELETE FROM deployments WHERE id = $1", args![id]).await.map(drop)
}
