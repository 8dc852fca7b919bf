//! Teams of organisations: who is in them, which repositories they reach.

use crate::users::User;
use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq)]
    pub struct Team {
        pub id: i64,
        pub org_id: i64,
        pub slug: String,
        pub name: String,
        pub description: Option<String>,
        /// `closed`: seen by members of the organisation; `secret`: by its own.
        pub privacy: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// # Errors
/// [`crate::Error::Taken`] when the organisation has a team of that slug.
pub async fn insert(
    tx: &mut Tx,
    org_id: i64,
    slug: &str,
    name: &str,
    description: Option<&str>,
    privacy: &str,
) -> Result<i64> {
    let now = tx.now();
    let sql = "INSERT INTO teams (org_id, slug, name, description, privacy, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6) RETURNING id";
    tx.fetch_one(sql, args![org_id, slug, name, description, privacy, now]).await
}

/// Writes slug, name, description and privacy back.
pub async fn update(tx: &mut Tx, team: &Team) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE teams SET slug = $1, name = $2, description = $3, privacy = $4, updated_at = $5 WHERE id = $6";
    let values = args![&team.slug, &team.name, &team.description, &team.privacy, now, team.id];
    tx.execute(sql, values).await?;
    Ok(())
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM teams WHERE id = $1", args![id]).await?;
    Ok(())
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Team>> {
    let sql = format!("SELECT {} FROM teams WHERE id = $1", Team::COLUMNS);
    query.fetch_optional(sql, args![id]).await
}

pub async fn by_slug(query: &mut impl Query, org_id: i64, slug: &str) -> Result<Option<Team>> {
    let sql = format!("SELECT {} FROM teams WHERE org_id = $1 AND slug = $2", Team::COLUMNS);
    query.fetch_optional(sql, args![org_id, slug.to_lowercase()]).await
}

/// The teams of an organisation; of those that are secret only the ones `seen_by` is in. An owner sees all: `None`.
pub async fn list(
    query: &mut impl Query,
    org_id: i64,
    seen_by: Option<i64>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Team>> {
    let sql = format!(
        "SELECT {} FROM teams WHERE org_id = $1 AND ($2 = -1 OR privacy = 'closed' \
         OR id IN (SELECT team_id FROM team_members WHERE user_id = $2)) ORDER BY id LIMIT $3 OFFSET $4",
        Team::COLUMNS
    );
    query.fetch_all(sql, args![org_id, seen_by.unwrap_or(-1), limit, offset]).await
}

pub async fn of_user(query: &mut impl Query, user_id: i64, offset: i64, limit: i64) -> Result<Vec<Team>> {
    let sql = format!(
        "SELECT {} FROM teams WHERE id IN (SELECT team_id FROM team_members WHERE user_id = $1) ORDER BY id LIMIT $2 OFFSET $3",
        Team::COLUMNS
    );
    query.fetch_all(sql, args![user_id, limit, offset]).await
}

/// `member` or `maintainer`.
pub async fn membership(query: &mut impl Query, team_id: i64, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT role FROM team_members WHERE team_id = $1 AND user_id = $2";
    query.fetch_optional(sql, args![team_id, user_id]).await
}

pub async fn set_member(tx: &mut Tx, team_id: i64, user_id: i64, role: &str) -> Result<()> {
    let sql = "INSERT INTO team_members (team_id, user_id, role) VALUES ($1, $2, $3) \
               ON CONFLICT (team_id, user_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![team_id, user_id, role]).await?;
    Ok(())
}

/// `false` when it was no member.
pub async fn remove_member(tx: &mut Tx, team_id: i64, user_id: i64) -> Result<bool> {
    let sql = "DELETE FROM team_members WHERE team_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![team_id, user_id]).await? > 0)
}

pub async fn members(query: &mut impl Query, team_id: i64, offset: i64, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE id IN (SELECT user_id FROM team_members WHERE team_id = $1) ORDER BY id LIMIT $2 OFFSET $3",
        User::COLUMNS
    );
    query.fetch_all(sql, args![team_id, limit, offset]).await
}

/// The ids of everybody in the team: reviewers of an environment.
pub async fn member_ids(query: &mut impl Query, team_id: i64) -> Result<Vec<i64>> {
    query.fetch_all("SELECT user_id FROM team_members WHERE team_id = $1 ORDER BY user_id", args![team_id]).await
}

pub async fn set_repository(tx: &mut Tx, team_id: i64, repo_id: i64, role: &str) -> Result<()> {
    let sql = "INSERT INTO team_repositories (team_id, repo_id, role) VALUES ($1, $2, $3) \
               ON CONFLICT (team_id, repo_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![team_id, repo_id, role]).await?;
    Ok(())
}

/// `false` when it had no role there.
pub async fn remove_repository(tx: &mut Tx, team_id: i64, repo_id: i64) -> Result<bool> {
    let sql = "DELETE FROM team_repositories WHERE team_id = $1 AND repo_id = $2";
    Ok(tx.execute(sql, args![team_id, repo_id]).await? > 0)
}

/// Ids of the repositories a team reaches, with its role in each.
pub async fn repositories(query: &mut impl Query, team_id: i64, offset: i64, limit: i64) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT repo_id, role FROM team_repositories WHERE team_id = $1 ORDER BY repo_id LIMIT $2 OFFSET $3";
    query.fetch_all(sql, args![team_id, limit, offset]).await
}

/// The teams that reach a repository, with their roles.
pub async fn of_repository(query: &mut impl Query, repo_id: i64) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT team_id, role FROM team_repositories WHERE repo_id = $1 ORDER BY team_id";
    query.fetch_all(sql, args![repo_id]).await
}
