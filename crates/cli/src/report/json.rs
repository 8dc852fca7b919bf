//! The report for programs: one event a line.

use api::{Envelope, Event, LegId, LogLine};

use super::screen::Screen;
use super::tail::Lines;

/// Writes events as they come, log lines among them with the number of the event before.
pub(crate) struct Json {
    screen: Screen,
    seq: u64,
    line: Vec<u8>,
}

impl Json {
    pub(crate) fn new(screen: Screen) -> Self {
        Self { screen, seq: 0, line: Vec::new() }
    }

    pub(crate) fn screen(&mut self) -> &mut Screen {
        &mut self.screen
    }

    pub(crate) fn event(&mut self, envelope: &Envelope) {
        self.seq = envelope.seq;
        self.write(envelope);
    }

    pub(crate) fn lines(&mut self, leg: LegId, lines: &Lines) {
        for line in lines.iter() {
            let line = String::from_utf8_lossy(line).into_owned();
            let event = Event::Log(LogLine { leg, step: lines.step, line });
            self.write(&Envelope { seq: self.seq, at: lines.time, event });
        }
    }

    fn write(&mut self, envelope: &Envelope) {
        self.line.clear();
        // An event is always JSON: its keys are strings and a vector takes what it is given.
        if serde_json::to_writer(&mut self.line, envelope).is_ok() {
            self.line.push(b'\n');
            self.screen.bytes(&self.line);
        }
    }
}
