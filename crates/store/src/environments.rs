//! Environments with their rules, and jobs that wait for them.

use crate::{Lock, Micros, Query, Result, Topic, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Environment {
        pub id: i64,
        pub repo_id: i64,
        pub name: String,
        pub wait_minutes: i64,
        /// How many reviewers must approve; 0 without reviewers.
        pub approvals: i64,
        pub prevent_self_review: bool,
        pub admins_bypass: bool,
        /// `all`, `protected`, `custom`
        pub branch_policy: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Reviewer {
        /// `User` or `Team`
        pub kind: String,
        pub reviewer_id: i64,
    }
}

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Policy {
        pub id: i64,
        /// `branch` or `tag`
        pub kind: String,
        pub pattern: String,
    }
}

record! {
    /// A custom gate: a webhook that answers by a callback.
    #[derive(Clone)]
    pub struct CustomGate {
        pub id: i64,
        pub name: String,
        pub url: String,
        /// The secret that requests are signed with, in an envelope.
        pub sealed: Option<Vec<u8>>,
        pub enabled: bool,
    }
}

/// The environment of this name, made without rules where it is new, as GitHub does.
pub async fn put(tx: &mut Tx, repo_id: i64, name: &str) -> Result<Environment> {
    if let Some(found) = by_name(tx, repo_id, name).await? {
        return Ok(found);
    }
    let now = tx.now();
    let sql = format!(
        "INSERT INTO environments (repo_id, name, name_key, wait_minutes, approvals, prevent_self_review, admins_bypass, \
         branch_policy, created_at, updated_at) VALUES ($1, $2, $3, 0, 0, FALSE, TRUE, 'all', $4, $4) \
         ON CONFLICT (repo_id, name_key) DO UPDATE SET name = environments.name RETURNING {}",
        Environment::COLUMNS
    );
    tx.fetch_one(sql, args![repo_id, name, name.to_lowercase(), now]).await
}

pub async fn by_name(query: &mut impl Query, repo_id: i64, name: &str) -> Result<Option<Environment>> {
    let sql = format!("SELECT {} FROM environments WHERE repo_id = $1 AND name_key = $2", Environment::COLUMNS);
    query.fetch_optional(sql, args![repo_id, name.to_lowercase()]).await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Environment>> {
    query.fetch_optional(format!("SELECT {} FROM environments WHERE id = $1", Environment::COLUMNS), args![id]).await
}

pub async fn of_repo(query: &mut impl Query, repo_id: i64) -> Result<Vec<Environment>> {
    let sql = format!("SELECT {} FROM environments WHERE repo_id = $1 ORDER BY name_key", Environment::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

/// Writes the rules.
pub async fn update(tx: &mut Tx, environment: &Environment) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE environments SET wait_minutes = $2, approvals = $3, prevent_self_review = $4, admins_bypass = $5, \
               branch_policy = $6, updated_at = $7 WHERE id = $1";
    let values = args![
        environment.id,
        environment.wait_minutes,
        environment.approvals,
        environment.prevent_self_review,
        environment.admins_bypass,
        &environment.branch_policy,
        now,
    ];
    tx.execute(sql, values).await.map(drop)
}

/// Deletes an environment with its rules; its secrets and variables are the caller's care.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    for table in ["environment_reviewers", "environment_policies", "environment_gates"] {
        tx.execute(format!("DELETE FROM {table} WHERE environment_id = $1"), args![id]).await?;
    }
    tx.execute("DELETE FROM environments WHERE id = $1", args![id]).await.map(drop)
}

pub async fn reviewers(query: &mut impl Query, environment_id: i64) -> Result<Vec<Reviewer>> {
    let sql = format!(
        "SELECT {} FROM environment_reviewers WHERE environment_id = $1 ORDER BY kind, reviewer_id",
        Reviewer::COLUMNS
    );
    query.fetch_all(sql, args![environment_id]).await
}

