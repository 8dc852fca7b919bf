//! Caches of all repositories on this machine: immutable entries, found by key and scope, dropped when unused.

pub(crate) mod explanation;
mod reservation;
mod search;

pub use reservation::Reservation;

use crate::disk::index::{IndexFile, Locked};
use crate::disk::staging::Staging;
use crate::disk::{remove_file, sync_dir};
use crate::remote::Remote;
use crate::{Clock, DEFAULT_QUOTA_BYTES, Error, Explanation, Result, UNUSED_DAYS};
use jiff::Timestamp;
use search::Condition;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Keys a restore may name, the key itself included, as on GitHub.
const MAX_KEYS: usize = 10;
/// Characters of a key, as on GitHub.
const MAX_KEY_CHARS: usize = 512;
/// Versions are a digest; whatever a client makes of them, this is plenty.
const MAX_VERSION_BYTES: usize = 512;

/// The job a cache comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheOwner {
    pub run_id: String,
    pub job_id: String,
}

/// A finished cache. It never changes; a new content needs a new key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// Unique in the store and growing, from 1.
    pub id: u64,
    /// `owner/repo`.
    pub repository: String,
    /// Full ref it was saved for.
    pub scope: String,
    pub key: String,
    /// Opaque: stands for the paths and the compression.
    pub version: String,
    pub size: u64,
    /// Lowercase hexadecimal, of the bytes as stored.
    pub sha256: String,
    pub created_at: Timestamp,
    pub created_by: CacheOwner,
}

/// What to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheQuery {
    pub repository: String,
    /// Full refs in the order to search: see [`crate::CacheScopes`].
    pub scopes: Vec<String>,
    pub key: String,
    pub restore_keys: Vec<String>,
    pub version: String,
}

/// The answer to a restore.
#[derive(Debug)]
pub struct Restored {
    pub hit: Option<CacheHit>,
    pub explanation: Explanation,
}

/// A found cache.
#[derive(Debug)]
pub struct CacheHit {
    pub entry: CacheEntry,
    /// Whether the key is the one asked for (`cache-hit`).
    pub exact: bool,
    /// The content; stays readable even when the entry is evicted meanwhile.
    pub reader: File,
}

/// A cache and when it was last restored or saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheUsage {
    pub entry: CacheEntry,
    pub last_used: Timestamp,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Index {
    last_id: u64,
    entries: Vec<CacheEntry>,
}

/// The caches under `caches/` in the data directory, or on a server. Cheap to clone; all methods block.
#[derive(Debug, Clone)]
pub struct CacheStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    quota_bytes: u64,
    clock: Clock,
    index: IndexFile<Index>,
    staging: Mutex<Option<Arc<Staging>>>,
    /// (repository, scope, key, version) being saved by this process.
    reserved: Mutex<HashSet<[String; 4]>>,
    /// The caches lie there, not in `dir`.
    remote: Option<Arc<Remote>>,
}

impl CacheStore {
    /// The store with GitHub's quota; touches nothing on disk.
    pub fn open(data_dir: &Path) -> CacheStore {
        CacheStore::with_quota(data_dir, DEFAULT_QUOTA_BYTES, Clock::system())
    }

    /// The store with another quota, in bytes of all caches together.
    pub fn with_quota(data_dir: &Path, quota_bytes: u64, clock: Clock) -> CacheStore {
        let dir = data_dir.join("caches");
        let index = IndexFile::new(&dir);
        let (staging, reserved) = Default::default();
        CacheStore(Arc::new(Inner { dir, quota_bytes, clock, index, staging, reserved, remote: None }))
    }

    /// The caches on a server that a job may see.
    pub(crate) fn on_server(remote: Arc<Remote>) -> CacheStore {
        let dir = PathBuf::new();
        let index = IndexFile::new(&dir);
        let (quota_bytes, clock) = (DEFAULT_QUOTA_BYTES, Clock::system());
        let (staging, reserved) = Default::default();
        CacheStore(Arc::new(Inner { dir, quota_bytes, clock, index, staging, reserved, remote: Some(remote) }))
    }

