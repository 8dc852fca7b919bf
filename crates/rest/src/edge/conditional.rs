//! ETags: a client that has the answer already gets 304.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use super::answer::{Answer, Body};

/// Gives a 200 of JSON or bytes its ETag, or makes it a 304 when the request names that.
pub(crate) fn tag(answer: Answer, request: &HeaderMap) -> Answer {
    if answer.status != StatusCode::OK {
        return answer;
    }
    let mut hash = Sha256::new();
    match &answer.body {
        Body::Json(value) => hash.update(value.to_string()),
        Body::Bytes { bytes, .. } => hash.update(bytes),
        Body::Empty | Body::Stream(_) => return answer,
    }
    // Weak, since the bytes may differ while the meaning is the same.
    let etag = format!("W/\"{}\"", hex::encode(hash.finalize()));
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same =
        known.flat_map(|value| value.split(',')).map(str::trim).any(|one| one == "*" || weak(one) == weak(&etag));
    let mut answer =
        if same { Answer { status: StatusCode::NOT_MODIFIED, body: Body::Empty, ..answer } } else { answer };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.headers.push((header::ETAG, etag));
        answer.headers.push((header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=0, must-revalidate")));
    }
    answer
}

fn weak(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}
