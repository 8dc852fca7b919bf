//! The back end over the directories of one machine and one run.

use std::io::Read as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::shared::{Pending, PendingKind, Shared};
use crate::backend::{
    Backend, Blob, BlobWriter, CacheUpload, Edge, IssuerKey, Job, Receiver, Stored, TokenUse, stored_file,
};
use crate::disk::upload::Upload;
use crate::{
    Artifact, CacheEntry, CacheNews, CacheQuery, Content, Error, Explanation, RepositoryClaims, Result, UploadOptions,
};

fn artifact_name(pending: &Pending) -> Option<&str> {
    match &pending.kind {
        PendingKind::Artifact { name, .. } => Some(name),
        PendingKind::Cache { .. } => None,
    }
}

fn is_cache(pending: &Pending, job: &Job, wanted_key: &str, wanted_version: &str) -> bool {
    matches!(&pending.kind, PendingKind::Cache { key, version, .. } if key == wanted_key && version == wanted_version)
        && pending.job == job.backend_id
}

impl Backend for Shared {
    fn edge(&self) -> &Edge {
        &self.edge
    }

    fn job(&self, token: &str, use_: TokenUse) -> Result<Option<Arc<Job>>> {
        Ok(self.authenticate(token, use_))
    }

    fn create_artifact(&self, job: &Job, name: &str, content: Content, expires_at: Option<Timestamp>) -> Result<u64> {
        self.artifacts.check_free(name, false)?;
        let taken = |pending: &Pending| artifact_name(pending) == Some(name) && pending.job != job.backend_id;
        if self.find_upload(taken).is_some() {
            return Err(Error::ArtifactExists { name: name.to_owned() });
        }
        // A job that asks again lost our answer; it starts over.
        self.drop_uploads(|pending| artifact_name(pending) == Some(name) && pending.job == job.backend_id);
        let upload = Upload::new(self.artifacts.staging()?, self.artifacts.max_bytes());
        let kind = PendingKind::Artifact { name: name.to_owned(), content, expires_at };
        Ok(self.add_upload(job, upload, kind).ok_or(Error::TooMany)?.id)
    }

    fn finalize_artifact(&self, job: &Job, name: &str, size: Option<u64>, hash: &str) -> Result<Artifact> {
        let own = |pending: &Pending| artifact_name(pending) == Some(name) && pending.job == job.backend_id;
        let Some(pending) = self.find_upload(own) else {
            return match self.artifacts.get(name) {
                // Finished already: the first answer was lost and the client tries again.
                Ok(done) if done.owner == job.artifact_owner() && (hash.is_empty() || hash == done.digest) => Ok(done),
                _ => Err(Error::NotUploaded { name: name.to_owned() }),
            };
        };
        let artifact = self.publish(job, &pending, size, hash);
        if !matches!(artifact, Err(Error::NotUploaded { .. })) {
            self.drop_uploads(|other| other.id == pending.id);
        }
        artifact
    }

    fn artifacts(&self, _: &Job) -> Result<Vec<Artifact>> {
        self.artifacts.list()
    }

    fn delete_artifact(&self, _: &Job, name: &str) -> Result<Artifact> {
        self.artifacts.delete(name)
    }

    fn create_cache(&self, job: &Job, key: &str, version: &str) -> Result<u64> {
        let scope = job.scopes.write.as_deref().ok_or(Error::ReadOnly)?;
        // A job that asks again lost our answer; it starts over, unless content has come in.
        self.drop_uploads(|pending| is_cache(pending, job, key, version) && pending.upload.is_untouched());
        let reservation = self.caches.reserve(&job.identity.repository, scope, key, version, &job.cache_owner())?;
        let upload = Upload::new(self.caches.staging()?, self.cache_limit());
        let kind = PendingKind::Cache {
            key: key.to_owned(),
            version: version.to_owned(),
            reservation: Box::new(Some(reservation).into()),
        };
        let busy = Error::CacheReserved { key: key.to_owned(), scope: scope.to_owned() };
        Ok(self.add_upload(job, upload, kind).ok_or(busy)?.id)
    }

