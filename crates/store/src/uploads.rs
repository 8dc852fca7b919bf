//! Content of artifacts and caches on its way.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Upload {
        pub id: i64,
        pub repo_id: i64,
        pub run_id: i64,
        pub attempt: i64,
        pub job_id: i64,
        pub fence: i64,
        /// As GitHub's clients know the job.
        pub backend_id: String,
        /// `artifact` or `cache`.
        pub kind: String,
        /// The artifact's name, or the cache's key.
        pub name: String,
        pub version: String,
        /// The cache's scope; the artifact's media type.
        pub detail: String,
        pub expires_at: Option<Micros>,
        /// The content, once it is committed.
        pub object: Option<String>,
        pub size: i64,
        pub sha256: String,
        /// JSON: the list of blocks that it was joined from.
        pub blocks: Option<String>,
        pub created_at: Micros,
    }
}

record! {
    /// A block, or a range.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Part {
        /// The block's id, or the offset of a range.
        pub part: String,
        pub object: String,
        pub size: i64,
    }
}

/// Inserts an upload with everything but its id.
pub async fn insert(tx: &mut Tx, new: &Upload) -> Result<i64> {
    let columns = Upload::COLUMNS.trim_start_matches("id, ");
    let sql = format!("INSERT INTO uploads ({columns}) VALUES ({}) RETURNING id", crate::placeholders(1, 16));
    let values = args![
        new.repo_id,
        new.run_id,
        new.attempt,
        new.job_id,
        new.fence,
        &new.backend_id,
        &new.kind,
        &new.name,
        &new.version,
        &new.detail,
        new.expires_at,
        new.object.as_deref(),
        new.size,
        &new.sha256,
        new.blocks.as_deref(),
        new.created_at,
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(db: &mut impl Query, id: i64) -> Result<Option<Upload>> {
    db.fetch_optional(format!("SELECT {} FROM uploads WHERE id = $1", Upload::COLUMNS), args![id]).await
}

/// An upload, locked: whoever has it decides what becomes of its content.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<Option<Upload>> {
    let clause = tx.lock_clause(crate::Lock::Wait);
    tx.fetch_optional(format!("SELECT {} FROM uploads WHERE id = $1{clause}", Upload::COLUMNS), args![id]).await
}

/// Whether the claim that announced it still holds its job. What others left counts for nothing.
pub async fn is_alive(db: &mut impl Query, upload: &Upload) -> Result<bool> {
    let sql = "SELECT COUNT(*) FROM jobs WHERE id = $1 AND fence = $2 AND status = 'in_progress'";
    Ok(db.fetch_one::<i64>(sql, args![upload.job_id, upload.fence]).await? > 0)
}

/// Uploads of a run's artifact with this name, or of a repository's cache with this key and version.
pub async fn named(db: &mut impl Query, repo_id: i64, kind: &str, name: &str) -> Result<Vec<Upload>> {
    let sql =
        format!("SELECT {} FROM uploads WHERE repo_id = $1 AND kind = $2 AND name = $3 ORDER BY id", Upload::COLUMNS);
    db.fetch_all(sql, args![repo_id, kind, name]).await
}

pub async fn parts(db: &mut impl Query, upload_id: i64) -> Result<Vec<Part>> {
    db.fetch_all(format!("SELECT {} FROM upload_parts WHERE upload_id = $1", Part::COLUMNS), args![upload_id]).await
}

/// Adds a part; the object of one with the same id, whose place it takes.
pub async fn put_part(tx: &mut Tx, upload_id: i64, part: &Part) -> Result<Option<String>> {
    let find = "SELECT object FROM upload_parts WHERE upload_id = $1 AND part = $2";
    let replaced = tx.fetch_optional(find, args![upload_id, &part.part]).await?;
    let upsert = "INSERT INTO upload_parts (upload_id, part, object, size) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (upload_id, part) DO UPDATE SET object = excluded.object, size = excluded.size";
    tx.execute(upsert, args![upload_id, &part.part, &part.object, part.size]).await?;
    Ok(replaced)
}

/// The content is complete. Its parts are forgotten; their objects are returned.
pub async fn commit(
    tx: &mut Tx,
    id: i64,
    object: &str,
    size: i64,
    sha256: &str,
    blocks: Option<&str>,
) -> Result<Vec<String>> {
    let sql = "UPDATE uploads SET object = $2, size = $3, sha256 = $4, blocks = $5 WHERE id = $1";
    tx.execute(sql, args![id, object, size, sha256, blocks]).await?;
    let parts = tx.fetch_all("SELECT object FROM upload_parts WHERE upload_id = $1", args![id]).await?;
    tx.execute("DELETE FROM upload_parts WHERE upload_id = $1", args![id]).await?;
    Ok(parts)
}

/// Forgets an upload; the objects of its parts, and its content's unless that was taken over.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<Vec<String>> {
    let mut objects: Vec<String> =
        tx.fetch_all("SELECT object FROM upload_parts WHERE upload_id = $1", args![id]).await?;
    tx.execute("DELETE FROM upload_parts WHERE upload_id = $1", args![id]).await?;
    let content: Option<String> =
        tx.fetch_optional("DELETE FROM uploads WHERE id = $1 RETURNING COALESCE(object, '')", args![id]).await?;
    objects.extend(content.filter(|object| !object.is_empty()));
    Ok(objects)
}

/// Uploads that are older, or whose job has ended.
pub async fn abandoned(db: &mut impl Query, older: Micros, most: i64) -> Result<Vec<i64>> {
    let sql = "SELECT u.id FROM uploads u LEFT JOIN jobs j ON j.id = u.job_id \
               WHERE u.created_at < $1 OR j.id IS NULL OR j.status = 'completed' OR j.fence <> u.fence ORDER BY u.id LIMIT $2";
    db.fetch_all(sql, args![older, most]).await
}
