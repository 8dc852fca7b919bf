//! HOME of a failed job, into the record and out of it again.

use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use sandbox::{Mode, Sandbox};

use super::copy::{Bounds, copy_into, fits};
use super::{KeptJob, MAX_NAMED};
use crate::mask::Masker;

/// A job that left more is not kept: copying it would take longer than repeating it.
const BOUNDS: Bounds = Bounds { bytes: 512 * 1024 * 1024, entries: 200_000 };

/// Keeps the files of a job whose processes have ended. What cannot be kept is told in [`KeptJob::without_files`]
/// and [`KeptJob::left_out`].
pub(crate) fn keep_files(
    sandbox: &Sandbox,
    home: &Path,
    dir: &Path,
    mut job: KeptJob,
    masker: &Masker,
) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let (source, target) = (as_seen_inside(sandbox, home), dir.join("home"));
    job.without_files = match fits(&source, BOUNDS) {
        Ok(true) => copy_clean(&source, &target, masker, &mut job.left_out)
            .err()
            .map(|error| format!("they could not be copied: {error}")),
        Ok(false) => Some(format!("they were more than {} MB or {} files", BOUNDS.bytes >> 20, BOUNDS.entries)),
        Err(error) => Some(format!("they could not be read: {error}")),
    };
    if job.without_files.is_some() {
        let _ = fs::remove_dir_all(&target);
    }
    job.write(dir)
}

/// Copies what holds no secret, neither in its name nor in itself. Names what does.
fn copy_clean(source: &Path, target: &Path, masker: &Masker, left_out: &mut Vec<String>) -> io::Result<()> {
    copy_into(source, target, |path, kind| {
        if !holds_secret(path, kind, masker)? {
            return Ok(true);
        }
        if left_out.len() < MAX_NAMED {
            let below = path.strip_prefix(source).unwrap_or(path).to_string_lossy();
            left_out.push(masker.mask_str(&below).into_owned());
        }
        Ok(false)
    })
}

fn holds_secret(path: &Path, kind: FileType, masker: &Masker) -> io::Result<bool> {
    let name = path.file_name().unwrap_or_default();
    if masker.found_in_file(name.as_encoded_bytes())? {
        return Ok(true);
    }
    if kind.is_symlink() {
        return masker.found_in_file(fs::read_link(path)?.as_os_str().as_encoded_bytes());
    }
    if kind.is_file() {
        return masker.found_in_file(File::open(path)?);
    }
    Ok(false)
}

/// Puts kept files in their place in a fresh sandbox.
pub(crate) fn restore_files(sandbox: &Sandbox, home: &Path, dir: &Path) -> io::Result<()> {
    copy_into(&dir.join("home"), &as_seen_inside(sandbox, home), |_, _| Ok(true))
}

/// The directory with everything that is mounted in it.
fn as_seen_inside(sandbox: &Sandbox, home: &Path) -> PathBuf {
    if sandbox.isolation().mode == Mode::Host {
        return home.to_owned();
    }
    sandbox.host_path(Path::new("/")).join(home.strip_prefix("/").unwrap_or(home))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_holds_a_secret_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        let masker = Masker::new();
        masker.add("s3cr3t-value");
        fs::create_dir_all(from.join("a/s3cr3t-value")).unwrap();
        for (name, text) in [
            ("a/plain", "text"),
            ("a/.npmrc", "_authToken=s3cr3t-value"),
            ("a/encoded", "czNjcjN0LXZhbHVl"),
            ("a/s3cr3t-value/file", "text"),
        ] {
            fs::write(from.join(name), text).unwrap();
        }
        symlink("/s3cr3t-value", from.join("a/link")).unwrap();
        let mut left_out = Vec::new();
        copy_clean(&from, &to, &masker, &mut left_out).unwrap();
        left_out.sort();
        assert_eq!(left_out, ["a/***", "a/.npmrc", "a/encoded", "a/link"]);
        let kept: Vec<_> = fs::read_dir(to.join("a")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(kept, ["plain"]);
    }
}