/// Whether a user is in a team that reviews for an environment: a team of the repository's owner. One of an owner before
/// has no say any more.
pub async fn is_in_team_of_owner(
    query: &mut impl Query,
    environment: &Environment,
    team_id: i64,
    user_id: i64,
) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM team_members tm JOIN teams t ON t.id = tm.team_id \
               JOIN repositories r ON r.owner_id = t.org_id \
               WHERE tm.team_id = $1 AND tm.user_id = $2 AND r.id = $3";
    Ok(query.fetch_one::<i64>(sql, args![team_id, user_id, environment.repo_id]).await? > 0)
}

pub async fn set_reviewers(tx: &mut Tx, environment_id: i64, reviewers: &[Reviewer]) -> Result<()> {
    tx.execute("DELETE FROM environment_reviewers WHERE environment_id = $1", args![environment_id]).await?;
    for reviewer in reviewers {
        let sql = "INSERT INTO environment_reviewers (environment_id, kind, reviewer_id) VALUES ($1, $2, $3)";
        tx.execute(sql, args![environment_id, &reviewer.kind, reviewer.reviewer_id]).await?;
    }
    Ok(())
}

pub async fn policies(query: &mut impl Query, environment_id: i64) -> Result<Vec<Policy>> {
    let sql = format!("SELECT {} FROM environment_policies WHERE environment_id = $1 ORDER BY id", Policy::COLUMNS);
    query.fetch_all(sql, args![environment_id]).await
}

/// # Errors
/// [`crate::Error::Taken`] when it is there.
pub async fn insert_policy(tx: &mut Tx, environment_id: i64, kind: &str, pattern: &str) -> Result<i64> {
    let sql = "INSERT INTO environment_policies (environment_id, kind, pattern) VALUES ($1, $2, $3) RETURNING id";
    tx.fetch_one(sql, args![environment_id, kind, pattern]).await
}

/// `false` when there is none.
pub async fn delete_policy(tx: &mut Tx, environment_id: i64, id: i64) -> Result<bool> {
    let sql = "DELETE FROM environment_policies WHERE environment_id = $1 AND id = $2";
    Ok(tx.execute(sql, args![environment_id, id]).await? > 0)
}

pub async fn custom_gates(query: &mut impl Query, environment_id: i64) -> Result<Vec<CustomGate>> {
    let sql = format!("SELECT {} FROM environment_gates WHERE environment_id = $1 ORDER BY id", CustomGate::COLUMNS);
    query.fetch_all(sql, args![environment_id]).await
}

pub async fn custom_gate(query: &mut impl Query, id: i64) -> Result<Option<CustomGate>> {
    query
        .fetch_optional(format!("SELECT {} FROM environment_gates WHERE id = $1", CustomGate::COLUMNS), args![id])
        .await
}

/// # Errors
/// [`crate::Error::Taken`] when the environment has one of this name.
pub async fn insert_custom_gate(tx: &mut Tx, environment_id: i64, name: &str, url: &str) -> Result<i64> {
    let sql =
        "INSERT INTO environment_gates (environment_id, name, url, enabled) VALUES ($1, $2, $3, TRUE) RETURNING id";
    tx.fetch_one(sql, args![environment_id, name, url]).await
}

pub async fn set_custom_gate_secret(tx: &mut Tx, id: i64, sealed: &[u8]) -> Result<()> {
    tx.execute("UPDATE environment_gates SET sealed = $2 WHERE id = $1", args![id, sealed]).await.map(drop)
}

/// `false` when there is none.
pub async fn delete_custom_gate(tx: &mut Tx, environment_id: i64, id: i64) -> Result<bool> {
    let sql = "DELETE FROM environment_gates WHERE environment_id = $1 AND id = $2";
    Ok(tx.execute(sql, args![environment_id, id]).await? > 0)
}

