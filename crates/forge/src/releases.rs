//! Releases and their files.

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use identity::Action;
use store::releases::{Asset, Release};
use store::repositories::Repository;

use crate::git::{Order, ZERO};
use crate::push::RefChange;
use crate::{Actor, Error, Forge, Result};

/// A release as it is wanted.
#[derive(Clone, Debug, Default)]
pub struct NewRelease<'a> {
    pub tag: &'a str,
    /// Where the tag is made when it is not there: a branch or a commit; the default branch where nothing is given.
    pub target: Option<&'a str>,
    pub name: Option<&'a str>,
    pub body: &'a str,
    pub draft: bool,
    pub prerelease: bool,
}

impl Forge {
    /// Makes a release; its tag too, unless it is a draft.
    pub async fn create_release(
        &self,
        repository: &Repository,
        actor: &Actor,
        new: &NewRelease<'_>,
    ) -> Result<Release> {
        check_tag(new.tag)?;
        let target = new.target.unwrap_or(&repository.default_branch).to_owned();
        if !new.draft {
            self.ensure_tag(repository, actor, new.tag, &target).await?;
        }
        let row = Release {
            id: 0,
            repo_id: repository.id,
            tag: new.tag.to_owned(),
            target,
            name: new.name.unwrap_or(new.tag).to_owned(),
            body: new.body.to_owned(),
            draft: new.draft,
            prerelease: new.prerelease,
            author_id: actor.account_id,
            created_at: 0,
            published_at: None,
        };
        let mut tx = self.store().begin().await?;
        let release = store::releases::insert(&mut tx, &row).await.map_err(taken)?;
        // Of drafts nobody hears.
        if !release.draft {
            let mut told = vec![self.tell_release(repository, actor, "created", &release).await?];
            told.extend(self.tell_published(repository, actor, &release).await?);
            self.append_events(&mut tx, told).await?;
        }
        tx.commit().await?;
        Ok(release)
    }

    async fn tell_published(
        &self,
        repository: &Repository,
        actor: &Actor,
        release: &Release,
    ) -> Result<Vec<crate::events::Told>> {
        let last = if release.prerelease { "prereleased" } else { "released" };
        Ok(vec![
            self.tell_release(repository, actor, "published", release).await?,
            self.tell_release(repository, actor, last, release).await?,
        ])
    }

    /// Writes a release that was read and changed.
    pub async fn change_release(
        &self,
        repository: &Repository,
        actor: &Actor,
        before: &Release,
        mut release: Release,
    ) -> Result<Release> {
        check_tag(&release.tag)?;
        let published = before.draft && !release.draft;
        if !release.draft {
            self.ensure_tag(repository, actor, &release.tag, &release.target).await?;
        }
        if published {
            release.published_at = Some(self.store().now());
        }
        let mut tx = self.store().begin().await?;
        store::releases::update(&mut tx, &release).await.map_err(taken)?;
        let told = match (published, release.draft) {
            (true, _) => self.tell_published(repository, actor, &release).await?,
            (false, true) => Vec::new(),
            (false, false) => vec![self.tell_release(repository, actor, "edited", &release).await?],
        };
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        Ok(release)
    }

