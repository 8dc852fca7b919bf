//! Uncompressing and hashing in one thread, for whoever reads the result in another.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use blob::{Algorithm, Digest, Hasher};

use super::compression::Decompressor;
use super::error::LayerError;
use super::limits::Limits;

const CHUNK: usize = 256 << 10;
/// Chunks that may wait for the reader: what one thread is ahead of the other, and all the memory that takes.
const AHEAD: usize = 8;

/// The uncompressed bytes. An error of the other thread comes as one of reading.
pub(super) struct Stream {
    chunks: Receiver<io::Result<Vec<u8>>>,
    used: Sender<Vec<u8>>,
    chunk: Vec<u8>,
    position: usize,
}

/// The other thread, which ends with the digest of all that was uncompressed.
pub(super) type Digesting<'scope> = ScopedJoinHandle<'scope, Option<Digest>>;

/// Starts uncompressing. `size` is the size of the input, for the ratio.
pub(super) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    input: impl Read + Send + 'scope,
    size: u64,
    algorithm: Algorithm,
    limits: &'scope Limits,
) -> (Stream, Digesting<'scope>) {
    let (send, chunks) = sync_channel(AHEAD);
    let (used, free) = channel();
    let digesting = scope.spawn(move || {
        let mut hasher = Hasher::new(algorithm);
        match pump(input, size, limits, &mut hasher, &send, &free) {
            Ok(()) => Some(hasher.finish()),
            Err(error) => {
                // Nobody listens any more when the reader has failed first.
                let _ = send.send(Err(io::Error::other(error)));
                None
            }
        }
    });
    (Stream { chunks, used, chunk: Vec::new(), position: 0 }, digesting)
}

fn pump(
    input: impl Read,
    size: u64,
    limits: &Limits,
    hasher: &mut Hasher,
    send: &SyncSender<io::Result<Vec<u8>>>,
    free: &Receiver<Vec<u8>>,
) -> Result<(), LayerError> {
    let mut input = Decompressor::new(input)?;
    let mut total: u64 = 0;
    loop {
        let mut chunk = free.try_recv().unwrap_or_default();
        chunk.resize(CHUNK, 0);
        let mut filled = 0;
        while filled < CHUNK {
            match input.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LayerError::Compression(error)),
            }
        }
        if filled == 0 {
            return Ok(());
        }
        chunk.truncate(filled);
        total += filled as u64;
        if total > limits.bytes {
            return Err(LayerError::Limit { what: "bytes", limit: limits.bytes });
        }
        if total > Limits::RATIO_FROM && total / size.max(1) > limits.ratio {
            return Err(LayerError::Limit { what: "uncompressed bytes for each stored one", limit: limits.ratio });
        }
        hasher.update(&chunk);
        if send.send(Ok(chunk)).is_err() {
            return Ok(());
        }
    }
}

impl Stream {
    /// Reads to the end, so that all is hashed.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        loop {
            let length = self.fill_buf()?.len();
            if length == 0 {
                return Ok(());
            }
            self.consume(length);
        }
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.chunk.len() {
            // A sender that is gone is the end.
            let Ok(next) = self.chunks.recv() else { return Ok(&[]) };
            let used = std::mem::replace(&mut self.chunk, next?);
            self.position = 0;
            let _ = self.used.send(used);
        }
        Ok(&self.chunk[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position = (self.position + amount).min(self.chunk.len());
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        self.consume(count);
        Ok(count)
    }
}
