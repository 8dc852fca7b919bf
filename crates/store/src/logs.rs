//! Logs of jobs: append-only streams of bytes, one for each claim of a job.

use crate::{Error, Micros, Query, Result, Topic, Tx, args, record};

/// How far a stream is squeezed; more costs time and saves little.
const LEVEL: i32 = 1;

/// The most bytes of a stream that one piece holds.
pub const MOST: usize = 4 << 20;

record! {
    /// A log, and what is known of it.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Log {
        pub job_id: i64,
        pub fence: i64,
        /// Bytes of the stream that are stored.
        pub length: i64,
        pub finished_at: Option<Micros>,
        /// The object that holds it all, once it is sealed.
        pub object: Option<String>,
        /// JSON: `[[offset in the stream, offset in the object], …]`, both lengths at the end.
        pub frames: Option<String>,
    }
}

record! {
    /// A piece of a stream.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Chunk {
        /// Where in the stream it begins.
        pub start: i64,
        /// How many bytes of the stream it holds.
        pub length: i64,
        /// A zstd frame.
        pub packed: Vec<u8>,
    }
}

impl Chunk {
    /// Its bytes.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        unpack(&self.packed, usize::try_from(self.length).unwrap_or(MOST))
    }
}

/// # Errors
/// When it is no frame, or holds more than `length` bytes.
pub fn unpack(packed: &[u8], length: usize) -> Result<Vec<u8>> {
    zstd::bulk::decompress(packed, length).map_err(|error| damaged(&error))
}

fn damaged(error: &std::io::Error) -> Error {
    Error::Column { name: "log_chunks.packed".to_owned(), message: error.to_string() }
}

/// What became of bytes that were to be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// All of them are stored now; the stream has this length.
    Stored(i64),
    /// They begin beyond the end, which is here.
    Gap(i64),
}

/// Appends to the log of a claim, whose fence the caller has checked in this transaction. Bytes that are stored already are
/// passed over, so that a piece may be sent again. `packed` is the same piece as a zstd frame, if the caller has it.
pub async fn append(
    tx: &mut Tx,
    job_id: i64,
    fence: i64,
    offset: i64,
    bytes: &[u8],
    packed: Option<Vec<u8>>,
) -> Result<Appended> {
    let lock = tx.lock_clause(crate::Lock::Wait);
    let sql = format!("SELECT length FROM logs WHERE job_id = $1 AND fence = $2{lock}");
    let stored: Option<i64> = tx.fetch_optional(sql, args![job_id, fence]).await?;
    let length = stored.unwrap_or(0);
    if offset > length {
        return Ok(Appended::Gap(length));
    }
    let known = usize::try_from(length - offset).unwrap_or(usize::MAX);
    let fresh = bytes.get(known..).unwrap_or_default();
    if fresh.is_empty() {
        return Ok(Appended::Stored(length));
    }
    let packed = match packed {
        Some(packed) if known == 0 => packed,
        _ => zstd::bulk::compress(fresh, LEVEL).map_err(|error| damaged(&error))?,
    };
    let end = length + i64::try_from(fresh.len()).unwrap_or(i64::MAX);
    let insert = "INSERT INTO log_chunks (job_id, fence, start, length, packed) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(insert, args![job_id, fence, length, fresh.len(), packed]).await?;
    if stored.is_some() {
        tx.execute("UPDATE logs SET length = $3 WHERE job_id = $1 AND fence = $2", args![job_id, fence, end]).await?;
    } else {
        let insert = "INSERT INTO logs (job_id, fence, length) VALUES ($1, $2, $3)";
        tx.execute(insert, args![job_id, fence, end]).await?;
    }
    tx.wake(Topic::Log(job_id));
    Ok(Appended::Stored(end))
}

/// Bytes of a stream that are stored; 0 when there is none.
pub async fn length(db: &mut impl Query, job_id: i64, fence: i64) -> Result<i64> {
    Ok(find(db, job_id, fence).await?.map_or(0, |log| log.length))
}

pub async fn find(db: &mut impl Query, job_id: i64, fence: i64) -> Result<Option<Log>> {
    let sql = format!("SELECT {} FROM logs WHERE job_id = $1 AND fence = $2", Log::COLUMNS);
    db.fetch_optional(sql, args![job_id, fence]).await
}