    fn finalize_cache(&self, job: &Job, upload: CacheUpload<'_>, size: Option<u64>) -> Result<CacheEntry> {
        let pending = match upload {
            CacheUpload::Named { key, version } => {
                let found = self.find_upload(|pending| is_cache(pending, job, key, version));
                found.ok_or_else(|| Error::NoCache { what: format!("upload with key {key:?}") })?
            }
            CacheUpload::Ranges { id, size } => {
                let found = Shared::upload(self, id).filter(|pending| pending.job == job.backend_id);
                let pending = found.ok_or_else(|| Error::NoCache { what: format!("upload {id}") })?;
                pending.upload.commit_ranges(size)?;
                pending
            }
        };
        let PendingKind::Cache { key, .. } = &pending.kind else {
            return Err(Error::NoCache { what: "upload".to_owned() });
        };
        let blob = pending.upload.take().ok_or_else(|| Error::NotUploaded { name: key.clone() })?;
        let reservation = pending.kind.take_reservation();
        let entry = match (size, reservation) {
            (Some(expected), _) if expected != blob.size => Err(Error::Size { expected, actual: blob.size }),
            (_, Some(reservation)) => reservation.finalize_blob(blob),
            (_, None) => Err(Error::NoCache { what: format!("upload with key {key:?}") }),
        };
        self.drop_uploads(|other| other.id == pending.id);
        if let Ok(entry) = &entry {
            self.config.on_cache.hear(&job.identity, CacheNews::Saved(entry));
        }
        entry
    }

    fn find_cache(&self, job: &Job, query: &CacheQuery) -> Result<(Option<CacheEntry>, Explanation)> {
        let (found, explanation) = self.caches.lookup(query)?;
        self.config.on_cache.hear(&job.identity, CacheNews::Looked(&explanation));
        Ok((found, explanation))
    }

    fn caches(&self, job: &Job, prefix: &str, most: usize) -> Result<Vec<CacheEntry>> {
        let near = self.caches.list()?.into_iter().map(|usage| usage.entry).filter(|entry| {
            entry.repository == job.identity.repository
                && job.scopes.read.contains(&entry.scope)
                && entry.key.starts_with(prefix)
        });
        Ok(near.take(most).collect())
    }

    fn cache_limit(&self) -> u64 {
        self.config.max_blob_bytes.min(self.caches.quota_bytes())
    }

    fn upload(&self, id: u64) -> Result<Option<Box<dyn Receiver>>> {
        Ok(Shared::upload(self, id).map(|pending| Box::new(pending) as Box<dyn Receiver>))
    }

    fn artifact_content(&self, id: u64) -> Result<(Artifact, Stored)> {
        let artifact = self.artifacts.get_by_id(id)?;
        let file = self.artifacts.reader(&artifact)?;
        Ok((artifact, stored_file(file)?))
    }

    fn cache_content(&self, id: u64) -> Result<Stored> {
        stored_file(self.caches.reader(id)?)
    }

    fn issuer_key(&self) -> Result<Arc<IssuerKey>> {
        Shared::issuer_key(self)
    }

    fn repository(&self, _: &Job) -> RepositoryClaims {
        self.config.repository.clone()
    }
}

impl Shared {
    fn publish(&self, job: &Job, pending: &Pending, size: Option<u64>, hash: &str) -> Result<Artifact> {
        let PendingKind::Artifact { name, content, expires_at } = &pending.kind else {
            return Err(Error::NoArtifact { what: "upload".to_owned() });
        };
        let blob = pending.upload.take().ok_or_else(|| Error::NotUploaded { name: name.clone() })?;
        blob.check(size, hash)?;
        let options = UploadOptions { expires_at: *expires_at, ..UploadOptions::default() };
        self.artifacts.publish(name, &job.artifact_owner(), content.clone(), blob, &options)
    }
}

impl Receiver for Arc<Pending> {
    fn job(&self) -> &str {
        &self.job
    }

    fn limit(&self) -> u64 {
        self.upload.limit()
    }

    fn writer(&self) -> Result<BlobWriter> {
        self.upload.writer()
    }

    fn add_block(&self, id: &str, block: Blob) -> Result<()> {
        self.upload.add_block(id, block)
    }

    fn set_whole(&self, whole: Blob) -> Result<()> {
        self.upload.set_whole(whole);
        Ok(())
    }

    fn add_range(&self, start: u64, range: Blob) -> Result<()> {
        let mut file = range.open()?;
        let mut buffer = vec![0; 256 * 1024];
        let mut offset = start;
        loop {
            let count = file.read(&mut buffer).map_err(Error::io(range.path()))?;
            if count == 0 {
                return Ok(());
            }
            self.upload.write_range(offset, &buffer[..count])?;
            offset += count as u64;
        }
    }

    fn commit_blocks(&self, ids: &[String]) -> Result<()> {
        self.upload.commit_blocks(ids)
    }
}
