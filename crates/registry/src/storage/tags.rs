use std::path::PathBuf;
use std::time::Duration;

use blob::Digest;

use super::{Storage, files};
use crate::Error;
use crate::name::{Repository, Tag};

impl Storage {
    fn tag_file(&self, name: &Repository, tag: &Tag) -> PathBuf {
        self.repository_dir(name).join("_tags").join(tag.as_str())
    }

    /// Makes a tag mean a manifest.
    pub(crate) fn set_tag(&self, name: &Repository, tag: &Tag, digest: &Digest) -> Result<(), Error> {
        files::write(&self.tag_file(name, tag), digest.to_string().as_bytes(), self.root())
    }

    /// What a tag means; `None` also when that manifest was deleted.
    pub(crate) fn tag(&self, name: &Repository, tag: &Tag) -> Result<Option<Digest>, Error> {
        Ok(self.tag_as_written(name, tag)?.filter(|digest| self.has_manifest(name, digest)))
    }

    pub(crate) fn tag_as_written(&self, name: &Repository, tag: &Tag) -> Result<Option<Digest>, Error> {
        let path = self.tag_file(name, tag);
        let Some(content) = files::read(&path)? else { return Ok(None) };
        let digest = String::from_utf8_lossy(&content).trim().parse::<Digest>();
        digest.map(Some).map_err(|error| Error::Damaged { path, reason: error.to_string() })
    }

    /// How long ago the tag was last written.
    pub(crate) fn tag_age(&self, name: &Repository, tag: &Tag) -> Result<Option<Duration>, Error> {
        let path = self.tag_file(name, tag);
        match std::fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            // A clock that was set back makes it just written.
            Ok(modified) => Ok(Some(modified.elapsed().unwrap_or_default())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", &path)(error)),
        }
    }

    /// `false` when there was no such tag.
    pub(crate) fn delete_tag(&self, name: &Repository, tag: &Tag) -> Result<bool, Error> {
        files::remove(&self.tag_file(name, tag))
    }

    /// Tags in the order of their bytes.
    pub(crate) fn tags(&self, name: &Repository) -> Result<Vec<Tag>, Error> {
        let names = files::names(&self.repository_dir(name).join("_tags"))?;
        let mut tags = Vec::with_capacity(names.len());
        for tag in names.iter().filter_map(|name| name.parse::<Tag>().ok()) {
            if self.tag(name, &tag)?.is_some() {
                tags.push(tag);
            }
        }
        Ok(tags)
    }
}
