//! Modification times when a repository comes back to an earlier tree.
//!
//! Build tools compare times: what a cache brings back must be older than every file that changed since it was built. A
//! fresh checkout has that property, its files are the newest. A snapshot made for tree A, used again after tree B was
//! built, has not: A's files would look older than B's build. So whenever the tree of a work tree is another one than
//! last time, an existing snapshot gets new times first.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use sha2::Digest;

use super::{Lease, SnapshotStore, past_second, write_atomically};
use crate::index;
use crate::repository::ObjectFormat;
use crate::{GitError, Repository};

impl SnapshotStore {
    /// The note of the tree a work tree had last; bare repositories have none.
    pub(super) fn latest_of(&self, repository: &Repository) -> Option<PathBuf> {
        let key = sha2::Sha256::digest(repository.top_level().as_os_str().as_bytes());
        let name = hex::encode(&key[..16]);
        (!repository.is_bare()).then(|| self.root.join("latest").join(name))
    }

    /// Whether `tree` is another one than `note` says.
    pub(super) fn is_a_change(note: Option<&Path>, tree: &str) -> bool {
        note.is_some_and(|note| std::fs::read_to_string(note).map_or(true, |last| last != tree))
    }

    /// Gives the snapshot's files new times, unless a job is using them.
    pub(super) fn renew(&self, dir: &Path, lock: &Path, format: ObjectFormat) -> Result<(), GitError> {
        let Some(_lease) = Lease::try_exclusive(lock).map_err(GitError::io("cannot lock", lock))? else {
            return Ok(());
        };
        let list = dir.join("index");
        let Some(mut entries) = std::fs::read(&list).ok().and_then(|bytes| index::read(format, &bytes)) else {
            return Ok(());
        };
        let now = past_second();
        let time = Timespec { tv_sec: i64::from(now), tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        let files = dir.join("files");
        for entry in &mut entries {
            let path = files.join(OsStr::from_bytes(&entry.path));
            utimensat(CWD, &path, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(|error| GitError::Io {
                what: "cannot set the time of",
                path,
                source: error.into(),
            })?;
            entry.stat = entry.stat.map(|(size, _)| (size, now));
        }
        // The indexes made from this one hold the old times.
        drop(std::fs::remove_dir_all(dir.join("indexes")));
        write_atomically(&list, &index::write(format, &entries))
    }
}
