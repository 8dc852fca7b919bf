//! Events: a file of JSON lines, and what of it the server does not have yet.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::wire::{EVENTS_BYTES, EVENTS_PIECE, Events};
use api::{Envelope, Event};
use tokio::sync::Notify;

use super::{Courier, Lost};

/// Takes a job's events. Each is in the file before it is sent, so that a killed runner's successor can send it.
pub(crate) struct EventJournal(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    file: Option<File>,
    last: u64,
    waiting: VecDeque<Waiting>,
    closed: bool,
    /// Up to this number they go one by one: something among them was refused.
    singly: u64,
}

/// An event, and how long it is as JSON.
struct Waiting {
    envelope: Envelope,
    bytes: usize,
    /// It says that another one was refused.
    stands_in: bool,
}

impl State {
    /// What the next request carries: not too many, and not too much of them.
    fn piece(&self) -> Vec<Envelope> {
        let singly = self.waiting.front().is_some_and(|one| one.envelope.seq <= self.singly);
        let most = if singly { 1 } else { EVENTS_PIECE };
        let mut bytes = 0;
        let fits = |one: &&Waiting| {
            let first = bytes == 0;
            bytes += one.bytes;
            first || bytes <= EVENTS_BYTES
        };
        self.waiting.iter().take(most).take_while(fits).map(|one| one.envelope.clone()).collect()
    }

    /// The server will never take these events. Numbers have no gaps, so a word about it takes the place of the one that is
    /// meant. `false` when not even that was taken.
    fn refused(&mut self, piece: &[Envelope], why: &str) -> bool {
        if let [_, .., last] = piece {
            self.singly = last.seq;
            return true;
        }
        let front = self.waiting.front_mut();
        let Some(front) = front.filter(|front| !front.stands_in) else { return false };
        let message = format!("the server did not take an event of the job: {why}");
        front.bytes = message.len();
        front.envelope.event = Event::Notice { message };
        front.stands_in = true;
        true
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings events to the server.
pub(crate) struct EventSender {
    path: PathBuf,
    shared: Arc<Shared>,
}

impl EventJournal {
    /// A new journal, and who sends what comes into it.
    pub(crate) fn create(path: &Path) -> std::io::Result<(Self, EventSender)> {
        let file = Some(File::create(path)?);
        let state = State { file, last: 0, waiting: VecDeque::new(), closed: false, singly: 0 };
        Ok(Self::with(path, state))
    }

    /// The journal of a job that is over, of which the server has the events up to `stored`.
    pub(crate) fn reopen(path: &Path, stored: u64) -> std::io::Result<(Self, EventSender)> {
        let mut all = read(path, 0)?;
        let last = all.back().map_or(stored, |one| one.envelope.seq.max(stored));
        all.retain(|one| one.envelope.seq > stored);
        // Written on, should there be more to say.
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self::with(path, State { file: Some(file), last, waiting: all, closed: false, singly: 0 }))
    }

    fn with(path: &Path, state: State) -> (Self, EventSender) {
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() });
        (Self(shared.clone()), EventSender { path: path.to_owned(), shared })
    }

    /// Numbers an event and keeps it.
    pub(crate) fn add(&self, at: i64, event: Event) {
        let mut state = self.0.state();
        let envelope = Envelope { seq: state.last + 1, at, event };
        let mut line = serde_json::to_vec(&envelope).unwrap_or_default();
        let bytes = line.len();
        if let Some(file) = &mut state.file
            && bytes > 0
        {
            line.push(b'\n');
            // A full disk must not end the job; the server gets the event all the same.
            let _ = file.write_all(&line);
        }
        state.last = envelope.seq;
        state.waiting.push_back(Waiting { envelope, bytes, stands_in: false });
        drop(state);
        self.0.changed.notify_one();
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.0.state().closed = true;
        self.0.changed.notify_one();
    }
}

