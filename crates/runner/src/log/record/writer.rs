//! Writing a record.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::{MAGIC, RecordKind, index_path};

/// Bytes of text from which on a piece is written as it is, without a copy.
const DIRECT: usize = 16 * 1024;

/// Bytes of text one entry may grow to.
const ENTRY: u64 = 256 * 1024;

/// Both files of a record, with what is not on disk yet.
#[derive(Debug)]
pub(super) struct Writer {
    text: File,
    index: File,
    text_buffer: Vec<u8>,
    index_buffer: Vec<u8>,
    open: Option<Entry>,
    last_time: u64,
    length: u64,
    error: Option<io::Error>,
}

#[derive(Debug)]
struct Entry {
    time: u64,
    step: u32,
    kind: RecordKind,
    length: u64,
}

impl Writer {
    pub(super) fn create(path: &Path, start_micros: i64) -> io::Result<Self> {
        let text = File::create(path)?;
        let mut index = File::create(index_path(path))?;
        index.write_all(&[MAGIC.as_slice(), &start_micros.to_le_bytes()].concat())?;
        Ok(Self {
            text,
            index,
            text_buffer: Vec::new(),
            index_buffer: Vec::new(),
            open: None,
            last_time: 0,
            length: 0,
            error: None,
        })
    }

    /// Adds a piece that came at `time`, in milliseconds since the start.
    pub(super) fn add(&mut self, time: u64, step: u32, kind: RecordKind, text: &[u8]) {
        let size = text.len() as u64;
        match &mut self.open {
            Some(open)
                if matches!(kind, RecordKind::Lines(_))
                    && (open.time, open.step, open.kind) == (time, step, kind)
                    && open.length + size <= ENTRY =>
            {
                open.length += size;
            }
            _ => {
                self.close_entry();
                self.open = Some(Entry { time, step, kind, length: size });
            }
        }
        self.length += size;
        if text.len() >= DIRECT {
            self.write_text();
            let written = self.text.write_all(text);
            self.note(written);
        } else {
            self.text_buffer.extend_from_slice(text);
        }
    }

    /// Brings everything to disk, the text first. Returns the bytes of text so far.
    pub(super) fn flush(&mut self) -> u64 {
        self.close_entry();
        self.write_text();
        if !self.index_buffer.is_empty() {
            let written = self.index.write_all(&self.index_buffer);
            self.index_buffer.clear();
            self.note(written);
        }
        self.length
    }

    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    fn write_text(&mut self) {
        if !self.text_buffer.is_empty() {
            let written = self.text.write_all(&self.text_buffer);
            self.text_buffer.clear();
            self.note(written);
        }
    }

    fn close_entry(&mut self) {
        if let Some(entry) = self.open.take() {
            number(u64::from(entry.step) * 8 + entry.kind.number(), &mut self.index_buffer);
            number(entry.time.saturating_sub(self.last_time), &mut self.index_buffer);
            self.last_time = self.last_time.max(entry.time);
            if matches!(entry.kind, RecordKind::Lines(_)) {
                number(entry.length, &mut self.index_buffer);
            }
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.error.get_or_insert(error);
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
