//! The log: read from the record on disk as it grows, sent as one stream.

use std::path::PathBuf;

use api::wire::{ErrorCode, LOG_PIECE, LogEncoder, LogEntry, LogKind};
use runner::log::{LogReader, RecordKind, RecordPiece, Stream};
use tokio::sync::{oneshot, watch};

use super::{Courier, Lost};

/// A record that grows, and what wakes its readers.
pub(crate) struct LogSource {
    pub(crate) path: PathBuf,
    /// Ends when nobody writes any more.
    pub(crate) written: watch::Receiver<u64>,
}

/// Brings a log to the server.
pub(crate) struct LogSender {
    stream: Option<GrowingStream>,
}

/// The record as a stream, from an offset on.
struct GrowingStream {
    path: PathBuf,
    reader: LogReader,
    encoder: LogEncoder,
    /// Not acknowledged yet.
    buffer: Vec<u8>,
    /// Where in the stream `buffer` begins.
    base: u64,
    /// The server does not take what comes here: there is no more of it.
    cut: bool,
}

impl GrowingStream {
    fn open(path: PathBuf) -> Option<Self> {
        let reader = LogReader::open(&path).ok()?;
        Some(Self { path, reader, encoder: LogEncoder::default(), buffer: Vec::new(), base: 0, cut: false })
    }

    /// Reads on until there is enough for a request.
    fn fill(&mut self) {
        while !self.cut && self.buffer.len() < LOG_PIECE {
            // A damaged record ends where the damage is.
            let Ok(Some(piece)) = self.reader.next_piece() else { break };
            self.encoder.entry(&entry(piece), &mut self.buffer);
        }
    }

    /// The server has the stream up to here.
    fn acknowledge(&mut self, stored: u64) {
        if stored < self.base {
            // It lacks what it had: a backup was put back.
            if let Some(again) = Self::open(self.path.clone()) {
                *self = again;
            }
        }
        while stored > self.base {
            if self.buffer.is_empty() {
                self.fill();
            }
            let known = usize::try_from(stored - self.base).unwrap_or(usize::MAX).min(self.buffer.len());
            if known == 0 {
                break;
            }
            self.buffer.drain(..known);
            self.base += known as u64;
        }
    }

    fn piece(&self) -> &[u8] {
        &self.buffer[..self.buffer.len().min(LOG_PIECE)]
    }
}

fn entry(piece: RecordPiece) -> LogEntry {
    let kind = match piece.kind {
        RecordKind::Lines(Stream::Out) => LogKind::Out,
        RecordKind::Lines(Stream::Err) => LogKind::Err,
        RecordKind::Lines(Stream::Runner) => LogKind::Runner,
        RecordKind::StepStarted => LogKind::StepStarted,
        RecordKind::StepEnded => LogKind::StepEnded,
    };
    LogEntry { time: piece.time, step: piece.step, kind, text: piece.text }
}

impl LogSender {
    pub(crate) fn new() -> Self {
        Self { stream: None }
    }

    /// Follows the log that a job begins, until `over` says that nothing more is written; the length of the stream.
    pub(crate) async fn follow(
        mut self,
        courier: &Courier,
        begun: oneshot::Receiver<LogSource>,
        mut over: watch::Receiver<bool>,
    ) -> Result<u64, Lost> {
        let source = tokio::select! {
            source = begun => source.ok(),
            _ = over.wait_for(|over| *over) => None,
            () = courier.lost.cancelled() => return Err(Lost),
        };
        // A job that never stood has no log.
        let Some(mut source) = source else { return Ok(0) };
        self.stream = GrowingStream::open(source.path.clone());
        // Whoever wrote is gone; the job's report follows.
        let mut silent = false;
        loop {
            let ended = *over.borrow_and_update();
            source.written.borrow_and_update();
            self.send_all(courier).await?;
            if ended {
                return Ok(self.length());
            }
            tokio::select! {
                changed = source.written.changed(), if !silent => silent = changed.is_err(),
                _ = over.wait_for(|over| *over) => {}
                () = courier.lost.cancelled() => return Err(Lost),
            }
        }
    }

    /// Sends the rest of a record that does not grow any more, of which the server has `stored` bytes.
    pub(crate) async fn rest(mut self, courier: &Courier, path: PathBuf, stored: u64) -> Result<u64, Lost> {
        self.stream = GrowingStream::open(path);
        if let Some(stream) = &mut self.stream {
            stream.acknowledge(stored);
        }
        self.send_all(courier).await?;
        Ok(self.length().max(stored))
    }

    fn length(&self) -> u64 {
        self.stream.as_ref().map_or(0, |stream| stream.base + stream.buffer.len() as u64)
    }

    /// Sends everything that is in the record now.
    async fn send_all(&mut self, courier: &Courier) -> Result<(), Lost> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        loop {
            stream.fill();
            if stream.buffer.is_empty() {
                return Ok(());
            }
            let (offset, piece) = (stream.base, stream.piece());
            let answer = courier.send(|| courier.agent.client.log(courier.held, offset, piece)).await?;
            let stored = match answer {
                Ok(stored) => stored.stored,
                Err(failure) if failure.code() == Some(ErrorCode::Gap) => {
                    let progress = courier.send(|| courier.agent.client.progress(courier.held)).await?;
                    progress.map_or(offset, |progress| progress.log)
                }
                // It will not take this piece, now or later, and a stream has no gaps.
                Err(failure) => {
                    courier.refused("the rest of the log", &failure);
                    stream.cut = true;
                    stream.buffer.clear();
                    continue;
                }
            };
            stream.acknowledge(stored);
        }
    }
}
