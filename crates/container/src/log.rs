//! The output of a container, kept in files of bounded size.
//!
//! A frame for each line or piece of one: the stream (1 or 2), nanoseconds since 1970, the length, the bytes; numbers in
//! little endian. When a file is full the next is begun, and the one before the last is removed.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Bytes kept of one container when nothing else is asked.
pub(crate) const LARGEST: u64 = 64 << 20;
const HEAD: usize = 13;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// One line, or a piece of one that was long or came in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub stream: Stream,
    /// Since 1970.
    pub time: Duration,
    /// With its line break, when it has one.
    pub bytes: Vec<u8>,
}

/// Where output is written.
#[derive(Debug)]
pub(crate) struct LogBook {
    dir: PathBuf,
    most: u64,
    open: Mutex<Open>,
    /// Raised with each write, and set to the end when nothing more will come.
    progress: watch::Sender<Progress>,
}

#[derive(Debug, Default)]
struct Open {
    file: Option<File>,
    written: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Number of the current file.
    file: u64,
    writes: u64,
    ended: bool,
}

impl LogBook {
    pub(crate) fn create(dir: &Path, most: Option<u64>) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let most = most.unwrap_or(LARGEST).max(8 << 10);
        Ok(Self { dir: dir.to_owned(), most, open: Mutex::default(), progress: watch::channel(Progress::default()).0 })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("output.{number}"))
    }

    /// Appends what a process wrote.
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        let mut frames = Vec::with_capacity(bytes.len() + 2 * HEAD);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            frames.push(if stream == Stream::Out { 1 } else { 2 });
            frames.extend_from_slice(&now.to_le_bytes());
            frames.extend_from_slice(&(line.len() as u32).to_le_bytes());
            frames.extend_from_slice(line);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = self.progress.borrow().file;
        if open.written > 0 && open.written + frames.len() as u64 > self.most / 2 {
            *open = Open::default();
            number += 1;
            if let Some(old) = number.checked_sub(2) {
                let _ = fs::remove_file(self.path(old));
            }
        }
        let file = match &mut open.file {
            Some(file) => file,
            slot => slot.insert(File::options().create(true).append(true).open(self.path(number))?),
        };
        file.write_all(&frames)?;
        open.written += frames.len() as u64;
        self.progress.send_modify(|progress| {
            progress.file = number;
            progress.writes += 1;
        });
        Ok(())
    }

    /// Readers that follow end here, until the container is started again.
    pub(crate) fn end(&self) {
        self.progress.send_modify(|progress| progress.ended = true);
    }

    pub(crate) fn begin(&self) {
        self.progress.send_modify(|progress| progress.ended = false);
    }

    pub(crate) fn reader(&self) -> LogReader {
        let progress = self.progress.subscribe();
        let first = progress.borrow().file.saturating_sub(1);
        LogReader { dir: self.dir.clone(), number: first, file: None, rest: Vec::new(), progress }
    }
}

/// Reads a container's output from its beginning, as far as it is kept.
#[derive(Debug)]
pub struct LogReader {
    dir: PathBuf,
    number: u64,
    file: Option<File>,
    rest: Vec<u8>,
    progress: watch::Receiver<Progress>,
}

