use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use blob::Digest;

use super::dispatch::Call;
use super::range::{Wanted, wanted};
use crate::name::Repository;
use crate::problem::Problem;
use crate::{cache, send};

/// Content that has its hash for a name never changes.
const FOREVER: &str = "max-age=31536000, immutable";

/// `GET` and `HEAD /v2/<name>/blobs/<digest>`
pub(crate) async fn get(call: Call, name: Repository, digest: Digest) -> Result<Response, Problem> {
    let head = call.method == axum::http::Method::HEAD;
    // A client that asks before a push relies on the answer until its manifest comes: that counts as use.
    let hold = head && !call.registry.config().read_only;
    let repository = name.clone();
    let found = call
        .registry
        .blocking(move |storage| {
            if hold && storage.hold_blob(&repository, &digest)?.is_none() {
                return Ok(None);
            }
            storage.open_blob(&repository, &digest)
        })
        .await?;
    let Some((file, size)) = found else {
        if let Some(upstream) = call.registry.upstream_of(&name).cloned() {
            return cache::blob(&call, &name, &digest, &upstream).await;
        }
        return Err(Problem::blob_unknown(digest));
    };
    let etag = format!("\"{digest}\"");
    let mut response = if is_known(&call.headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match wanted(&call.headers, size, &etag) {
            Wanted::Unsatisfiable => {
                let problem =
                    Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", "the blob does not reach that far");
                return Err(problem.header(header::CONTENT_RANGE, &format!("bytes */{size}")));
            }
            Wanted::Whole => body(&call, head, file, 0, size),
            Wanted::Part(first, end) => {
                let mut response = body(&call, head, file, first, end);
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes {first}-{}/{size}", end - 1);
                response.headers_mut().insert(header::CONTENT_RANGE, value(&range)?);
                response
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOREVER));
    headers.insert(header::ETAG, value(&etag)?);
    headers.insert("docker-content-digest", value(&digest.to_string())?);
    Ok(response)
}

fn body(call: &Call, head: bool, file: std::fs::File, first: u64, end: u64) -> Response {
    let body = if head {
        Body::empty()
    } else {
        call.registry.metrics().sent(end - first);
        send::file(file, first, end, call.outlet.as_ref())
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    response
}

/// Whether the client has this content already.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == etag)
}

pub(super) fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::internal(format!("`{text}` does not fit into a header")))
}

/// `DELETE /v2/<name>/blobs/<digest>`
pub(crate) async fn delete(call: Call, name: Repository, digest: Digest) -> Result<Response, Problem> {
    let removed = call.registry.blocking(move |storage| storage.unlink_blob(&name, &digest)).await?;
    if removed { Ok(StatusCode::ACCEPTED.into_response()) } else { Err(Problem::blob_unknown(digest)) }
}
