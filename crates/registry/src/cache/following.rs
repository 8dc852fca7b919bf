use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use blob::{Digest, Store};
use bytes::Bytes;
use futures_util::stream;
use image::client::partial_name;

use super::fetches::{Ended, Fetch};

/// Bytes sent at once.
const PIECE: u64 = 256 << 10;

/// How long what was announced may take until it is in the file.
const SETTLING: Duration = Duration::from_millis(5);

struct Following {
    fetch: Fetch,
    store: Store,
    digest: Digest,
    size: u64,
    sent: u64,
    file: Option<Arc<File>>,
}

/// The bytes of a blob while they arrive: read from the file that they are written to. Ends short, and so that the client sees
/// it, when the rest does not come or what came was wrong.
pub(super) fn body(fetch: Fetch, store: Store, digest: Digest, size: u64) -> Body {
    let following = Following { fetch, store, digest, size, sent: 0, file: None };
    Body::from_stream(stream::try_unfold(following, |mut following| async move {
        Ok::<_, io::Error>(following.next().await?.map(|bytes| (bytes, following)))
    }))
}

impl Following {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.sent >= self.size {
            return Ok(None);
        }
        loop {
            let sent = self.sent;
            let state = self.fetch.until(|state| state.bytes != sent).await;
            match &state.ended {
                // Whole and checked; another process may have written it elsewhere.
                Some(Ended::Stored) if self.file.is_none() => {
                    self.file = Some(Arc::new(self.store.open_blob(&self.digest)?));
                }
                Some(Ended::Stored) => {}
                Some(Ended::Unknown) => return Err(io::Error::other("the upstream has no such blob")),
                Some(Ended::Failed(reason)) => return Err(io::Error::other(reason.clone())),
                None if state.bytes < sent => return Err(io::Error::other("the upstream started again")),
                None => {}
            }
            if self.file.is_none() {
                self.file = self.store.peek_upload(&partial_name(&self.digest))?.map(Arc::new);
            }
            // The last bytes are for when all of them are known to be right.
            let end = if state.ended.is_some() { self.size } else { state.bytes.min(self.size.saturating_sub(1)) };
            if let Some(file) = self.file.clone()
                && end > sent
            {
                let bytes = tokio::task::spawn_blocking(move || read(&file, sent, end)).await??;
                if !bytes.is_empty() {
                    self.sent += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                if state.ended.is_some() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            if state.bytes > sent {
                tokio::time::sleep(SETTLING).await;
            }
        }
    }
}

fn read(file: &File, at: u64, end: u64) -> io::Result<Bytes> {
    let mut buffer = vec![0; usize::try_from((end - at).min(PIECE)).unwrap_or_default()];
    let read = file.read_at(&mut buffer, at)?;
    buffer.truncate(read);
    Ok(buffer.into())
}
