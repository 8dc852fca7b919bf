//! `_apis/artifactcache`: caches v1, which older actions and clients of other servers speak.

use super::answer::Plain;
use super::{bearer, blocking, body, caches, download_url};
use crate::services::{Job, Pending, Shared};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const MAX_BODY: usize = 64 * 1024;
/// Entries named in the list that clients fetch for their debug log.
const MAX_LISTED: usize = 100;

fn job(shared: &Shared, headers: &HeaderMap) -> Result<Arc<Job>, Plain> {
    let refused = "the runtime token is missing, not ours, or its job has ended";
    bearer(shared, headers, "runtime").ok_or_else(|| Plain(StatusCode::UNAUTHORIZED, refused.to_owned()))
}

fn bad(message: &str) -> Plain {
    Plain(StatusCode::BAD_REQUEST, message.to_owned())
}

async fn json_body<T: for<'de> Deserialize<'de>>(body: Body) -> Result<T, Plain> {
    let bytes = body::small(body, MAX_BODY).await.ok_or_else(|| bad("the request is too large or was cut off"))?;
    serde_json::from_slice(&bytes).map_err(|error| bad(&format!("the request is not what was expected: {error}")))
}

#[derive(Deserialize)]
pub(super) struct Find {
    #[serde(default)]
    keys: String,
    #[serde(default)]
    version: String,
}

pub(super) async fn find(
    State(shared): State<Arc<Shared>>,
    Query(find): Query<Find>,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let job = job(&shared, &headers)?;
    let mut keys = find.keys.split(',').map(|key| key.trim().to_owned());
    let query = caches::query(&job, keys.next().unwrap_or_default(), keys.collect(), find.version);
    let looking = shared.clone();
    let (found, _) = blocking(move || caches::look(&looking, &job, &query)).await?;
    let Some(entry) = found else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let answer = json!({
        "archiveLocation": download_url(&shared, "cache", entry.id),
        "cacheKey": entry.key,
        "cacheVersion": entry.version,
        "scope": entry.scope,
        "creationTime": entry.created_at.to_string(),
    });
    Ok(Json(answer).into_response())
}

#[derive(Deserialize)]
pub(super) struct List {
    #[serde(default)]
    key: String,
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(list): Query<List>,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let job = job(&shared, &headers)?;
    let store = shared.caches.clone();
    let usages = blocking(move || store.list()).await?;
    let near = usages.iter().map(|usage| &usage.entry).filter(|entry| {
        entry.repository == job.identity.repository
            && job.scopes.read.contains(&entry.scope)
            && entry.key.starts_with(&list.key)
    });
    let rows = near.take(MAX_LISTED).map(|entry| {
        json!({
            "cacheKey": entry.key,
            "cacheVersion": entry.version,
            "scope": entry.scope,
            "creationTime": entry.created_at.to_string(),
        })
    });
    let rows: Vec<_> = rows.collect();
    Ok(Json(json!({"totalCount": rows.len(), "artifactCaches": rows})).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reserve {
    key: String,
    version: String,
    #[serde(default)]
    cache_size: Option<u64>,
}

pub(super) async fn reserve(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let job = job(&shared, &headers)?;
    let reserve: Reserve = json_body(body).await?;
    let limit = shared.caches.quota_bytes().min(shared.config.max_blob_bytes);
    if reserve.cache_size.is_some_and(|size| size > limit) {
        return Err(bad(&format!("the cache is larger than the {limit} bytes allowed")));
    }
    if job.scopes.write.is_none() {
        return Err(Plain(StatusCode::FORBIDDEN, caches::WRITE_DENIED.to_owned()));
    }
    let pending = blocking(move || caches::open(&shared, &job, &reserve.key, &reserve.version)).await?;
    Ok((StatusCode::CREATED, Json(json!({"cacheId": pending.id}))).into_response())
}

fn own_upload(shared: &Shared, headers: &HeaderMap, id: u64) -> Result<Arc<Pending>, Plain> {
    let job = job(shared, headers)?;
    let pending = shared.upload(id).filter(|pending| pending.job == job.backend_id);
    pending.ok_or_else(|| Plain(StatusCode::NOT_FOUND, format!("there is no upload {id} of this job")))
}

pub(super) async fn upload(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let pending = own_upload(&shared, &headers, id)?;
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok()).and_then(content_range);
    let (start, end) = range.ok_or_else(|| bad("Content-Range must read: bytes START-END/*"))?;
    let limit = pending.upload.limit();
    if end >= limit {
        return Err(Plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the cache is larger than the {limit} bytes allowed"),
        ));
    }
    let offset = body::pump(body, start, move |offset, chunk| {
        // One byte more than announced is enough to know; it is never written.
        if chunk.len() as u64 > end + 1 - *offset {
            return Err(crate::Error::Size { expected: end + 1 - start, actual: *offset - start + chunk.len() as u64 });
        }
        pending.upload.write_range(*offset, chunk)?;
        *offset += chunk.len() as u64;
        Ok(())
    });
    let offset = offset.await?;
    if offset != end + 1 {
        return Err(crate::Error::Size { expected: end + 1 - start, actual: offset - start }.into());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// First and last byte of `bytes 0-99/*`.
fn content_range(value: &str) -> Option<(u64, u64)> {
    let (range, _total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (start <= end && end < u64::MAX).then_some((start, end))
}

#[derive(Deserialize)]
struct Commit {
    size: u64,
}

pub(super) async fn commit(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let pending = own_upload(&shared, &headers, id)?;
    let commit: Commit = json_body(body).await?;
    blocking(move || {
        pending.upload.commit_ranges(commit.size)?;
        caches::close(&shared, &pending, Some(commit.size))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn content_ranges() {
        let table = [
            ("bytes 0-99/*", Some((0, 99))),
            ("bytes 5-5/100", Some((5, 5))),
            ("bytes 5-4/*", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes -1/*", None),
            ("bytes */*", None),
            ("0-9/*", None),
            ("bytes 0-9", None),
        ];
        for (text, expected) in table {
            assert_eq!(content_range(text), expected, "{text}");
        }
    }
}
