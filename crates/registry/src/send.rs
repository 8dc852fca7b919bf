//! Sending files.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use crate::outlet::{Outlet, stand_in};

/// Bytes read at once, where a file cannot be sent by itself.
const PIECE: usize = 512 << 10;

/// Part of a file as the body of an answer: from `first` up to and without `end`.
pub(crate) fn file(file: File, first: u64, end: u64, outlet: Option<&Outlet>) -> Body {
    let file = Arc::new(file);
    match outlet.cloned() {
        Some(outlet) => {
            let pieces = Pieces { part: Some((file, outlet)), at: first, end };
            Body::from_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)))
        }
        None => Body::from_stream(stream::try_unfold(first, move |at| {
            let file = Arc::clone(&file);
            async move {
                if at >= end {
                    return Ok::<_, std::io::Error>(None);
                }
                let bytes = tokio::task::spawn_blocking(move || read(&file, at, end)).await??;
                let next = at + bytes.len() as u64;
                Ok(Some((bytes, next)))
            }
        })),
    }
}

/// What stands for a part of a file, which is announced when its turn has come.
struct Pieces {
    part: Option<(Arc<File>, Outlet)>,
    at: u64,
    end: u64,
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let left = self.end.checked_sub(self.at).filter(|left| *left > 0)?;
        if let Some((file, outlet)) = self.part.take() {
            outlet.announce(file, self.at, self.end);
        }
        let bytes = stand_in(left);
        self.at += bytes.len() as u64;
        Some(bytes)
    }
}

fn read(file: &File, at: u64, end: u64) -> std::io::Result<Bytes> {
    let size = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
    let mut buffer = vec![0; size];
    file.read_exact_at(&mut buffer, at)?;
    Ok(buffer.into())
}