record! {
    /// A job at its environment's gate.
    #[derive(Clone, Debug)]
    pub struct Gate {
        pub id: i64,
        pub job_id: i64,
        pub run_id: i64,
        pub attempt: i64,
        pub leg: i64,
        pub repo_id: i64,
        pub environment_id: i64,
        pub environment: String,
        /// `waiting`, `approved`, `rejected`, `withdrawn`
        pub state: String,
        pub approvals_needed: i64,
        pub wait_until: Option<Micros>,
        pub waiting_since: Micros,
        pub decided_at: Option<Micros>,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct Review {
        pub user_id: i64,
        pub login: String,
        /// `approved`, `rejected`, `bypassed`
        pub state: String,
        pub comment: String,
        pub created_at: Micros,
    }
}

record! {
    /// A question to a custom gate.
    #[derive(Clone)]
    pub struct Request {
        pub id: i64,
        pub gate_id: i64,
        pub environment_gate_id: i64,
        pub name: String,
        /// `waiting`, `approved`, `rejected`
        pub state: String,
        pub comment: String,
        pub token_hash: String,
        pub sealed_token: Option<Vec<u8>>,
        pub delivered_at: Option<Micros>,
        pub attempts: i64,
        pub next_attempt: Micros,
    }
}

/// Puts a job at a gate.
pub async fn insert_gate(tx: &mut Tx, gate: &Gate) -> Result<i64> {
    let sql = "INSERT INTO gates (job_id, run_id, attempt, leg, repo_id, environment_id, environment, state, approvals_needed, \
               wait_until, waiting_since) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $10) RETURNING id";
    let values = args![
        gate.job_id,
        gate.run_id,
        gate.attempt,
        gate.leg,
        gate.repo_id,
        gate.environment_id,
        &gate.environment,
        gate.approvals_needed,
        gate.wait_until,
        gate.waiting_since,
    ];
    tx.wake(Topic::Timers);
    tx.fetch_one(sql, values).await
}

pub async fn gate(query: &mut impl Query, id: i64) -> Result<Option<Gate>> {
    query.fetch_optional(format!("SELECT {} FROM gates WHERE id = $1", Gate::COLUMNS), args![id]).await
}

pub async fn lock_gate(tx: &mut Tx, id: i64) -> Result<Option<Gate>> {
    let lock = tx.lock_clause(Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM gates WHERE id = $1{lock}", Gate::COLUMNS), args![id]).await
}

/// Gates at which jobs of a run wait.
pub async fn waiting_gates(query: &mut impl Query, run_id: i64) -> Result<Vec<Gate>> {
    let sql = format!("SELECT {} FROM gates WHERE run_id = $1 AND state = 'waiting' ORDER BY id", Gate::COLUMNS);
    query.fetch_all(sql, args![run_id]).await
}

/// All gates of a run that were decided by people, for its approvals.
pub async fn gates_of_run(query: &mut impl Query, run_id: i64) -> Result<Vec<Gate>> {
    let sql = format!("SELECT {} FROM gates WHERE run_id = $1 ORDER BY id", Gate::COLUMNS);
    query.fetch_all(sql, args![run_id]).await
}

pub async fn decide_gate(tx: &mut Tx, id: i64, state: &str) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE gates SET state = $2, decided_at = $3 WHERE id = $1 AND state = 'waiting'";
    tx.execute(sql, args![id, state, now]).await.map(drop)
}

/// The gate of a job that ends before it was decided.
pub async fn withdraw_gate(tx: &mut Tx, job_id: i64) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE gates SET state = 'withdrawn', decided_at = $2 WHERE job_id = $1 AND state = 'waiting'";
    tx.execute(sql, args![job_id, now]).await.map(drop)
}

/// Waiting gates whose wait timer is over, and those without one that wait since before `stale`.
pub async fn due_gates(query: &mut impl Query, stale: Micros, limit: i64) -> Result<Vec<i64>> {
    let now = query.now();
    let sql = "SELECT id FROM gates WHERE state = 'waiting' \
               AND (wait_until <= $1 OR (wait_until IS NULL AND waiting_since <= $2)) ORDER BY wait_until, id LIMIT $3";
    query.fetch_all(sql, args![now, stale, limit]).await
}