impl EventSender {
    /// Sends until the journal is closed and everything is acknowledged; the number of the last event that the server has.
    pub(crate) async fn run(self, courier: &Courier) -> Result<u64, Lost> {
        loop {
            let (piece, last, closed) = {
                let state = self.shared.state();
                (state.piece(), state.last, state.closed)
            };
            let Some(first) = piece.first().map(|envelope| envelope.seq) else {
                if closed {
                    return Ok(last);
                }
                tokio::select! {
                    () = self.shared.changed.notified() => continue,
                    () = courier.lost.cancelled() => return Err(Lost),
                }
            };
            let events = Events { events: piece };
            let answer = courier.send(|| courier.agent.client.events(courier.held, &events)).await?;
            let stored = match answer {
                Ok(stored) => stored.last,
                // Refused for another reason than the fence: the same events again would be refused again.
                Err(failure) => {
                    courier.refused("events", &failure);
                    if self.shared.state().refused(&events.events, &failure.to_string()) {
                        continue;
                    }
                    return Ok(first - 1);
                }
            };
            let mut state = self.shared.state();
            if stored + 1 < first {
                // The server lacks what it had: a backup was put back.
                if let Ok(all) = read(&self.path, stored) {
                    state.waiting = all;
                }
            } else {
                state.waiting.retain(|one| one.envelope.seq > stored);
            }
        }
    }
}

/// The events of a file after `stored`. What was cut off by a kill is passed over.
fn read(path: &Path, stored: u64) -> std::io::Result<VecDeque<Waiting>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(error) => return Err(error),
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    let events = lines.filter_map(|line| {
        let envelope = serde_json::from_str(&line).ok()?;
        Some(Waiting { envelope, bytes: line.len(), stands_in: false })
    });
    Ok(events.filter(|one| one.envelope.seq > stored).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> Event {
        Event::Notice { message: text.to_owned() }
    }

    #[test]
    fn a_request_carries_a_megabyte_or_one_event() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, sender) = EventJournal::create(&dir.path().join("events.jsonl")).unwrap();
        for size in [EVENTS_BYTES / 2, EVENTS_BYTES / 4, 3 * EVENTS_BYTES, 10, EVENTS_BYTES, 10] {
            journal.add(5, notice(&"x".repeat(size)));
        }
        for _ in 0..EVENTS_PIECE + 1 {
            journal.add(5, notice(""));
        }
        let mut counts = Vec::new();
        loop {
            let mut state = sender.shared.state();
            let count = state.piece().len();
            if count == 0 {
                break;
            }
            counts.push(count);
            state.waiting.drain(..count);
        }
        assert_eq!(counts, [2, 1, 1, 1, EVENTS_PIECE, 2]);
    }

    #[test]
    fn what_is_refused_gives_way_to_a_word_about_it() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, sender) = EventJournal::create(&dir.path().join("events.jsonl")).unwrap();
        for text in ["one", "too large", "three"] {
            journal.add(5, notice(text));
        }
        let mut state = sender.shared.state();
        let numbers = |piece: &[Envelope]| piece.iter().map(|one| one.seq).collect::<Vec<_>>();
        let piece = state.piece();
        assert_eq!(numbers(&piece), [1, 2, 3]);
        assert!(state.refused(&piece, "413"));
        // One of them is meant: they go one by one.
        assert_eq!(numbers(&state.piece()), [1]);
        state.waiting.pop_front();
        let piece = state.piece();
        assert_eq!(numbers(&piece), [2]);
        assert!(state.refused(&piece, "413"));
        let piece = state.piece();
        let [Envelope { seq: 2, event: Event::Notice { message }, .. }] = piece.as_slice() else { panic!("{piece:?}") };
        assert_eq!(message, "the server did not take an event of the job: 413");
        assert!(!state.refused(&piece, "413"), "there is nothing less to say");
    }

    #[test]
    fn a_journal_that_was_cut_off_goes_on_behind_its_last_whole_event() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events.jsonl");
        let (journal, _sender) = EventJournal::create(&path).unwrap();
        for text in ["one", "two", "three"] {
            journal.add(5, notice(text));
        }
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 4]).unwrap();
        let (journal, sender) = EventJournal::reopen(&path, 1).unwrap();
        let waiting =
            |sender: &EventSender| sender.shared.state().waiting.iter().map(|one| one.envelope.seq).collect::<Vec<_>>();
        assert_eq!(waiting(&sender), [2]);
        journal.add(6, notice("after the kill"));
        assert_eq!(waiting(&sender), [2, 3]);
    }
}
