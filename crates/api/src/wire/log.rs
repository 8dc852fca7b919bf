//! A job's log as one stream of bytes.
//!
//! It is the log record of the runner with its text in place: four bytes `TLI1`, the start of the job (little endian,
//! 8 bytes, microseconds since 1970), then entries of LEB128 numbers: `step * 8 + kind`, milliseconds since the entry
//! before, and for lines the length of the text followed by the text itself, masked, each line ended by `\n`. Kinds: 0
//! standard output, 1 standard error, 2 the runner's own lines, 3 a step's start, 4 its end. The stream can be cut
//! anywhere into pieces; a reader passes over an incomplete entry at the end.

use std::fmt;

use serde::{Deserialize, Serialize};

const MAGIC: [u8; 4] = *b"TLI1";
const HEADER: usize = 12;

/// Bytes of text that one entry may have; runners stay far below.
const MAX_TEXT: u64 = 16 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogStored {
    /// Bytes of the stream that are stored. An offset above it is refused with 416 and this number; bytes below it that
    /// are sent again are passed over.
    pub stored: u64,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// Lines of standard output.
    Out,
    /// Lines of standard error.
    Err,
    /// Lines of the runner; only in these do marks such as `##[group]` mean anything.
    Runner,
    StepStarted,
    StepEnded,
}

impl LogKind {
    const ALL: [Self; 5] = [Self::Out, Self::Err, Self::Runner, Self::StepStarted, Self::StepEnded];

    fn number(self) -> u64 {
        match self {
            Self::Out => 0,
            Self::Err => 1,
            Self::Runner => 2,
            Self::StepStarted => 3,
            Self::StepEnded => 4,
        }
    }

    #[must_use]
    pub fn is_text(self) -> bool {
        !matches!(self, Self::StepStarted | Self::StepEnded)
    }
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Microseconds since 1970, to the millisecond.
    pub time: i64,
    pub step: u32,
    pub kind: LogKind,
    /// Whole lines, each ended by `\n`; empty for marks.
    pub text: Vec<u8>,
}

/// Writes a log stream. The same entries always give the same bytes.
#[derive(Debug, Default)]
pub struct LogEncoder {
    start: Option<i64>,
    last: i64,
}

impl LogEncoder {
    /// Appends an entry to `out`. The first one's time is the start of the job.
    pub fn entry(&mut self, entry: &LogEntry, out: &mut Vec<u8>) {
        if self.start.is_none() {
            out.extend_from_slice(&MAGIC);
            out.extend_from_slice(&entry.time.to_le_bytes());
            self.start = Some(entry.time);
            self.last = entry.time;
        }
        let passed = (entry.time - self.last).max(0) / 1000;
        self.last += passed * 1000;
        number(u64::from(entry.step) * 8 + entry.kind.number(), out);
        number(u64::try_from(passed).unwrap_or_default(), out);
        if entry.kind.is_text() {
            number(entry.text.len() as u64, out);
            out.extend_from_slice(&entry.text);
        }
    }
}

/// LEB128.
fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// A stream that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogDamage(&'static str);

impl fmt::Display for LogDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log stream is damaged: {}", self.0)
    }
}

impl std::error::Error for LogDamage {}

/// Reads a log stream in pieces of any size.
#[derive(Debug, Default)]
pub struct LogDecoder {
    buffer: Vec<u8>,
    at: usize,
    time: Option<i64>,
    decoded: u64,
}

impl LogDecoder {
    /// Goes on behind an entry of this time; what is fed begins there.
    #[must_use]
    pub fn behind(time: i64) -> Self {
        Self { time: Some(time), ..Self::default() }
    }

