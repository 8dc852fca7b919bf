//! Concurrency groups of a repository, across all servers: who has a group, and who waits for it.
//!
//! GitHub's rules: one holder; a newer one takes the pending place of an older one, or waits behind it; with
//! `cancel-in-progress` it also pushes out the one that runs.

use std::collections::HashSet;

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
    /// It would wait for itself, and is not in the queue: each of these groups is held by what waits for the next one, and the
    /// last one is around whoever asks.
    pub circle: Vec<String>,
}

/// Who asks, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub repo_id: i64,
    pub group: &'a str,
    pub run_id: i64,
    pub attempt: i64,
    pub holder: &'a str,
    /// The groups around it, in lower case: they are not given back before it ends.
    pub inside: &'a [String],
    pub cancel_in_progress: bool,
    pub keep_all_pending: bool,
}

/// Asks for a group. Who is evicted keeps a held group until it leaves, so two never have it at once.
pub async fn enter(tx: &mut Tx, request: &Request<'_>) -> Result<Changed> {
    let key = request.group.to_lowercase();
    lock(tx, request.repo_id).await?;
    let members = members(tx, request.repo_id, &key).await?;
    let held = members.is_empty();
    // Whoever is pushed out gives its groups back, whatever it waits for.
    if !held && !request.cancel_in_progress {
        let circle = circle(tx, request, &key).await?;
        if !circle.is_empty() {
            return Ok(Changed { circle, ..Changed::default() });
        }
    }
    let now = tx.now();
    let sql = format!(
        "INSERT INTO concurrency (repo_id, name_key, name, run_id, attempt, holder, held, inside, since) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING {}",
        Member::COLUMNS
    );
    let inside = serde_json::to_string(request.inside).unwrap_or_default();
    let values =
        args![request.repo_id, &key, request.group, request.run_id, request.attempt, request.holder, held, inside, now];
    let own: Member = tx.fetch_one(sql, values).await?;
    if held {
        return Ok(Changed { entered: Some(own), ..Changed::default() });
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
    Ok(Changed { evicted, ..Changed::default() })
}

/// The way from a group, over what is inside of it and waits for another one, to a group around whoever asks; empty when there
/// is none.
async fn circle(tx: &mut Tx, request: &Request<'_>, key: &str) -> Result<Vec<String>> {
    if request.inside.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT name_key, inside FROM concurrency WHERE repo_id = $1 AND NOT held AND inside <> '[]'";
    let rows: Vec<(String, String)> = tx.fetch_all(sql, args![request.repo_id]).await?;
    let waiting: Vec<(String, Vec<String>)> =
        rows.into_iter().map(|(wanted, inside)| (wanted, serde_json::from_str(&inside).unwrap_or_default())).collect();
    let mut seen = HashSet::new();
    let mut ways = vec![vec![key.to_owned()]];
    while let Some(way) = ways.pop() {
        let Some(last) = way.last().cloned() else { continue };
        if request.inside.contains(&last) {
            return Ok(way);
        }
        if seen.insert(last.clone()) {
            let next = waiting.iter().filter(|(_, inside)| inside.contains(&last));
            ways.extend(next.map(|(wanted, _)| way.iter().chain([wanted]).cloned().collect()));
        }
    }
    Ok(Vec::new())
}

/// Gives up a group or a place in its queue; who enters now.
pub async fn leave(tx: &mut Tx, run_id: i64, attempt: i64, holder: &str) -> Result<Option<Member>> {
    let sql = "SELECT repo_id, name_key FROM concurrency WHERE run_id = $1 AND attempt = $2 AND holder = $3";
    let Some((repo_id, key)) = tx.fetch_optional::<(i64, String)>(sql, args![run_id, attempt, holder]).await? else {
        return Ok(None);
    };
    lock(tx, repo_id).await?;
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

/// All groups of a repository, until the transaction ends: one has no row of its own while it is empty, and who waits for whom
/// is seen across them.
async fn lock(tx: &mut Tx, repo_id: i64) -> Result<()> {
    if tx.store().backend() == Backend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        tx.execute(sql, args![format!("concurrency {repo_id}")]).await?;
    }
    Ok(())
}
