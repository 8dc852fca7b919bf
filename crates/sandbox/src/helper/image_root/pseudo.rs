//! `/proc`, `/sys` and `/dev` of an image root, as docker lays them out.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::mount::MountAttrFlags;

use crate::helper::ground::{Ground, Kind};
use crate::helper::layout::{Failure, Step as _};
use crate::helper::mounts;
use crate::sys;
use crate::wire::ImageSetup;

/// What tells of the machine or its keys: looks empty.
const MASKED: [&str; 11] = [
    "proc/acpi",
    "proc/asound",
    "proc/interrupts",
    "proc/kcore",
    "proc/keys",
    "proc/latency_stats",
    "proc/sched_debug",
    "proc/scsi",
    "proc/timer_list",
    "sys/devices/virtual/powercap",
    "sys/firmware",
];
/// What steers the machine: readable.
const PROTECTED: [&str; 5] = ["proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"];

const HARDENED: MountAttrFlags =
    MountAttrFlags::MOUNT_ATTR_NOSUID.union(MountAttrFlags::MOUNT_ATTR_NODEV).union(MountAttrFlags::MOUNT_ATTR_NOEXEC);

/// Mounts all three below `root`, which has the directories.
pub(super) fn mount(
    root: &Path,
    ground: &Ground,
    image: &ImageSetup,
    own_network: bool,
    missing: &mut Vec<String>,
) -> Result<(), Failure> {
    let proc = match mounts::instance(c"proc", &[], HARDENED) {
        Ok(proc) => proc,
        Err(error) => {
            missing.push(format!("/proc shows the host's processes: a new one is not allowed ({error})"));
            mounts::clone_tree("/proc", true).step("showing /proc")?
        }
    };
    mounts::attach(&proc, root.join("proc")).step("mounting /proc")?;
    for (name, value) in &image.sysctls {
        // Written before /proc/sys becomes unwritable; validated by the caller.
        let path = root.join("proc/sys").join(name.replace('.', "/"));
        std::fs::write(&path, value).step(format!("setting sysctl {name} to {value}"))?;
    }
    mount_sys(root, ground, image, own_network).step("mounting /sys")?;
    devices(&root.join("dev"), ground, image).step("making /dev")?;
    if !image.privileged {
        protect(root, ground).step("protecting /proc and /sys")?;
    }
    Ok(())
}

fn mount_sys(root: &Path, ground: &Ground, image: &ImageSetup, own_network: bool) -> io::Result<()> {
    let target = root.join("sys");
    let attributes = if image.privileged { HARDENED } else { HARDENED | MountAttrFlags::MOUNT_ATTR_RDONLY };
    // A fresh one shows the interfaces of the own network; it does not show control groups.
    if (own_network || image.privileged)
        && let Ok(fresh) = mounts::instance(c"sysfs", &[], attributes)
    {
        mounts::attach(&fresh, &target)?;
        if let Ok(groups) = mounts::clone_tree(ground.base.join("sys/fs/cgroup"), true) {
            let _ = mounts::attach(&groups, target.join("fs/cgroup"));
        }
        return Ok(());
    }
    Ok(rustix::mount::mount_move(ground.base.join("sys"), &target)?)
}

fn protect(root: &Path, ground: &Ground) -> io::Result<()> {
    let unlocked = |path: &Path| mounts::clone_tree(path, false).or_else(|_| mounts::clone_tree(path, true));
    for name in PROTECTED {
        let path = root.join(name);
        let Ok(tree) = unlocked(&path) else { continue };
        sys::set_read_only(&tree, true)?;
        mounts::attach(&tree, &path)?;
    }
    for name in MASKED {
        let path = root.join(name);
        let Ok(found) = rustix::fs::lstat(&path) else { continue };
        let kind = rustix::fs::FileType::from_raw_mode(found.st_mode);
        let cover = if kind == rustix::fs::FileType::Directory { "empty" } else { "dev/null" };
        let tree = mounts::clone_tree(ground.base.join(cover), false)?;
        sys::set_read_only(&tree, false)?;
        mounts::attach(&tree, &path)?;
    }
    Ok(())
}

fn devices(dev: &Path, ground: &Ground, image: &ImageSetup) -> io::Result<()> {
    const STANDARD: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
    const LINKS: [(&str, &str); 5] = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    // No devices: whoever may make nodes there cannot use them. The standard ones are mounts of their own.
    let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NOEXEC
        | if image.privileged { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NODEV };
    let tree = mounts::instance(c"tmpfs", &[("mode", "755"), ("size", "64m")], attributes)?;
    mounts::attach(&tree, dev)?;
    let place = mounts::place(dev)?;
    for name in ["pts", "shm", "mqueue"] {
        rustix::fs::mkdirat(&place, name, Mode::from_raw_mode(0o755))?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(target, &place, name)?;
    }
    let own = ground.base.join("dev");
    for name in STANDARD {
        if let Ok(tree) = mounts::clone_tree(own.join(name), false) {
            attach_device(&tree, &place, Path::new(name))?;
        }
    }
    for (source, target) in &image.devices {
        let tree = mounts::clone_tree(source, false)?;
        attach_device(&tree, &place, target.strip_prefix("/dev").unwrap_or(target))?;
    }
    if image.privileged {
        every_device(Path::new("/dev"), &place, ground.kind);
    }

    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let terminals = mounts::instance(c"devpts", &[("ptmxmode", "666"), ("mode", "620"), ("gid", "5")], quiet)
        .or_else(|_| mounts::instance(c"devpts", &[("ptmxmode", "666"), ("mode", "620")], quiet))?;
    mounts::attach(&terminals, dev.join("pts"))?;
    if let Ok(queues) = mounts::instance(c"mqueue", &[], HARDENED) {
        mounts::attach(&queues, dev.join("mqueue"))?;
    }
    Ok(())
}

fn attach_device(tree: &OwnedFd, dev: &OwnedFd, name: &Path) -> io::Result<()> {
    mounts::attach_at(tree, mounts::place_within(dev, name, true)?)
}

/// All the host's devices at their usual places, as far as they can be had.
fn every_device(from: &Path, to: &OwnedFd, kind: Kind) {
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let (name, Ok(found)) = (entry.file_name(), entry.file_type()) else { continue };
        if found.is_dir() {
            if ["pts", "shm", "mqueue", "hugepages"].iter().any(|own| name == *own) {
                continue;
            }
            let _ = rustix::fs::mkdirat(to, &name, Mode::from_raw_mode(0o755));
            let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            if let Ok(below) = rustix::fs::openat(to, &name, flags, Mode::empty()) {
                every_device(&entry.path(), &below, kind);
            }
        } else if found.is_char_device() || found.is_block_device() {
            let Ok(found) = rustix::fs::lstat(entry.path()) else { continue };
            let (kind_of, mode) =
                (rustix::fs::FileType::from_raw_mode(found.st_mode), Mode::from_raw_mode(found.st_mode & 0o777));
            if kind == Kind::Root {
                let _ = rustix::fs::mknodat(to, &name, kind_of, mode, found.st_rdev);
            } else if let Ok(tree) = mounts::clone_tree(entry.path(), false) {
                let _ = attach_device(&tree, to, Path::new(&name));
            }
        }
    }
}