/// Something is wrong with a gate: it is looked at again later, and others before it.
pub async fn look_later(tx: &mut Tx, id: i64, until: Micros) -> Result<()> {
    let sql = "UPDATE gates SET wait_until = $2 WHERE id = $1 AND state = 'waiting'";
    tx.execute(sql, args![id, until]).await.map(drop)
}

/// The timer is over and noticed: it is not due any more.
pub async fn clear_timer(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE gates SET wait_until = NULL WHERE id = $1", args![id]).await.map(drop)
}

/// When the next wait timer ends.
pub async fn next_timer(query: &mut impl Query) -> Result<Option<Micros>> {
    query.fetch_one("SELECT MIN(wait_until) FROM gates WHERE state = 'waiting'", args![]).await
}

pub async fn reviews(query: &mut impl Query, gate_id: i64) -> Result<Vec<Review>> {
    let sql = format!("SELECT {} FROM gate_reviews WHERE gate_id = $1 ORDER BY created_at, user_id", Review::COLUMNS);
    query.fetch_all(sql, args![gate_id]).await
}

/// A reviewer's word; a later one replaces it while the gate is open.
pub async fn put_review(tx: &mut Tx, gate_id: i64, review: &Review) -> Result<()> {
    let sql = "INSERT INTO gate_reviews (gate_id, user_id, login, state, comment, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (gate_id, user_id) DO UPDATE SET state = excluded.state, comment = excluded.comment, \
               created_at = excluded.created_at";
    let values = args![gate_id, review.user_id, &review.login, &review.state, &review.comment, review.created_at];
    tx.execute(sql, values).await.map(drop)
}

pub async fn insert_request(
    tx: &mut Tx,
    gate_id: i64,
    custom: &CustomGate,
    token_hash: &str,
    sealed_token: &[u8],
) -> Result<i64> {
    let sql = "INSERT INTO gate_requests (gate_id, environment_gate_id, name, state, comment, token_hash, sealed_token, attempts, \
               next_attempt) VALUES ($1, $2, $3, 'waiting', '', $4, $5, 0, 0) RETURNING id";
    tx.fetch_one(sql, args![gate_id, custom.id, &custom.name, token_hash, sealed_token]).await
}

pub async fn requests(query: &mut impl Query, gate_id: i64) -> Result<Vec<Request>> {
    let sql = format!("SELECT {} FROM gate_requests WHERE gate_id = $1 ORDER BY id", Request::COLUMNS);
    query.fetch_all(sql, args![gate_id]).await
}

pub async fn request_by_token(query: &mut impl Query, token_hash: &str) -> Result<Option<Request>> {
    let sql = format!("SELECT {} FROM gate_requests WHERE token_hash = $1", Request::COLUMNS);
    query.fetch_optional(sql, args![token_hash]).await
}

/// Questions that are to be sent now.
pub async fn due_requests(query: &mut impl Query, limit: i64) -> Result<Vec<Request>> {
    let now = query.now();
    let sql = format!(
        "SELECT {} FROM gate_requests WHERE delivered_at IS NULL AND state = 'waiting' AND next_attempt <= $1 \
         AND gate_id IN (SELECT id FROM gates WHERE state = 'waiting') ORDER BY id LIMIT $2",
        Request::COLUMNS
    );
    query.fetch_all(sql, args![now, limit]).await
}

pub async fn set_delivered(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE gate_requests SET delivered_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// The next attempt after this one is at `until`; `false` when another server makes this one.
pub async fn postpone_request(tx: &mut Tx, id: i64, attempts: i64, until: Micros) -> Result<bool> {
    let sql = "UPDATE gate_requests SET attempts = attempts + 1, next_attempt = $3 WHERE id = $1 AND attempts = $2";
    Ok(tx.execute(sql, args![id, attempts, until]).await? > 0)
}

/// The answer to a question; `false` when it was answered before.
pub async fn answer_request(tx: &mut Tx, id: i64, state: &str, comment: &str) -> Result<bool> {
    let sql = "UPDATE gate_requests SET state = $2, comment = $3 WHERE id = $1 AND state = 'waiting'";
    Ok(tx.execute(sql, args![id, state, comment]).await? > 0)
}
