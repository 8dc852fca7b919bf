//! Artifacts onto disk, with no way out of the directory asked for.

use super::name::validate_file_path;
use crate::{Error, Result};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Bytes an archive may unpack to for each byte stored; deflate itself cannot exceed about 1032.
const MAX_EXPANSION: u64 = 1100;

/// What a download wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Downloaded {
    pub files: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

pub(super) fn unzip(file: File, stored: &Path, dir: &Path) -> Result<Downloaded> {
    let damaged = |reason: String| Error::Archive { path: stored.to_owned(), reason };
    let stored_bytes = file.metadata().map_err(Error::io(stored))?.len();
    let mut zip = ZipArchive::new(io::BufReader::new(file)).map_err(|error| damaged(error.to_string()))?;
    // All names first: an archive that would escape writes nothing.
    let mut targets = Vec::with_capacity(zip.len());
    for position in 0..zip.len() {
        let entry = zip.by_index_raw(position).map_err(|error| damaged(error.to_string()))?;
        let name = entry.name().map_err(|error| damaged(error.to_string()))?.replace('\\', "/");
        let relative = name.trim_end_matches('/');
        validate_file_path(relative)?;
        targets.push((dir.join(relative), entry.is_dir()));
    }
    fs::create_dir_all(dir).map_err(Error::io(dir))?;
    let mut written = Downloaded::default();
    for (position, (target, is_dir)) in targets.iter().enumerate() {
        if *is_dir {
            fs::create_dir_all(target).map_err(Error::io(target))?;
            continue;
        }
        let mut entry = zip.by_index(position).map_err(|error| damaged(error.to_string()))?;
        let allowed = stored_bytes.saturating_mul(MAX_EXPANSION).saturating_sub(written.bytes);
        let mut limited = io::Read::take(&mut entry, allowed + 1);
        let count = write_file(&mut limited, dir, target)?;
        if count > allowed {
            return Err(damaged("it unpacks to more than its size allows".to_owned()));
        }
        written.files += 1;
        written.bytes += count;
    }
    Ok(written)
}

pub(super) fn copy(mut file: File, dir: &Path, name: &str) -> Result<Downloaded> {
    fs::create_dir_all(dir).map_err(Error::io(dir))?;
    let bytes = write_file(&mut file, dir, &dir.join(name))?;
    Ok(Downloaded { files: 1, bytes })
}

/// Writes through no symbolic link below `dir`: whatever stands at the target is replaced, not followed.
fn write_file(from: &mut dyn io::Read, dir: &Path, target: &Path) -> Result<u64> {
    let parent = target.parent().unwrap_or(dir);
    fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let real = |path: &Path| -> Result<PathBuf> { path.canonicalize().map_err(Error::io(path)) };
    if !real(parent)?.starts_with(real(dir)?) {
        let reason = "a symbolic link leads out of the directory".to_owned();
        return Err(Error::Archive { path: target.to_owned(), reason });
    }
    super::remove_file(target)?;
    let mut file = File::create_new(target).map_err(Error::io(target))?;
    io::copy(from, &mut file).map_err(Error::io(target))
}
