//! Lines of a log as messages, made once for everybody who reads them.
//!
//! Nobody is waited for: a reader asks for the message at its place. Who asks first reads the log and makes it, the others
//! find it. What is kept is bounded; a reader that is far behind, or comes late, has it made again from the log, and again
//! for all who are there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use api::wire::{LogDecoder, LogKind};
use depot::{Depot, LogPieces};
use store::{Listener, Topic};

use super::coding::{Coding, Piece, Press};

/// Bytes of a message, before compression, after which the next one begins.
const MESSAGE: usize = 128 * 1024;
/// Bytes of messages that are kept, of all logs together.
const KEPT: usize = 32 << 20;
/// How long growth that nobody told may go unseen.
const SLOW: Duration = Duration::from_secs(5);

/// A place between two entries of a log stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Cursor {
    pub(super) offset: u64,
    /// Of the entry before.
    pub(super) time: i64,
}

/// Which log, and how its messages go over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Log {
    pub(super) job: i64,
    pub(super) fence: i64,
    pub(super) coding: Coding,
}

/// Some entries of a log.
#[derive(Debug)]
pub(super) struct Message {
    /// A server-sent event without its id; nothing when no entry has text.
    pub(super) piece: Option<Piece>,
    /// Where the next one begins.
    pub(super) next: Cursor,
}

impl Message {
    fn weight(&self) -> usize {
        // The message itself and its places in the table count, too.
        256 + self.piece.as_ref().map_or(0, |piece| piece.bytes.len())
    }
}

/// All logs that somebody reads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Feeds(Arc<Shared>);

struct Shared {
    depot: Depot,
    kept: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    feeds: HashMap<Log, Weak<Feed>>,
    messages: HashMap<(Log, Cursor), Arc<Message>>,
    /// The oldest first.
    order: VecDeque<(Log, Cursor)>,
    bytes: usize,
}

impl Feeds {
    pub(crate) fn new(depot: Depot) -> Self {
        Self::with_room(depot, KEPT)
    }

    fn with_room(depot: Depot, kept: usize) -> Self {
        Self(Arc::new(Shared { depot, kept, table: Mutex::default() }))
    }

    /// The messages of a log, shared with whoever else reads it.
    pub(super) fn of(&self, log: Log) -> Arc<Feed> {
        let mut table = self.0.table();
        if let Some(feed) = table.feeds.get(&log).and_then(Weak::upgrade) {
            return feed;
        }
        let feed = Arc::new(Feed { log, shared: self.0.clone(), reading: tokio::sync::Mutex::default() });
        table.feeds.insert(log, Arc::downgrade(&feed));
        feed
    }
}

impl Shared {
    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, log: Log, at: Cursor) -> Option<Arc<Message>> {
        self.table().messages.get(&(log, at)).cloned()
    }

    fn keep(&self, log: Log, at: Cursor, message: &Arc<Message>) {
        let mut table = self.table();
        if table.messages.contains_key(&(log, at)) {
            return;
        }
        table.bytes += message.weight();
        table.messages.insert((log, at), message.clone());
        table.order.push_back((log, at));
        while table.bytes > self.kept
            && let Some(oldest) = table.order.pop_front()
        {
            if let Some(message) = table.messages.remove(&oldest) {
                table.bytes -= message.weight();
            }
        }
    }
}

/// The messages of one log.
pub(super) struct Feed {
    log: Log,
    shared: Arc<Shared>,
    reading: tokio::sync::Mutex<Option<Reading>>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut table = self.shared.table();
        // Somebody may have come in between, with a feed of their own.
        if table.feeds.get(&self.log).is_some_and(|feed| feed.strong_count() > 0) {
            return;
        }
        table.feeds.remove(&self.log);
        table.messages.retain(|(log, _), _| *log != self.log);
        table.order.retain(|(log, _)| *log != self.log);
        table.bytes = table.messages.values().map(|message| message.weight()).sum();
    }
}

