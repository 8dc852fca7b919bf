use std::path::PathBuf;

use blob::{Algorithm, Digest};
use serde::{Deserialize, Serialize};

use super::{Storage, files};
use crate::Error;
use crate::manifest::{Manifest, Referrer};
use crate::name::{Repository, Tag};

/// A manifest that a repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) content: Vec<u8>,
}

/// How storing a manifest went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Put {
    Stored,
    /// It refers to these, which the repository does not have.
    Unknown(Vec<Digest>),
    /// It gives this blob a size that it does not have.
    WrongSize {
        digest: Digest,
        said: u64,
        actual: u64,
    },
}

/// The file of a manifest in its repository.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    media_type: String,
}

/// Manifests are read whole into memory; none larger is ever stored.
pub(crate) const LARGEST: u64 = 64 << 20;

impl Storage {
    fn manifest_link(&self, name: &Repository, digest: &Digest) -> PathBuf {
        self.repository_dir(name).join("_manifests").join(digest.algorithm().name()).join(digest.hex())
    }

    pub(crate) fn has_manifest(&self, name: &Repository, digest: &Digest) -> bool {
        self.manifest_link(name, digest).is_file()
    }

    /// The manifest of this digest, when the repository has it.
    pub(crate) fn manifest(&self, name: &Repository, digest: &Digest) -> Result<Option<Stored>, Error> {
        let path = self.manifest_link(name, digest);
        let Some(link) = files::read(&path)? else { return Ok(None) };
        let link: Link =
            serde_json::from_slice(&link).map_err(|error| Error::Damaged { path, reason: error.to_string() })?;
        match self.blobs().read(digest, LARGEST) {
            Ok(content) => Ok(Some(Stored { digest: *digest, media_type: link.media_type, content })),
            Err(blob::Error::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores a manifest and makes tags mean it, when the repository has what it refers to.
    ///
    /// `complete` is false for what comes from an upstream, whose layers follow when somebody asks for them.
    pub(crate) fn put_manifest(
        &self,
        name: &Repository,
        digest: &Digest,
        manifest: &Manifest,
        content: &[u8],
        tags: &[Tag],
        complete: bool,
    ) -> Result<Put, Error> {
        let _pushing = self.pushing()?;
        if complete && let Some(refused) = self.check_children(name, manifest)? {
            return Ok(refused);
        }
        self.blobs().put_with(digest.algorithm(), content)?;
        if let Some(subject) = &manifest.subject {
            let referrer = Referrer {
                media_type: manifest.media_type.clone(),
                size: content.len() as u64,
                digest: *digest,
                artifact_type: manifest.artifact_type.clone(),
                annotations: manifest.annotations.clone(),
            };
            self.set_referrer(name, subject, &referrer)?;
        }
        let path = self.manifest_link(name, digest);
        let link = Link { media_type: manifest.media_type.clone() };
        let link = serde_json::to_vec(&link)
            .map_err(|error| Error::Damaged { path: path.clone(), reason: error.to_string() })?;
        if files::read(&path)?.is_none_or(|old| old != link) {
            files::write(&path, &link, self.root())?;
        } else {
            files::touch(&path)?;
        }
        for tag in tags {
            self.set_tag(name, tag, digest)?;
        }
        Ok(Put::Stored)
    }

    /// Why the manifest must be refused. Everything that is there is held on the way.
    fn check_children(&self, name: &Repository, manifest: &Manifest) -> Result<Option<Put>, Error> {
        let mut unknown = Vec::new();
        for child in manifest.blobs.iter().filter(|child| !child.external) {
            match self.hold_blob(name, &child.digest)? {
                None if self.sparse => {}
                None => unknown.push(child.digest),
                Some(actual) if actual != child.size => {
                    return Ok(Some(Put::WrongSize { digest: child.digest, said: child.size, actual }));
                }
                Some(_) => {}
            }
        }
        for child in manifest.manifests.iter().filter(|child| !child.external) {
            if !files::touch(&self.manifest_link(name, &child.digest))? || !self.blobs().hold(&child.digest)? {
                if !self.sparse {
                    unknown.push(child.digest);
                }
                continue;
            }
            if let Some(actual) = self.blobs().size(&child.digest)?
                && actual != child.size
            {
                return Ok(Some(Put::WrongSize { digest: child.digest, said: child.size, actual }));
            }
        }
        Ok((!unknown.is_empty()).then_some(Put::Unknown(unknown)))
    }

    /// The size that the repository's manifests give a blob.
    pub(crate) fn size_in_manifests(&self, name: &Repository, digest: &Digest) -> Result<Option<u64>, Error> {
        for manifest in self.linked(name, "_manifests")? {
            let Some(stored) = self.manifest(name, &manifest)? else { continue };
            let Ok(manifest) = Manifest::parse(&stored.content, Some(&stored.media_type)) else { continue };
            if let Some(blob) = manifest.blobs.iter().find(|blob| blob.digest == *digest) {
                return Ok(Some(blob.size));
            }
        }
        Ok(None)
    }

    /// Takes a manifest out of a repository, and every tag that means it. `false` when it was not there.
    pub(crate) fn delete_manifest(&self, name: &Repository, digest: &Digest) -> Result<bool, Error> {
        let Some(stored) = self.manifest(name, digest)? else {
            // Its content may be lost; the name must go all the same.
            return files::remove(&self.manifest_link(name, digest));
        };
        // Without it, neither tags nor listings of referrers show it; what stays of them after a crash does so unseen.
        let removed = files::remove(&self.manifest_link(name, digest))?;
        for tag in files::names(&self.repository_dir(name).join("_tags"))? {
            let Ok(tag) = tag.parse::<Tag>() else { continue };
            if self.tag_as_written(name, &tag)? == Some(*digest) {
                self.delete_tag(name, &tag)?;
            }
        }
        if let Ok(manifest) = Manifest::parse(&stored.content, Some(&stored.media_type))
            && let Some(subject) = manifest.subject
        {
            self.remove_referrer(name, &subject, digest)?;
        }
        Ok(removed)
    }

    /// The digest that a manifest gets when nobody says which.
    pub(crate) fn digest_of(content: &[u8], algorithm: Option<Algorithm>) -> Digest {
        Digest::with(algorithm.unwrap_or(Algorithm::Sha256), content)
    }
}
