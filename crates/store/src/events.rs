//! What happened: rows written in the transaction of the change, made into verdicts and runs exactly once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Lock, Micros, Query, Result, Topic, Tx, args, record};

/// Who caused an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActorKind {
    #[default]
    User,
    /// A job, with its token: it starts next to nothing.
    GithubToken,
    Dependabot,
}

impl ActorKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::GithubToken => "github_token",
            Self::Dependabot => "dependabot",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "github_token" => Self::GithubToken,
            "dependabot" => Self::Dependabot,
            _ => Self::User,
        }
    }
}

/// What the gates look at, beside the columns of an event.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Pull requests and merge groups: the branch merged into, by its short name, and its commit.
    pub base_ref: Option<String>,
    pub base_sha: Option<String>,
    /// Pull requests: the branch that is merged, its commit and its repository.
    pub head_ref: Option<String>,
    pub head_sha: Option<String>,
    pub head_repo_id: Option<i64>,
    pub pull_number: Option<i64>,
    /// The head lies in another repository; of a deployment, its commit is in no branch or tag of this one.
    pub fork: bool,
    pub first_time_contributor: bool,
    /// `Some(false)`: base and head conflict.
    pub mergeable: Option<bool>,
    /// Branches and tags that came with the same push; 0 counts as 1.
    pub branches_at_once: usize,
    pub tags_at_once: usize,
    /// Only this workflow is asked: `workflow_dispatch`, `schedule`.
    pub workflow: Option<String>,
    /// The cron line that is due.
    pub schedule: Option<String>,
    /// `workflow_run`: how many such events led here, this one included; the run's workflow and branch.
    pub chain: i64,
    pub triggering_workflow: Option<String>,
    pub triggering_branch: Option<String>,
    /// The triggering run was started again.
    pub rerun: bool,
    /// `workflow_dispatch`: the priority that was asked for.
    pub priority: Option<i64>,
}

/// An event as it is reported.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub repo_id: i64,
    /// `push`, `pull_request`, …
    pub name: String,
    pub action: Option<String>,
    /// `refs/heads/main`, `refs/tags/v1`, `refs/pull/3/merge`; the default branch's where the event has no ref of its own.
    pub git_ref: String,
    /// Push: where the ref stood before; `None` when it is new.
    pub before: Option<String>,
    /// The commit of the run; of a push what the ref points to now, empty when it was deleted.
    pub sha: String,
    pub facts: Facts,
    pub actor_id: Option<i64>,
    pub actor_login: String,
    pub actor_kind: ActorKind,
    /// GitHub's webhook payload.
    pub payload: Value,
}

record! {
    #[derive(Clone, Debug)]
    pub struct Event {
        pub id: i64,
        pub repo_id: i64,
        pub name: String,
        pub action: Option<String>,
        pub git_ref: String,
        pub before_sha: Option<String>,
        pub sha: String,
        pub facts: Value,
        pub actor_id: Option<i64>,
        pub actor_login: String,
        pub actor_kind: String,
        pub payload: Value,
        pub state: String,
        pub attempts: i64,
        pub error: Option<String>,
        pub created_at: Micros,
    }
}

impl Event {
    /// What the gates look at. A row of an older version may have fewer.
    #[must_use]
    pub fn facts(&self) -> Facts {
        serde_json::from_value(self.facts.clone()).unwrap_or_default()
    }
}

/// Reports an event: verdicts, runs and webhooks follow once the transaction is committed.
pub async fn append(tx: &mut Tx, event: &NewEvent) -> Result<i64> {
    insert(tx, event, "pending").await
}

/// Reports an event that only webhooks are sent for: no workflow can listen to it.
pub async fn append_for_hooks(tx: &mut Tx, event: &NewEvent) -> Result<i64> {
    insert(tx, event, "done").await
}

