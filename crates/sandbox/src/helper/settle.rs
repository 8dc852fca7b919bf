//! What turns a prepared layout into one particular job's sandbox, ending with the new root entered.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::mount::{MountAttrFlags, UnmountFlags};

use super::furnish::COVERED;
use super::ground::{EMPTY_DIR, EMPTY_FILE, Ground};
use super::layout::{Failure, Layout, Step as _};
use super::mounts;
use crate::lookup::open_within;
use crate::sys;
use crate::wire::{Hello, Setup};

/// What the init keeps for mounts made later.
#[derive(Debug)]
pub(super) struct Settled {
    /// The host's snapshot store and its covered mount.
    pub(super) snapshots: Option<(PathBuf, OwnedFd)>,
    /// The job's directory and its covered mount.
    pub(super) job: Option<(PathBuf, OwnedFd)>,
    pub(super) user_namespace: bool,
    pub(super) network: bool,
    pub(super) missing: Vec<String>,
    /// The upper layer is the caller's, and must be free when the sandbox has ended.
    pub(super) upper: bool,
}

/// Enters the network asked for: one made for it elsewhere, or a new one. Returns whether it is the sandbox's own.
pub(super) fn network(setup: &Setup, given: Option<OwnedFd>, missing: &mut Vec<String>) -> Result<bool, Failure> {
    if setup.given_network {
        let entered = given
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
            .and_then(|given| sys::enter_namespace(given, libc::CLONE_NEWNET));
        entered.step("joining the network")?;
        return Ok(true);
    }
    if setup.private_network {
        match sys::unshare(libc::CLONE_NEWNET).and_then(|()| sys::loopback_up()) {
            Ok(()) => return Ok(true),
            Err(error) => missing.push(format!("the network is the host's: {error}")),
        }
    }
    Ok(false)
}

pub(super) fn settle(
    mut layout: Layout,
    ground: &Ground,
    hello: &Hello,
    setup: &Setup,
    given: Option<OwnedFd>,
) -> Result<Settled, Failure> {
    let network = network(setup, given, &mut layout.missing)?;
    let job = keep(&layout, &setup.job_dir).step(format!("keeping {} in reach", setup.job_dir.display()))?;
    let shared = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    let memory = mounts::instance(c"tmpfs", &[("mode", "1777")], shared).step("making /dev/shm")?;
    mounts::attach(&memory, layout.path.join("dev/shm")).step("mounting /dev/shm")?;

    for path in std::iter::once(&hello.state_dir).chain(&setup.hide) {
        hide(&layout, ground, path).step(format!("hiding {}", path.display()))?;
    }
    for shown in &setup.shown {
        let step = || format!("showing {} at {}", shown.source.display(), shown.target.display());
        let is_file = !shown.source.metadata().step(step())?.is_dir();
        let tree = mounts::clone_shown(&shown.source, !is_file).step(step())?;
        if shown.read_only {
            sys::set_read_only(&tree, true).step(step())?;
        }
        let target = mounts::place_within(&layout.root, &shown.target, is_file).step(step())?;
        mounts::attach_at(&tree, target).step(step())?;
    }
    // Best effort: the name matters to few.
    let _ = sys::set_hostname(&setup.hostname);
    enter(&layout.path).step("entering the new root")?;
    if !layout.user_namespace
        && let Err(error) = sys::drop_capabilities()
    {
        layout.missing.push(format!("capabilities that reach the kernel could not be dropped: {error}"));
    }
    Ok(Settled {
        snapshots: layout.snapshots.take().and_then(|tree| Some((hello.snapshot_root.clone()?, tree))),
        job: Some((setup.job_dir.clone(), job)),
        user_namespace: layout.user_namespace,
        network,
        missing: layout.missing,
        upper: false,
    })
}

/// Mounts a host directory where the next mount covers it: still there for overlays, out of sight for jobs.
fn keep(layout: &Layout, path: &Path) -> io::Result<OwnedFd> {
    let tree = mounts::clone_one(path)?;
    mounts::attach_at(&tree, mounts::place_within(&layout.root, Path::new(COVERED), false)?)?;
    Ok(tree)
}

/// Covers a path with an unwritable empty directory or file. What is not visible anyway needs nothing.
fn hide(layout: &Layout, ground: &Ground, path: &Path) -> io::Result<()> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let within = rustix::fs::ResolveFlags::IN_ROOT;
    let Ok(place) = open_within(&layout.root, relative, flags, rustix::fs::Mode::empty(), within) else {
        return Ok(());
    };
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&place)?.st_mode);
    let is_dir = kind == rustix::fs::FileType::Directory;
    let empty = mounts::clone_tree(ground.base.join(if is_dir { EMPTY_DIR } else { EMPTY_FILE }), false)?;
    // Shared by all sandboxes.
    sys::set_read_only(&empty, false)?;
    mounts::attach_at(&empty, &place)
}

/// Makes `root` the root and lets go of the old one with all its mounts.
pub(super) fn enter(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    // The old root comes to lie on top of the new one, from where it is detached.
    rustix::process::pivot_root(c".", c".")?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir(c"/")?)
}

impl Settled {
    /// Mounts an overlay of the host directory `lower` at `target`, writable in the host directory `layer`.
    pub(super) fn mount(&self, lower: &Path, layer: &Path, target: &Path) -> io::Result<()> {
        let lower = reach(self.snapshots.as_ref(), lower)?;
        let layer = reach(self.job.as_ref(), layer)?;
        let overlay = mounts::overlay(mounts::place(&lower)?, None, &layer, self.user_namespace)?;
        mounts::attach_at(&overlay, mounts::place_within(&mounts::place(c"/")?, target, false)?)
    }
}

/// The way to a host path through a kept mount.
fn reach(kept: Option<&(PathBuf, OwnedFd)>, path: &Path) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd as _;
    let below = kept.and_then(|(host, tree)| Some((path.strip_prefix(host).ok()?, tree)));
    let (relative, tree) = below.ok_or(io::ErrorKind::NotFound)?;
    Ok(PathBuf::from(format!("/proc/self/fd/{}", tree.as_raw_fd())).join(relative))
}
