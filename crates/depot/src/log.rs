//! Reading a log, whether it still grows or is sealed.

use store::logs::{self, Log};

use crate::{Depot, Error, Result};

/// Pieces that are asked of the database at a time.
const PIECES: i64 = 8;

/// Where the frames of a sealed log are: offsets in the stream and in the object, both lengths at the end.
pub(crate) type Frames = Vec<(u64, u64)>;

/// Reads a log stream from an offset on, piece by piece.
#[derive(Debug)]
pub struct LogPieces {
    depot: Depot,
    job: i64,
    fence: i64,
    at: u64,
    waiting: std::collections::VecDeque<Vec<u8>>,
    sealed: Option<(String, Frames)>,
}

impl Depot {
    /// The log of one claim of a job, from a byte of its stream on.
    #[must_use]
    pub fn log(&self, job: i64, fence: i64, from: u64) -> LogPieces {
        LogPieces { depot: self.clone(), job, fence, at: from, waiting: Default::default(), sealed: None }
    }
}

impl LogPieces {
    /// Where in the stream the next piece begins.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next bytes; none at the present end. More may come while the job runs: ask again then.
    pub async fn next_piece(&mut self) -> Result<Option<Vec<u8>>> {
        if self.waiting.is_empty() && self.sealed.is_none() {
            let from = i64::try_from(self.at).unwrap_or(i64::MAX);
            let chunks = logs::chunks(&mut self.depot.store.read(), self.job, self.fence, from, PIECES).await?;
            for chunk in chunks {
                let known = usize::try_from(from - chunk.start).unwrap_or(0);
                let mut bytes = chunk.bytes()?;
                self.waiting.push_back(if known > 0 { bytes.split_off(known.min(bytes.len())) } else { bytes });
            }
            if self.waiting.is_empty() {
                let log = logs::find(&mut self.depot.store.read(), self.job, self.fence).await?;
                self.sealed = log.and_then(|log| frames_of(&log));
            }
        }
        if self.waiting.is_empty()
            && let Some((object, frames)) = &self.sealed
        {
            let Some(piece) = sealed_piece(&self.depot, self.job, object, frames, self.at).await? else {
                return Ok(None);
            };
            self.waiting.push_back(piece);
        }
        let piece = self.waiting.pop_front();
        self.at += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Ok(piece)
    }
}

fn frames_of(log: &Log) -> Option<(String, Frames)> {
    let frames = serde_json::from_str(log.frames.as_deref()?).ok()?;
    Some((log.object.clone()?, frames))
}

/// The rest of the frame that has the byte `at`.
async fn sealed_piece(depot: &Depot, job: i64, object: &str, frames: &Frames, at: u64) -> Result<Option<Vec<u8>>> {
    let next = frames.partition_point(|(start, _)| *start <= at);
    let (Some((start, packed_start)), Some((end, packed_end))) = (frames.get(next.saturating_sub(1)), frames.get(next))
    else {
        return Ok(None);
    };
    let packed = depot.objects.range(object, *packed_start..*packed_end).await?;
    let length = usize::try_from(end - start).unwrap_or(usize::MAX);
    let damaged = |reason: String| Error::Log { job, reason };
    let mut bytes = zstd::bulk::decompress(&packed, length).map_err(|error| damaged(error.to_string()))?;
    Ok(Some(bytes.split_off(usize::try_from(at - start).unwrap_or(0).min(bytes.len()))))
}
