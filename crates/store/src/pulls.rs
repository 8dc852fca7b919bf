//! Pull requests: what they have beyond issues.

use crate::difference::Difference;
use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// A pull request.
    #[derive(Clone, Debug)]
    pub struct Pull {
        pub issue_id: i64,
        pub repo_id: i64,
        pub number: i64,
        /// `None` when the fork is gone.
        pub head_repo_id: Option<i64>,
        pub head_ref: String,
        pub head_sha: String,
        pub base_ref: String,
        pub base_sha: String,
        pub draft: bool,
        pub maintainer_can_modify: bool,
        /// Where `refs/pull/N/merge` points.
        pub merge_sha: Option<String>,
        /// Of which base and head it was made: `base head`.
        pub merge_of: Option<String>,
        /// `None` while nobody tried.
        pub mergeable: Option<bool>,
        pub merged: bool,
        pub merged_at: Option<Micros>,
        pub merged_by: Option<i64>,
        pub merge_commit_sha: Option<String>,
        /// JSON: who wants it merged once it may be, and how.
        pub auto_merge: Option<String>,
    }
}

impl Pull {
    /// Whether it comes from another repository.
    #[must_use]
    pub fn is_from_fork(&self) -> bool {
        self.head_repo_id != Some(self.repo_id)
    }
}

pub async fn insert(tx: &mut Tx, pull: &Pull) -> Result<()> {
    tx.execute(
        "INSERT INTO pulls (issue_id, repo_id, number, head_repo_id, head_ref, head_sha, base_ref, base_sha, draft, \
         maintainer_can_modify, merged) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE)",
        args![
            pull.issue_id,
            pull.repo_id,
            pull.number,
            pull.head_repo_id,
            &pull.head_ref,
            &pull.head_sha,
            &pull.base_ref,
            &pull.base_sha,
            pull.draft,
            pull.maintainer_can_modify,
        ],
    )
    .await
    .map(drop)
}

/// Writes what was changed since `before` was read, but for how merging went: that is [`set_merge`]'s.
pub async fn update(tx: &mut Tx, before: &Pull, after: &Pull) -> Result<()> {
    Difference::of(after.issue_id)
        .column("head_repo_id", before.head_repo_id, after.head_repo_id)
        .column("head_sha", &before.head_sha, &after.head_sha)
        .column("base_ref", &before.base_ref, &after.base_ref)
        .column("base_sha", &before.base_sha, &after.base_sha)
        .column("draft", before.draft, after.draft)
        .column("maintainer_can_modify", before.maintainer_can_modify, after.maintainer_can_modify)
        .column("merged", before.merged, after.merged)
        .column("merged_at", before.merged_at, after.merged_at)
        .column("merged_by", before.merged_by, after.merged_by)
        .column("merge_commit_sha", &before.merge_commit_sha, &after.merge_commit_sha)
        .column("auto_merge", &before.auto_merge, &after.auto_merge)
        .write(tx, "pulls", "issue_id")
        .await
}

pub async fn set_auto_merge(tx: &mut Tx, issue_id: i64, how: Option<&str>) -> Result<()> {
    tx.execute("UPDATE pulls SET auto_merge = $2 WHERE issue_id = $1", args![issue_id, how]).await.map(drop)
}

