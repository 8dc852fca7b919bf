//! A request's body: bounded, unpacked where it is packed, and never waited for without end.

use std::io::Write as _;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use futures_util::{Stream, StreamExt as _};

use crate::{Error, Result};

pub(super) struct Incoming {
    stream: BodyDataStream,
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    /// Unpacked bytes that nobody has taken.
    rest: Bytes,
    /// Bytes that may still come.
    left: u64,
    idle: Duration,
    ended: bool,
}

impl Incoming {
    /// `limit` is of the unpacked bytes.
    pub(super) fn new(headers: &HeaderMap, body: Body, limit: u64, idle: Duration) -> Result<Incoming> {
        let gzip = match headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes) {
            None | Some(b"identity") => None,
            Some(b"gzip" | b"x-gzip") => Some(MultiGzDecoder::new(Vec::new())),
            Some(other) => {
                let name = String::from_utf8_lossy(other).into_owned();
                return Err(Error::invalid(
                    "Request",
                    "Content-Encoding",
                    format!("{name} is not understood, gzip is"),
                ));
            }
        };
        Ok(Incoming { stream: body.into_data_stream(), gzip, rest: Bytes::new(), left: limit, idle, ended: false })
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        while !self.ended {
            let read = tokio::time::timeout(self.idle, self.stream.next()).await;
            let chunk = match read {
                Err(_) => return Err(Error::Remote(format!("nothing came for {} s", self.idle.as_secs()))),
                Ok(Some(Err(error))) => return Err(Error::Remote(format!("the request broke off: {error}"))),
                Ok(Some(Ok(chunk))) => self.unpack(chunk)?,
                Ok(None) => {
                    self.ended = true;
                    self.last()?
                }
            };
            if chunk.is_empty() {
                continue;
            }
            self.left = self
                .left
                .checked_sub(chunk.len() as u64)
                .ok_or_else(|| Error::TooLarge("the request is larger than this server takes".to_owned()))?;
            return Ok(Some(chunk));
        }
        Ok(None)
    }

    /// Exactly this many bytes, after those that were taken.
    pub(super) async fn exactly(&mut self, count: usize) -> Result<Bytes> {
        if self.rest.len() < count {
            let mut have = BytesMut::from(std::mem::take(&mut self.rest));
            while have.len() < count {
                match self.chunk().await? {
                    Some(more) => have.extend_from_slice(&more),
                    None => return Err(Error::invalid("Request", "body", "it ends in the middle of a line")),
                }
            }
            self.rest = have.freeze();
        }
        Ok(self.rest.split_to(count))
    }

    /// Whether nothing follows.
    pub(super) async fn is_over(&mut self) -> Result<bool> {
        match self.chunk().await? {
            Some(chunk) => {
                self.rest = chunk;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// Reads to the end and forgets: a client hears an answer only when it has sent everything.
    pub(super) async fn drain(&mut self) -> Result<()> {
        while self.chunk().await?.is_some() {}
        Ok(())
    }

    /// What follows, piece by piece.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes>> + Send + Unpin {
        Box::pin(futures_util::stream::try_unfold(self, async |mut incoming| {
            Ok(incoming.chunk().await?.map(|chunk| (chunk, incoming)))
        }))
    }

    fn unpack(&mut self, chunk: Bytes) -> Result<Bytes> {
        let left = self.left;
        let Some(gzip) = &mut self.gzip else { return Ok(chunk) };
        // A little at a time, so that a bomb is noticed before it has grown.
        for part in chunk.chunks(1024) {
            gzip.write_all(part).map_err(|error| packed(&error))?;
            if gzip.get_ref().len() as u64 > left {
                return Err(Error::TooLarge("the request is larger than this server takes".to_owned()));
            }
        }
        Ok(std::mem::take(gzip.get_mut()).into())
    }

    fn last(&mut self) -> Result<Bytes> {
        let Some(gzip) = &mut self.gzip else { return Ok(Bytes::new()) };
        gzip.try_finish().map_err(|error| packed(&error))?;
        Ok(std::mem::take(gzip.get_mut()).into())
    }
}

fn packed(error: &std::io::Error) -> Error {
    Error::invalid("Request", "body", format!("it is no gzip: {error}"))
}
