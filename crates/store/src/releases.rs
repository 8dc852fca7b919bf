//! Releases and their files.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    #[derive(Clone, Debug)]
    pub struct Release {
        pub id: i64,
        pub repo_id: i64,
        pub tag: String,
        pub target: String,
        pub name: String,
        pub body: String,
        pub draft: bool,
        pub prerelease: bool,
        pub author_id: i64,
        pub created_at: Micros,
        pub published_at: Option<Micros>,
    }
}

record! {
    #[derive(Clone, Debug)]
    pub struct Asset {
        pub id: i64,
        pub release_id: i64,
        pub name: String,
        pub label: Option<String>,
        pub content_type: String,
        pub size: i64,
        /// Of the object that holds it.
        pub digest: String,
        pub downloads: i64,
        pub uploader_id: i64,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// # Errors
/// When the tag has a release.
pub async fn insert(tx: &mut Tx, new: &Release) -> Result<Release> {
    let now = tx.now();
    let published = (!new.draft).then_some(now);
    tx.fetch_one(
        format!(
            "INSERT INTO releases (repo_id, tag, target, name, body, draft, prerelease, author_id, created_at, published_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {}",
            Release::COLUMNS
        ),
        args![
            new.repo_id,
            &new.tag,
            &new.target,
            &new.name,
            &new.body,
            new.draft,
            new.prerelease,
            new.author_id,
            now,
            published,
        ],
    )
    .await
}

/// # Errors
/// When another release has the tag.
pub async fn update(tx: &mut Tx, release: &Release) -> Result<()> {
    tx.execute(
        "UPDATE releases SET tag = $2, target = $3, name = $4, body = $5, draft = $6, prerelease = $7, published_at = $8 \
         WHERE id = $1",
        args![
            release.id,
            &release.tag,
            &release.target,
            &release.name,
            &release.body,
            release.draft,
            release.prerelease,
            release.published_at,
        ],
    )
    .await
    .map(drop)
}

pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM release_assets WHERE release_id = $1", args![id]).await?;
    tx.execute("DELETE FROM releases WHERE id = $1", args![id]).await.map(drop)
}

pub async fn by_id(query: &mut impl Query, repo_id: i64, id: i64) -> Result<Option<Release>> {
    let sql = format!("SELECT {} FROM releases WHERE repo_id = $1 AND id = $2", Release::COLUMNS);
    query.fetch_optional(sql, args![repo_id, id]).await
}

pub async fn by_tag(query: &mut impl Query, repo_id: i64, tag: &str) -> Result<Option<Release>> {
    let sql = format!("SELECT {} FROM releases WHERE repo_id = $1 AND tag = $2 AND draft = FALSE", Release::COLUMNS);
    query.fetch_optional(sql, args![repo_id, tag]).await
}

/// Newest first; drafts for those who may see them.
pub async fn list(query: &mut impl Query, repo_id: i64, drafts: bool, limit: i64, offset: i64) -> Result<Vec<Release>> {
    let sql = format!(
        "SELECT {} FROM releases WHERE repo_id = $1 AND (draft = FALSE OR $2) ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4",
        Release::COLUMNS
    );
    query.fetch_all(sql, args![repo_id, drafts, limit, offset]).await
}

/// The newest that is neither draft nor prerelease.
pub async fn latest(query: &mut impl Query, repo_id: i64) -> Result<Option<Release>> {
    let sql = format!(
        "SELECT {} FROM releases WHERE repo_id = $1 AND draft = FALSE AND prerelease = FALSE ORDER BY published_at DESC, id DESC LIMIT 1",
        Release::COLUMNS
    );
    query.fetch_optional(sql, args![repo_id]).await
}

/// # Errors
/// When the release has a file of this name.
pub async fn insert_asset(tx: &mut Tx, asset: &Asset) -> Result<Asset> {
    let now = tx.now();
    tx.fetch_one(
        format!(
            "INSERT INTO release_assets (release_id, name, label, content_type, size, digest, downloads, uploader_id, \
             created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $8) RETURNING {}",
            Asset::COLUMNS
        ),
        args![
            asset.release_id,
            &asset.name,
            &asset.label,
            &asset.content_type,
            asset.size,
            &asset.digest,
            asset.uploader_id,
            now,
        ],
    )
    .await
}

pub async fn assets(query: &mut impl Query, release_id: i64) -> Result<Vec<Asset>> {
    let sql = format!("SELECT {} FROM release_assets WHERE release_id = $1 ORDER BY id", Asset::COLUMNS);
    query.fetch_all(sql, args![release_id]).await
}

pub async fn asset(query: &mut impl Query, id: i64) -> Result<Option<Asset>> {
    query.fetch_optional(format!("SELECT {} FROM release_assets WHERE id = $1", Asset::COLUMNS), args![id]).await
}

/// # Errors
/// When the release has a file of the new name.
pub async fn rename_asset(tx: &mut Tx, id: i64, name: &str, label: Option<&str>) -> Result<()> {
    let now = tx.now();
    let sql = "UPDATE release_assets SET name = $2, label = $3, updated_at = $4 WHERE id = $1";
    tx.execute(sql, args![id, name, label, now]).await.map(drop)
}

pub async fn count_download(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE release_assets SET downloads = downloads + 1 WHERE id = $1", args![id]).await.map(drop)
}

pub async fn delete_asset(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM release_assets WHERE id = $1", args![id]).await.map(drop)
}
