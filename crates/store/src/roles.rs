//! What users are in repositories: by themselves, by their teams, by their organisation.

use crate::{Query, Result, Tx, args};

/// Every role a user was given in a repository of `owner_id`, unordered and with repetition. Ownership of the account itself
/// is not among them.
pub async fn given(query: &mut impl Query, repo_id: i64, owner_id: i64, user_id: i64) -> Result<Vec<String>> {
    let sql = "SELECT role FROM collaborators WHERE repo_id = $1 AND user_id = $2 \
               UNION ALL SELECT tr.role FROM team_repositories tr JOIN team_members tm ON tm.team_id = tr.team_id \
               JOIN teams t ON t.id = tr.team_id WHERE tr.repo_id = $1 AND tm.user_id = $2 AND t.org_id = $3 \
               UNION ALL SELECT CASE WHEN m.role = 'admin' THEN 'admin' ELSE o.default_role END \
               FROM memberships m JOIN users o ON o.id = m.org_id WHERE m.org_id = $3 AND m.user_id = $2";
    query.fetch_all(sql, args![repo_id, user_id, owner_id]).await
}

/// A condition on the repository aliased `r`: whether the user bound to placeholder `$user` has it or has a role in it.
/// Visibility is not in it.
#[must_use]
pub fn has_role_sql(user: usize) -> String {
    format!(
        "(r.owner_id = ${user} \
         OR EXISTS (SELECT 1 FROM collaborators c WHERE c.repo_id = r.id AND c.user_id = ${user}) \
         OR EXISTS (SELECT 1 FROM team_repositories tr JOIN team_members tm ON tm.team_id = tr.team_id \
            JOIN teams t ON t.id = tr.team_id \
            WHERE tr.repo_id = r.id AND tm.user_id = ${user} AND t.org_id = r.owner_id) \
         OR EXISTS (SELECT 1 FROM memberships m JOIN users o ON o.id = m.org_id \
            WHERE m.org_id = r.owner_id AND m.user_id = ${user} AND (m.role = 'admin' OR o.default_role <> 'none')))"
    )
}

/// A collaborator's own role.
pub async fn collaborator(query: &mut impl Query, repo_id: i64, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT role FROM collaborators WHERE repo_id = $1 AND user_id = $2";
    query.fetch_optional(sql, args![repo_id, user_id]).await
}

/// Gives a role; `true` when the user had none of their own before.
pub async fn set_collaborator(tx: &mut Tx, repo_id: i64, user_id: i64, role: &str) -> Result<bool> {
    let before = collaborator(tx, repo_id, user_id).await?;
    let now = tx.now();
    let sql = "INSERT INTO collaborators (repo_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (repo_id, user_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![repo_id, user_id, role, now]).await?;
    Ok(before.is_none())
}

/// `false` when it was no collaborator.
pub async fn remove_collaborator(tx: &mut Tx, repo_id: i64, user_id: i64) -> Result<bool> {
    let sql = "DELETE FROM collaborators WHERE repo_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![repo_id, user_id]).await? > 0)
}

/// Everybody with a role in a repository, by id: collaborators, members of teams, members of the organisation that has it.
pub async fn people(
    query: &mut impl Query,
    repo_id: i64,
    owner_id: i64,
    offset: i64,
    limit: i64,
) -> Result<Vec<crate::users::User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE kind <> 'Organization' AND (id = $2 \
         OR id IN (SELECT user_id FROM collaborators WHERE repo_id = $1) \
         OR id IN (SELECT tm.user_id FROM team_members tm JOIN team_repositories tr ON tr.team_id = tm.team_id \
            JOIN teams t ON t.id = tm.team_id WHERE tr.repo_id = $1 AND t.org_id = $2) \
         OR id IN (SELECT m.user_id FROM memberships m JOIN users o ON o.id = m.org_id \
            WHERE m.org_id = $2 AND (m.role = 'admin' OR o.default_role <> 'none'))) ORDER BY id LIMIT $3 OFFSET $4",
        crate::users::User::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, owner_id, limit, offset]).await
}

/// A repository goes to another owner: what the one before gave it ends. Collaborators stay.
pub async fn leave_owner(tx: &mut Tx, repo_id: i64) -> Result<()> {
    for table in ["team_repositories", "secret_repositories", "variable_repositories", "runner_group_repos"] {
        tx.execute(format!("DELETE FROM {table} WHERE repo_id = $1"), args![repo_id]).await?;
    }
    Ok(())
}

/// What goes with a repository that is deleted.
pub async fn forget_repository(tx: &mut Tx, repo_id: i64) -> Result<()> {
    for table in ["collaborators", "team_repositories", "secret_repositories", "variable_repositories", "job_tokens"] {
        tx.execute(format!("DELETE FROM {table} WHERE repo_id = $1"), args![repo_id]).await?;
    }
    for table in ["secrets", "variables", "box_keys"] {
        let sql = format!("DELETE FROM {table} WHERE scope IN ('repository', 'dependabot') AND scope_id = $1");
        tx.execute(sql, args![repo_id]).await?;
    }
    Ok(())
}
