//! The record of a run that goes on.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use api::{Conclusion, Envelope, Event, LegId, RunNumber};

use super::RunResult;
use super::retention;

/// Written by one process; shared by its threads. While it lives other processes see the run as running.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) number: RunNumber,
    pub(crate) dir: PathBuf,
    stream: Mutex<Stream>,
    /// Locked until the record is dropped or the process dies.
    _running: File,
}

#[derive(Debug)]
struct Stream {
    file: File,
    seq: u64,
    line: Vec<u8>,
    workflows: Vec<String>,
    jobs: u32,
    failed_jobs: u32,
}

impl Record {
    pub(super) fn new(number: RunNumber, dir: PathBuf, events: File, running: File) -> Self {
        let stream = Stream { file: events, seq: 0, line: Vec::new(), workflows: Vec::new(), jobs: 0, failed_jobs: 0 };
        Self { number, dir, stream: Mutex::new(stream), _running: running }
    }

    /// Where jobs' logs go: `<leg>.log`.
    pub(crate) fn logs_dir(&self) -> PathBuf {
        logs_dir(&self.dir)
    }

    /// Numbers an event, gives it its time, and writes it. When this returns a crash of the process cannot lose it.
    ///
    /// `RunFinished` also writes the result. After an error the event is numbered but may not be on disk.
    pub(crate) fn append(&self, event: Event) -> io::Result<Envelope> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.seq += 1;
        let envelope = Envelope { seq: stream.seq, at: now(), event };
        stream.write(&envelope)?;
        match &envelope.event {
            Event::WorkflowStarted(started) => stream.workflows.push(started.name.clone()),
            Event::JobFinished(finished) => {
                stream.jobs += 1;
                stream.failed_jobs += u32::from(finished.conclusion == Conclusion::Failure);
            }
            Event::RunFinished(finished) => {
                let result = RunResult {
                    conclusion: finished.conclusion,
                    finished_at: envelope.at,
                    workflows: std::mem::take(&mut stream.workflows),
                    jobs: stream.jobs,
                    failed_jobs: stream.failed_jobs,
                    bytes: retention::size_of(&self.dir),
                };
                write_json(&self.dir.join("result.json"), &result)?;
            }
            _ => {}
        }
        Ok(envelope)
    }
}

impl Stream {
    /// One write for a line: a reader or a crash sees whole lines, but for a disk that is full.
    fn write(&mut self, envelope: &Envelope) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, envelope)?;
        self.line.push(b'\n');
        self.file.write_all(&self.line)
    }
}

pub(super) fn logs_dir(run: &Path) -> PathBuf {
    run.join("logs")
}

pub(super) fn artifacts_dir(run: &Path) -> PathBuf {
    run.join("artifacts")
}

pub(super) fn log_path(run: &Path, leg: LegId) -> PathBuf {
    logs_dir(run).join(format!("{leg}.log"))
}

/// Appears whole or not at all.
pub(super) fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let new = path.with_extension("json.new");
    std::fs::write(&new, serde_json::to_vec(value)?)?;
    std::fs::rename(&new, path)
}

/// Microseconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
