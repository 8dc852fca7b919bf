//! Artifacts of runs.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Artifact {
        pub id: i64,
        pub repo_id: i64,
        pub run_id: i64,
        pub attempt: i64,
        pub job_id: i64,
        /// The claim that uploaded it.
        pub fence: i64,
        /// The leg, as its owner is told.
        pub leg: String,
        pub name: String,
        pub mime_type: String,
        pub size: i64,
        /// `sha256:…`
        pub digest: String,
        /// None once it has expired.
        pub object: Option<String>,
        pub created_at: Micros,
        pub expires_at: Micros,
    }
}

impl Artifact {
    #[must_use]
    pub fn is_expired(&self) -> bool {
        self.object.is_none()
    }
}

/// Inserts an artifact with everything but its id; an error of [`crate::Error::is_taken`] when the attempt has one of the
/// name.
pub async fn insert(tx: &mut Tx, new: &Artifact) -> Result<i64> {
    let columns = Artifact::COLUMNS.trim_start_matches("id, ");
    let sql = format!("INSERT INTO artifacts ({columns}) VALUES ({}) RETURNING id", crate::placeholders(1, 13));
    let values = args![
        new.repo_id,
        new.run_id,
        new.attempt,
        new.job_id,
        new.fence,
        &new.leg,
        &new.name,
        &new.mime_type,
        new.size,
        &new.digest,
        new.object.as_deref(),
        new.created_at,
        new.expires_at,
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(db: &mut impl Query, id: i64) -> Result<Option<Artifact>> {
    db.fetch_optional(format!("SELECT {} FROM artifacts WHERE id = $1", Artifact::COLUMNS), args![id]).await
}

/// What a run has: of several attempts' artifacts with the same name the last one's.
pub async fn of_run(db: &mut impl Query, run_id: i64) -> Result<Vec<Artifact>> {
    let sql = format!(
        "SELECT {} FROM artifacts a WHERE run_id = $1 AND NOT EXISTS (SELECT 1 FROM artifacts b \
         WHERE b.run_id = a.run_id AND b.name = a.name AND b.attempt > a.attempt) ORDER BY id",
        Artifact::COLUMNS
    );
    db.fetch_all(sql, args![run_id]).await
}

/// The ids of all that a run has, of all its attempts.
pub async fn ids_of_run(db: &mut impl Query, run_id: i64) -> Result<Vec<i64>> {
    db.fetch_all("SELECT id FROM artifacts WHERE run_id = $1 ORDER BY id", args![run_id]).await
}

/// A page of a repository's artifacts, newest first; all names unless one is given.
pub async fn of_repo(
    db: &mut impl Query,
    repo_id: i64,
    name: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Artifact>> {
    let sql = format!(
        "SELECT {} FROM artifacts WHERE repo_id = $1 AND ($2 = '' OR name = $2) ORDER BY id DESC LIMIT $3 OFFSET $4",
        Artifact::COLUMNS
    );
    db.fetch_all(sql, args![repo_id, name.unwrap_or_default(), limit, offset]).await
}

pub async fn count_of_repo(db: &mut impl Query, repo_id: i64, name: Option<&str>) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM artifacts WHERE repo_id = $1 AND ($2 = '' OR name = $2)";
    db.fetch_one(sql, args![repo_id, name.unwrap_or_default()]).await
}

/// Forgets an artifact; the object that nobody refers to any more.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<Option<String>> {
    let sql = "DELETE FROM artifacts WHERE id = $1 RETURNING COALESCE(object, '')";
    let object: Option<String> = tx.fetch_optional(sql, args![id]).await?;
    Ok(object.filter(|object| !object.is_empty()))
}

/// Artifacts whose time has come, with their objects.
pub async fn expired(db: &mut impl Query, now: Micros, most: i64) -> Result<Vec<Artifact>> {
    let sql = format!(
        "SELECT {} FROM artifacts WHERE object IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2",
        Artifact::COLUMNS
    );
    db.fetch_all(sql, args![now, most]).await
}

/// The content is gone; the row stays, so that one sees what there was.
pub async fn expire(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE artifacts SET object = NULL WHERE id = $1", args![id]).await.map(drop)
}
