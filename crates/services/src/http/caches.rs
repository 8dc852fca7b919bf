//! `CacheService`: caches v2.

use super::answer::Twirp;
use super::twirp::Call;
use super::{download_url, upload_url};
use crate::disk::upload::Upload;
use crate::services::{Job, Pending, PendingKind, Shared};
use crate::{CacheEntry, CacheNews, CacheQuery, Error, Explanation};
use serde_json::{Value, json};
use std::sync::Arc;

/// How the client tells a refusal from a failure.
pub(super) const WRITE_DENIED: &str = "cache write denied: this job may only restore caches";

pub(super) fn dispatch(call: &Call, method: &str) -> Result<Value, Twirp> {
    match method {
        "CreateCacheEntry" => create(call),
        "FinalizeCacheEntryUpload" => finalize(call),
        "GetCacheEntryDownloadURL" => find(call),
        _ => Err(Twirp::new("bad_route", format!("CacheService has no method {method}"))),
    }
}

fn is(pending: &Pending, job: &Job, wanted_key: &str, wanted_version: &str) -> bool {
    matches!(&pending.kind, PendingKind::Cache { key, version, .. } if key == wanted_key && version == wanted_version)
        && pending.job == job.backend_id
}

/// Claims a key for a job and opens the upload; shared with v1.
pub(super) fn open(shared: &Shared, job: &Job, key: &str, version: &str) -> crate::Result<Arc<Pending>> {
    let scope = job.scopes.write.as_deref().ok_or(Error::ReadOnly)?;
    // A job that asks again lost our answer; it starts over, unless content has come in.
    shared.drop_uploads(|pending| is(pending, job, key, version) && pending.upload.is_untouched());
    let reservation = shared.caches.reserve(&job.identity.repository, scope, key, version, &job.cache_owner())?;
    let limit = shared.config.max_blob_bytes.min(shared.caches.quota_bytes());
    let upload = Upload::new(shared.caches.staging()?, limit);
    let kind = PendingKind::Cache {
        key: key.to_owned(),
        version: version.to_owned(),
        reservation: Box::new(Some(reservation).into()),
    };
    let busy = Error::CacheReserved { key: key.to_owned(), scope: scope.to_owned() };
    shared.add_upload(job, upload, kind).ok_or(busy)
}

/// Ends an upload whose content is committed; shared with v1.
pub(super) fn close(shared: &Shared, pending: &Pending, size: Option<u64>) -> crate::Result<CacheEntry> {
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
    shared.drop_uploads(|other| other.id == pending.id);
    if let (Ok(entry), Some(job)) = (&entry, shared.job_of(pending)) {
        shared.config.on_cache.hear(&job.identity, CacheNews::Saved(entry));
    }
    entry
}

/// Looks for a cache and tells who wants to know; shared with v1.
pub(super) fn look(shared: &Shared, job: &Job, query: &CacheQuery) -> crate::Result<(Option<CacheEntry>, Explanation)> {
    let (found, explanation) = shared.caches.lookup(query)?;
    shared.config.on_cache.hear(&job.identity, CacheNews::Looked(&explanation));
    Ok((found, explanation))
}

/// What a job may restore; shared with v1.
pub(super) fn query(job: &Job, key: String, restore_keys: Vec<String>, version: String) -> CacheQuery {
    CacheQuery {
        repository: job.identity.repository.clone(),
        scopes: job.scopes.read.clone(),
        key,
        restore_keys,
        version,
    }
}

fn create(call: &Call) -> Result<Value, Twirp> {
    let (key, version) = (call.request.text("key")?, call.request.text("version")?);
    match open(&call.shared, &call.job, &key, &version) {
        Ok(pending) => Ok(json!({"ok": true, "signed_upload_url": upload_url(&call.shared, &pending), "message": ""})),
        // Not a failure: the client says that it could not reserve the key and goes on.
        Err(error @ (Error::CacheExists { .. } | Error::CacheReserved { .. })) => {
            Ok(json!({"ok": false, "signed_upload_url": "", "message": error.to_string()}))
        }
        Err(Error::ReadOnly) => Err(Twirp::new("permission_denied", WRITE_DENIED)),
        Err(error) => Err(error.into()),
    }
}

fn finalize(call: &Call) -> Result<Value, Twirp> {
    let (key, version) = (call.request.text("key")?, call.request.text("version")?);
    let size = call.request.integer("size_bytes")?;
    let pending = call.shared.find_upload(|pending| is(pending, &call.job, &key, &version));
    let pending = pending.ok_or_else(|| Error::NoCache { what: format!("upload with key {key:?}") })?;
    match close(&call.shared, &pending, size) {
        Ok(entry) => Ok(json!({"ok": true, "entry_id": entry.id.to_string(), "message": ""})),
        Err(error @ Error::CacheExists { .. }) => {
            Ok(json!({"ok": false, "entry_id": "0", "message": error.to_string()}))
        }
        Err(error) => Err(error.into()),
    }
}

fn find(call: &Call) -> Result<Value, Twirp> {
    let (key, version) = (call.request.text("key")?, call.request.text("version")?);
    let query = query(&call.job, key, call.request.texts("restore_keys")?, version);
    let (found, _) = look(&call.shared, &call.job, &query)?;
    Ok(match found {
        Some(entry) => json!({
            "ok": true,
            "signed_download_url": download_url(&call.shared, "cache", entry.id),
            "matched_key": entry.key,
        }),
        None => json!({"ok": false, "signed_download_url": "", "matched_key": ""}),
    })
}
