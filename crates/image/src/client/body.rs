//! A part of a file as the body of a request: never more than two pieces of it in memory.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream;

/// Read and sent at a time.
const PIECE: u64 = 256 << 10;

/// What a request carries.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Nothing,
    Bytes(Bytes),
    File(Part),
}

/// Some bytes of a file.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    pub(super) len: u64,
    /// Bytes of the file, from its beginning, that were taken by the connection.
    pub(super) taken: Arc<AtomicU64>,
}

impl Payload {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(part) => part.len,
        }
    }

    /// The body, from its beginning. May be asked for again when a request is repeated.
    pub(super) fn to_body(&self) -> reqwest::Body {
        match self {
            Self::Nothing => reqwest::Body::from(""),
            Self::Bytes(bytes) => reqwest::Body::from(bytes.clone()),
            Self::File(part) => part.to_body(),
        }
    }
}

struct Reading {
    file: Option<Arc<File>>,
    part: Part,
    at: u64,
}

impl Part {
    fn to_body(&self) -> reqwest::Body {
        self.taken.store(self.offset, Ordering::Relaxed);
        let reading = Reading { file: None, part: self.clone(), at: self.offset };
        reqwest::Body::wrap_stream(stream::try_unfold(reading, |mut reading| async move {
            // What was handed out before is with the connection when the next piece is asked for.
            reading.part.taken.store(reading.at, Ordering::Relaxed);
            let end = reading.part.offset + reading.part.len;
            let want = PIECE.min(end - reading.at);
            if want == 0 {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || {
                let file = match reading.file.take() {
                    Some(file) => file,
                    None => Arc::new(File::open(&reading.part.path)?),
                };
                let mut piece = vec![0; usize::try_from(want).unwrap_or(usize::MAX)];
                file.read_exact_at(&mut piece, reading.at)?;
                reading.file = Some(file);
                reading.at += want;
                Ok::<_, std::io::Error>((Bytes::from(piece), reading))
            });
            read.await.map_err(std::io::Error::other)?.map(Some)
        }))
    }
}
