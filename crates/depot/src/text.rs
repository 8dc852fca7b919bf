//! A log as text: `2026-01-31T12:00:00.0000000Z line`, as GitHub hands logs out.

use std::fmt::Write as _;

use api::wire::{LogDecoder, LogEntry};

use crate::{Error, Result};

/// Turns a log stream into text, all of it or one step's.
pub(crate) struct Text {
    job: i64,
    decoder: LogDecoder,
    text: String,
}

impl Text {
    pub(crate) fn new(job: i64) -> Self {
        Self { job, decoder: LogDecoder::default(), text: String::new() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        let job = self.job;
        self.decoder.feed(bytes);
        while let Some(entry) =
            self.decoder.next_entry().map_err(|error| Error::Log { job, reason: error.to_string() })?
        {
            write_entry(&entry, &mut self.text);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }
}

pub(crate) fn write_entry(entry: &LogEntry, out: &mut String) {
    if entry.text.is_empty() {
        return;
    }
    let time = jiff::Timestamp::from_microsecond(entry.time).unwrap_or_default();
    let time = time.strftime("%Y-%m-%dT%H:%M:%S.%6f0Z").to_string();
    for line in String::from_utf8_lossy(&entry.text).lines() {
        let _ = writeln!(out, "{time} {line}");
    }
}