    pub async fn delete_release(&self, repository: &Repository, actor: &Actor, release: &Release) -> Result<()> {
        let told = match release.draft {
            true => Vec::new(),
            false => vec![self.tell_release(repository, actor, "deleted", release).await?],
        };
        let mut tx = self.store().begin().await?;
        store::releases::delete(&mut tx, release.id).await?;
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn ensure_tag(&self, repository: &Repository, actor: &Actor, tag: &str, target: &str) -> Result<()> {
        let name = format!("refs/tags/{tag}");
        let repo = self.git(repository.id);
        if repo.ref_oid(&name).await?.is_some() {
            return Ok(());
        }
        let commit = match repo.resolve(&format!("refs/heads/{target}")).await? {
            Some(commit) => Some(commit),
            None => repo.resolve(target).await?,
        };
        let commit = commit.ok_or_else(|| {
            Error::invalid("Release", "target_commitish", format!("there is no branch or commit `{target}`"))
        })?;
        let change = RefChange { name, old: ZERO.to_owned(), new: commit };
        self.judge_change(repository, actor, &change).await?;
        self.change_refs(repository, actor, "api", serde_json::Value::Null, &[change]).await
    }

    /// Gives a file of a release another name or label.
    pub async fn change_asset(
        &self,
        caller: &identity::Caller,
        repository: &Repository,
        release: &Release,
        asset: &Asset,
        name: Option<&str>,
        label: Option<&str>,
    ) -> Result<Asset> {
        let mut asset = asset.clone();
        if let Some(name) = name.filter(|name| *name != asset.name) {
            self.check_asset_name(release, name).await?;
            name.clone_into(&mut asset.name);
        }
        if let Some(label) = label {
            asset.label = Some(label.to_owned());
        }
        let mut tx = self.store().begin().await?;
        store::releases::rename_asset(&mut tx, asset.id, &asset.name, asset.label.as_deref()).await?;
        let subject = format!("{}/{}", release.tag, asset.name);
        self.identity()
            .audit(&mut tx, caller, Action::new("release.asset.change", &subject).repo(repository.id))
            .await?;
        tx.commit().await?;
        Ok(asset)
    }

    pub async fn delete_asset(
        &self,
        caller: &identity::Caller,
        repository: &Repository,
        release: &Release,
        asset: &Asset,
    ) -> Result<()> {
        let mut tx = self.store().begin().await?;
        store::releases::delete_asset(&mut tx, asset.id).await?;
        let subject = format!("{}/{}", release.tag, asset.name);
        self.identity()
            .audit(&mut tx, caller, Action::new("release.asset.delete", &subject).repo(repository.id))
            .await?;
        Ok(tx.commit().await?)
    }

    async fn check_asset_name(&self, release: &Release, name: &str) -> Result<()> {
        let plain = !name.is_empty()
            && name.len() <= 255
            && !name.contains(['/', '\\', '"'])
            && !name.chars().any(char::is_control)
            && !name.starts_with('.');
        if !plain {
            let message = "a name has 1 to 255 bytes, no slash, no quote, no control character and no dot in front";
            return Err(Error::invalid("ReleaseAsset", "name", message));
        }
        if store::releases::assets(&mut self.store().read(), release.id).await?.iter().any(|asset| asset.name == name) {
            return Err(Error::exists("ReleaseAsset", "name", format!("the release has a file `{name}`")));
        }
        Ok(())
    }

    /// Takes a file of a release in.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the file")]
    pub async fn create_asset(
        &self,
        repository: &Repository,
        actor: &Actor,
        release: &Release,
        name: &str,
        label: Option<&str>,
        content_type: &str,
        body: Body,
    ) -> Result<Asset> {
        self.check_asset_name(release, name).await?;
        self.check_room(repository).await?;
        let mut left = self.settings().limits.push_bytes;
        let stream = body.into_data_stream().map(move |chunk| {
            let chunk = chunk.map_err(|error| Error::Remote(format!("the file broke off: {error}")))?;
            left = left
                .checked_sub(chunk.len() as u64)
                .ok_or_else(|| Error::TooLarge("the file is larger than this server takes".to_owned()))?;
            Ok(chunk)
        });
        let (digest, size) = self.files().store(stream, None).await?;
        let row = Asset {
            id: 0,
            release_id: release.id,
            name: name.to_owned(),
            label: label.map(str::to_owned),
            content_type: content_type.to_owned(),
            size: i64::try_from(size).unwrap_or(i64::MAX),
            digest: digest.to_string(),
            downloads: 0,
            uploader_id: actor.account_id,
            created_at: 0,
            updated_at: 0,
        };
        let mut tx = self.store().begin().await?;
        let asset = store::releases::insert_asset(&mut tx, &row).await.map_err(|error| {
            if error.is_taken() {
                return Error::exists("ReleaseAsset", "name", format!("the release has a file `{name}`"));
            }
            error.into()
        })?;
        if !release.draft {
            let told = self.tell_release(repository, actor, "edited", release).await?;
            self.append_events(&mut tx, vec![told]).await?;
        }
        tx.commit().await?;
        Ok(asset)
    }

    /// A file's content, and one more download.
    pub async fn download_asset(&self, asset: &Asset, range: Option<&str>) -> Result<Response> {
        let mut tx = self.store().begin().await?;
        store::releases::count_download(&mut tx, asset.id).await?;
        tx.commit().await?;
        let digest = asset.digest.parse().map_err(|_| Error::not_found("the file"))?;
        let size = u64::try_from(asset.size).unwrap_or_default();
        self.files().serve(&digest, size, range, &asset.content_type).await
    }

    /// What changed since another tag, as a text for a release.
    pub async fn release_notes(
        &self,
        repository: &Repository,
        tag: &str,
        target: Option<&str>,
        previous: Option<&str>,
    ) -> Result<(String, String)> {
        let repo = self.git(repository.id);
        let head = match repo.resolve(&format!("refs/tags/{tag}")).await? {
            Some(head) => head,
            None => repo
                .resolve(target.unwrap_or(&repository.default_branch))
                .await?
                .ok_or_else(|| Error::invalid("Release", "target_commitish", "there is no such commit"))?,
        };
        let latest = store::releases::latest(&mut self.store().read(), repository.id).await?;
        let previous = previous.map(str::to_owned).or(latest.map(|release| release.tag).filter(|known| known != tag));
        let base = match &previous {
            Some(previous) => repo.resolve(&format!("refs/tags/{previous}")).await?,
            None => None,
        };
        let commits = repo.commits_between(base.as_deref(), &head, 250, Order::OldestFirst).await?;
        let mut lines = vec!["## What's Changed".to_owned()];
        for commit in commits.iter().filter(|commit| commit.parents.len() < 2) {
            let title = commit.message.lines().next().unwrap_or_default();
            lines.push(format!("* {title} by {}", commit.author.name));
        }
        let page = self.urls().page(&repository.full_name());
        let link = match &previous {
            Some(previous) => format!("{page}/compare/{previous}...{tag}"),
            None => format!("{page}/commits/{tag}"),
        };
        lines.push(format!("\n**Full Changelog**: {link}"));
        Ok((tag.to_owned(), lines.join("\n")))
    }
}

fn check_tag(tag: &str) -> Result<()> {
    crate::git::check_ref_name(&format!("refs/tags/{tag}"))
        .map_err(|message| Error::invalid("Release", "tag_name", message))
}

fn taken(error: store::Error) -> Error {
    if error.is_taken() {
        return Error::exists("Release", "tag_name", "the tag has a release");
    }
    error.into()
}
