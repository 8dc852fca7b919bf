//! Finished logs become one object each.

use std::io::Write as _;

use store::logs::{self, Log};

use crate::log::Frames;
use crate::{Depot, Error, Result};

/// Bytes of the stream in one frame: what a reader unpacks to get at a single line.
const FRAME: usize = 1 << 20;
/// Squeezed once and read for months.
const LEVEL: i32 = 6;
/// How long a log that could not be sealed is left alone.
const PAUSE: store::Micros = 600 * 1_000_000;
/// Logs looked at in one go.
const BATCH: i64 = 20;

impl Depot {
    /// Seals logs that are finished; how many. Any number of servers may. One that cannot be sealed is left alone for a while.
    ///
    /// # Errors
    /// The first one that failed, when all others are done.
    pub async fn seal_logs(&self) -> Result<usize> {
        let (mut sealed, mut failed) = (0, None);
        for log in logs::unsealed(&mut self.store.read(), BATCH).await? {
            let done = self.seal(&log).await;
            if matches!(done, Ok(true)) {
                sealed += 1;
                continue;
            }
            let mut tx = self.store.begin().await?;
            logs::postpone_sealing(&mut tx, &log, PAUSE).await?;
            tx.commit().await?;
            failed = failed.or(done.err());
        }
        failed.map_or(Ok(sealed), Err)
    }

    async fn seal(&self, log: &Log) -> Result<bool> {
        let mut frames: Frames = Vec::new();
        let mut object = Vec::new();
        let mut buffer: Vec<u8> = Vec::new();
        let (mut stream, job) = (0_u64, log.job_id);
        let mut pieces = self.log(log.job_id, log.fence, 0);
        loop {
            let piece = pieces.next_piece().await?;
            let ended = piece.is_none();
            buffer.extend(piece.unwrap_or_default());
            while buffer.len() >= FRAME || (ended && !buffer.is_empty()) {
                let rest = buffer.split_off(buffer.len().min(FRAME));
                frames.push((stream, object.len() as u64));
                let packed = zstd::bulk::compress(&buffer, LEVEL)
                    .map_err(|error| Error::Log { job, reason: error.to_string() })?;
                object.write_all(&packed)?;
                stream += buffer.len() as u64;
                buffer = rest;
            }
            if ended {
                break;
            }
        }
        if i64::try_from(stream).ok() != Some(log.length) {
            // Another server has sealed it, or it has grown since.
            return Ok(false);
        }
        frames.push((stream, object.len() as u64));
        let name = format!("logs/{}-{}-{}", log.job_id, log.fence, uuid::Uuid::new_v4().simple());
        self.objects.put(&name, object.into()).await?;
        let frames = serde_json::to_string(&frames).unwrap_or_default();
        let mut tx = self.store.begin().await?;
        let done = logs::seal(&mut tx, log, &name, &frames).await?;
        tx.commit().await?;
        if !done {
            self.objects.delete(&name).await?;
        }
        Ok(done)
    }
}
