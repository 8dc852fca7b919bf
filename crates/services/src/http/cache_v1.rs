//! `_apis/artifactcache`: caches v1, which older actions and clients of other servers speak.

use super::answer::Plain;
use super::{Shared, bearer, blocked, blocking, body, caches, download_url};
use crate::backend::{CacheUpload, Job, Receiver, TokenUse};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::io::Write as _;
use std::sync::Arc;

const MAX_BODY: usize = 64 * 1024;
/// Entries named in the list that clients fetch for their debug log.
const MAX_LISTED: usize = 100;

async fn job(backend: &Shared, headers: &HeaderMap) -> Result<Arc<Job>, Plain> {
    let refused = "the runtime token is missing, not ours, or its job has ended";
    let (asked, given) = (Arc::clone(backend), headers.clone());
    let found = blocking(move || bearer(&*asked, &given, TokenUse::Runtime)).await?;
    found.ok_or_else(|| Plain(StatusCode::UNAUTHORIZED, refused.to_owned()))
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
    State(backend): State<Shared>,
    Query(find): Query<Find>,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let job = job(&backend, &headers).await?;
    let mut keys = find.keys.split(',').map(|key| key.trim().to_owned());
    let query = caches::query(&job, keys.next().unwrap_or_default(), keys.collect(), find.version);
    let looking = Arc::clone(&backend);
    let (found, _) = blocking(move || looking.find_cache(&job, &query)).await?;
    let Some(entry) = found else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let answer = json!({
        "archiveLocation": download_url(&*backend, "cache", entry.id),
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
    State(backend): State<Shared>,
    Query(list): Query<List>,
    headers: HeaderMap,
) -> Result<Response, Plain> {
    let job = job(&backend, &headers).await?;
    let entries = blocking(move || backend.caches(&job, &list.key, MAX_LISTED)).await?;
    let rows = entries.iter().map(|entry| {
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

pub(super) async fn reserve(State(backend): State<Shared>, headers: HeaderMap, body: Body) -> Result<Response, Plain> {
    let job = job(&backend, &headers).await?;
    let reserve: Reserve = json_body(body).await?;
    let limit = backend.cache_limit();
    if reserve.cache_size.is_some_and(|size| size > limit) {
        return Err(bad(&format!("the cache is larger than the {limit} bytes allowed")));
    }
    if job.scopes.write.is_none() {
        return Err(Plain(StatusCode::FORBIDDEN, caches::WRITE_DENIED.to_owned()));
    }
    let id = blocking(move || backend.create_cache(&job, &reserve.key, &reserve.version)).await?;
    Ok((StatusCode::CREATED, Json(json!({"cacheId": id}))).into_response())
}

async fn own_upload(backend: &Shared, job: &Job, id: u64) -> Result<Box<dyn Receiver>, Plain> {
    let asked = Arc::clone(backend);
    let upload = blocking(move || asked.upload(id)).await?.filter(|upload| upload.job() == job.backend_id);
    upload.ok_or_else(|| Plain(StatusCode::NOT_FOUND, format!("there is no upload {id} of this job")))
}

pub(super) async fn upload(
    State(backend): State<Shared>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let job = job(&backend, &headers).await?;
    let upload = own_upload(&backend, &job, id).await?;
    let range = headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok()).and_then(content_range);
    let (start, end) = range.ok_or_else(|| bad("Content-Range must read: bytes START-END/*"))?;
    let limit = upload.limit();
    if end >= limit {
        return Err(Plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the cache is larger than the {limit} bytes allowed"),
        ));
    }
    let expected = end + 1 - start;
    let (upload, writer) = blocking(move || upload.writer().map(|writer| (upload, writer))).await?;
    let sink = body::pump(body, (writer, 0_u64), move |(writer, count), chunk| {
        // One byte more than announced is enough to know; it is never written.
        *count += chunk.len() as u64;
        if *count > expected {
            return Err(crate::Error::Size { expected, actual: *count });
        }
        writer.write_all(chunk).map_err(|error| crate::Error::Io { path: "upload".into(), source: error })
    });
    let (writer, count) = sink.await?;
    if count != expected {
        return Err(crate::Error::Size { expected, actual: count }.into());
    }
    blocked(move || upload.add_range(start, writer.finish()).map_err(Plain::from)).await?;
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
    State(backend): State<Shared>,
    Path(id): Path<u64>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Plain> {
    let job = job(&backend, &headers).await?;
    own_upload(&backend, &job, id).await?;
    let Commit { size } = json_body(body).await?;
    blocking(move || backend.finalize_cache(&job, CacheUpload::Ranges { id, size }, Some(size))).await?;
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
