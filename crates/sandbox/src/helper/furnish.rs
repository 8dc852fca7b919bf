//! What every isolated sandbox has of its own: `/proc`, `/dev`, `/sys`, `/tmp`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::mount::MountAttrFlags;

use super::ground::Ground;
use super::layout::{Failure, Layout, Step as _};
use super::mounts;
use crate::sys;

/// Where mounts are kept that nothing inside may see: `/dev/shm`, covered by its tmpfs later.
pub(super) const COVERED: &str = "/dev/shm";

pub(super) fn furnish(layout: &mut Layout, ground: &Ground, snapshot_root: Option<&Path>) -> Result<(), Failure> {
    let hardened =
        MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let proc = match mounts::instance(c"proc", &[], hardened) {
        Ok(proc) => proc,
        Err(error) => {
            layout.missing.push(format!("/proc shows the host's processes: a new one is not allowed ({error})"));
            mounts::clone_tree("/proc", true).step("showing /proc")?
        }
    };
    let at = |path: &str| mounts::place_within(&layout.root, Path::new(path), false);
    mounts::attach_at(&proc, at("/proc").step("finding /proc")?).step("mounting /proc")?;
    if !layout.user_namespace {
        // A user namespace may not write to these anyway.
        for name in ["sys", "sysrq-trigger"] {
            let path = layout.path.join("proc").join(name);
            let Ok(tree) = mounts::clone_tree(&path, false) else {
                continue;
            };
            sys::set_read_only(&tree, false).step("protecting /proc")?;
            mounts::attach(&tree, &path).step("protecting /proc")?;
        }
    }
    for name in ["dev", "sys"] {
        let _ = at(&format!("/{name}")).step(format!("finding /{name}"))?;
        rustix::mount::mount_move(ground.base.join(name), layout.path.join(name))
            .map_err(std::io::Error::from)
            .step(format!("mounting /{name}"))?;
    }
    let quiet = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let terminals = mounts::instance(c"devpts", &[("ptmxmode", "666"), ("mode", "620"), ("gid", "5")], quiet)
        .or_else(|_| mounts::instance(c"devpts", &[("ptmxmode", "666"), ("mode", "620")], quiet))
        .step("making /dev/pts")?;
    mounts::attach(&terminals, layout.path.join("dev/pts")).step("mounting /dev/pts")?;

    // On disk, not in memory: builds put gigabytes there.
    temporary(layout, "tmp").step("making /tmp")?;
    if layout.user_namespace {
        // A directory of root's, which an overlay could not make writable for us: it would have to copy its owner.
        let _ = temporary(layout, "var/tmp");
    }

    if let Some(snapshots) = snapshot_root {
        let tree = mounts::clone_one(snapshots).step(format!("showing {}", snapshots.display()))?;
        sys::set_read_only(&tree, true).step("protecting snapshots")?;
        mounts::attach_at(&tree, at(COVERED).step("finding /dev/shm")?).step("keeping snapshots in reach")?;
        layout.snapshots = Some(tree);
    }
    Ok(())
}

/// A fresh directory for everyone's temporary files.
fn temporary(layout: &Layout, path: &str) -> std::io::Result<()> {
    let target = mounts::place_within(&layout.root, Path::new(path), false)?;
    let own = layout.layer.join(path.replace('/', "-"));
    std::fs::create_dir(&own)?;
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o1777))?;
    mounts::attach_at(&mounts::clone_one(&own)?, &target)
}