    pub(crate) fn remote(&self) -> Option<&Remote> {
        self.0.remote.as_deref()
    }

    pub(crate) fn quota_bytes(&self) -> u64 {
        self.0.quota_bytes
    }

    fn blob_path(&self, id: u64) -> PathBuf {
        self.0.dir.join("blobs").join(id.to_string())
    }

    /// Opens staging, and on the first call sweeps what a killed process left.
    pub(crate) fn staging(&self) -> Result<Arc<Staging>> {
        if let Some(remote) = &self.0.remote {
            return remote.staging();
        }
        let mut staging = self.0.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(staging) = &*staging {
            return Ok(Arc::clone(staging));
        }
        let locked = self.0.index.lock()?;
        let blobs = self.0.dir.join("blobs");
        fs::create_dir_all(&blobs).map_err(Error::io(&blobs))?;
        let known: HashSet<_> = locked.value.entries.iter().map(|entry| self.blob_path(entry.id)).collect();
        for entry in fs::read_dir(&blobs).map_err(Error::io(&blobs))? {
            let path = entry.map_err(Error::io(&blobs))?.path();
            if !known.contains(&path) {
                remove_file(&path)?;
            }
        }
        let opened = Arc::new(Staging::open(&self.0.dir.join("staging"))?);
        *staging = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Finds and opens a cache, and notes that it was used.
    ///
    /// # Errors
    /// Keys GitHub would refuse; an unreadable store. A miss is no error.
    pub fn restore(&self, query: &CacheQuery) -> Result<Restored> {
        check_cache_query(query)?;
        if let Some(remote) = &self.0.remote {
            let (found, explanation) = remote.find_cache(query)?;
            let hit = match found {
                Some((entry, url)) => {
                    Some(CacheHit { exact: entry.key == query.key, entry, reader: remote.download(&url)? })
                }
                None => None,
            };
            return Ok(Restored { hit, explanation });
        }
        let (found, mut explanation) = self.lookup(query)?;
        let Some(entry) = found else {
            return Ok(Restored { hit: None, explanation });
        };
        match self.reader(entry.id) {
            Ok(reader) => {
                let hit = CacheHit { exact: entry.key == query.key, entry, reader };
                Ok(Restored { hit: Some(hit), explanation })
            }
            // Evicted between the look and the opening: as if it had been a moment earlier.
            Err(Error::NoCache { .. }) => {
                explanation.outcome = crate::Outcome::Miss;
                Ok(Restored { hit: None, explanation })
            }
            Err(error) => Err(error),
        }
    }

    /// Finds a cache without using it.
    ///
    /// # Errors
    /// As for [`CacheStore::restore`].
    pub fn lookup(&self, query: &CacheQuery) -> Result<(Option<CacheEntry>, Explanation)> {
        check_cache_query(query)?;
        let index = self.0.index.read()?;
        let (found, explanation) = search::search(query, &index.entries, |entry| self.condition(entry));
        Ok((found.cloned(), explanation))
    }

    /// Opens an entry's content and notes that it was used.
    ///
    /// # Errors
    /// [`Error::NoCache`] when it is gone.
    pub fn reader(&self, id: u64) -> Result<File> {
        let path = self.blob_path(id);
        let reader = File::open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::NoCache { what: format!("with id {id}") },
            _ => Error::io(&path)(error),
        })?;
        // The content's modification time is the time of last use: one call, no lock, safe at any moment.
        // A store that may only be read still serves.
        let _ = reader.set_times(FileTimes::new().set_modified(self.0.clock.now().into()));
        Ok(reader)
    }

    /// Claims a key for saving.
    ///
    /// # Errors
    /// [`Error::CacheExists`], [`Error::CacheReserved`], keys GitHub would refuse.
    pub fn reserve(
        &self,
        repository: &str,
        scope: &str,
        key: &str,
        version: &str,
        owner: &CacheOwner,
    ) -> Result<Reservation> {
        check_key(key)?;
        check_version(version)?;
        if let Some(remote) = &self.0.remote {
            let url = remote.reserve_cache(key, version, scope)?;
            let claim = [repository, scope, key, version].map(str::to_owned);
            return Reservation::claim(self, claim, owner.clone(), Some(url));
        }
        let index = self.0.index.read()?;
        let claim = [repository, scope, key, version].map(str::to_owned);
        if let Some(entry) = index.entries.iter().find(|entry| is_claimed(entry, &claim))
            && matches!(self.condition(entry), Condition::Good)
        {
            return Err(Error::CacheExists { key: key.to_owned(), scope: scope.to_owned() });
        }
        Reservation::claim(self, claim, owner.clone(), None)
    }

    /// All entries, oldest first, with their last use.
    ///
    /// # Errors
    /// An unreadable index.
    pub fn list(&self) -> Result<Vec<CacheUsage>> {
        let entries = self.0.index.read()?.entries;
        let usage = |entry: CacheEntry| Some(CacheUsage { last_used: self.last_used(&entry)?, entry });
        Ok(entries.into_iter().filter_map(usage).collect())
    }

    /// Deletes one entry.
    ///
    /// # Errors
    /// [`Error::NoCache`], or an index that cannot be written.
    pub fn delete(&self, id: u64) -> Result<CacheEntry> {
        let mut deleted = self.delete_where(|entry| entry.id == id)?;
        deleted.pop().ok_or_else(|| Error::NoCache { what: format!("with id {id}") })
    }

    /// Deletes the entries a condition holds for and returns them.
    ///
    /// # Errors
    /// An index that cannot be written.
    pub fn delete_where(&self, condition: impl Fn(&CacheEntry) -> bool) -> Result<Vec<CacheEntry>> {
        let mut locked = self.0.index.lock()?;
        let deleted: Vec<CacheEntry> = locked.value.entries.extract_if(.., |entry| condition(entry)).collect();
        if !deleted.is_empty() {
            locked.save()?;
        }
        for entry in &deleted {
            remove_file(&self.blob_path(entry.id))?;
        }
        Ok(deleted)
    }

    fn last_used(&self, entry: &CacheEntry) -> Option<Timestamp> {
        let modified = fs::metadata(self.blob_path(entry.id)).and_then(|data| data.modified()).ok()?;
        Timestamp::try_from(modified).ok()
    }

    fn condition(&self, entry: &CacheEntry) -> Condition {
        match self.last_used(entry) {
            None => Condition::Gone,
            Some(last_used) => {
                let unused_days = self.0.clock.now().duration_since(last_used).as_hours() / 24;
                if unused_days >= UNUSED_DAYS { Condition::Expired { unused_days } } else { Condition::Good }
            }
        }
    }

    /// Drops what is gone or expired, then the least recently used until `incoming` more bytes fit the quota.
    /// Returns the files to remove once the index is saved.
    fn make_room(&self, locked: &mut Locked<'_, Index>, incoming: u64) -> Vec<PathBuf> {
        let mut removed = Vec::new();
        let mut kept = Vec::new();
        for entry in std::mem::take(&mut locked.value.entries) {
            match (self.condition(&entry), self.last_used(&entry)) {
                (Condition::Good, Some(last_used)) => kept.push((last_used, entry)),
                _ => removed.push(self.blob_path(entry.id)),
            }
        }
        let mut total: u64 = kept.iter().map(|(_, entry)| entry.size).sum();
        kept.sort_by_key(|(last_used, entry)| (*last_used, entry.id));
        let mut kept = std::collections::VecDeque::from(kept);
        while total.saturating_add(incoming) > self.0.quota_bytes
            && let Some((_, entry)) = kept.pop_front()
        {
            total -= entry.size;
            removed.push(self.blob_path(entry.id));
        }
        let mut entries: Vec<CacheEntry> = kept.into_iter().map(|(_, entry)| entry).collect();
        entries.sort_by_key(|entry| entry.id);
        locked.value.entries = entries;
        removed
    }

    /// Makes complete content visible.
    fn publish(
        &self,
        claim: &[String; 4],
        owner: &CacheOwner,
        mut blob: crate::disk::blob::Blob,
    ) -> Result<CacheEntry> {
        if blob.size > self.0.quota_bytes {
            return Err(Error::TooLarge { limit: self.0.quota_bytes });
        }
        blob.sync()?;
        let mut locked = self.0.index.lock()?;
        let removed = self.make_room(&mut locked, blob.size);
        let [repository, scope, key, version] = claim.clone();
        if locked.value.entries.iter().any(|entry| is_claimed(entry, claim)) {
            return Err(Error::CacheExists { key, scope });
        }
        locked.value.last_id += 1;
        let now = self.0.clock.now();
        let entry = CacheEntry {
            id: locked.value.last_id,
            repository,
            scope,
            key,
            version,
            size: blob.size,
            sha256: blob.sha256.clone(),
            created_at: now,
            created_by: owner.clone(),
        };
        let path = self.blob_path(entry.id);
        let times = FileTimes::new().set_modified(now.into());
        File::options()
            .write(true)
            .open(blob.path())
            .and_then(|file| file.set_times(times))
            .map_err(Error::io(&path))?;
        blob.keep(&path)?;
        sync_dir(&self.0.dir.join("blobs"))?;
        locked.value.entries.push(entry.clone());
        if let Err(error) = locked.save() {
            let _ = remove_file(&path);
            return Err(error);
        }
        for path in removed {
            remove_file(&path)?;
        }
        Ok(entry)
    }
}

