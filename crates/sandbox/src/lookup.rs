//! Looking up paths below a root that they cannot leave.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// `openat2`, again where the kernel asks for that: it gives up on a path with `..` or links when anything anywhere is renamed or
/// mounted meanwhile.
pub(crate) fn open_within(
    root: impl AsFd,
    path: &Path,
    flags: OFlags,
    mode: Mode,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    loop {
        match rustix::fs::openat2(&root, path, flags, mode, resolve) {
            Err(Errno::AGAIN) => {}
            other => return other,
        }
    }
}
