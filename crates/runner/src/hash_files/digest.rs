//! Hashing the files found.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{Deadline, HashError, OpenLink};

type Sum = [u8; 32];

/// Files for which another thread is not worth its start.
const FILES_PER_THREAD: usize = 16;

/// Most threads taken.
const MAX_THREADS: usize = 8;

/// SHA-256 over the binary SHA-256 of each file, in hex; empty when there are none.
pub(super) fn digest(sums: &[Sum]) -> String {
    if sums.is_empty() {
        return String::new();
    }
    let mut all = Sha256::new();
    sums.iter().for_each(|sum| all.update(sum));
    hex::encode(all.finalize())
}

/// SHA-256 of each file.
pub(super) fn sums(
    workspace: &Path,
    files: &[PathBuf],
    open_link: OpenLink<'_>,
    deadline: Deadline,
) -> Result<Vec<Sum>, HashError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(MAX_THREADS).min(files.len().div_ceil(FILES_PER_THREAD));
    if threads < 2 {
        let mut buffer = Vec::new();
        return files.iter().map(|file| sum(&workspace.join(file), &mut buffer, open_link, deadline)).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<Sum, HashError>)>> = Mutex::new(Vec::with_capacity(files.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffer = Vec::new();
                let mut own = Vec::new();
                while let Some((index, file)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    files.get(index).map(|file| (index, file))
                } {
                    let sum = sum(&workspace.join(file), &mut buffer, open_link, deadline);
                    if sum.is_err() {
                        // The others need not go on.
                        next.store(files.len(), Ordering::Relaxed);
                    }
                    own.push((index, sum));
                }
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).append(&mut own);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, sum)| sum).collect()
}

fn open(path: &Path, open_link: OpenLink<'_>) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(Errno::LOOP) => open_link(path),
        Err(errno) => Err(errno.into()),
    }
}

fn sum(path: &Path, buffer: &mut Vec<u8>, open_link: OpenLink<'_>, deadline: Deadline) -> Result<Sum, HashError> {
    let failed = |source| HashError::Io { path: path.to_owned(), source };
    deadline.check()?;
    buffer.resize(128 * 1024, 0);
    let mut file = open(path, open_link).map_err(failed)?;
    let mut hash = Sha256::new();
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => return Err(failed(source)),
        }
        deadline.check()?;
    }
}