fn is_claimed(entry: &CacheEntry, [repository, scope, key, version]: &[String; 4]) -> bool {
    entry.repository == *repository && entry.scope == *scope && entry.key == *key && entry.version == *version
}

/// Whether GitHub would look for these keys.
///
/// # Errors
/// [`Error::BadKey`]
pub fn check_cache_query(query: &CacheQuery) -> Result<()> {
    let keys = query.restore_keys.len() + 1;
    if keys > MAX_KEYS {
        return Err(Error::BadKey(format!("{keys} keys given, at most {MAX_KEYS} can be searched")));
    }
    for key in std::iter::once(&query.key).chain(&query.restore_keys) {
        check_key(key)?;
    }
    check_version(&query.version)
}

/// Whether GitHub would save a cache under this key and version.
///
/// # Errors
/// [`Error::BadKey`]
pub fn check_cache_key(key: &str, version: &str) -> Result<()> {
    check_key(key)?;
    check_version(version)
}

/// Which of a repository's entries a restore gets, all of them having their content; and why.
pub fn search_caches(query: &CacheQuery, entries: &[CacheEntry]) -> (Option<CacheEntry>, Explanation) {
    let (found, explanation) = search::search(query, entries, |_| Condition::Good);
    (found.cloned(), explanation)
}

fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Error::BadKey("a cache key is empty".to_owned()));
    }
    if key.chars().count() > MAX_KEY_CHARS {
        return Err(Error::BadKey(format!("a cache key is longer than {MAX_KEY_CHARS} characters")));
    }
    if key.contains(',') {
        return Err(Error::BadKey(format!("the cache key {key:?} contains a comma")));
    }
    Ok(())
}

fn check_version(version: &str) -> Result<()> {
    if version.is_empty() || version.len() > MAX_VERSION_BYTES {
        return Err(Error::BadKey(format!("a cache version has 1 to {MAX_VERSION_BYTES} bytes")));
    }
    Ok(())
}
