//! The subset of block blobs that the clients use: whole bodies, blocks and their list, ranged reads.

mod block_list;

use super::answer::Blob as Failure;
use super::{Shared, blocking, body};
use crate::backend::{BlobWriter, Stored};
use crate::{Content, Error};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::io::Write;
use std::path::PathBuf;

/// Ids of blocks, decoded, as Azure limits them.
const MAX_BLOCK_ID: usize = 64;
/// 50,000 ids with their tags.
const MAX_BLOCK_LIST: usize = 8 * 1024 * 1024;

#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    se: i64,
    #[serde(default)]
    sig: String,
    comp: Option<String>,
    blockid: Option<String>,
}

fn check(backend: &Shared, path: &str, address: &Address) -> Result<(), Failure> {
    let edge = backend.edge();
    if edge.signer.verify_address(path, address.se, &address.sig, edge.now()) {
        return Ok(());
    }
    let message = "the address is not signed by this server, or has expired".to_owned();
    Err(Failure(StatusCode::FORBIDDEN, "AuthenticationFailed", message))
}

fn bad(code: &'static str, message: impl Into<String>) -> Failure {
    Failure(StatusCode::BAD_REQUEST, code, message.into())
}

pub(super) async fn put(
    State(backend): State<Shared>,
    Path(id): Path<u64>,
    Query(address): Query<Address>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    check(&backend, &format!("/blobs/upload/{id}"), &address)?;
    let gone = || Failure(StatusCode::NOT_FOUND, "BlobNotFound", "the upload has ended".to_owned());
    let asked = backend.clone();
    let upload = blocking(move || asked.upload(id)).await?.ok_or_else(gone)?;
    match (address.comp.as_deref(), address.blockid) {
        (Some("blocklist"), _) => {
            let too_large = || Failure(StatusCode::PAYLOAD_TOO_LARGE, "RequestBodyTooLarge", "block list".to_owned());
            let xml = body::small(body, MAX_BLOCK_LIST).await.ok_or_else(too_large)?;
            let ids = block_list::parse(&xml).map_err(|message| bad("InvalidXmlDocument", message))?;
            blocking(move || upload.commit_blocks(&ids)).await?;
        }
        (Some("block"), Some(block_id)) => {
            // Some clients leave `+` unescaped, which a query reads as a space.
            let block_id = block_id.replace(' ', "+");
            let decoded = BASE64_STANDARD.decode(&block_id).unwrap_or_default();
            if decoded.is_empty() || decoded.len() > MAX_BLOCK_ID {
                return Err(bad("InvalidQueryParameterValue", "blockid must be base64 of 1 to 64 bytes"));
            }
            let (upload, writer) = blocking(move || upload.writer().map(|writer| (upload, writer))).await?;
            let block = receive(body, &headers, writer, upload.limit()).await?.finish();
            blocking(move || upload.add_block(&block_id, block)).await?;
        }
        (Some("block"), None) => {
            return Err(bad("InvalidQueryParameterValue", "blockid is missing"));
        }
        (Some(other), _) => {
            return Err(bad("InvalidQueryParameterValue", format!("comp={other} is not served")));
        }
        (None, _) => {
            let (upload, writer) = blocking(move || upload.writer().map(|writer| (upload, writer))).await?;
            let whole = receive(body, &headers, writer, upload.limit()).await?.finish();
            blocking(move || upload.set_whole(whole)).await?;
        }
    }
    let stored = Response::builder()
        .status(StatusCode::CREATED)
        .header("x-ms-request-id", uuid::Uuid::new_v4().to_string())
        .header("x-ms-version", "2026-04-06")
        .header("x-ms-request-server-encrypted", "false")
        .header("etag", format!("\"{id}\""))
        .header("last-modified", http_date(backend.edge().clock.now()))
        .body(Body::empty());
    Ok(stored.unwrap_or_else(|_| StatusCode::CREATED.into_response()))
}