/// A log that is being read, up to a place.
struct Reading {
    at: Cursor,
    pieces: LogPieces,
    decoder: LogDecoder,
    press: Press,
    listener: Listener,
    /// When its present end was seen.
    dry: Option<Instant>,
}

impl Feed {
    /// The message that begins here; none at the present end. `surely`: the end is looked for even if nothing tells that
    /// the log has grown since it was seen last.
    ///
    /// # Errors
    /// A log that cannot be read, or is damaged here.
    pub(super) async fn next(&self, from: Cursor, surely: bool) -> Result<Option<Arc<Message>>, depot::Error> {
        if let Some(known) = self.shared.known(self.log, from) {
            return Ok(Some(known));
        }
        // One reads; for the others it is there then.
        let mut reading = self.reading.lock().await;
        if let Some(known) = self.shared.known(self.log, from) {
            return Ok(Some(known));
        }
        let known = reading.take().filter(|reading| reading.at == from);
        let current = reading.insert(known.unwrap_or_else(|| self.begin(from)));
        let result = self.read(current, surely).await;
        if result.is_err() {
            *reading = None;
        }
        result
    }

    fn begin(&self, at: Cursor) -> Reading {
        let depot = &self.shared.depot;
        Reading {
            at,
            // Before the first look, so that nothing is missed.
            listener: depot.store().listen(Topic::Log(self.log.job)),
            pieces: depot.log(self.log.job, self.log.fence, at.offset),
            decoder: if at.offset == 0 { LogDecoder::default() } else { LogDecoder::behind(at.time) },
            press: Press::new(self.log.coding),
            dry: None,
        }
    }

    /// Reads on until there is a message; makes and keeps all that are in what was read, and gives the first.
    async fn read(&self, reading: &mut Reading, surely: bool) -> Result<Option<Arc<Message>>, depot::Error> {
        let woken = reading.listener.woken();
        if reading.dry.is_some_and(|since| since.elapsed() < SLOW) && !woken && !surely {
            return Ok(None);
        }
        reading.dry = None;
        let mut first = None;
        while first.is_none() {
            let Some(piece) = reading.pieces.next_piece().await? else {
                reading.dry = Some(Instant::now());
                return Ok(None);
            };
            reading.decoder.feed(&piece);
            while let Some(message) = self.message(reading)? {
                let at = std::mem::replace(&mut reading.at, message.next);
                let message = Arc::new(message);
                self.shared.keep(self.log, at, &message);
                first.get_or_insert(message);
                // Compressing takes milliseconds, and others have something to do.
                tokio::task::yield_now().await;
            }
        }
        Ok(first)
    }

    /// Of the entries that are decoded next; none when there is no whole one.
    fn message(&self, reading: &mut Reading) -> Result<Option<Message>, depot::Error> {
        let job = self.log.job;
        let damaged = |error: api::wire::LogDamage| depot::Error::Log { job, reason: error.to_string() };
        let start = reading.decoder.position().0;
        let mut text = b"event: lines\ndata: ".to_vec();
        let empty = text.len();
        while text.len() < MESSAGE {
            let Some(entry) = reading.decoder.next_entry().map_err(damaged)? else { break };
            if !entry.kind.is_text() {
                continue;
            }
            let stream = match entry.kind {
                LogKind::Err => 1,
                LogKind::Runner => 2,
                _ => 0,
            };
            text.push(if text.len() == empty { b'[' } else { b',' });
            let line = (entry.step, stream, entry.time / 1000, String::from_utf8_lossy(&entry.text));
            // Numbers and text into memory: it cannot fail.
            let _ = serde_json::to_writer(&mut text, &line);
        }
        let (end, time) = reading.decoder.position();
        if end == start {
            return Ok(None);
        }
        let next = Cursor { offset: reading.at.offset + (end - start), time: time.unwrap_or_default() };
        let piece = (text.len() > empty).then(|| {
            text.extend(b"]\n\n");
            reading.press.piece(text)
        });
        Ok(Some(Message { piece, next }))
    }
}

#[cfg(test)]
mod tests;
