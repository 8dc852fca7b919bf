//! A cache being saved.

use super::{CacheEntry, CacheOwner, CacheStore};
use crate::disk::blob::{Blob, BlobWriter};
use crate::{Error, Result};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::PoisonError;

/// The right to save one key. Write the content, then [`Reservation::finalize`]; dropped before that, nothing
/// was saved and the key is free again.
#[derive(Debug)]
pub struct Reservation {
    store: CacheStore,
    claim: [String; 4],
    owner: CacheOwner,
    writer: Option<BlobWriter>,
    /// Where the content goes, of a cache on a server.
    upload: Option<String>,
}

impl Reservation {
    pub(super) fn claim(
        store: &CacheStore,
        claim: [String; 4],
        owner: CacheOwner,
        upload: Option<String>,
    ) -> Result<Reservation> {
        let mut reserved = store.0.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        if !reserved.insert(claim.clone()) {
            let [_, scope, key, _] = claim;
            return Err(Error::CacheReserved { key, scope });
        }
        Ok(Reservation { store: store.clone(), claim, owner, writer: None, upload })
    }

    pub fn key(&self) -> &str {
        &self.claim[2]
    }

    pub fn version(&self) -> &str {
        &self.claim[3]
    }

    fn writer(&mut self) -> Result<&mut BlobWriter> {
        if self.writer.is_none() {
            self.writer = Some(BlobWriter::create(&self.store.staging()?, self.store.quota_bytes())?);
        }
        self.writer.as_mut().ok_or(Error::ReadOnly)
    }

    /// Writes everything `reader` has.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past the quota; read and write errors.
    pub fn write_from(&mut self, mut reader: impl Read) -> Result<()> {
        self.writer()?.copy_from(&mut reader, Path::new("cache content"))
    }

    /// Makes the entry visible to every process.
    ///
    /// # Errors
    /// [`Error::CacheExists`] when another process was first; a full disk.
    pub fn finalize(mut self) -> Result<CacheEntry> {
        self.writer()?;
        let blob = self.writer.take().map(BlobWriter::finish);
        blob.map_or(Err(Error::ReadOnly), |blob| self.publish(blob))
    }

    /// As [`Reservation::finalize`], with content that came another way.
    pub(crate) fn finalize_blob(self, blob: Blob) -> Result<CacheEntry> {
        self.publish(blob)
    }

    fn publish(&self, blob: Blob) -> Result<CacheEntry> {
        match (self.store.remote(), &self.upload) {
            (Some(remote), Some(url)) => remote.publish_cache(url, &self.claim, &self.owner, &blob),
            _ => self.store.publish(&self.claim, &self.owner, blob),
        }
    }
}

impl Write for Reservation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().map_err(io::Error::other)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.store.0.reserved.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.claim);
    }
}
