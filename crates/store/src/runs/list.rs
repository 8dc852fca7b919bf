//! Lists of runs: pages, and how many there are.

use super::Run;
use crate::{Arg, Micros, Query, Result, args, placeholders};

/// What a list of runs is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub workflow_id: Option<i64>,
    /// A status or a conclusion, as in GitHub's API.
    pub status: Option<String>,
    pub branch: Option<String>,
    pub event: Option<String>,
    pub actor: Option<String>,
    pub head_sha: Option<String>,
    pub suite_id: Option<i64>,
    pub created_from: Option<Micros>,
    pub created_to: Option<Micros>,
}

impl Filter {
    /// Whether it lets every run pass.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Filter::default()
    }

    /// The newest first; by time where the index by time is read.
    fn order(&self) -> &'static str {
        match self.conditions().first() {
            Some(("created_at", ..)) => "ORDER BY created_at DESC, id DESC",
            _ => "ORDER BY id DESC",
        }
    }

    /// What is asked of which column, what leaves the fewest runs first.
    fn conditions(&self) -> Vec<(&'static str, &'static str, Arg)> {
        let text = |column, value: &Option<String>| value.as_deref().map(|value| (column, "=", Arg::from(value)));
        let number = |column, operator, value: Option<i64>| value.map(|value| (column, operator, Arg::from(value)));
        let status_column = match self.status.as_deref() {
            Some("queued" | "waiting" | "action_required" | "in_progress" | "completed" | "requested" | "pending") => {
                "status"
            }
            _ => "conclusion",
        };
        let all = [
            text("head_sha", &self.head_sha),
            number("suite_id", "=", self.suite_id),
            text("head_branch", &self.branch),
            text("actor_login", &self.actor),
            number("created_at", ">=", self.created_from),
            number("created_at", "<=", self.created_to),
            text(status_column, &self.status),
            number("workflow_id", "=", self.workflow_id),
            text("event_name", &self.event),
        ];
        all.into_iter().flatten().collect()
    }

    /// The first condition chooses the index, which has what the others ask for, too. SQLite would choose any: it does not know
    /// that branches are many and events few.
    fn clause(&self, repo_id: i64) -> (String, Vec<Arg>) {
        let mut sql = "WHERE repo_id = $1".to_owned();
        let mut values = args![repo_id];
        let conditions = self.conditions();
        let first = conditions.first().map(|(column, ..)| *column);
        for (column, operator, value) in conditions {
            // The same value, for which no index is looked for.
            let subject = match (Some(column) == first, &value) {
                (true, _) => column.to_owned(),
                (false, Arg::Int(_)) => format!("({column} + 0)"),
                (false, _) => format!("({column} || '')"),
            };
            values.push(value);
            sql.push_str(&format!(" AND {subject} {operator} ${}", values.len()));
        }
        (sql, values)
    }
}

/// A page of a repository's runs, newest first.
pub async fn list(query: &mut impl Query, repo_id: i64, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Run>> {
    let (clause, mut values) = filter.clause(repo_id);
    let place = values.len() + 1;
    values.extend(args![limit, offset]);
    let sql =
        format!("SELECT {} FROM runs {clause} {} LIMIT ${place} OFFSET ${}", Run::COLUMNS, filter.order(), place + 1);
    query.fetch_all(sql, values).await
}

/// All of a repository. Counted as they come and go: reading a hundred thousand entries of an index takes longer than all
/// else that makes a list.
pub async fn count_all(query: &mut impl Query, repo_id: i64) -> Result<i64> {
    let sql = "SELECT COALESCE(CAST(SUM(runs) AS BIGINT), 0) FROM workflows WHERE repo_id = $1";
    query.fetch_one(sql, args![repo_id]).await
}

/// How many there are; counting stops at `most`.
pub async fn count(query: &mut impl Query, repo_id: i64, filter: &Filter, most: i64) -> Result<i64> {
    Ok(i64::try_from(newest(query, repo_id, filter, most).await?.len()).unwrap_or(most))
}

/// A page, newest first, and how many there are in all; counting stops at `most`. What several filters leave is looked for
/// once for both.
pub async fn find(
    query: &mut impl Query,
    repo_id: i64,
    filter: &Filter,
    (offset, limit): (i64, i64),
    most: i64,
) -> Result<(Vec<Run>, i64)> {
    if filter.is_open() {
        return Ok((list(query, repo_id, filter, offset, limit).await?, count_all(query, repo_id).await?));
    }
    let found = newest(query, repo_id, filter, most).await?;
    let total = i64::try_from(found.len()).unwrap_or(most);
    if offset + limit > most {
        return Ok((list(query, repo_id, filter, offset, limit).await?, total));
    }
    let page = |number: i64| usize::try_from(number).unwrap_or_default().min(found.len());
    let ids = &found[page(offset)..page(offset + limit)];
    if ids.is_empty() {
        return Ok((Vec::new(), total));
    }
    let sql =
        format!("SELECT {} FROM runs WHERE id IN ({}) {}", Run::COLUMNS, placeholders(1, ids.len()), filter.order());
    Ok((query.fetch_all(sql, ids.iter().copied().map(Arg::from).collect()).await?, total))
}

/// The ids of the newest, as far as an index alone knows them.
async fn newest(query: &mut impl Query, repo_id: i64, filter: &Filter, most: i64) -> Result<Vec<i64>> {
    let (clause, mut values) = filter.clause(repo_id);
    values.push(most.into());
    let sql = format!("SELECT id FROM runs {clause} {} LIMIT ${}", filter.order(), values.len());
    query.fetch_all(sql, values).await
}
