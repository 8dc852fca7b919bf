//! The record of a job's log on disk.
//!
//! Index, format 1: the bytes `TLI1`, the start of the job in microseconds since 1970 (little endian, signed, 8 bytes),
//! then entries of LEB128 numbers: `step * 8 + kind`, milliseconds since the entry before, and for lines the length in
//! bytes of the piece of text. Kinds: 0 standard output, 1 standard error, 2 runner, 3 step started, 4 step ended.
//! The text is written before the entry for it, so an entry always has its text.

mod reader;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use thiserror::Error;
use tokio::sync::watch;

pub use reader::{LogReader, RecordPiece};
use writer::Writer;

use super::Stream;

const MAGIC: &[u8; 4] = b"TLI1";

/// A record that cannot be written or read.
#[derive(Debug, Error)]
pub enum LogError {
    /// The system's own error.
    #[error("log record {path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// Not an index of a known format, or damaged.
    #[error("log record {path}: {reason}")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
}

/// What a piece of the record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Whole lines from one stream.
    Lines(Stream),
    /// A step begins.
    StepStarted,
    /// A step has ended.
    StepEnded,
}

impl RecordKind {
    const ALL: [Self; 5] = [
        Self::Lines(Stream::Out),
        Self::Lines(Stream::Err),
        Self::Lines(Stream::Runner),
        Self::StepStarted,
        Self::StepEnded,
    ];

    fn number(self) -> u64 {
        match self {
            Self::Lines(Stream::Out) => 0,
            Self::Lines(Stream::Err) => 1,
            Self::Lines(Stream::Runner) => 2,
            Self::StepStarted => 3,
            Self::StepEnded => 4,
        }
    }
}

/// Where the index of the record at `text` lies.
#[must_use]
pub fn index_path(text: &Path) -> PathBuf {
    let mut path = text.as_os_str().to_owned();
    path.push(".idx");
    path.into()
}

/// The log of a running job. Clones write to the same record.
#[derive(Debug, Clone)]
pub struct JobLog {
    writer: Arc<Mutex<Writer>>,
    written: Arc<watch::Sender<u64>>,
    began: Instant,
    path: Arc<Path>,
}

impl JobLog {
    /// Makes an empty record at `path`, with its index beside it.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = i64::try_from(start.as_micros()).unwrap_or(i64::MAX);
        let writer = Writer::create(path, start).map_err(|source| LogError::Io { path: path.to_owned(), source })?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            written: Arc::new(watch::Sender::new(0)),
            began: Instant::now(),
            path: path.into(),
        })
    }

    /// Where the text lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Wakes when there is more to read, with the bytes of text so far; ends when the last clone of the log is gone.
    /// A reader that is slow misses wake-ups, never text: that is in the record.
    #[must_use]
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Marks a step's start or end.
    pub fn mark(&self, step: u32, kind: RecordKind) {
        let mut batch = self.batch();
        batch.mark(step, kind);
    }

    /// The first error there was while writing. Writing errors never stop a step.
    pub fn check(&self) -> Result<(), LogError> {
        match self.lock().take_error() {
            None => Ok(()),
            Some(source) => Err(LogError::Io { path: self.path.to_path_buf(), source }),
        }
    }

    /// Several pieces at one time; they reach the disk when it is dropped.
    pub(super) fn batch(&self) -> Batch<'_> {
        let time = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Batch { writer: self.lock(), written: &self.written, time }
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`JobLog::batch`].
pub(super) struct Batch<'a> {
    writer: MutexGuard<'a, Writer>,
    written: &'a watch::Sender<u64>,
    time: u64,
}

impl Batch<'_> {
    /// Adds whole lines, masked already.
    pub(super) fn lines(&mut self, step: u32, stream: Stream, text: &[u8]) {
        self.writer.add(self.time, step, RecordKind::Lines(stream), text);
    }

    fn mark(&mut self, step: u32, kind: RecordKind) {
        self.writer.add(self.time, step, kind, &[]);
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let length = self.writer.flush();
        self.written.send_if_modified(|written| std::mem::replace(written, length) != length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> Vec<(u32, RecordKind, String)> {
        let mut reader = LogReader::open(path).unwrap();
        std::iter::from_fn(|| reader.next_piece().unwrap())
            .map(|piece| (piece.step, piece.kind, String::from_utf8(piece.text).unwrap()))
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.log");
        let log = JobLog::create(&path).unwrap();
        let follow = log.follow();
        assert!(read(&path).is_empty());
        log.mark(3, RecordKind::StepStarted);
        let mut batch = log.batch();
        batch.lines(3, Stream::Out, b"a\n");
        batch.lines(3, Stream::Out, b"b\n");
        batch.lines(300, Stream::Err, b"c\n");
        drop(batch);
        let large = "x".repeat(200_000) + "\n";
        log.batch().lines(3, Stream::Runner, large.as_bytes());
        log.mark(3, RecordKind::StepEnded);
        let expected = [
            (3, RecordKind::StepStarted, String::new()),
            (3, RecordKind::Lines(Stream::Out), "a\nb\n".to_owned()),
            (300, RecordKind::Lines(Stream::Err), "c\n".to_owned()),
            (3, RecordKind::Lines(Stream::Runner), large.clone()),
            (3, RecordKind::StepEnded, String::new()),
        ];
        assert_eq!(read(&path), expected);
        assert_eq!(*follow.borrow(), 6 + large.len() as u64);
        assert!(log.check().is_ok());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("a\nb\nc\n{large}"));
    }

    #[test]
    fn a_reader_can_follow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.log");
        let log = JobLog::create(&path).unwrap();
        let mut reader = LogReader::open(&path).unwrap();
        assert!(reader.next_piece().unwrap().is_none());
        log.batch().lines(1, Stream::Out, b"a\n");
        assert_eq!(reader.next_piece().unwrap().unwrap().text, b"a\n");
        assert!(reader.next_piece().unwrap().is_none());
        log.batch().lines(1, Stream::Out, b"b\n");
        assert_eq!(reader.next_piece().unwrap().unwrap().text, b"b\n");
    }

    #[test]
    fn damage_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("job.log");
        std::fs::write(&path, "text").unwrap();
        for (index, reason) in [
            (&b"nonsense 123"[..], "not a log index of a known format"),
            (b"TLI1\0\0\0\0\0\0\0\0\x07\0", "an entry of an unknown kind"),
            (b"TLI1\0\0\0\0\0\0\0\0\0\0\x05", "the text is shorter than its index says"),
            (b"TLI1\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\x01", "an entry is longer than entries are"),
            (b"TLI1\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", "a number is too large"),
        ] {
            std::fs::write(index_path(&path), index).unwrap();
            let error = LogReader::open(&path).and_then(|mut reader| reader.next_piece().map(|_| ())).unwrap_err();
            assert!(error.to_string().ends_with(reason), "{error}");
        }
    }
}
