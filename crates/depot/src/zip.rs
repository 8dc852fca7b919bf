//! The logs of a run as GitHub's zip: a file for each job, and a directory with a file for each step. It is made while it is
//! read, by a thread of its own: what is held of it does not depend on how long the logs are.

use std::collections::BTreeMap;
use std::io::Write;

use api::wire::LogDecoder;
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::text::text_of;
use crate::{Depot, Error, Result};

/// Bytes of the zip that are handed over at a time, and how often before the reader takes them.
const PIECE: usize = 256 * 1024;
const AHEAD: usize = 4;

/// A job whose log goes into the zip.
#[derive(Clone, Debug)]
pub struct JobOfZip {
    pub job: i64,
    pub fence: i64,
    pub name: String,
    /// The names of its steps by their number in the log.
    pub steps: BTreeMap<u32, String>,
}

impl Depot {
    /// The zip, piece by piece. Some are made at a time, the others wait.
    pub async fn log_zip(&self, jobs: Vec<JobOfZip>) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let turn = self.zips.clone().acquire_owned().await;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let (depot, handle) = (self.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let mut pipe = Pipe { sender: sender.clone(), buffer: Vec::new() };
            if let Err(error) = write(&depot, &handle, &jobs, &mut pipe).and_then(|()| Ok(pipe.flush()?)) {
                // Nobody may be there to hear it.
                let _ = sender.blocking_send(Err(error));
            }
        });
        stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
    }
}

/// What is written, to who reads the stream.
struct Pipe {
    sender: mpsc::Sender<Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer.extend(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.buffer).into();
        self.sender.blocking_send(Ok(piece)).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

/// Where the entries of a step are in a stream.
struct Part {
    offset: u64,
    /// Of the entry before.
    time: i64,
    end: u64,
}

type Zip<'p> = ZipWriter<StreamWriter<&'p mut Pipe>>;

fn write(depot: &Depot, handle: &Handle, jobs: &[JobOfZip], pipe: &mut Pipe) -> Result<()> {
    let mut zip = ZipWriter::new_stream(pipe);
    let options = SimpleFileOptions::default();
    for (index, job) in jobs.iter().enumerate() {
        let name = plain(&job.name);
        zip.start_file(format!("{index}_{name}.txt"), options).map_err(broken)?;
        for (number, part) in write_job(depot, handle, job, &mut zip)? {
            let step = job.steps.get(&number).map_or_else(|| format!("step {number}"), |step| plain(step));
            zip.start_file(format!("{name}/{}_{step}.txt", number + 1), options).map_err(broken)?;
            write_step(depot, handle, job, number, &part, &mut zip)?;
        }
    }
    zip.finish().map_err(broken)?;
    Ok(())
}

fn broken(error: zip::result::ZipError) -> Error {
    Error::Io(std::io::Error::other(error))
}

/// Writes the whole log; where each of its steps is in it.
fn write_job(depot: &Depot, handle: &Handle, job: &JobOfZip, zip: &mut Zip<'_>) -> Result<BTreeMap<u32, Part>> {
    let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
    let mut pieces = depot.log(job.job, job.fence, 0);
    let mut decoder = LogDecoder::default();
    while let Some(piece) = handle.block_on(pieces.next_piece())? {
        let text = text_of(job.job, &mut decoder, &piece, |entry, (offset, time), end| {
            parts.entry(entry.step).or_insert(Part { offset, time: time.unwrap_or_default(), end }).end = end;
            true
        })?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(parts)
}

fn write_step(
    depot: &Depot,
    handle: &Handle,
    job: &JobOfZip,
    number: u32,
    part: &Part,
    zip: &mut Zip<'_>,
) -> Result<()> {
    let mut pieces = depot.log(job.job, job.fence, part.offset);
    let mut decoder = if part.offset == 0 { LogDecoder::default() } else { LogDecoder::behind(part.time) };
    while part.offset + decoder.position().0 < part.end
        && let Some(piece) = handle.block_on(pieces.next_piece())?
    {
        let text = text_of(job.job, &mut decoder, &piece, |entry, _, _| entry.step == number)?;
        zip.write_all(text.as_bytes())?;
    }
    Ok(())
}

/// A name as part of a path: what would lead elsewhere, or what Windows does not take, is left out.
fn plain(name: &str) -> String {
    let kept: String = name.chars().filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c)).take(90).collect();
    let kept = kept.trim().trim_matches('.').to_owned();
    if kept.is_empty() { "job".to_owned() } else { kept }
}

#[cfg(test)]
mod tests;
