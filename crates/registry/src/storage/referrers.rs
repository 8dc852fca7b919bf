use std::path::PathBuf;

use blob::Digest;

use super::{Storage, files};
use crate::Error;
use crate::manifest::Referrer;
use crate::name::Repository;

fn file_name(digest: &Digest) -> String {
    format!("{}-{}", digest.algorithm().name(), digest.hex())
}

impl Storage {
    fn referrers_dir(&self, name: &Repository, subject: &Digest) -> PathBuf {
        self.repository_dir(name).join("_referrers").join(file_name(subject))
    }

    pub(crate) fn set_referrer(&self, name: &Repository, subject: &Digest, referrer: &Referrer) -> Result<(), Error> {
        let path = self.referrers_dir(name, subject).join(file_name(&referrer.digest));
        let content = serde_json::to_vec(referrer)
            .map_err(|error| Error::Damaged { path: path.clone(), reason: error.to_string() })?;
        files::write(&path, &content, self.root())
    }

    pub(crate) fn remove_referrer(&self, name: &Repository, subject: &Digest, digest: &Digest) -> Result<bool, Error> {
        files::remove(&self.referrers_dir(name, subject).join(file_name(digest)))
    }

    /// What refers to a manifest, there or not, sorted by digest.
    pub(crate) fn referrers(&self, name: &Repository, subject: &Digest) -> Result<Vec<Referrer>, Error> {
        let dir = self.referrers_dir(name, subject);
        let mut referrers = Vec::new();
        for file in files::names(&dir)? {
            let path = dir.join(file);
            let Some(content) = files::read(&path)? else { continue };
            let referrer: Referrer =
                serde_json::from_slice(&content).map_err(|error| Error::Damaged { path, reason: error.to_string() })?;
            // Written before the manifest itself, so that neither is ever seen without the other.
            if self.has_manifest(name, &referrer.digest) {
                referrers.push(referrer);
            }
        }
        Ok(referrers)
    }
}
