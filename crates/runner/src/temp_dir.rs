//! `RUNNER_TEMP` of a job, as the runner writes to it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

/// The directory, held open since before the job's first process: a job that puts a link in its place, which may lead
/// to any directory of the host, changes nothing about where the runner writes.
#[derive(Debug)]
pub(crate) struct TempDir {
    directory: OwnedFd,
    path: PathBuf,
}

impl TempDir {
    /// Opens the directory at `path` on the host.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let directory = open_dir(CWD, &path)?;
        Ok(Self { directory, path })
    }

    /// That it still stands in its place.
    ///
    /// # Errors
    /// When the job has moved, removed or replaced it: what is written now would be seen by nobody.
    pub(crate) fn check(&self) -> io::Result<()> {
        let own = rustix::fs::fstat(&self.directory)?;
        let there = rustix::fs::statat(CWD, &self.path, AtFlags::SYMLINK_NOFOLLOW);
        if there.is_ok_and(|there| (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)) {
            return Ok(());
        }
        let text = "the job has replaced or removed the directory RUNNER_TEMP; steps need it where it was";
        Err(io::Error::other(text))
    }

    /// Writes a new file, in place of what has its name. `path` is relative, its directory is made.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.check()?;
        let made = match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => Some(make_dir(self, parent)?),
            None => None,
        };
        let directory = made.as_ref().unwrap_or(&self.directory);
        let name = path.file_name().ok_or(Errno::INVAL)?;
        // A link or a pipe that a step left there is not written to.
        match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o666))?;
        File::from(file).write_all(bytes)
    }

    /// Removes a file that lies directly in it.
    pub(crate) fn remove(&self, name: &Path) {
        // Gone already, or not ours to judge: the sandbox removes what is left.
        let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
    }
}

impl AsFd for TempDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// Makes, if it is not there, and opens a directory within another, never through a link.
pub(crate) fn make_dir(parent: impl AsFd, name: &Path) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => open_dir(parent, name),
        Err(errno) => Err(errno.into()),
    }
}

fn open_dir(parent: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    Ok(rustix::fs::openat(parent, path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_its_place_is_refused_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (root.path().join("temp"), root.path().join("elsewhere"));
        std::fs::create_dir(&path).unwrap();
        std::fs::create_dir(&elsewhere).unwrap();
        let temp = TempDir::open(path.clone()).unwrap();
        temp.write(Path::new("a.sh"), b"a").unwrap();
        temp.write(Path::new("d/a"), b"a").unwrap();
        temp.write(Path::new("d/a"), b"b").unwrap();
        assert_eq!(std::fs::read(path.join("d/a")).unwrap(), b"b");
        temp.remove(Path::new("a.sh"));
        assert!(!path.join("a.sh").exists());
        // Within it.
        symlink(&elsewhere, path.join("link")).unwrap();
        assert!(temp.write(Path::new("link/a"), b"a").is_err());
        symlink(elsewhere.join("x"), path.join("x")).unwrap();
        temp.write(Path::new("x"), b"a").unwrap();
        // In its place.
        std::fs::rename(&path, root.path().join("moved")).unwrap();
        symlink(&elsewhere, &path).unwrap();
        let error = temp.write(Path::new("a.sh"), b"a").unwrap_err();
        assert!(error.to_string().contains("RUNNER_TEMP"), "{error}");
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}
