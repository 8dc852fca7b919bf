//! Sending files.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use crate::outlet::Outlet;

/// Bytes read at once, where a file cannot be sent by itself.
const PIECE: usize = 512 << 10;

/// Part of a file as the body of an answer: from `first` up to and without `end`.
pub(crate) fn file(file: File, first: u64, end: u64, outlet: Option<&Outlet>) -> Body {
    let file = Arc::new(file);
    match outlet.cloned() {
        Some(outlet) => {
            Body::from_stream(stream::iter(Parts { file, at: first, end, outlet }.map(Ok::<_, std::io::Error>)))
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

/// Parts of a file, each announced when its turn has come.
struct Parts {
    file: Arc<File>,
    at: u64,
    end: u64,
    outlet: Outlet,
}

impl Iterator for Parts {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let left = self.end.checked_sub(self.at).filter(|left| *left > 0)?;
        let length = usize::try_from(left).unwrap_or(Outlet::LARGEST).min(Outlet::LARGEST);
        let bytes = self.outlet.announce(Arc::clone(&self.file), self.at, length);
        self.at += length as u64;
        Some(bytes)
    }
}

fn read(file: &File, at: u64, end: u64) -> std::io::Result<Bytes> {
    let size = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
    let mut buffer = vec![0; size];
    file.read_exact_at(&mut buffer, at)?;
    Ok(buffer.into())
}
