//! Large files and the files of releases: taken in on this machine's disk, kept as objects, given out in pieces.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use blob::objects::{ObjectError, Objects};
use blob::{Algorithm, Digest, Hasher};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::io::AsyncWriteExt as _;

use crate::{Error, Result};

/// What lies here for longer was left by a server that was killed: no upload takes so long.
const LEFT: Duration = Duration::from_secs(24 * 3600);

/// Where files are kept, and where they lie until they are whole.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    objects: Objects,
    incoming: PathBuf,
}

/// A file on its way; removed unless it became an object.
struct Arriving(PathBuf);

impl Drop for Arriving {
    fn drop(&mut self) {
        // Gone when it became an object.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Files {
    /// # Errors
    /// When the directory cannot be made.
    pub(crate) fn open(objects: Objects, incoming: &Path) -> Result<Self> {
        let failed = || Error::io(incoming.display().to_string());
        std::fs::create_dir_all(incoming).map_err(failed())?;
        for entry in std::fs::read_dir(incoming).map_err(failed())?.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > LEFT) {
                // The next start tries again.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self { objects, incoming: incoming.to_owned() })
    }

    /// Takes a file in, whole or not at all; its digest and size. `expected` is what its digest must be.
    pub(crate) async fn store(
        &self,
        mut chunks: impl Stream<Item = Result<Bytes>> + Send + Unpin,
        expected: Option<&Digest>,
    ) -> Result<(Digest, u64)> {
        let arriving = Arriving(self.incoming.join(uuid::Uuid::now_v7().simple().to_string()));
        // A sender may be slow: no thread waits for it, each piece is written by whichever is free.
        let failed = || Error::io("a file on its way");
        let mut file = tokio::fs::File::create_new(&arriving.0).await.map_err(failed())?;
        let (mut hasher, mut size) = (Hasher::new(Algorithm::Sha256), 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            hasher.update(&chunk);
            size += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(failed())?;
        }
        file.flush().await.map_err(failed())?;
        file.sync_all().await.map_err(failed())?;
        let digest = hasher.finish();
        if let Some(expected) = expected.filter(|expected| **expected != digest) {
            let message = format!("the content has digest {digest}, not {expected}");
            return Err(Error::invalid("Object", "oid", message));
        }
        self.objects.take_file(&store::lfs::object(&digest.hex()), &arriving.0).await?;
        Ok((digest, size))
    }

    /// Gives a file of this size out, or the part of it that `range` (`bytes=N-M`) asks for.
    pub(crate) async fn serve(&self, digest: &Digest, size: u64, range: Option<&str>, kind: &str) -> Result<Response> {
        let (start, end) = range.and_then(|text| parse_range(text, size)).unwrap_or((0, size));
        let pieces = self.objects.stream(&store::lfs::object(&digest.hex()), start..end).await?;
        let mut response = Body::from_stream(pieces).into_response();
        let headers = response.headers_mut();
        let text = |value: String| {
            header::HeaderValue::from_str(&value).map_err(|error| Error::Internal(format!("a header: {error}")))
        };
        headers.insert(header::CONTENT_TYPE, text(kind.to_owned())?);
        headers.insert(header::CONTENT_LENGTH, text((end - start).to_string())?);
        for (name, value) in UPLOADED {
            headers.insert(name, header::HeaderValue::from_static(value));
        }
        headers.insert(header::ACCEPT_RANGES, header::HeaderValue::from_static("bytes"));
        if (start, end) != (0, size) {
            headers.insert(header::CONTENT_RANGE, text(format!("bytes {start}-{}/{size}", end - 1))?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }
}

/// Somebody uploaded it and said what it is: a browser keeps it and does nothing else with it, least of all run it as a page
/// of this server.
const UPLOADED: [(header::HeaderName, &str); 3] = [
    (header::CONTENT_DISPOSITION, "attachment"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
];

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing(_) => Self::not_found("the file"),
            ObjectError::NoSpace { .. } => Self::NoSpace(error.to_string()),
            ObjectError::Failed { .. } => Self::Busy(format!("the place for files does not answer: {error}")),
            ObjectError::Address { .. } | ObjectError::Name(_) => Self::Internal(error.to_string()),
        }
    }
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
