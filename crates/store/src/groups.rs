//! Concurrency groups of a repository, across all servers: who has a group, and who waits for it.
//!
//! GitHub's rules: one holder; a newer one takes the pending place of an older one, or waits behind it; with
//! `cancel-in-progress` it also pushes out the one that runs.

use crate::{Backend, Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Member {
        pub id: i64,
        pub name: String,
        pub run_id: i64,
        pub attempt: i64,
        /// `w0`: the run's own workflow; `l3`: a job.
        pub holder: String,
        pub held: bool,
        pub since: Micros,
    }
}

/// What a request changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub entered: Option<Member>,
    pub evicted: Vec<Member>,
}

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub repo_id: i64,
    pub group: &'a str,
    pub run_id: i64,
    pub attempt: i64,
    pub holder: &'a str,
    pub cancel_in_progress: bool,
    pub keep_all_pending: bool,
}

/// Asks for a group. Who is evicted keeps a held group until it leaves, so two never have it at once.
pub async fn enter(tx: &mut Tx, request: &Request<'_>) -> Result<Changed> {
    let key = request.group.to_lowercase();
    lock(tx, request.repo_id, &key).await?;
    let members = members(tx, request.repo_id, &key).await?;
    let held = members.is_empty();
    let now = tx.now();
    let sql = format!(
        "INSERT INTO concurrency (repo_id, name_key, name, run_id, attempt, holder, held, since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {}",
        Member::COLUMNS
    );
    let values =
        args![request.repo_id, &key, request.group, request.run_id, request.attempt, request.holder, held, now];
    let own: Member = tx.fetch_one(sql, values).await?;
    if held {
        return Ok(Changed { entered: Some(own), evicted: Vec::new() });
    }
    let mut evicted = Vec::new();
    for member in members {
        let pushed_out = if member.held {
            request.cancel_in_progress
        } else {
            !request.keep_all_pending || request.cancel_in_progress
        };
        if pushed_out {
            if !member.held {
                tx.execute("DELETE FROM concurrency WHERE id = $1", args![member.id]).await?;
            }
            evicted.push(member);
        }
    }
    Ok(Changed { entered: None, evicted })
}

/// Gives up a group or a place in its queue; who enters now.
pub async fn leave(tx: &mut Tx, run_id: i64, attempt: i64, holder: &str) -> Result<Option<Member>> {
    let sql = "SELECT repo_id, name_key FROM concurrency WHERE run_id = $1 AND attempt = $2 AND holder = $3";
    let Some((repo_id, key)) = tx.fetch_optional::<(i64, String)>(sql, args![run_id, attempt, holder]).await? else {
        return Ok(None);
    };
    lock(tx, repo_id, &key).await?;
    let sql = "DELETE FROM concurrency WHERE run_id = $1 AND attempt = $2 AND holder = $3 RETURNING held";
    let held: Option<bool> = tx.fetch_optional(sql, args![run_id, attempt, holder]).await?;
    if held != Some(true) {
        return Ok(None);
    }
    let next = members(tx, repo_id, &key).await?.into_iter().find(|member| !member.held);
    if let Some(next) = &next {
        tx.execute("UPDATE concurrency SET held = TRUE WHERE id = $1", args![next.id]).await?;
    }
    Ok(next)
}

/// Everything in a group, in the order in which it came.
pub async fn members(query: &mut impl Query, repo_id: i64, key: &str) -> Result<Vec<Member>> {
    let sql = format!("SELECT {} FROM concurrency WHERE repo_id = $1 AND name_key = $2 ORDER BY id", Member::COLUMNS);
    query.fetch_all(sql, args![repo_id, key]).await
}

/// What a run has, or waits for.
pub async fn of_run(query: &mut impl Query, run_id: i64, attempt: i64) -> Result<Vec<Member>> {
    let sql = format!("SELECT {} FROM concurrency WHERE run_id = $1 AND attempt = $2 ORDER BY id", Member::COLUMNS);
    query.fetch_all(sql, args![run_id, attempt]).await
}

/// Groups of a repository that are held, for pages and the API.
pub async fn of_repo(query: &mut impl Query, repo_id: i64) -> Result<Vec<Member>> {
    let sql = format!("SELECT {} FROM concurrency WHERE repo_id = $1 ORDER BY name_key, id", Member::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

/// A group has no row of its own to lock while it is empty: a lock by its name, until the transaction ends.
async fn lock(tx: &mut Tx, repo_id: i64, key: &str) -> Result<()> {
    if tx.store().backend() == Backend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        tx.execute(sql, args![format!("concurrency {repo_id} {key}")]).await?;
    }
    Ok(())
}
