//! HOME of a failed job, into the record and out of it again.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sandbox::{Mode, Sandbox};

use super::KeptJob;
use super::copy::{Bounds, copy_into, fits};

/// A job that left more is not kept: copying it would take longer than repeating it.
const BOUNDS: Bounds = Bounds {
    bytes: 512 * 1024 * 1024,
    entries: 200_000,
};

/// Keeps the files of a job whose processes have ended. What cannot be kept is told in [`KeptJob::without_files`].
pub(crate) fn keep_files(
    sandbox: &Sandbox,
    home: &Path,
    dir: &Path,
    mut job: KeptJob,
) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    let (source, target) = (as_seen_inside(sandbox, home), dir.join("home"));
    job.without_files = match fits(&source, BOUNDS) {
        Ok(true) => copy_into(&source, &target)
            .err()
            .map(|error| format!("they could not be copied: {error}")),
        Ok(false) => Some(format!(
            "they were more than {} MB or {} files",
            BOUNDS.bytes >> 20,
            BOUNDS.entries
        )),
        Err(error) => Some(format!("they could not be read: {error}")),
    };
    if job.without_files.is_some() {
        let _ = fs::remove_dir_all(&target);
    }
    job.write(dir)
}

/// Puts kept files in their place in a fresh sandbox.
pub(crate) fn restore_files(sandbox: &Sandbox, home: &Path, dir: &Path) -> io::Result<()> {
    copy_into(&dir.join("home"), &as_seen_inside(sandbox, home))
}

/// The directory with everything that is mounted in it.
fn as_seen_inside(sandbox: &Sandbox, home: &Path) -> PathBuf {
    if sandbox.isolation().mode == Mode::Host {
        return home.to_owned();
    }
    sandbox
        .host_path(Path::new("/"))
        .join(home.strip_prefix("/").unwrap_or(home))
}
