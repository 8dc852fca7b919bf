//! Removing what nobody refers to, while the registry goes on.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blob::{Digest, Store};

use crate::manifest::Manifest;
use crate::name::{Repository, Tag};
use crate::storage::{Storage, files};
use crate::{Collection, Error, Registry};

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub manifests: u64,
    pub blobs: u64,
    pub bytes: u64,
    /// Uploads that were given up.
    pub uploads: u64,
}

impl Registry {
    /// Removes unreferenced blobs, forgotten uploads and, when the configuration says so, untagged manifests. Clients may
    /// push and pull meanwhile, also through other processes. Blocks.
    pub fn collect(&self) -> Result<Collected, Error> {
        self.sessions().release();
        let collected = collect(self.storage(), &self.config().collection)?;
        self.metrics().collected(&collected);
        Ok(collected)
    }
}

fn collect(storage: &Storage, settings: &Collection) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    // What is stored from now on was held from now on, and is younger than this.
    let start = {
        let _none = storage.no_pushing()?;
        Store::now()
    };
    let before = |grace: Duration| start.checked_sub(grace).unwrap_or(UNIX_EPOCH);
    let mut keep = HashSet::new();
    for name in storage.all_repositories()? {
        let mut repository = Contents::read(storage, &name)?;
        repository.drop_dangling_tags(storage, &name)?;
        if let Some(age) = settings.untagged {
            collected.manifests += repository.drop_untagged(storage, &name, before(age.max(settings.grace)))?;
        }
        let needed = repository.needed();
        for digest in storage.linked(&name, "_blobs")? {
            let needed = needed.as_ref().is_none_or(|needed| needed.contains(&digest));
            if !needed && !drop_link(storage, &name, &digest, before(settings.grace))? {
                keep.insert(digest);
            }
        }
        for (digest, manifest) in &repository.manifests {
            keep.insert(*digest);
            keep.extend(manifest.iter().flat_map(|manifest| &manifest.blobs).map(|blob| blob.digest));
        }
    }
    let blobs = storage.blobs().collect_before(&keep, before(settings.grace))?;
    collected.blobs = blobs.blobs;
    collected.bytes = blobs.bytes;
    collected.uploads = storage.blobs().sweep_uploads(settings.uploads)?.files;
    files::sweep(&storage.root().join(".tmp"))?;
    Ok(collected)
}

/// Takes a blob out of a repository, unless it was used since.
fn drop_link(storage: &Storage, name: &Repository, digest: &Digest, before: SystemTime) -> Result<bool, Error> {
    let link = storage.repository_dir(name).join("_blobs").join(digest.algorithm().name()).join(digest.hex());
    let _none = storage.no_pushing()?;
    if is_older(&link, before) { storage.unlink_blob(name, digest) } else { Ok(false) }
}

fn is_older(path: &std::path::Path, before: SystemTime) -> bool {
    fs::metadata(path).and_then(|metadata| metadata.modified()).is_ok_and(|modified| modified < before)
}

/// The manifests and tags of a repository.
struct Contents {
    /// `None` where the content cannot be read: then nothing is known of what it needs, and the manifest is kept.
    manifests: Vec<(Digest, Option<Manifest>)>,
    tags: Vec<(Tag, Digest)>,
}

impl Contents {
    fn read(storage: &Storage, name: &Repository) -> Result<Self, Error> {
        let mut manifests = Vec::new();
        for digest in storage.linked(name, "_manifests")? {
            let stored = storage.manifest(name, &digest)?;
            manifests.push((
                digest,
                stored.and_then(|stored| Manifest::parse(&stored.content, Some(&stored.media_type)).ok()),
            ));
        }
        let mut tags = Vec::new();
        for tag in files::names(&storage.repository_dir(name).join("_tags"))? {
            let Ok(tag) = tag.parse::<Tag>() else { continue };
            if let Some(digest) = storage.tag_as_written(name, &tag)? {
                tags.push((tag, digest));
            }
        }
        Ok(Self { manifests, tags })
    }

    /// The blobs that manifests need; `None` where that is not known.
    fn needed(&self) -> Option<HashSet<Digest>> {
        let mut needed = HashSet::new();
        for (_, manifest) in &self.manifests {
            needed.extend(manifest.as_ref()?.blobs.iter().map(|blob| blob.digest));
        }
        Some(needed)
    }

    /// A manifest is deleted before its tags; a crash in between leaves tags without meaning.
    fn drop_dangling_tags(&mut self, storage: &Storage, name: &Repository) -> Result<(), Error> {
        for (tag, digest) in &self.tags {
            let _none = storage.no_pushing()?;
            if storage.tag_as_written(name, tag)? == Some(*digest) && !storage.has_manifest(name, digest) {
                storage.delete_tag(name, tag)?;
            }
        }
        Ok(())
    }

    /// Removes manifests that no tag, index or subject leads to.
    fn drop_untagged(&mut self, storage: &Storage, name: &Repository, before: SystemTime) -> Result<u64, Error> {
        let mut reached: HashSet<Digest> = self.tags.iter().map(|(_, digest)| *digest).collect();
        loop {
            let known = reached.len();
            for (digest, manifest) in &self.manifests {
                let Some(manifest) = manifest else {
                    reached.insert(*digest);
                    continue;
                };
                if manifest.subject.is_some_and(|subject| reached.contains(&subject)) {
                    reached.insert(*digest);
                }
                if reached.contains(digest) {
                    reached.extend(manifest.manifests.iter().map(|child| child.digest));
                }
            }
            if reached.len() == known {
                break;
            }
        }
        let mut removed = 0;
        let dir = storage.repository_dir(name).join("_manifests");
        let mut kept = Vec::new();
        for (digest, manifest) in std::mem::take(&mut self.manifests) {
            let path = dir.join(digest.algorithm().name()).join(digest.hex());
            let gone = {
                let _none = storage.no_pushing()?;
                !reached.contains(&digest) && is_older(&path, before) && storage.delete_manifest(name, &digest)?
            };
            if gone {
                removed += 1;
            } else {
                kept.push((digest, manifest));
            }
        }
        self.manifests = kept;
        Ok(removed)
    }
}
