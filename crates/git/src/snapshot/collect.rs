//! What the store knows of each snapshot, and removing the least recently used.

use std::path::Path;
use std::time::SystemTime;

use super::{Lease, Scratch, SnapshotStore};
use crate::GitError;
use crate::index;
use crate::repository::ObjectFormat;

/// What a collection removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Snapshots removed.
    pub removed: usize,
    /// Bytes they held.
    pub bytes: u64,
    /// Bytes still held.
    pub kept_bytes: u64,
}

impl SnapshotStore {
    /// Removes the least recently used snapshots that nobody holds until at most `max_bytes` remain.
    pub fn gc(&self, max_bytes: u64) -> Result<GcReport, GitError> {
        let parent = self.root.join("snapshots");
        let mut known = Vec::new();
        for entry in std::fs::read_dir(&parent).map_err(GitError::io("cannot read", &parent))?.flatten() {
            let used = std::fs::metadata(entry.path().join("meta")).and_then(|meta| meta.modified());
            let bytes = read_meta(&entry.path()).map_or(0, |meta| meta.bytes);
            known.push((used.unwrap_or(SystemTime::UNIX_EPOCH), bytes, entry.file_name()));
        }
        known.sort();
        let mut report = GcReport { kept_bytes: known.iter().map(|(_, bytes, _)| bytes).sum(), ..GcReport::default() };
        for (_, bytes, name) in known {
            if report.kept_bytes <= max_bytes {
                break;
            }
            let lock = self.root.join("locks").join(&name);
            let Some(_lease) = Lease::try_exclusive(&lock).map_err(GitError::io("cannot lock", &lock))? else {
                continue;
            };
            let scratch = Scratch::new(&self.root.join("tmp"))?;
            let dir = parent.join(&name);
            if std::fs::rename(&dir, scratch.path().join("removed")).is_ok() {
                report.removed += 1;
                report.bytes += bytes;
                report.kept_bytes = report.kept_bytes.saturating_sub(bytes);
            }
        }
        Ok(report)
    }
}

struct Meta {
    bytes: u64,
    files: usize,
    boot: String,
}

/// Written last, so a snapshot without it is none.
pub(super) fn write_meta(dir: &Path, bytes: u64, files: usize) -> Result<(), GitError> {
    let path = dir.join("meta");
    let text = format!("bytes {bytes}\nfiles {files}\nboot {}\n", boot_id());
    std::fs::write(&path, text).map_err(GitError::io("cannot write", &path))
}

fn read_meta(dir: &Path) -> Option<Meta> {
    let text = std::fs::read_to_string(dir.join("meta")).ok()?;
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::to_owned);
    Some(Meta { bytes: field("bytes")?.parse().ok()?, files: field("files")?.parse().ok()?, boot: field("boot")? })
}

/// Whether the snapshot is there and whole. Files are not synced when made; so after a restart of the machine, sizes are
/// compared once with the index.
pub(super) fn is_sound(dir: &Path, format: ObjectFormat) -> bool {
    let Some(meta) = read_meta(dir) else {
        return false;
    };
    if meta.boot == boot_id() {
        return true;
    }
    let sound = sizes_match(dir, format, meta.files);
    if sound {
        let text = format!("bytes {}\nfiles {}\nboot {}\n", meta.bytes, meta.files, boot_id());
        drop(super::write_atomically(&dir.join("meta"), text.as_bytes()));
    }
    sound
}

fn sizes_match(dir: &Path, format: ObjectFormat, files: usize) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Some(entries) = std::fs::read(dir.join("index")).ok().and_then(|bytes| index::read(format, &bytes)) else {
        return false;
    };
    let root = dir.join("files");
    entries.len() == files
        && entries.iter().filter(|entry| entry.mode != super::tree::GITLINK).all(|entry| {
            let meta = root.join(std::ffi::OsStr::from_bytes(&entry.path)).symlink_metadata();
            meta.is_ok_and(|meta| {
                entry.stat.is_none_or(|(size, _)| size == 1 << 31 || meta.len() & 0xffff_ffff == u64::from(size))
            })
        })
}

/// The use is noted as the time of `meta`.
pub(super) fn mark_used(dir: &Path) {
    if let Ok(file) = std::fs::File::options().append(true).open(dir.join("meta")) {
        drop(file.set_modified(SystemTime::now()));
    }
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}
