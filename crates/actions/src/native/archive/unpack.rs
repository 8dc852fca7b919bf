//! A tar archive into the job's files.

use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, futimens, utimensat};
use tar::{Archive, Entry, EntryType};
use tokio_util::sync::CancellationToken;

use super::{Cancellable, Landing, decompress};
use crate::native::files::absolute;

/// What was unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unpacked {
    pub(crate) entries: u64,
    /// Devices, pipes and unknown entries.
    pub(crate) left_out: u64,
}

/// Unpacks; relative names begin at `base`, a path of the job. Owners are not restored.
pub(crate) fn unpack(
    from: impl Read,
    base: &Path,
    landing: &mut Landing<'_>,
    cancel: &CancellationToken,
) -> io::Result<Unpacked> {
    let mut unpacked = Unpacked::default();
    let mut archive = Archive::new(decompress(Cancellable { inner: from, cancel })?);
    // Directories get their modes and times last: modes may forbid writing, and writing changes times.
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let inside = absolute(&name, base);
        let done = one(&mut entry, &inside, base, landing, &mut directories);
        match done.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", name.display())))? {
            true => unpacked.entries += 1,
            false => unpacked.left_out += 1,
        }
    }
    for (host, mode, times) in directories.into_iter().rev() {
        utimensat(CWD, &host, &times, AtFlags::empty())?;
        fs::set_permissions(&host, Permissions::from_mode(mode))?;
    }
    Ok(unpacked)
}

fn one(
    entry: &mut Entry<'_, impl Read>,
    inside: &Path,
    base: &Path,
    landing: &mut Landing<'_>,
    directories: &mut Vec<(PathBuf, u32, Timestamps)>,
) -> io::Result<bool> {
    let times = times(entry)?;
    // No set-user-id bits: nothing that is cached needs them.
    let mode = entry.header().mode()? & 0o777;
    match entry.header().entry_type() {
        EntryType::Directory => {
            let host = landing.directory(inside)?;
            directories.push((host, mode, times));
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mut file = landing.file(inside)?;
            io::copy(entry, &mut file)?;
            futimens(&file, &times)?;
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        EntryType::Symlink => {
            let target = target(entry)?;
            landing.symlink(inside, &target)?;
        }
        EntryType::Link => {
            let original = absolute(&target(entry)?, base);
            landing.hard_link(inside, &original)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn target(entry: &Entry<'_, impl Read>) -> io::Result<PathBuf> {
    let target = entry.link_name_bytes().ok_or_else(|| io::Error::other("a link without a target"))?;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(&target)))
}

/// The modification time: seconds of the header, or the finer one of an extension.
fn times(entry: &mut Entry<'_, impl Read>) -> io::Result<Timestamps> {
    let mut time = Timespec { tv_sec: i64::try_from(entry.header().mtime()?).unwrap_or(0), tv_nsec: 0 };
    if let Some(extensions) = entry.pax_extensions()? {
        for extension in extensions {
            let extension = extension?;
            if extension.key() == Ok("mtime")
                && let Some(finer) = extension.value().ok().and_then(parse_time)
            {
                time = finer;
            }
        }
    }
    Ok(Timestamps { last_access: time, last_modification: time })
}

/// `1700000000.123456789`, of any precision.
fn parse_time(text: &str) -> Option<Timespec> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos = digits.parse::<u32>().ok()?;
    let seconds = seconds.parse::<i64>().ok().filter(|seconds| *seconds >= 0)?;
    Some(Timespec { tv_sec: seconds, tv_nsec: nanos.into() })
}