    /// How many of the bytes that were fed are decoded, and the time of the last entry.
    #[must_use]
    pub fn position(&self) -> (u64, Option<i64>) {
        (self.decoded, self.time)
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next entry that is there as a whole.
    ///
    /// # Errors
    /// Bytes that no runner writes.
    pub fn next_entry(&mut self) -> Result<Option<LogEntry>, LogDamage> {
        let mut rest = self.buffer.get(self.at..).unwrap_or_default();
        let mut time = match self.time {
            Some(time) => time,
            None => {
                let Some((header, after)) = rest.split_first_chunk::<HEADER>() else { return Ok(None) };
                let [a, b, c, d, start @ ..] = *header;
                if [a, b, c, d] != MAGIC {
                    return Err(LogDamage("it does not begin as one"));
                }
                rest = after;
                i64::from_le_bytes(start)
            }
        };
        let Some((head, after)) = read_number(rest)? else { return Ok(None) };
        let Some((passed, after)) = read_number(after)? else { return Ok(None) };
        let kind = LogKind::ALL.into_iter().find(|kind| kind.number() == head % 8);
        let kind = kind.ok_or(LogDamage("an entry of an unknown kind"))?;
        let step = u32::try_from(head / 8).map_err(|_| LogDamage("a step's number is too large"))?;
        let (text, after) = if kind.is_text() {
            let Some((length, after)) = read_number(after)? else { return Ok(None) };
            if length > MAX_TEXT {
                return Err(LogDamage("an entry is longer than entries are"));
            }
            let length = usize::try_from(length).map_err(|_| LogDamage("an entry is longer than entries are"))?;
            let Some((text, after)) = after.split_at_checked(length) else { return Ok(None) };
            (text.to_vec(), after)
        } else {
            (Vec::new(), after)
        };
        time = time.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX).saturating_mul(1000));
        let end = self.buffer.len() - after.len();
        self.decoded += (end - self.at) as u64;
        self.at = end;
        self.time = Some(time);
        Ok(Some(LogEntry { time, step, kind, text }))
    }
}

/// A number and what follows it; none when it is not complete.
fn read_number(bytes: &[u8]) -> Result<Option<(u64, &[u8])>, LogDamage> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate() {
        if index == 9 {
            return Err(LogDamage("a number is too large"));
        }
        value |= u64::from(byte & 0x7f) << (index * 7);
        if byte & 0x80 == 0 {
            return Ok(Some((value, &bytes[index + 1..])));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<LogEntry> {
        let line = |step, kind, text: &[u8], time| LogEntry { time, step, kind, text: text.to_vec() };
        vec![
            line(0, LogKind::StepStarted, b"", 1_000_000),
            line(0, LogKind::Out, b"one\ntwo\n", 1_002_000),
            line(0, LogKind::Err, &[b'x'; 300], 1_002_000),
            line(40, LogKind::Runner, b"##[group]x\n", 9_002_000),
            line(0, LogKind::StepEnded, b"", 9_002_000),
        ]
    }

    #[test]
    fn any_cut_gives_the_same_entries() {
        let mut bytes = Vec::new();
        let mut encoder = LogEncoder::default();
        entries().iter().for_each(|entry| encoder.entry(entry, &mut bytes));
        for size in [1, 2, 3, 7, 100, bytes.len()] {
            let mut decoder = LogDecoder::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(size) {
                decoder.feed(piece);
                while let Some(entry) = decoder.next_entry().unwrap() {
                    read.push(entry);
                }
            }
            assert_eq!(read, entries(), "pieces of {size}");
        }
    }

    #[test]
    fn reading_goes_on_behind_any_entry() {
        let mut bytes = Vec::new();
        let mut encoder = LogEncoder::default();
        entries().iter().for_each(|entry| encoder.entry(entry, &mut bytes));
        let mut first = LogDecoder::default();
        first.feed(&bytes);
        for read in 1..=entries().len() {
            assert!(first.next_entry().unwrap().is_some());
            let (offset, time) = first.position();
            let mut second = LogDecoder::behind(time.unwrap());
            second.feed(&bytes[usize::try_from(offset).unwrap()..]);
            let rest: Vec<LogEntry> = std::iter::from_fn(|| second.next_entry().unwrap()).collect();
            assert_eq!(rest, entries()[read..], "behind entry {read}");
        }
    }

    #[test]
    fn damage_is_said() {
        for (bytes, reason) in [
            (&b"nonsense 1234"[..], "it does not begin as one"),
            (b"TLI1\0\0\0\0\0\0\0\0\x07\0", "an entry of an unknown kind"),
            (b"TLI1\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\x01", "an entry is longer than entries are"),
            (b"TLI1\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", "a number is too large"),
        ] {
            let mut decoder = LogDecoder::default();
            decoder.feed(bytes);
            assert_eq!(decoder.next_entry(), Err(LogDamage(reason)));
        }
    }
}
