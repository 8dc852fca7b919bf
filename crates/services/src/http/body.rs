//! Request bodies onto disk, a chunk at a time.

use crate::{Error, Result};
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// Chunks between network and disk; hyper's are some hundred kilobytes at most.
const CHUNKS_IN_FLIGHT: usize = 4;

/// A client that sends nothing for so long is gone; it must not hold a thread.
const IDLE: Duration = Duration::from_secs(120);

enum Message {
    Chunk(Bytes),
    End,
}

/// Feeds the body to `write` on a thread that may block. Only a body that came to its end returns the sink.
pub(super) async fn pump<S: Send + 'static>(
    mut body: Body,
    mut sink: S,
    write: impl Fn(&mut S, &[u8]) -> Result<()> + Send + 'static,
) -> Result<S> {
    let (send, mut receive) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let writing = super::blocking(move || {
        while let Some(message) = receive.blocking_recv() {
            match message {
                Message::Chunk(chunk) => write(&mut sink, &chunk)?,
                Message::End => return Ok(sink),
            }
        }
        let source = std::io::ErrorKind::UnexpectedEof.into();
        Err(Error::Io { path: PathBuf::from("request body"), source })
    });
    let reading = async move {
        loop {
            let message = match tokio::time::timeout(IDLE, body.frame()).await {
                Ok(None) => Message::End,
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(chunk) => Message::Chunk(chunk),
                    Err(_trailers) => continue,
                },
                // Dropping the sender tells the writer.
                Err(_) | Ok(Some(Err(_))) => return,
            };
            let ended = matches!(message, Message::End);
            // The writer gave up: its error is the answer.
            if send.send(message).await.is_err() || ended {
                return;
            }
        }
    };
    let (written, ()) = tokio::join!(writing, reading);
    written
}

/// A small body whole; `None` when it is larger than `limit` or does not arrive.
pub(super) async fn small(body: Body, limit: usize) -> Option<Bytes> {
    axum::body::to_bytes(body, limit).await.ok()
}
