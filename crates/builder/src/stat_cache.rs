//! Digests of files, remembered as long as nothing about the file changed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use crate::meta::Stamp;

/// SHA-256 of a file's content.
pub(crate) type Hash = [u8; 32];

/// One file in the builder's directory: records of fixed length, device, inode, size, mtime, ctime and digest.
pub(crate) struct StatCache {
    file: PathBuf,
    known: Mutex<HashMap<Stamp, Hash>>,
    used: Mutex<HashMap<Stamp, Hash>>,
    changed: AtomicBool,
    /// Nanoseconds since 1970 when this was opened, some time earlier to be sure: what changed after it may change again
    /// within the same tick of the file system's clock, and is not remembered.
    settled: i64,
}

const MAGIC: &[u8; 8] = b"tlstat1\n";
const RECORD: usize = 5 * 8 + 32;
/// More is not remembered.
const MOST: usize = 1_000_000;
/// Of files that were not asked for at least so many stay known.
const KEPT: usize = 1000;
/// A file that changed so shortly before is hashed again next time.
const UNSETTLED: i64 = 100_000_000;

impl StatCache {
    /// Opens what is remembered for one context. A file that is not there, or is damaged, remembers nothing.
    pub(crate) fn open(file: PathBuf) -> Self {
        let known = fs::read(&file).ok().and_then(|bytes| parse(&bytes)).unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let settled = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX) - UNSETTLED;
        let (known, used) = (Mutex::new(known), Mutex::default());
        Self { file, known, used, changed: AtomicBool::new(false), settled }
    }

    /// The digest of a file's content, read only if it changed since it was last asked for.
    pub(crate) fn digest(&self, stamp: Stamp, open: impl FnOnce() -> io::Result<File>) -> io::Result<Hash> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&stamp).copied();
        let hash = match known {
            Some(hash) => hash,
            None => {
                let hash = hash_file(open()?)?;
                if stamp.ctime >= self.settled || stamp.mtime >= self.settled {
                    return Ok(hash);
                }
                self.changed.store(true, Ordering::Relaxed);
                hash
            }
        };
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(stamp, hash);
        Ok(hash)
    }

    /// Writes what was asked for since the start, if anything of it was new.
    pub(crate) fn save(&self) -> io::Result<()> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.changed.load(Ordering::Relaxed) || used.len() > MOST {
            return Ok(());
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody asked for this time may be asked for the next; but what is gone must not pile up.
        let rest = known.iter().filter(|(stamp, _)| !used.contains_key(stamp)).take(used.len() + KEPT);
        let mut bytes = Vec::with_capacity(MAGIC.len() + 2 * used.len() * RECORD);
        bytes.extend_from_slice(MAGIC);
        for (stamp, hash) in used.iter().chain(rest) {
            for number in [stamp.device, stamp.inode, stamp.size] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            for number in [stamp.mtime, stamp.ctime] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(hash);
        }
        write_whole(&self.file, &bytes)
    }
}

/// Writes a file so that others see the old or the new one, never half of it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let mut temporary = tempfile::NamedTempFile::new_in(parent)?;
    temporary.write_all(bytes)?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Reads a file to its end.
pub(crate) fn hash_file(mut file: File) -> io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(&buffer[..length]),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<HashMap<Stamp, Hash>> {
    let records = bytes.strip_prefix(MAGIC)?;
    if records.len() % RECORD != 0 || records.len() / RECORD > MOST {
        return None;
    }
    let mut known = HashMap::with_capacity(records.len() / RECORD);
    for record in records.chunks_exact(RECORD) {
        let number = |at: usize| record[at * 8..].first_chunk::<8>().copied().unwrap_or_default();
        let stamp = Stamp {
            device: u64::from_le_bytes(number(0)),
            inode: u64::from_le_bytes(number(1)),
            size: u64::from_le_bytes(number(2)),
            mtime: i64::from_le_bytes(number(3)),
            ctime: i64::from_le_bytes(number(4)),
        };
        known.insert(stamp, record[40..].first_chunk::<32>().copied()?);
    }
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_remembered_until_the_file_changes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "one").unwrap();
        let stamp = Stamp { device: 1, inode: 2, size: 3, mtime: 4, ctime: 5 };
        let cache = StatCache::open(directory.path().join("cache"));
        let first = cache.digest(stamp, || File::open(&path)).unwrap();
        cache.save().unwrap();

        let again = StatCache::open(directory.path().join("cache"));
        assert_eq!(again.digest(stamp, || Err(io::ErrorKind::NotFound.into())).unwrap(), first);
        let other = Stamp { ctime: 6, ..stamp };
        assert!(again.digest(other, || Err(io::ErrorKind::NotFound.into())).is_err());
    }

    #[test]
    fn what_changed_just_now_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "one").unwrap();
        let cache = StatCache::open(directory.path().join("cache"));
        let stamp = Stamp { ctime: cache.settled + 1, ..Stamp::default() };
        cache.digest(stamp, || File::open(&path)).unwrap();
        cache.save().unwrap();
        assert!(!directory.path().join("cache").exists());
    }

    #[test]
    fn a_damaged_file_remembers_nothing() {
        assert!(parse(b"tlstat1\nx").is_none());
        assert!(parse(b"").is_none());
        assert_eq!(parse(MAGIC).unwrap().len(), 0);
    }
}
