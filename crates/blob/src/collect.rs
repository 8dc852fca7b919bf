use std::collections::HashSet;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Digest, Error, Store, durable, lease};

/// What a collection removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub blobs: u64,
    pub bytes: u64,
}

/// Blobs removed under one hold of the lock, so that writers never wait long.
const BATCH: usize = 64;

impl Store {
    /// Removes every blob that is not in `keep`, is in no lease, and was last written or held longer ago than `older_than`.
    ///
    /// Safe beside writers and readers of any process. What was made of blobs *after* `keep` was put together is protected
    /// by the grace, so it must be longer than that takes; see [`Self::collect_before`] to do without one.
    pub fn collect(&self, keep: &HashSet<Digest>, older_than: Duration) -> Result<Collected, Error> {
        self.collect_before(keep, Self::now().checked_sub(older_than).unwrap_or(UNIX_EPOCH))
    }

    /// The time on the clock that blobs get their times from. It may be some milliseconds behind `SystemTime::now`.
    #[must_use]
    pub fn now() -> SystemTime {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        let since = Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0));
        UNIX_EPOCH + since
    }

    /// As [`Self::collect`], of blobs last written or held before a time. With [`Self::now`] of before `keep` was put
    /// together, nothing is lost that was held since, however long that took.
    pub fn collect_before(&self, keep: &HashSet<Digest>, before: SystemTime) -> Result<Collected, Error> {
        let mut collected = Collected::default();
        let candidates: Vec<Digest> =
            self.iter()?.filter(|blob| !matches!(blob, Ok(blob) if keep.contains(blob))).collect::<Result<_, _>>()?;
        for batch in candidates.chunks(BATCH) {
            let _removing = self.removing()?;
            let leased = lease::leased(self)?;
            for digest in batch.iter().filter(|digest| !leased.contains(digest)) {
                let path = self.path(digest);
                let metadata = match fs::metadata(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    other => other.map_err(Error::io("look at", &path))?,
                };
                let modified = metadata.modified().map_err(Error::io("look at", &path))?;
                if modified < before && durable::remove(&path)? {
                    collected.blobs += 1;
                    collected.bytes += metadata.len();
                }
            }
        }
        self.sweep(".tmp", Duration::from_secs(60))?;
        self.sweep(".leases", Duration::from_secs(60))?;
        Ok(collected)
    }
}
