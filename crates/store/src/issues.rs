//! Issues (pull requests are issues too) and labels.

use serde_json::Value;

use crate::difference::Difference;
use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// An issue, or the part of a pull request that it shares with issues.
    #[derive(Clone, Debug)]
    pub struct Issue {
        pub id: i64,
        pub repo_id: i64,
        pub number: i64,
        pub is_pull: bool,
        pub title: String,
        pub body: String,
        /// `open` or `closed`
        pub state: String,
        pub state_reason: Option<String>,
        pub author_id: i64,
        pub author_kind: String,
        /// Ids of users.
        pub assignees: Value,
        pub locked: bool,
        pub closed_by: Option<i64>,
        pub created_at: Micros,
        pub updated_at: Micros,
        pub closed_at: Option<Micros>,
    }
}

impl Issue {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }
}

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Label {
        pub id: i64,
        pub repo_id: i64,
        pub name: String,
        pub color: String,
        pub description: Option<String>,
    }
}

/// What a new issue is made of.
#[derive(Clone, Debug)]
pub struct NewIssue<'a> {
    pub repo_id: i64,
    pub number: i64,
    pub is_pull: bool,
    pub title: &'a str,
    pub body: &'a str,
    pub author_id: i64,
    pub author_kind: &'a str,
}

pub async fn insert(tx: &mut Tx, new: &NewIssue<'_>) -> Result<i64> {
    let now = tx.now();
    tx.fetch_one(
        "INSERT INTO issues (repo_id, number, is_pull, title, body, state, author_id, author_kind, assignees, locked, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, '[]', FALSE, $8, $8) RETURNING id",
        args![new.repo_id, new.number, new.is_pull, new.title, new.body, new.author_id, new.author_kind, now],
    )
    .await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Issue>> {
    query.fetch_optional(format!("SELECT {} FROM issues WHERE id = $1", Issue::COLUMNS), args![id]).await
}

pub async fn by_number(query: &mut impl Query, repo_id: i64, number: i64) -> Result<Option<Issue>> {
    let sql = format!("SELECT {} FROM issues WHERE repo_id = $1 AND number = $2", Issue::COLUMNS);
    query.fetch_optional(sql, args![repo_id, number]).await
}

/// Writes what was changed since `before` was read.
pub async fn update(tx: &mut Tx, before: &Issue, after: &Issue) -> Result<()> {
    let now = tx.now();
    Difference::of(after.id)
        .column("title", &before.title, &after.title)
        .column("body", &before.body, &after.body)
        .column("state", &before.state, &after.state)
        .column("state_reason", &before.state_reason, &after.state_reason)
        .column("assignees", &before.assignees, &after.assignees)
        .column("locked", before.locked, after.locked)
        .column("closed_by", before.closed_by, after.closed_by)
        .column("closed_at", before.closed_at, after.closed_at)
        .set("updated_at", now)
        .write(tx, "issues", "id")
        .await
}

/// Which issues are wanted. `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct IssueFilter<'a> {
    pub state: Option<&'a str>,
    pub is_pull: Option<bool>,
    pub author_id: Option<i64>,
    /// All of these, in lower case.
    pub labels: &'a [String],
    /// `created`, `updated`
    pub sort: &'a str,
    pub ascending: bool,
    pub since: Option<Micros>,
}

pub async fn list(
    query: &mut impl Query,
    repo_id: i64,
    filter: &IssueFilter<'_>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Issue>> {
    let mut sql = format!("SELECT {} FROM issues WHERE repo_id = $1", Issue::COLUMNS);
    let mut args = args![repo_id];
    let mut add = |sql: &mut String, condition: &str, value: crate::Arg| {
        args.push(value);
        sql.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", args.len()))));
    };
    if let Some(state) = filter.state {
        add(&mut sql, "state = ?", state.into());
    }
    if let Some(is_pull) = filter.is_pull {
        add(&mut sql, "is_pull = ?", is_pull.into());
    }
    if let Some(author) = filter.author_id {
        add(&mut sql, "author_id = ?", author.into());
    }
    if let Some(since) = filter.since {
        add(&mut sql, "updated_at >= ?", since.into());
    }
    for label in filter.labels {
        let having =
            "id IN (SELECT l.issue_id FROM issue_labels l JOIN labels n ON n.id = l.label_id WHERE n.name_key = ?)";
        add(&mut sql, having, label.into());
    }
    let column = if filter.sort == "updated" { "updated_at" } else { "number" };
    let order = if filter.ascending { "ASC" } else { "DESC" };
    args.push(limit.into());
    args.push(offset.into());
    let (limit, offset) = (args.len() - 1, args.len());
    sql.push_str(&format!(" ORDER BY {column} {order}, number {order} LIMIT ${limit} OFFSET ${offset}"));
    query.fetch_all(sql, args).await
}

pub async fn touch(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE issues SET updated_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

pub async fn labels(query: &mut impl Query, repo_id: i64) -> Result<Vec<Label>> {
    let sql = format!("SELECT {} FROM labels WHERE repo_id = $1 ORDER BY name_key", Label::COLUMNS);
    query.fetch_all(sql, args![repo_id]).await
}

pub async fn label(query: &mut impl Query, repo_id: i64, name: &str) -> Result<Option<Label>> {
    let sql = format!("SELECT {} FROM labels WHERE repo_id = $1 AND name_key = $2", Label::COLUMNS);
    query.fetch_optional(sql, args![repo_id, name.to_lowercase()]).await
}

/// # Errors
/// When there is a label of this name.
pub async fn insert_label(
    tx: &mut Tx,
    repo_id: i64,
    name: &str,
    color: &str,
    description: Option<&str>,
) -> Result<Label> {
    tx.fetch_one(
        format!(
            "INSERT INTO labels (repo_id, name, name_key, color, description) VALUES ($1, $2, $3, $4, $5) RETURNING {}",
            Label::COLUMNS
        ),
        args![repo_id, name, name.to_lowercase(), color, description],
    )
    .await
}

/// # Errors
/// When another label has the new name.
pub async fn update_label(tx: &mut Tx, label: &Label) -> Result<()> {
    tx.execute(
        "UPDATE labels SET name = $2, name_key = $3, color = $4, description = $5 WHERE id = $1",
        args![label.id, &label.name, label.name.to_lowercase(), &label.color, &label.description],
    )
    .await
    .map(drop)
}

pub async fn delete_label(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM issue_labels WHERE label_id = $1", args![id]).await?;
    tx.execute("DELETE FROM labels WHERE id = $1", args![id]).await.map(drop)
}

pub async fn labels_of(query: &mut impl Query, issue_id: i64) -> Result<Vec<Label>> {
    query
        .fetch_all(
            "SELECT n.id, n.repo_id, n.name, n.color, n.description FROM labels n JOIN issue_labels l ON l.label_id = n.id \
             WHERE l.issue_id = $1 ORDER BY n.name_key",
            args![issue_id],
        )
        .await
}

/// `false` when it had the label.
pub async fn add_label(tx: &mut Tx, issue_id: i64, label_id: i64) -> Result<bool> {
    let sql =
        "INSERT INTO issue_labels (issue_id, label_id) VALUES ($1, $2) ON CONFLICT (issue_id, label_id) DO NOTHING";
    Ok(tx.execute(sql, args![issue_id, label_id]).await? == 1)
}

/// `false` when it had not the label.
pub async fn remove_label(tx: &mut Tx, issue_id: i64, label_id: i64) -> Result<bool> {
    let sql = "DELETE FROM issue_labels WHERE issue_id = $1 AND label_id = $2";
    Ok(tx.execute(sql, args![issue_id, label_id]).await? == 1)
}
