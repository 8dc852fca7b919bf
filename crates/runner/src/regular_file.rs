//! Reading files that a step left behind.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags};
use thiserror::Error;

/// Why a step's file could not be read.
#[derive(Debug, Error)]
pub(crate) enum ReadError {
    /// There is nothing of this name.
    #[error("the file does not exist")]
    Missing,
    /// A link, pipe, socket, device or directory.
    #[error("it is not a regular file")]
    NotRegular,
    /// Larger than what is read.
    #[error("it has {size} bytes, at most {limit} are read")]
    TooLarge {
        /// Bytes it has.
        size: u64,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// The system's own error.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads `name` within an open directory, never through a link: the step may have put one there that leads out of
/// its sandbox. Neither waits for the other end of a pipe.
pub(crate) fn read_in(directory: impl AsFd, name: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    read(directory, Path::new(name), OFlags::NOFOLLOW, limit)
}

/// Reads the file at `path`, following links.
pub(crate) fn read_at(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    read(CWD, path, OFlags::empty(), limit)
}

fn read(directory: impl AsFd, path: &Path, flags: OFlags, limit: u64) -> Result<Vec<u8>, ReadError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | flags;
    let file = match rustix::fs::openat(directory, path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Err(ReadError::Missing),
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::NXIO) => {
            return Err(ReadError::NotRegular);
        }
        Err(error) => return Err(ReadError::Io(error.into())),
    };
    let stat = rustix::fs::fstat(&file).map_err(std::io::Error::from)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(ReadError::NotRegular);
    }
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    if size > limit {
        return Err(ReadError::TooLarge { size, limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    // It may still be growing.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        size if size > limit => Err(ReadError::TooLarge { size, limit }),
        _ => Ok(bytes),
    }
}