/// The log of a job's last claim that has one.
pub async fn last_of_job(db: &mut impl Query, job_id: i64) -> Result<Option<Log>> {
    let sql = format!("SELECT {} FROM logs WHERE job_id = $1 ORDER BY fence DESC LIMIT 1", Log::COLUMNS);
    db.fetch_optional(sql, args![job_id]).await
}

/// The pieces that hold what comes from `from` on, in order, at most `most` of them.
pub async fn chunks(db: &mut impl Query, job_id: i64, fence: i64, from: i64, most: i64) -> Result<Vec<Chunk>> {
    let sql = format!(
        "SELECT {} FROM log_chunks WHERE job_id = $1 AND fence = $2 AND start + length > $3 ORDER BY start LIMIT $4",
        Chunk::COLUMNS
    );
    db.fetch_all(sql, args![job_id, fence, from, most]).await
}

/// Nothing more comes: the log may be sealed. A claim without a line of output has a log, too.
pub async fn finish(tx: &mut Tx, job_id: i64, fence: i64) -> Result<()> {
    let now = tx.now();
    let upsert = "INSERT INTO logs (job_id, fence, length, finished_at) VALUES ($1, $2, 0, $3) \
                  ON CONFLICT (job_id, fence) DO UPDATE SET finished_at = COALESCE(logs.finished_at, excluded.finished_at)";
    tx.execute(upsert, args![job_id, fence, now]).await?;
    tx.wake(Topic::Log(job_id));
    Ok(())
}

/// Finished logs that are not sealed, the oldest first.
pub async fn unsealed(db: &mut impl Query, most: i64) -> Result<Vec<Log>> {
    let sql = format!(
        "SELECT {} FROM logs WHERE object IS NULL AND finished_at IS NOT NULL AND seal_after <= $2 ORDER BY finished_at LIMIT $1",
        Log::COLUMNS
    );
    let now = db.now();
    db.fetch_all(sql, args![most, now]).await
}

/// A log that cannot be sealed now is left alone for a while; the others must not wait for it.
pub async fn postpone_sealing(tx: &mut Tx, log: &Log, pause: Micros) -> Result<()> {
    let until = tx.now().saturating_add(pause);
    let sql = "UPDATE logs SET seal_after = $3 WHERE job_id = $1 AND fence = $2";
    tx.execute(sql, args![log.job_id, log.fence, until]).await.map(drop)
}

/// The object is there: it stands for the pieces from now on. Whether this call did it; another server may have.
pub async fn seal(tx: &mut Tx, log: &Log, object: &str, frames: &str) -> Result<bool> {
    let sql =
        "UPDATE logs SET object = $3, frames = $4 WHERE job_id = $1 AND fence = $2 AND object IS NULL AND length = $5";
    let changed = tx.execute(sql, args![log.job_id, log.fence, object, frames, log.length]).await?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute("DELETE FROM log_chunks WHERE job_id = $1 AND fence = $2", args![log.job_id, log.fence]).await?;
    Ok(true)
}

/// Jobs that ended before this time and have logs, the oldest first.
pub async fn of_jobs_before(db: &mut impl Query, time: Micros, most: i64) -> Result<Vec<i64>> {
    let sql = "SELECT DISTINCT l.job_id FROM logs l JOIN jobs j ON j.id = l.job_id \
               WHERE l.finished_at < $1 AND j.status = 'completed' AND j.completed_at < $1 ORDER BY l.job_id LIMIT $2";
    db.fetch_all(sql, args![time, most]).await
}

/// Forgets all logs of a job. Returns the objects that nobody refers to any more.
pub async fn delete(tx: &mut Tx, job_id: i64) -> Result<Vec<String>> {
    let sql = "SELECT object FROM logs WHERE job_id = $1 AND object IS NOT NULL";
    let objects = tx.fetch_all(sql, args![job_id]).await?;
    tx.execute("DELETE FROM log_chunks WHERE job_id = $1", args![job_id]).await?;
    tx.execute("DELETE FROM logs WHERE job_id = $1", args![job_id]).await?;
    Ok(objects)
}