fn http_date(time: jiff::Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

async fn receive(body: Body, headers: &HeaderMap, writer: BlobWriter, limit: u64) -> Result<BlobWriter, Failure> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Error::TooLarge { limit }.into());
    }
    let received = body::pump(body, writer, move |writer, chunk| {
        writer.write_all(chunk).map_err(|error| match error.kind() {
            std::io::ErrorKind::FileTooLarge => Error::TooLarge { limit },
            _ => Error::Io { path: PathBuf::from("upload"), source: error },
        })
    });
    Ok(received.await?)
}

pub(super) async fn get_artifact(
    State(backend): State<Shared>,
    Path(id): Path<u64>,
    Query(address): Query<Address>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&backend, &format!("/blobs/artifact/{id}"), &address)?;
    let (artifact, stored) = blocking(move || backend.artifact_content(id)).await?;
    let name = match artifact.content {
        Content::Zip => format!("{}.zip", artifact.name),
        Content::Raw { .. } => artifact.name.clone(),
    };
    let mut response = send(stored, artifact.content.mime_type(), &method, &headers)?;
    let disposition = format!("attachment; filename*=UTF-8''{}", percent_encode(&name));
    if let Ok(value) = disposition.parse() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

pub(super) async fn get_cache(
    State(backend): State<Shared>,
    Path(id): Path<u64>,
    Query(address): Query<Address>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&backend, &format!("/blobs/cache/{id}"), &address)?;
    let stored = blocking(move || backend.cache_content(id)).await?;
    send(stored, "application/octet-stream", &method, &headers)
}

/// Content, or the one range asked for.
fn send(stored: Stored, mime_type: &str, method: &Method, headers: &HeaderMap) -> Result<Response, Failure> {
    let size = stored.size;
    let asked = headers.get("x-ms-range").or_else(|| headers.get(header::RANGE));
    let range = asked.and_then(|value| value.to_str().ok()).and_then(|value| byte_range(value, size));
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, mime_type)
        .header(header::ACCEPT_RANGES, "bytes")
        .header("x-ms-blob-type", "BlockBlob");
    let (start, length) = match range {
        None => (0, size),
        Some(None) => {
            let message = format!("the content has {size} bytes");
            return Err(Failure(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", message));
        }
        Some(Some((start, end))) => {
            let content_range = format!("bytes {start}-{end}/{size}");
            response = response.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, content_range);
            (start, end + 1 - start)
        }
    };
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        Body::from_stream(stored.content.stream(start..start + length))
    };
    let response = response.header(header::CONTENT_LENGTH, length).body(body);
    Ok(response.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

/// First and last byte; inner `None` when it lies outside; outer `None` when the header is to be ignored.
fn byte_range(value: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (start, end) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
    let last = size.checked_sub(1);
    if start.is_empty() {
        let count: u64 = end.parse().ok()?;
        return Some(last.filter(|_| count > 0).map(|last| (size.saturating_sub(count), last)));
    }
    let start: u64 = start.parse().ok()?;
    let end = if end.is_empty() { u64::MAX } else { end.parse().ok()? };
    if end < start {
        return None;
    }
    Some(last.filter(|last| start <= *last).map(|last| (start, end.min(last))))
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::byte_range;

    #[test]
    fn byte_ranges() {
        let table = [
            ("bytes=0-9", 100, Some(Some((0, 9)))),
            ("bytes=90-", 100, Some(Some((90, 99)))),
            ("bytes=90-200", 100, Some(Some((90, 99)))),
            ("bytes=-10", 100, Some(Some((90, 99)))),
            ("bytes=-200", 100, Some(Some((0, 99)))),
            ("bytes=100-", 100, Some(None)),
            ("bytes=0-", 0, Some(None)),
            ("bytes=-0", 100, Some(None)),
            ("bytes=9-0", 100, None),
            ("bytes=0-1,3-4", 100, None),
            ("lines=0-1", 100, None),
        ];
        for (text, size, expected) in table {
            assert_eq!(byte_range(text, size), expected, "{text}");
        }
    }
}
