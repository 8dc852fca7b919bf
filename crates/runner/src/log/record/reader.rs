//! Reading a record, finished or growing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{LogError, MAGIC, RecordKind, index_path};

/// Bytes of text a reader takes as one piece; writers stay far below.
const MAX_PIECE: u64 = 16 * 1024 * 1024;

/// One piece of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPiece {
    /// Microseconds since 1970, to the millisecond since the start of the job.
    pub time: i64,
    /// Which step.
    pub step: u32,
    /// What it is.
    pub kind: RecordKind,
    /// Whole lines, each ended by `\n`; empty for marks.
    pub text: Vec<u8>,
}

/// Reads a record from its start, piece by piece.
#[derive(Debug)]
pub struct LogReader {
    path: PathBuf,
    text: File,
    index: File,
    buffer: Vec<u8>,
    at: usize,
    /// Bytes of text so far.
    read: u64,
    time: Option<i64>,
}

impl LogReader {
    /// Opens the record whose text lies at `path`.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let open = |path: &Path| File::open(path).map_err(|source| LogError::Io { path: path.to_owned(), source });
        let (text, index) = (open(path)?, open(&index_path(path))?);
        Ok(Self { path: path.to_owned(), text, index, buffer: Vec::new(), at: 0, read: 0, time: None })
    }

    /// The next piece; none at the present end. More may come while the job runs: ask again then.
    pub fn next_piece(&mut self) -> Result<Option<RecordPiece>, LogError> {
        self.next_piece_from(0)
    }

    /// The same, but text that lies before `from` in the whole record's text is passed over: such pieces are empty.
    pub(crate) fn next_piece_from(&mut self, from: u64) -> Result<Option<RecordPiece>, LogError> {
        let Some(entry) = self.entry()? else {
            return Ok(None);
        };
        let (head, delta, length) = entry;
        let time = self.time.unwrap_or(0).saturating_add(i64::try_from(delta).unwrap_or(i64::MAX).saturating_mul(1000));
        self.time = Some(time);
        let mut text = Vec::new();
        if length > MAX_PIECE {
            return Err(self.damaged("an entry is longer than entries are"));
        }
        self.read += length;
        let skipped = self.read <= from;
        let taken = if skipped {
            let length = i64::try_from(length).unwrap_or(i64::MAX);
            (&self.text).seek(SeekFrom::Current(length)).map(|_| ())
        } else {
            (&self.text).take(length).read_to_end(&mut text).map(|_| ())
        };
        taken.map_err(|source| self.io(source))?;
        if !skipped && text.len() as u64 != length {
            return Err(self.damaged("the text is shorter than its index says"));
        }
        let kind = kind(head).ok_or_else(|| self.damaged("an entry of an unknown kind"))?;
        let step = u32::try_from(head / 8).map_err(|_| self.damaged("a step's number is too large"))?;
        Ok(Some(RecordPiece { time, step, kind, text }))
    }

    /// Head, milliseconds and length of the next entry that is there as a whole.
    fn entry(&mut self) -> Result<Option<(u64, u64, u64)>, LogError> {
        loop {
            if let Some(entry) = self.parse()? {
                return Ok(Some(entry));
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            let read = (&self.index).take(64 * 1024).read_to_end(&mut self.buffer).map_err(|source| self.io(source))?;
            if read == 0 {
                return Ok(None);
            }
        }
    }

    fn parse(&mut self) -> Result<Option<(u64, u64, u64)>, LogError> {
        let mut rest = &self.buffer[self.at..];
        if self.time.is_none() {
            let Some((header, after)) = rest.split_first_chunk::<12>() else {
                return Ok(None);
            };
            let [a, b, c, d, start @ ..] = *header;
            if [a, b, c, d] != *MAGIC {
                return Err(self.damaged("not a log index of a known format"));
            }
            self.time = Some(i64::from_le_bytes(start));
            self.at += 12;
            rest = after;
        }
        let mut numbers = [0; 3];
        let mut wanted = 2;
        let mut index = 0;
        while index < wanted {
            let Some((value, after)) = number(rest).map_err(|reason| self.damaged(reason))? else {
                return Ok(None);
            };
            (numbers[index], rest) = (value, after);
            index += 1;
            // Only lines have a length.
            if index == 1 && matches!(kind(value), Some(RecordKind::Lines(_))) {
                wanted = 3;
            }
        }
        self.at = self.buffer.len() - rest.len();
        Ok(Some((numbers[0], numbers[1], numbers[2])))
    }

    fn io(&self, source: io::Error) -> LogError {
        LogError::Io { path: self.path.clone(), source }
    }

    fn damaged(&self, reason: &'static str) -> LogError {
        LogError::Damaged { path: self.path.clone(), reason }
    }
}

fn kind(head: u64) -> Option<RecordKind> {
    RecordKind::ALL.into_iter().find(|kind| kind.number() == head % 8)
}

/// A LEB128 number and what follows it; none when it is not complete.
fn number(bytes: &[u8]) -> Result<Option<(u64, &[u8])>, &'static str> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().enumerate() {
        if index == 9 {
            return Err("a number is too large");
        }
        value |= u64::from(byte & 0x7f) << (index * 7);
        if byte & 0x80 == 0 {
            return Ok(Some((value, &bytes[index + 1..])));
        }
    }
    Ok(None)
}
