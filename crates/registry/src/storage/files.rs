//! Small files that are there whole or not at all, whenever the machine stops.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use uuid::Uuid;

use crate::Error;

/// Writes a file: elsewhere first, synced, then renamed. `root` is the registry's, which has the directory for that.
pub(crate) fn write(path: &Path, content: &[u8], root: &Path) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(root);
    create_dirs(dir)?;
    let temporary = root.join(".tmp").join(Uuid::new_v4().to_string());
    let written = File::options()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(Error::io("write", path)(error));
    }
    sync_dir(dir)
}

/// Makes an empty file.
pub(crate) fn create_empty(path: &Path, root: &Path) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(root);
    create_dirs(dir)?;
    File::options().create(true).append(true).open(path).map_err(Error::io("create", path))?;
    sync_dir(dir)
}

/// Makes a directory and those above it, each of them on the disk before the next.
pub(crate) fn create_dirs(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let Some(above) = dir.parent() else { return Ok(()) };
    create_dirs(above)?;
    match fs::create_dir(dir) {
        Ok(()) => sync_dir(above),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::io("create", dir)(error)),
    }
}

fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::io("sync", dir))
}

/// The content of a file, `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// Marks a file as used now. `false` when there is none.
pub(crate) fn touch(path: &Path) -> Result<bool, Error> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    match rustix::fs::utimensat(CWD, path, &times, AtFlags::empty()).map_err(io::Error::from) {
        Ok(()) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::io("touch", path)(error)),
    }
}

/// Removes a file and puts that on the disk. `false` when there is none.
pub(crate) fn remove(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => {
            path.parent().map_or(Ok(()), sync_dir)?;
            Ok(true)
        }
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::io("remove", path)(error)),
    }
}

/// The names in a directory, sorted; none when there is no directory.
pub(crate) fn names(dir: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(dir) {
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        other => other.map_err(Error::io("list", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(Error::io("list", dir))?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Removes what killed writers left: nobody takes an hour for a small file.
pub(crate) fn sweep(dir: &Path) -> Result<(), Error> {
    for name in names(dir)? {
        let path = dir.join(name);
        let age =
            fs::metadata(&path).and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_secs(3600)) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