impl LogReader {
    /// What there is at the moment, at most a few hundred kilobytes a call. Empty: nothing more for now.
    pub fn read(&mut self) -> io::Result<Vec<Piece>> {
        loop {
            let newest = self.progress.borrow_and_update().file;
            if self.file.is_none() {
                let path = self.dir.join(format!("output.{}", self.number));
                match File::open(path) {
                    Ok(file) => self.file = Some(file),
                    Err(_) if self.number < newest => {
                        self.number += 1;
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                    Err(error) => return Err(error),
                }
            }
            let mut buffer = vec![0; 256 << 10];
            let count = match &mut self.file {
                Some(file) => file.read(&mut buffer)?,
                None => 0,
            };
            if count == 0 && self.number < newest {
                self.number += 1;
                self.file = None;
                self.rest.clear();
                continue;
            }
            self.rest.extend_from_slice(&buffer[..count]);
            let pieces = take_pieces(&mut self.rest);
            if count == 0 || !pieces.is_empty() {
                return Ok(pieces);
            }
        }
    }

    /// Waits until there may be more. `false`: the container has ended, and all was there before this call.
    pub async fn more(&mut self) -> bool {
        if self.progress.has_changed().unwrap_or(false) {
            return true;
        }
        if self.progress.borrow().ended {
            return false;
        }
        self.progress.changed().await.is_ok()
    }

    /// Everything that is there, or the last lines of it.
    pub fn read_all(&mut self, last: Option<usize>) -> io::Result<Vec<Piece>> {
        let mut kept = VecDeque::new();
        let (mut lines, mut open) = (0usize, [false, false]);
        loop {
            let pieces = self.read()?;
            if pieces.is_empty() {
                return Ok(kept.into_iter().map(|(piece, _)| piece).collect());
            }
            for piece in pieces {
                let side = usize::from(piece.stream == Stream::Err);
                let begins = !open[side];
                open[side] = piece.bytes.last() != Some(&b'\n');
                lines += usize::from(begins);
                kept.push_back((piece, begins));
                while last.is_some_and(|last| lines > last)
                    && let Some((_, begins)) = kept.pop_front()
                {
                    lines -= usize::from(begins);
                }
                // What is left of a line that is gone.
                while last.is_some() && kept.front().is_some_and(|(_, begins)| !begins) {
                    kept.pop_front();
                }
            }
        }
    }
}

fn take_pieces(bytes: &mut Vec<u8>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + HEAD) {
        let number = |range: std::ops::Range<usize>| {
            head[range].iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let length = number(9..13) as usize;
        let Some(text) = bytes.get(at + HEAD..at + HEAD + length) else { break };
        let stream = if head[0] == 2 { Stream::Err } else { Stream::Out };
        pieces.push(Piece { stream, time: Duration::from_nanos(number(1..9)), bytes: text.to_vec() });
        at += HEAD + length;
    }
    bytes.drain(..at);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[Piece]) -> String {
        pieces.iter().map(|piece| String::from_utf8_lossy(&piece.bytes).into_owned()).collect()
    }

    #[test]
    fn lines_and_the_last_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let book = LogBook::create(dir.path(), None).unwrap();
        book.write(Stream::Out, b"one\ntwo\nthr").unwrap();
        book.write(Stream::Err, b"error\n").unwrap();
        book.write(Stream::Out, b"ee\nfour").unwrap();
        assert_eq!(text(&book.reader().read_all(None).unwrap()), "one\ntwo\nthrerror\nee\nfour");
        assert_eq!(text(&book.reader().read_all(Some(1)).unwrap()), "four");
        assert_eq!(text(&book.reader().read_all(Some(0)).unwrap()), "");
    }

    #[test]
    fn what_is_kept_is_bounded_and_followed() {
        let dir = tempfile::tempdir().unwrap();
        let book = LogBook::create(dir.path(), Some(8 << 10)).unwrap();
        let mut follower = book.reader();
        let mut followed = 0;
        for number in 0..1000 {
            book.write(Stream::Out, format!("line {number:04}\n").as_bytes()).unwrap();
            followed += follower.read().unwrap().len();
        }
        assert_eq!(followed, 1000);
        let kept = book.reader().read_all(None).unwrap();
        assert!(kept.len() < 500 && !kept.is_empty());
        assert_eq!(text(&kept[kept.len() - 1..]), "line 0999\n");
        let bytes: u64 = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes <= 8 << 10, "{bytes}");
    }

    #[tokio::test]
    async fn a_reader_ends_with_the_container() {
        let dir = tempfile::tempdir().unwrap();
        let book = LogBook::create(dir.path(), None).unwrap();
        let mut reader = book.reader();
        assert!(reader.read().unwrap().is_empty());
        book.write(Stream::Out, b"x\n").unwrap();
        book.end();
        assert!(reader.more().await);
        assert_eq!(text(&reader.read().unwrap()), "x\n");
        assert!(reader.read().unwrap().is_empty());
        assert!(!reader.more().await);
    }
}
