//! Locks between processes: file locks, which the kernel releases when their holder dies.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// A held file lock; released when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    file: File,
}

impl Lease {
    /// Opens (creating) the lock file and waits for a shared lock.
    pub(crate) fn shared(path: &Path) -> io::Result<Lease> {
        let lease = Lease { file: File::options().create(true).truncate(false).write(true).open(path)? };
        lease.lock(FlockOperation::LockShared)?;
        Ok(lease)
    }

    /// The same, exclusive.
    pub(crate) fn exclusive(path: &Path) -> io::Result<Lease> {
        let lease = Lease { file: File::options().create(true).truncate(false).write(true).open(path)? };
        lease.lock(FlockOperation::LockExclusive)?;
        Ok(lease)
    }

    /// An exclusive lock, if nobody holds any.
    pub(crate) fn try_exclusive(path: &Path) -> io::Result<Option<Lease>> {
        let lease = Lease { file: File::options().create(true).truncate(false).write(true).open(path)? };
        match flock(&lease.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(lease)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the lock file is still there under a name.
    pub(crate) fn is_linked(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.file.metadata().is_ok_and(|meta| meta.nlink() > 0)
    }

    fn lock(&self, operation: FlockOperation) -> io::Result<()> {
        loop {
            match flock(&self.file, operation) {
                Err(rustix::io::Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    }
}
