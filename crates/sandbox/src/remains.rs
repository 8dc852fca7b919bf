//! What a launcher keeps on disk, and how it is removed: by its helper, or by a later sweep.
//!
//! ```text
//! <state_dir>/lock                  taken while instances are made or claimed
//! <state_dir>/run-<pid>-<nanos>/    one launcher
//!     lock                          shared lock held by the launcher and its helpers while they live
//!     ns/                           mount point in the helper's namespace
//!     layers/<n>/                   writable layers of sandbox n
//!     jobs/                         directories of jobs
//!     points/                       mount points that the host lacks
//!     records/                      symbolic links to what lies elsewhere: other job directories, control groups
//!     trash/                        renamed here to be removed
//! ```

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, IFlags, flock, ioctl_getflags, ioctl_setflags};

use crate::Error;

const PREFIX: &str = "run-";
const CLAIMED: &str = "dead-";
/// Where job directories need no record.
pub(crate) const JOBS: &str = "jobs";
/// The parts of a job directory that belong to the sandbox.
pub(crate) const JOB_PARTS: [&str; 3] = ["dirs", "layers", "etc"];

/// The directory of one launcher, locked.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) dir: PathBuf,
    _lock: File,
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let what = format!("{what} {}", path.display());
    move |source| Error::Io { what, source }
}

fn make_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).read(true).open(path)
}

impl Instance {
    pub(crate) fn create(state_dir: &Path) -> Result<Self, Error> {
        make_dir(state_dir).map_err(failed("making", state_dir))?;
        let state_dir = state_dir.canonicalize().map_err(failed("finding", state_dir))?;
        spread(&state_dir);
        let gate_path = state_dir.join("lock");
        let gate = open_lock(&gate_path).map_err(failed("opening", &gate_path))?;
        flock(&gate, FlockOperation::LockExclusive).map_err(io::Error::from).map_err(failed("locking", &gate_path))?;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
        let dir = state_dir.join(format!("{PREFIX}{}-{nanos:x}", std::process::id()));
        for part in ["layers", "records", "trash", "ns", JOBS] {
            let part = dir.join(part);
            make_dir(&part).map_err(failed("making", &part))?;
        }
        let lock = hold(&dir).map_err(failed("locking", &dir))?;
        Ok(Self { dir, _lock: lock })
    }
}

/// Asks ext4 to give each directory in this one a part of the disk of its own. It takes no inode for minutes after a
/// deletion, and where runs delete thousands it searches long for one; other file systems have no need of this.
fn spread(state_dir: &Path) {
    let Ok(dir) = File::open(state_dir) else { return };
    if let Ok(flags) = ioctl_getflags(&dir)
        && !flags.contains(IFlags::TOPDIR)
    {
        // Nothing but speed depends on it.
        let _ = ioctl_setflags(&dir, flags | IFlags::TOPDIR);
    }
}

/// Marks an instance as alive for as long as the file stays open.
pub(crate) fn hold(dir: &Path) -> io::Result<File> {
    let lock = open_lock(&dir.join("lock"))?;
    flock(&lock, FlockOperation::LockShared)?;
    Ok(lock)
}

/// The name by which control groups are known to belong to an instance.
pub(crate) fn instance_name(instance: &Path) -> String {
    let name = instance.file_name().unwrap_or_default().to_string_lossy();
    format!("trunkline-{}", name.strip_prefix(PREFIX).unwrap_or(&name))
}

/// Where the record of something outside the instance lies.
pub(crate) fn record_path(instance: &Path, what: &Path) -> PathBuf {
    let mut name = Vec::new();
    for byte in what.as_os_str().as_bytes() {
        name.push(if *byte == b'/' { b'+' } else { *byte });
    }
    // A file name is bounded; the end of a path tells more than its start.
    let start = name.len().saturating_sub(200);
    instance.join("records").join(OsStr::from_bytes(&name[start..]))
}