async fn insert(tx: &mut Tx, event: &NewEvent, state: &str) -> Result<i64> {
    let now = tx.now();
    let facts = serde_json::to_string(&event.facts).unwrap_or_default();
    let id = tx
        .fetch_one(
            "INSERT INTO events (repo_id, name, action, git_ref, before_sha, sha, facts, actor_id, actor_login, \
             actor_kind, payload, state, attempts, not_before, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, $13) RETURNING id",
            args![
                event.repo_id,
                &event.name,
                &event.action,
                &event.git_ref,
                &event.before,
                &event.sha,
                facts,
                event.actor_id,
                &event.actor_login,
                event.actor_kind.as_str(),
                &event.payload,
                state,
                now,
            ],
        )
        .await?;
    if state == "pending" {
        tx.wake(Topic::Events);
    }
    tx.wake(Topic::Deliveries);
    Ok(id)
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Event>> {
    query.fetch_optional(format!("SELECT {} FROM events WHERE id = $1", Event::COLUMNS), args![id]).await
}

/// Events after a number, in order, for who reads them all.
pub async fn after(query: &mut impl Query, id: i64, limit: i64) -> Result<Vec<Event>> {
    let sql = format!("SELECT {} FROM events WHERE id > $1 ORDER BY id LIMIT $2", Event::COLUMNS);
    query.fetch_all(sql, args![id, limit]).await
}

/// When somebody did something in a repository last: schedules, and what follows from runs, do not count.
pub async fn last_by_people(query: &mut impl Query, repo_id: i64) -> Result<Option<Micros>> {
    let sql = "SELECT created_at FROM events WHERE repo_id = $1 AND actor_kind = 'user' AND name NOT IN ('schedule', \
               'workflow_run', 'workflow_job', 'check_run', 'check_suite', 'deployment', 'deployment_status') \
               ORDER BY id DESC LIMIT 1";
    query.fetch_optional(sql, args![repo_id]).await
}

/// After so many attempts, some minutes, what came later in the repository does not wait any longer: what is wrong is this
/// event's own.
const HOLDS_UP: i64 = 8;

/// The oldest of each repository that waits, where it is due; oldest first. What came later in the same repository waits for
/// it, whichever server looks: an older push never undoes what a newer one did. What failed for minutes holds up nobody.
pub async fn pending(query: &mut impl Query, limit: i64) -> Result<Vec<i64>> {
    let now = query.now();
    let sql = "SELECT id FROM events WHERE state = 'pending' AND not_before <= $1 AND (attempts >= $3 OR id IN \
               (SELECT MIN(id) FROM events WHERE state = 'pending' AND attempts < $3 GROUP BY repo_id)) ORDER BY id LIMIT $2";
    query.fetch_all(sql, args![now, limit, HOLDS_UP]).await
}

/// Takes a pending event in this transaction; `None` when another has it or it is done.
pub async fn take(tx: &mut Tx, id: i64) -> Result<Option<Event>> {
    let lock = tx.lock_clause(Lock::Skip);
    let sql = format!("SELECT {} FROM events WHERE id = $1 AND state = 'pending'{lock}", Event::COLUMNS);
    tx.fetch_optional(sql, args![id]).await
}

pub async fn done(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE events SET state = 'done', done_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

/// It could not be processed now. After `most` attempts it is given up, with the error kept.
pub async fn postpone(tx: &mut Tx, id: i64, error: &str, pause: Micros, most: i64) -> Result<()> {
    let until = tx.now().saturating_add(pause);
    let sql = "UPDATE events SET attempts = attempts + 1, error = $2, not_before = $3, \
               state = CASE WHEN attempts + 1 >= $4 THEN 'failed' ELSE state END WHERE id = $1 AND state = 'pending'";
    tx.execute(sql, args![id, error, until, most]).await.map(drop)
}

/// How often an event was tried.
pub async fn attempts(query: &mut impl Query, id: i64) -> Result<i64> {
    query.fetch_one("SELECT attempts FROM events WHERE id = $1", args![id]).await
}

record! {
    /// An event that could not be processed so far, or at all.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Troubled {
        pub id: i64,
        pub repo_id: i64,
        pub name: String,
        pub git_ref: String,
        pub state: String,
        pub attempts: i64,
        pub error: Option<String>,
        pub created_at: Micros,
    }
}

/// Events with which something is wrong, newest first: of one repository, or of all.
pub async fn troubled(query: &mut impl Query, repo_id: Option<i64>, limit: i64) -> Result<Vec<Troubled>> {
    let sql = format!(
        "SELECT {} FROM events WHERE (state = 'failed' OR (state = 'pending' AND attempts > 0)) \
         AND ($1 = 0 OR repo_id = $1) ORDER BY id DESC LIMIT $2",
        Troubled::COLUMNS
    );
    query.fetch_all(sql, args![repo_id.unwrap_or_default(), limit]).await
}

/// Has events tried again that were given up, and those that wait for their next attempt at once; how many.
pub async fn retry(tx: &mut Tx) -> Result<u64> {
    let sql = "UPDATE events SET state = 'pending', attempts = 0, not_before = 0 \
               WHERE state = 'failed' OR (state = 'pending' AND attempts > 0)";
    let count = tx.execute(sql, args![]).await?;
    tx.wake(Topic::Events);
    Ok(count)
}