/// Open pull requests that are to be merged by themselves, and of which no push is still to be told.
pub async fn to_merge(query: &mut impl Query) -> Result<Vec<Pull>> {
    let columns = Pull::COLUMNS.split(", ").map(|name| format!("p.{name}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns} FROM pulls p JOIN issues i ON i.id = p.issue_id WHERE p.auto_merge IS NOT NULL AND i.state = 'open' \
         AND NOT EXISTS (SELECT 1 FROM pull_updates u WHERE u.issue_id = p.issue_id) ORDER BY p.issue_id"
    );
    query.fetch_all(sql, args![]).await
}

/// Notes a moved head or base; what was known of the merge is forgotten.
pub async fn set_ends(tx: &mut Tx, issue_id: i64, head: Option<&str>, base: Option<&str>) -> Result<()> {
    tx.execute(
        "UPDATE pulls SET head_sha = COALESCE($2, head_sha), base_sha = COALESCE($3, base_sha), mergeable = NULL \
         WHERE issue_id = $1",
        args![issue_id, head, base],
    )
    .await
    .map(drop)
}

/// Notes how merging went, unless the ends moved meanwhile.
pub async fn set_merge(tx: &mut Tx, pull: &Pull, merge_sha: Option<&str>, mergeable: bool) -> Result<bool> {
    let of = format!("{} {}", pull.base_sha, pull.head_sha);
    let sql = "UPDATE pulls SET merge_sha = $2, merge_of = $3, mergeable = $4 \
         WHERE issue_id = $1 AND head_sha = $5 AND base_sha = $6";
    let args = args![pull.issue_id, merge_sha, of, mergeable, &pull.head_sha, &pull.base_sha];
    Ok(tx.execute(sql, args).await? == 1)
}

pub async fn by_number(query: &mut impl Query, repo_id: i64, number: i64) -> Result<Option<Pull>> {
    let sql = format!("SELECT {} FROM pulls WHERE repo_id = $1 AND number = $2", Pull::COLUMNS);
    query.fetch_optional(sql, args![repo_id, number]).await
}

pub async fn by_issue(query: &mut impl Query, issue_id: i64) -> Result<Option<Pull>> {
    query.fetch_optional(format!("SELECT {} FROM pulls WHERE issue_id = $1", Pull::COLUMNS), args![issue_id]).await
}

/// For what changes it: waits for who else does.
pub async fn lock(tx: &mut Tx, issue_id: i64) -> Result<Option<Pull>> {
    let lock = tx.lock_clause(crate::Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM pulls WHERE issue_id = $1{lock}", Pull::COLUMNS), args![issue_id]).await
}

fn open(condition: &str) -> String {
    let columns = Pull::COLUMNS.split(", ").map(|name| format!("p.{name}")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {columns} FROM pulls p JOIN issues i ON i.id = p.issue_id WHERE i.state = 'open' AND {condition} ORDER BY p.issue_id"
    )
}

/// Open ones whose head is this branch.
pub async fn open_with_head(query: &mut impl Query, repo_id: i64, branch: &str) -> Result<Vec<Pull>> {
    query.fetch_all(open("p.head_repo_id = $1 AND p.head_ref = $2"), args![repo_id, branch]).await
}

/// Open ones that go into this branch.
pub async fn open_with_base(query: &mut impl Query, repo_id: i64, branch: &str) -> Result<Vec<Pull>> {
    query.fetch_all(open("p.repo_id = $1 AND p.base_ref = $2"), args![repo_id, branch]).await
}

/// Open ones with this head commit.
pub async fn open_with_sha(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<Pull>> {
    query.fetch_all(open("p.repo_id = $1 AND p.head_sha = $2"), args![repo_id, sha]).await
}

/// Any with this head commit, or merged as it.
pub async fn with_commit(query: &mut impl Query, repo_id: i64, sha: &str) -> Result<Vec<Pull>> {
    let sql = format!(
        "SELECT {} FROM pulls WHERE repo_id = $1 AND (head_sha = $2 OR merge_commit_sha = $2) ORDER BY number",
        Pull::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, sha]).await
}

/// Which ones are wanted. `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct PullFilter<'a> {
    /// `open`, `closed`
    pub state: Option<&'a str>,
    pub base: Option<&'a str>,
    /// Repository and branch.
    pub head: Option<(Option<i64>, &'a str)>,
    /// `created`, `updated`
    pub sort: &'a str,
    pub ascending: bool,
}

pub async fn list(
    query: &mut impl Query,
    repo_id: i64,
    filter: &PullFilter<'_>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Pull>> {
    let columns = Pull::COLUMNS.split(", ").map(|name| format!("p.{name}")).collect::<Vec<_>>().join(", ");
    let mut sql = format!("SELECT {columns} FROM pulls p JOIN issues i ON i.id = p.issue_id WHERE p.repo_id = $1");
    let mut args = args![repo_id];
    if let Some(state) = filter.state {
        args.push(state.into());
        sql.push_str(&format!(" AND i.state = ${}", args.len()));
    }
    if let Some(base) = filter.base {
        args.push(base.into());
        sql.push_str(&format!(" AND p.base_ref = ${}", args.len()));
    }
    if let Some((repo, branch)) = filter.head {
        args.push(branch.into());
        sql.push_str(&format!(" AND p.head_ref = ${}", args.len()));
        if let Some(repo) = repo {
            args.push(repo.into());
            sql.push_str(&format!(" AND p.head_repo_id = ${}", args.len()));
        }
    }
    let column = if filter.sort == "updated" { "i.updated_at" } else { "i.number" };
    let order = if filter.ascending { "ASC" } else { "DESC" };
    args.push(limit.into());
    args.push(offset.into());
    let (limit, offset) = (args.len() - 1, args.len());
    sql.push_str(&format!(" ORDER BY {column} {order}, i.number {order} LIMIT ${limit} OFFSET ${offset}"));
    query.fetch_all(sql, args).await
}

/// Whether the author has had a pull request merged here.
pub async fn has_merged_before(query: &mut impl Query, repo_id: i64, author_id: i64) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM pulls p JOIN issues i ON i.id = p.issue_id \
         WHERE p.repo_id = $1 AND i.author_id = $2 AND p.merged = TRUE";
    let count: i64 = query.fetch_one(sql, args![repo_id, author_id]).await?;
    Ok(count > 0)
}

/// Users (`user`) and teams (`team`) that are asked for a review.
pub async fn requested(query: &mut impl Query, issue_id: i64) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT kind, reviewer_id FROM requested_reviewers WHERE issue_id = $1 ORDER BY kind, reviewer_id";
    query.fetch_all(sql, args![issue_id]).await
}

/// `false` when it was asked already.
pub async fn request(tx: &mut Tx, issue_id: i64, kind: &str, id: i64) -> Result<bool> {
    let sql = "INSERT INTO requested_reviewers (issue_id, kind, reviewer_id) VALUES ($1, $2, $3) \
         ON CONFLICT (issue_id, kind, reviewer_id) DO NOTHING";
    Ok(tx.execute(sql, args![issue_id, kind, id]).await? == 1)
}

/// `false` when it was not asked.
pub async fn unrequest(tx: &mut Tx, issue_id: i64, kind: &str, id: i64) -> Result<bool> {
    let sql = "DELETE FROM requested_reviewers WHERE issue_id = $1 AND kind = $2 AND reviewer_id = $3";
    Ok(tx.execute(sql, args![issue_id, kind, id]).await? == 1)
}