/// Notes something outside the instance that must go with it: a job directory or a control group.
pub(crate) fn record(instance: &Path, what: &Path) -> io::Result<()> {
    match symlink(what, record_path(instance, what)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Removes trees, then control groups, then the records that spoke of them.
pub(crate) fn remove(paths: &[PathBuf], cgroups: &[PathBuf], records: &[PathBuf]) {
    for group in cgroups {
        remove_cgroup(group);
    }
    for path in paths {
        let _ = remove_tree(path);
    }
    for record in records {
        let _ = fs::remove_file(record);
    }
}

/// Removes an instance whose launcher is gone, unless another helper still works in it.
pub(crate) fn remove_instance(instance: &Path, held: File) {
    drop(held);
    let Ok(lock) = open_lock(&instance.join("lock")) else {
        return;
    };
    // The launcher may be in the middle of exiting: its descriptors close one after the other.
    for _ in 0..200 {
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_unlocked(instance);
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Removes an instance nobody works in, and what its records speak of. What could not be removed keeps its record.
fn remove_unlocked(instance: &Path) {
    let mut whole = true;
    for record in fs::read_dir(instance.join("records")).into_iter().flatten().flatten() {
        let Ok(target) = fs::read_link(record.path()) else {
            continue;
        };
        if target.join("cgroup.procs").exists() {
            remove_cgroup(&target);
        } else if is_overlay_work(&target) {
            // Beside an upper layer that is somebody else's.
            whole &= remove_tree(&target).is_ok();
        } else {
            for part in JOB_PARTS {
                whole &= remove_tree(&target.join(part)).is_ok();
            }
            // Only when nothing else lies in it.
            let _ = fs::remove_dir(&target);
        }
    }
    if whole {
        let _ = remove_tree(instance);
    }
}

/// Removes what launchers that are dead left in `state_dir`: layers and control groups. Those of living ones are
/// never touched. Forwarding of packets that dead networks turned on is turned off. Missing directories are fine. Returns how many launchers' remains were removed.
pub fn sweep(state_dir: &Path) -> Result<usize, Error> {
    crate::helper::network::sweep();
    let gate_path = state_dir.join("lock");
    let Ok(gate) = open_lock(&gate_path) else {
        return Ok(0);
    };
    flock(&gate, FlockOperation::LockExclusive).map_err(io::Error::from).map_err(failed("locking", &gate_path))?;
    let mut dead = Vec::new();
    for entry in fs::read_dir(state_dir).map_err(failed("reading", state_dir))?.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with(CLAIMED) {
            dead.push(entry.path());
        } else if let Some(rest) = name.strip_prefix(PREFIX) {
            let free = open_lock(&entry.path().join("lock"))
                .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok());
            let claimed = state_dir.join(format!("{CLAIMED}{rest}"));
            if free && fs::rename(entry.path(), &claimed).is_ok() {
                dead.push(claimed);
            }
        }
    }
    drop(gate);
    for instance in &dead {
        remove_unlocked(instance);
        if instance.exists() && !rustix::process::geteuid().is_root() && make_dir(&instance.join("ns")).is_ok() {
            crate::launcher::remove_from_within(state_dir, instance);
        }
    }
    Ok(dead.len())
}

/// Whether this is an overlay's scratch directory beside an upper layer, and not somebody else's.
pub(crate) fn is_overlay_work(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "work") && path.join("work").symlink_metadata().is_ok()
}

/// Kills what is left in a control group and removes it. Processes take a moment to leave it.
fn remove_cgroup(group: &Path) {
    for _ in 0..400 {
        match fs::remove_dir(group) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            _ => return,
        }
        let left = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        for pid in left.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 1) {
            let _ = crate::sys::kill(pid, libc::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Removes a tree, also one holding directories without the permission to do so, as package caches like to have.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path);
            fs::remove_dir_all(path)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(directory: &Path) {
    let is_dir = directory.symlink_metadata().is_ok_and(|found| found.is_dir());
    if !is_dir || fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).is_err() {
        return;
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
