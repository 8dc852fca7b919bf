//! `CacheService`: caches v2.

use super::answer::Twirp;
use super::twirp::Call;
use super::{download_url, upload_url};
use crate::backend::{CacheUpload, Job};
use crate::{CacheQuery, Error};
use serde_json::{Value, json};

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
    match call.backend.create_cache(&call.job, &key, &version) {
        Ok(upload) => Ok(json!({"ok": true, "signed_upload_url": upload_url(&*call.backend, upload), "message": ""})),
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
    match call.backend.finalize_cache(&call.job, CacheUpload::Named { key: &key, version: &version }, size) {
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
    let (found, explanation) = call.backend.find_cache(&call.job, &query)?;
    // Beyond GitHub's: native actions tell why.
    let explanation = serde_json::to_value(&explanation).unwrap_or_default();
    Ok(match found {
        Some(entry) => json!({
            "ok": true,
            "signed_download_url": download_url(&*call.backend, "cache", entry.id),
            "matched_key": entry.key,
            "size": entry.size.to_string(),
            "explanation": explanation,
        }),
        None => json!({"ok": false, "signed_download_url": "", "matched_key": "", "explanation": explanation}),
    })
}
