//! Repositories and the names they had.

use serde_json::Value;

use crate::difference::Difference;
use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// A repository.
    #[derive(Clone, Debug)]
    pub struct Repository {
        pub id: i64,
        pub owner_id: i64,
        /// The owner's login.
        pub owner: String,
        /// `User` or `Organization`.
        pub owner_kind: String,
        pub name: String,
        pub description: String,
        pub homepage: String,
        /// `public`, `internal` (everybody with an account) or `private`.
        pub visibility: String,
        pub default_branch: String,
        pub archived: bool,
        pub fork_of: Option<i64>,
        pub fork_root: Option<i64>,
        pub actions_enabled: bool,
        pub settings: Value,
        pub topics: Value,
        /// Bytes on the disk when they were last counted.
        pub size: i64,
        pub created_at: Micros,
        pub updated_at: Micros,
        pub pushed_at: Option<Micros>,
    }
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    #[must_use]
    pub fn is_private(&self) -> bool {
        self.visibility != "public"
    }

    /// One of the settings that are on or off.
    #[must_use]
    pub fn setting(&self, name: &str, or: bool) -> bool {
        self.settings.get(name).and_then(Value::as_bool).unwrap_or(or)
    }
}

const SELECT: &str = "SELECT r.id, r.owner_id, u.login AS owner, u.kind AS owner_kind, r.name, r.description, r.homepage, \
     r.visibility, r.default_branch, r.archived, r.fork_of, r.fork_root, r.actions_enabled, r.settings, r.topics, r.size, \
     r.created_at, r.updated_at, r.pushed_at FROM repositories r JOIN users u ON u.id = r.owner_id WHERE r.deleted_at IS NULL";

/// What a new repository is made of.
#[derive(Clone, Debug)]
pub struct NewRepository<'a> {
    pub owner_id: i64,
    pub name: &'a str,
    pub description: &'a str,
    pub homepage: &'a str,
    pub visibility: &'a str,
    pub default_branch: &'a str,
    pub fork_of: Option<&'a Repository>,
    pub settings: &'a Value,
}

