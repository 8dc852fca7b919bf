//! A job's log on the way to a report.

use std::path::PathBuf;

use runner::log::{LogError, LogReader, RecordKind, RecordPiece, Stream};

use super::view::JobView;

/// Gives out the pieces of a log in an order that goes with the events: nothing of a step before the step has begun.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    reader: Option<LogReader>,
    waiting: Option<Lines>,
}

/// Whole lines of one step.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Microseconds since the Unix epoch.
    pub(crate) time: i64,
    pub(crate) step: u32,
    pub(crate) stream: Stream,
    pub(crate) text: Vec<u8>,
}

impl Lines {
    /// Without their line ends.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        text.split(|byte| *byte == b'\n')
    }
}

impl Tail {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, reader: None, waiting: None }
    }

    /// The next lines that may be shown at this state of the job, if they are written.
    pub(crate) fn next(&mut self, job: &JobView) -> Result<Option<Lines>, LogError> {
        let lines = match self.waiting.take() {
            Some(lines) => lines,
            None => match self.read()? {
                Some(lines) => lines,
                None => return Ok(None),
            },
        };
        if job.steps.contains_key(&lines.step) || job.conclusion.is_some() {
            Ok(Some(lines))
        } else {
            self.waiting = Some(lines);
            Ok(None)
        }
    }

    fn read(&mut self) -> Result<Option<Lines>, LogError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(LogReader::open(&self.path)?),
        };
        while let Some(piece) = reader.next_piece()? {
            let RecordPiece { time, step, kind, text } = piece;
            if let RecordKind::Lines(stream) = kind
                && !text.is_empty()
            {
                return Ok(Some(Lines { time, step, stream, text }));
            }
        }
        Ok(None)
    }
}
