//! Opening a job's files without being led elsewhere by it.

use crate::lookup::open_within;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A handle to the init, which tells whether a process of that number is still it.
pub(super) fn handle(init: i32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(init)?, PidfdFlags::empty()).ok()
}

/// Opens `path` below the root of the init: whatever links the job puts in the way, at any moment, they lead nowhere but
/// to files that the job could open by them itself.
pub(super) fn open(init: i32, handle: &OwnedFd, path: &Path, flags: OFlags, mode: u32) -> io::Result<File> {
    let place = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(format!("/proc/{init}/root"), place, Mode::empty())?;
    // After the opening: had it ended before, another could have its number by now.
    let ended = poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&Timespec::default()))?;
    if ended != 0 {
        return Err(rustix::io::Errno::SRCH.into());
    }
    let relative = path.strip_prefix("/").unwrap_or(path);
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    // The call is strict: no mode where nothing is made.
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(mode) } else { Mode::empty() };
    Ok(open_within(root, relative, flags, mode, resolve)?.into())
}

/// In host mode there is no root to keep to: the path as it is.
pub(super) fn open_plainly(path: &Path, flags: OFlags, mode: u32) -> io::Result<File> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::from_raw_mode(mode))?.into())
}