/// # Errors
/// When the owner has a repository of this name.
pub async fn insert(tx: &mut Tx, new: &NewRepository<'_>) -> Result<i64> {
    let now = tx.now();
    // A name that is used again leads to the new one.
    tx.execute(
        "DELETE FROM repository_redirects WHERE owner_id = $1 AND name_key = $2",
        args![new.owner_id, new.name.to_lowercase()],
    )
    .await?;
    tx.fetch_one(
        "INSERT INTO repositories (owner_id, name, name_key, description, homepage, visibility, default_branch, archived, \
         fork_of, fork_root, actions_enabled, settings, topics, next_number, size, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $8, $9, TRUE, $10, '[]', 1, 0, $11, $11) RETURNING id",
        args![
            new.owner_id,
            new.name,
            new.name.to_lowercase(),
            new.description,
            new.homepage,
            new.visibility,
            new.default_branch,
            new.fork_of.map(|parent| parent.id),
            new.fork_of.map(|parent| parent.fork_root.unwrap_or(parent.id)),
            new.settings,
            now,
        ],
    )
    .await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<Repository>> {
    query.fetch_optional(format!("{SELECT} AND r.id = $1"), args![id]).await
}

/// By owner and name, whatever their case; names from before a rename lead to the repository too.
pub async fn by_name(query: &mut impl Query, owner: &str, name: &str) -> Result<Option<Repository>> {
    let (owner, name) = (owner.to_lowercase(), name.to_lowercase());
    let sql = format!("{SELECT} AND u.login_key = $1 AND r.name_key = $2");
    if let Some(found) = query.fetch_optional(sql, args![&owner, &name]).await? {
        return Ok(Some(found));
    }
    let sql = format!(
        "{SELECT} AND r.id = (SELECT d.repo_id FROM repository_redirects d JOIN users o ON o.id = d.owner_id \
         WHERE o.login_key = $1 AND d.name_key = $2)"
    );
    query.fetch_optional(sql, args![&owner, &name]).await
}

/// All of them, by number; `after` for pages.
pub async fn all(query: &mut impl Query, after: i64, limit: i64) -> Result<Vec<Repository>> {
    query.fetch_all(format!("{SELECT} AND r.id > $1 ORDER BY r.id LIMIT $2"), args![after, limit]).await
}

pub async fn of_owner(query: &mut impl Query, owner_id: i64) -> Result<Vec<Repository>> {
    query.fetch_all(format!("{SELECT} AND r.owner_id = $1 ORDER BY r.name_key"), args![owner_id]).await
}

/// Those in which a user has a role, newest push first.
pub async fn with_role(query: &mut impl Query, user_id: i64) -> Result<Vec<Repository>> {
    let role = crate::roles::has_role_sql(1);
    query
        .fetch_all(format!("{SELECT} AND {role} ORDER BY COALESCE(r.pushed_at, r.created_at) DESC"), args![user_id])
        .await
}

pub async fn forks(query: &mut impl Query, id: i64) -> Result<Vec<Repository>> {
    query.fetch_all(format!("{SELECT} AND r.fork_of = $1 ORDER BY r.id DESC"), args![id]).await
}

/// An own fork of a repository.
pub async fn fork_of_owner(query: &mut impl Query, id: i64, owner_id: i64) -> Result<Option<Repository>> {
    query.fetch_optional(format!("{SELECT} AND r.fork_of = $1 AND r.owner_id = $2"), args![id, owner_id]).await
}

/// Counts of forks, open issues and pull requests.
pub async fn counts(query: &mut impl Query, id: i64) -> Result<(i64, i64)> {
    query
        .fetch_one(
            "SELECT (SELECT COUNT(*) FROM repositories WHERE fork_of = $1 AND deleted_at IS NULL), \
             (SELECT COUNT(*) FROM issues WHERE repo_id = $1 AND state = 'open')",
            args![id],
        )
        .await
}

/// Writes what was changed since `before` was read. Of the settings each is a change of its own.
pub async fn update(tx: &mut Tx, before: &Repository, after: &Repository) -> Result<()> {
    let now = tx.now();
    let settings = settings_now(tx, before, after).await?;
    let mut difference = Difference::of(after.id)
        .column("description", &before.description, &after.description)
        .column("homepage", &before.homepage, &after.homepage)
        .column("visibility", &before.visibility, &after.visibility)
        .column("default_branch", &before.default_branch, &after.default_branch)
        .column("archived", before.archived, after.archived)
        .column("actions_enabled", before.actions_enabled, after.actions_enabled)
        .column("topics", &before.topics, &after.topics)
        .set("updated_at", now);
    if let Some(settings) = &settings {
        difference = difference.set("settings", settings);
    }
    difference.write(tx, "repositories", "id").await
}

/// The settings as they are now with the changed ones in them; `None` when none was changed.
async fn settings_now(tx: &mut Tx, before: &Repository, after: &Repository) -> Result<Option<Value>> {
    if before.settings == after.settings {
        return Ok(None);
    }
    let lock = tx.lock_clause(crate::Lock::Wait);
    let sql = format!("SELECT settings, id FROM repositories WHERE id = $1{lock}");
    let found: Option<(Value, i64)> = tx.fetch_optional(sql, args![after.id]).await?;
    let mut now = found.map(|(settings, _)| settings).unwrap_or_default();
    let (Some(now_there), Some(wanted)) = (now.as_object_mut(), after.settings.as_object()) else {
        return Ok(Some(after.settings.clone()));
    };
    for (name, value) in wanted {
        if before.settings.get(name) != Some(value) {
            now_there.insert(name.clone(), value.clone());
        }
    }
    now_there.retain(|name, _| wanted.contains_key(name) || before.settings.get(name).is_none());
    Ok(Some(now))
}

/// Gives another name or owner; the old name leads to it from now on.
///
/// # Errors
/// When the name is taken.
pub async fn rename(tx: &mut Tx, repository: &Repository, owner_id: i64, name: &str) -> Result<()> {
    let (old, new) = (repository.name.to_lowercase(), name.to_lowercase());
    let now = tx.now();
    tx.execute(
        "DELETE FROM repository_redirects WHERE (owner_id = $1 AND name_key = $2) OR (owner_id = $3 AND name_key = $4)",
        args![owner_id, &new, repository.owner_id, &old],
    )
    .await?;
    tx.execute(
        "UPDATE repositories SET owner_id = $2, name = $3, name_key = $4, updated_at = $5 WHERE id = $1",
        args![repository.id, owner_id, name, &new, now],
    )
    .await?;
    if (repository.owner_id, &old) != (owner_id, &new) {
        tx.execute(
            "INSERT INTO repository_redirects (owner_id, name_key, repo_id) VALUES ($1, $2, $3)",
            args![repository.owner_id, &old, repository.id],
        )
        .await?;
    }
    Ok(())
}

/// Nobody sees it any more; its name is free at once.
pub async fn mark_deleted(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("DELETE FROM repository_redirects WHERE repo_id = $1", args![id]).await?;
    tx.execute("UPDATE repositories SET fork_of = NULL WHERE fork_of = $1", args![id]).await?;
    tx.execute("UPDATE repositories SET deleted_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

pub async fn deleted(query: &mut impl Query) -> Result<Vec<i64>> {
    query.fetch_all("SELECT id FROM repositories WHERE deleted_at IS NOT NULL", args![]).await
}

pub async fn set_pushed(tx: &mut Tx, id: i64) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE repositories SET pushed_at = $2 WHERE id = $1", args![id, now]).await.map(drop)
}

pub async fn set_default_branch(tx: &mut Tx, id: i64, branch: &str) -> Result<()> {
    tx.execute("UPDATE repositories SET default_branch = $2 WHERE id = $1", args![id, branch]).await.map(drop)
}

pub async fn set_size(tx: &mut Tx, id: i64, size: i64) -> Result<()> {
    tx.execute("UPDATE repositories SET size = $2 WHERE id = $1", args![id, size]).await.map(drop)
}

/// The next number of an issue or a pull request.
pub async fn take_number(tx: &mut Tx, id: i64) -> Result<i64> {
    tx.fetch_one(
        "UPDATE repositories SET next_number = next_number + 1 WHERE id = $1 RETURNING next_number - 1",
        args![id],
    )
    .await
}

/// Bytes of its large files and of the files of its releases.
pub async fn bytes_of_files(query: &mut impl Query, id: i64) -> Result<i64> {
    let sql = "SELECT CAST(COALESCE((SELECT SUM(size) FROM lfs_objects WHERE repo_id = $1), 0) + \
               COALESCE((SELECT SUM(a.size) FROM release_assets a JOIN releases r ON r.id = a.release_id \
               WHERE r.repo_id = $1), 0) AS BIGINT)";
    query.fetch_one(sql, args![id]).await
}
