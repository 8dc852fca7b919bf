use serde_json::{Value, json};
use store::releases::{Asset, Release};
use store::repositories::Repository;

use super::Shape;
use super::times::{at, maybe};
use crate::Result;
use crate::ids::node_id;

impl Shape<'_> {
    /// A release with its files.
    pub async fn release(&mut self, repository: &Repository, release: &Release) -> Result<Value> {
        let full_name = repository.full_name();
        let (repo, page) = (self.urls().repo(&full_name), self.urls().page(&full_name));
        let api = format!("{repo}/releases/{}", release.id);
        let mut assets = Vec::new();
        for asset in store::releases::assets(&mut self.read(), release.id).await? {
            assets.push(self.asset(repository, release, &asset).await?);
        }
        let tag = super::issues::escape(&release.tag);
        let archive = |form: &str| (!release.draft).then(|| format!("{repo}/{form}/{tag}"));
        Ok(json!({
            "url": api,
            "assets_url": format!("{api}/assets"),
            "upload_url": format!("{}/assets{{?name,label}}", uploads(&api, &self.urls().api)),
            "html_url": format!("{page}/releases/tag/{tag}"),
            "id": release.id,
            "author": self.user(release.author_id).await?,
            "node_id": node_id("Release", release.id),
            "tag_name": release.tag,
            "target_commitish": release.target,
            "name": release.name,
            "draft": release.draft,
            "immutable": false,
            "prerelease": release.prerelease,
            "created_at": at(release.created_at),
            "updated_at": at(release.published_at.unwrap_or(release.created_at)),
            "published_at": maybe(release.published_at),
            "assets": assets,
            "tarball_url": archive("tarball"),
            "zipball_url": archive("zipball"),
            "body": release.body,
        }))
    }

    /// A file of a release.
    pub async fn asset(&mut self, repository: &Repository, release: &Release, asset: &Asset) -> Result<Value> {
        let full_name = repository.full_name();
        let (repo, page) = (self.urls().repo(&full_name), self.urls().page(&full_name));
        let (tag, name) = (super::issues::escape(&release.tag), super::issues::escape(&asset.name));
        Ok(json!({
            "url": format!("{repo}/releases/assets/{}", asset.id),
            "id": asset.id,
            "node_id": node_id("ReleaseAsset", asset.id),
            "name": asset.name,
            "label": asset.label.as_deref().unwrap_or_default(),
            "uploader": self.user(asset.uploader_id).await?,
            "content_type": asset.content_type,
            "state": "uploaded",
            "size": asset.size,
            "digest": asset.digest,
            "download_count": asset.downloads,
            "created_at": at(asset.created_at),
            "updated_at": at(asset.updated_at),
            "browser_download_url": format!("{page}/releases/download/{tag}/{name}"),
        }))
    }
}

/// Where files are sent: beside the API, as on GitHub's own servers.
fn uploads(url: &str, api: &str) -> String {
    url.strip_prefix(api).map_or_else(
        || url.to_owned(),
        |rest| format!("{}/api/uploads{rest}", api.strip_suffix("/api/v3").unwrap_or(api)),
    )
}
