//! Variables of repositories, environments and organisations: settings that are no secrets.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq)]
    pub struct Variable {
        pub id: i64,
        pub name: String,
        pub value: String,
        /// Of an organisation's: `all`, `private` or `selected`.
        pub visibility: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// # Errors
/// [`crate::Error::Taken`] when the scope has one of that name.
pub async fn insert(tx: &mut Tx, scope: &str, scope_id: i64, name: &str, value: &str, visibility: &str) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO variables (scope, scope_id, name, value, visibility, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id";
    tx.fetch_one(sql, args![scope, scope_id, name, value, visibility, now]).await
}

/// Writes name, value and visibility back.
///
/// # Errors
/// [`crate::Error::Taken`] when another has the new name.
pub async fn update(tx: &mut Tx, variable: &Variable) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE variables SET name = $1, value = $2, visibility = $3, updated_at = $4 WHERE id = $5";
    let values = args![&variable.name, &variable.value, &variable.visibility, now, variable.id];
    tx.execute(sql, values).await?;
    Ok(())
}

pub async fn by_name(query: &mut impl Query, scope: &str, scope_id: i64, name: &str) -> Result<Option<Variable>> {
    let sql = format!("SELECT {} FROM variables WHERE scope = $1 AND scope_id = $2 AND name = $3", Variable::COLUMNS);
    query.fetch_optional(sql, args![scope, scope_id, name]).await
}

pub async fn list(
    query: &mut impl Query,
    scope: &str,
    scope_id: i64,
    offset: i64,
    limit: i64,
) -> Result<Vec<Variable>> {
    let sql = format!(
        "SELECT {} FROM variables WHERE scope = $1 AND scope_id = $2 ORDER BY name LIMIT $3 OFFSET $4",
        Variable::COLUMNS
    );
    query.fetch_all(sql, args![scope, scope_id, limit, offset]).await
}

pub async fn count(query: &mut impl Query, scope: &str, scope_id: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM variables WHERE scope = $1 AND scope_id = $2";
    query.fetch_one(sql, args![scope, scope_id]).await
}

/// Those of an organisation that reach a repository.
pub async fn of_organization_for(
    query: &mut impl Query,
    org_id: i64,
    repo_id: i64,
    private: bool,
) -> Result<Vec<Variable>> {
    let sql = format!(
        "SELECT {} FROM variables WHERE scope = 'organization' AND scope_id = $1 AND (visibility = 'all' \
         OR (visibility = 'private' AND $3) \
         OR (visibility = 'selected' AND id IN (SELECT variable_id FROM variable_repositories WHERE repo_id = $2))) ORDER BY name",
        Variable::COLUMNS
    );
    query.fetch_all(sql, args![org_id, repo_id, private]).await
}

/// `false` when there was none.
pub async fn delete(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<bool> {
    let sql = "DELETE FROM variables WHERE scope = $1 AND scope_id = $2 AND name = $3";
    Ok(tx.execute(sql, args![scope, scope_id, name]).await? > 0)
}

pub async fn selected(query: &mut impl Query, variable_id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT repo_id FROM variable_repositories WHERE variable_id = $1 ORDER BY repo_id";
    query.fetch_all(sql, args![variable_id]).await
}

pub async fn select(tx: &mut Tx, variable_id: i64, repo_ids: &[i64]) -> Result<()> {
    tx.execute("DELETE FROM variable_repositories WHERE variable_id = $1", args![variable_id]).await?;
    for repo_id in repo_ids {
        let sql = "INSERT INTO variable_repositories (variable_id, repo_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, args![variable_id, repo_id]).await?;
    }
    Ok(())
}
