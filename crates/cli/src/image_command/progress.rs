use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use image::Digest;
use image::client::{Event, Outcome, Progress};

use super::shown::short;
use crate::report::text;

/// How a pull or a push is told on standard error: one line that changes on a terminal, else one for each blob.
pub(super) struct Told {
    live: bool,
    quiet: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bytes that are through and size, of what is on its way or done.
    blobs: BTreeMap<Digest, (u64, u64)>,
    done: usize,
    drawn: Option<Instant>,
}

/// A line that changes more often cannot be read, and takes time.
const REDRAW: Duration = Duration::from_millis(100);

impl Told {
    pub(super) fn new(quiet: bool) -> Self {
        Self { live: std::io::stderr().is_terminal(), quiet, state: Mutex::default() }
    }

    /// Takes the changing line away.
    pub(super) fn finish(&self) {
        if self.live && !self.quiet {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }

    fn line(&self, line: &str) {
        let clear = if self.live { "\r\x1b[K" } else { "" };
        let _ = writeln!(std::io::stderr(), "{clear}{line}");
    }
}

impl Progress for Told {
    fn event(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { digest, size } => {
                state.blobs.insert(*digest, (0, size));
            }
            Event::Advanced { digest, bytes, size } => {
                state.blobs.insert(*digest, (bytes, size));
            }
            Event::Finished { digest, size, outcome } => {
                state.blobs.insert(*digest, (size, size));
                state.done += 1;
                if !self.live && !self.quiet {
                    let how = match outcome {
                        Outcome::Present => "already there",
                        Outcome::Mounted => "mounted",
                        Outcome::Moved => "done",
                    };
                    self.line(&format!("{}: {how} ({})", short(digest), text::size(size)));
                }
            }
            Event::Retrying { what, reason, after } => {
                self.line(&format!("{what}: {reason}; again in {:.1} s", after.as_secs_f64()));
            }
            Event::Note { text } => self.line(text),
        }
        if self.live && !self.quiet && state.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW) {
            state.drawn = Some(Instant::now());
            let (through, whole) =
                state.blobs.values().fold((0, 0), |sum, (bytes, size)| (sum.0 + bytes, sum.1 + size));
            let line = format!(
                "{} of {}, {} of {}",
                state.done,
                text::count(state.blobs.len(), "blob"),
                text::size(through),
                text::size(whole)
            );
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        }
    }
}
