//! Large files in the store of objects: taken in and given out in pieces.

use std::io::{Read as _, Seek as _, SeekFrom};

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use blob::Digest;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use crate::{Error, Result};

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Conflict(format!("the store of objects: {error}"))
}

/// Takes a file in; its digest and size.
pub(crate) async fn store(
    objects: &blob::Store,
    mut chunks: impl Stream<Item = Result<Bytes>> + Send + Unpin,
    expected: Option<&Digest>,
) -> Result<(Digest, u64)> {
    let (send, mut receive) = mpsc::channel::<Bytes>(8);
    let (objects, expected) = (objects.clone(), expected.copied());
    // Hashing and writing block.
    let writing = tokio::task::spawn_blocking(move || -> Result<(Digest, u64), blob::Error> {
        let mut writer = objects.writer()?;
        while let Some(chunk) = receive.blocking_recv() {
            // An empty piece says that it was the last one: without it, the sender broke off.
            if chunk.is_empty() {
                return writer.commit(expected.as_ref());
            }
            writer.append(&chunk)?;
        }
        let source = std::io::ErrorKind::UnexpectedEof.into();
        Err(blob::Error::Io { action: "receive", path: "a file".into(), source })
    });
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if !chunk.is_empty() && send.send(chunk).await.is_err() {
            break;
        }
    }
    let _ = send.send(Bytes::new()).await;
    writing.await.map_err(broken)?.map_err(broken)
}

/// As [`store`], for a file whose digest is known; its size.
pub(crate) async fn store_as(
    objects: &blob::Store,
    chunks: impl Stream<Item = Result<Bytes>> + Send + Unpin,
    expected: &Digest,
) -> Result<u64> {
    let stored = store(objects, chunks, Some(expected)).await;
    stored.map(|(_, size)| size).map_err(|error| Error::invalid("Object", "oid", error.to_string()))
}

/// Gives a file out, or the part of it that `range` (`bytes=N-M`) asks for.
pub(crate) async fn serve(objects: &blob::Store, digest: &Digest, range: Option<&str>, kind: &str) -> Result<Response> {
    let (objects, digest) = (objects.clone(), *digest);
    let opened = tokio::task::spawn_blocking(move || {
        let size = objects.size(&digest)?.unwrap_or_default();
        objects.open_blob(&digest).map(|file| (file, size))
    });
    let (mut file, size) = opened.await.map_err(broken)?.map_err(broken)?;
    let (start, end) = range.and_then(|text| parse_range(text, size)).unwrap_or((0, size));
    let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut left = end - start;
        if let Err(error) = file.seek(SeekFrom::Start(start)) {
            let _ = send.blocking_send(Err(error));
            return;
        }
        while left > 0 {
            let mut buffer = vec![0; usize::try_from(left.min(128 * 1024)).unwrap_or(0)];
            let read = file.read_exact(&mut buffer).map(|()| Bytes::from(buffer));
            let failed = read.is_err();
            left = left.saturating_sub(128 * 1024);
            // The client may be gone.
            if send.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    let stream = futures_util::stream::unfold(receive, |mut receive| async { Some((receive.recv().await?, receive)) });
    let mut response = Body::from_stream(stream).into_response();
    let headers = response.headers_mut();
    let text = |value: String| header::HeaderValue::from_str(&value).map_err(broken);
    headers.insert(header::CONTENT_TYPE, text(kind.to_owned())?);
    headers.insert(header::CONTENT_LENGTH, text((end - start).to_string())?);
    headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
    if (start, end) != (0, size) {
        headers.insert(header::CONTENT_RANGE, text(format!("bytes {start}-{}/{size}", end - 1))?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Start and end of one range; anything else is answered with the whole.
fn parse_range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(last)) => (start, last.saturating_add(1).min(size)),
        (Ok(start), Err(_)) if last.is_empty() => (start, size),
        (Err(_), Ok(count)) if first.is_empty() => (size.saturating_sub(count), size),
        _ => return None,
    };
    (start < end).then_some((start, end))
}
