//! The file system of one sandbox, up to what is particular to a job: overlays over the host's files.
//!
//! As root one overlay covers the host's root. A user namespace cannot have that, because the mounts below `/` are
//! locked to it there; each top-level directory gets its own overlay instead.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::mount::{MountAttrFlags, MountFlags};

use super::furnish;
use super::ground::{Ground, Kind};
use super::mounts::{self, Mounted};
use crate::sys;
use crate::wire::Hello;

/// A step that failed, for the caller's message.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) step: String,
    pub(super) error: io::Error,
}

/// Names the step an error belongs to.
pub(super) trait Step<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure>;
}

impl<T> Step<T> for io::Result<T> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure { step: step.into(), error })
    }
}

/// A new root, not yet entered.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) path: PathBuf,
    pub(super) root: OwnedFd,
    /// Host directory of this sandbox's writable layers.
    pub(super) layer: PathBuf,
    pub(super) user_namespace: bool,
    /// The snapshot store, mounted but covered.
    pub(super) snapshots: Option<OwnedFd>,
    /// How often [`Layout::next_layer`] gave out a name.
    layers: u32,
    pub(super) missing: Vec<String>,
}

impl Layout {
    fn next_layer(&mut self) -> PathBuf {
        self.layers += 1;
        self.layer.join(format!("o{}", self.layers))
    }

    /// Covers `path` (host path, and path inside) with an overlay.
    fn overlay(&mut self, path: &Path) -> io::Result<()> {
        let layer = self.next_layer();
        let overlay = mounts::overlay(mounts::place(path)?, None, &layer, self.user_namespace)?;
        mounts::attach_at(&overlay, mounts::place_within(&self.root, path, false)?)
    }

    /// Shows `path` as it is, unwritable.
    fn show(&mut self, path: &Path, recursive: bool) -> io::Result<()> {
        let tree = if recursive { mounts::clone_tree(path, true)? } else { mounts::clone_one(path)? };
        sys::set_read_only(&tree, true)?;
        mounts::attach_at(&tree, mounts::place_within(&self.root, path, !path.is_dir())?)
    }
}

/// Enters new namespaces and lays the host's files out in them.
pub(super) fn build(hello: &Hello, ground: &Ground, number: u32) -> Result<Layout, Failure> {
    let layer = hello.instance.join("layers").join(number.to_string());
    std::fs::DirBuilder::new().mode(0o700).create(&layer).step(format!("making {}", layer.display()))?;
    sys::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS).step("entering new namespaces")?;

    let path = ground.base.join("root");
    let user_namespace = ground.kind == Kind::User;
    let mut missing = ground.missing.clone();
    let whole = if user_namespace { Err(io::ErrorKind::Unsupported.into()) } else { whole_root(ground, &layer) };
    let over_root = whole.is_ok();
    let tree = match whole {
        Ok(overlay) => overlay,
        Err(error) => {
            if !user_namespace {
                missing.push(format!(
                    "the host's root cannot carry one overlay ({error}); each top-level directory has its own"
                ));
            }
            mounts::instance(c"tmpfs", &[("mode", "755")], MountAttrFlags::MOUNT_ATTR_NODEV)
                .step("making a new root")?
        }
    };
    mounts::attach(&tree, &path).step("mounting the new root")?;
    let root = mounts::place(&path).step("opening the new root")?;
    let mut layout = Layout { path, root, layer, user_namespace, snapshots: None, layers: 0, missing };

    let table: Vec<Mounted> = mounts::table()
        .step("reading the mount table")?
        .into_iter()
        .filter(|mounted| is_carried(&mounted.point, &mounted.kind, &hello.state_dir))
        .collect();
    if over_root {
        carry(&mut layout, &table);
    } else {
        top_level(&mut layout, &table)?;
    }
    furnish::furnish(&mut layout, ground, hello.snapshot_root.as_deref())?;
    Ok(layout)
}

fn whole_root(ground: &Ground, layer: &Path) -> io::Result<OwnedFd> {
    let root = mounts::place("/")?;
    mounts::overlay(&root, ground.points.as_deref(), layer, false).or_else(|_| {
        // The state directory's file system cannot be an upper layer (an overlay itself, NFS, …): memory can.
        let scratch = ground.base.join("scratch");
        rustix::mount::mount("tmpfs", &scratch, "tmpfs", MountFlags::NODEV, Some(c"mode=700"))?;
        mounts::overlay(&root, None, &scratch.join("root"), false)
    })
}

/// Whether a mount of the host is shown inside. Those below `/proc`, `/sys`, `/dev` and `/tmp` have replacements.
fn is_carried(point: &Path, kind: &str, state_dir: &Path) -> bool {
    const REPLACED: [&str; 4] = ["/proc", "/sys", "/dev", "/tmp"];
    /// Other containers' mounts: numerous, and no business of a job.
    const CONTAINERS: [&str; 5] =
        ["/var/lib/docker", "/var/lib/containers", "/var/lib/kubelet", "/run/containerd", "/run/docker"];
    const NOT_FILES: [&str; 4] = ["nsfs", "autofs", "rpc_pipefs", "binfmt_misc"];
    point != Path::new("/")
        && !NOT_FILES.contains(&kind)
        && !REPLACED.iter().chain(&CONTAINERS).any(|prefix| point.starts_with(prefix))
        && !point.starts_with(state_dir)
}

/// Mounts below the root are not part of an overlay over it: each gets its own, or is shown unwritable.
fn carry(layout: &mut Layout, table: &[Mounted]) {
    for mounted in table {
        let point = &mounted.point;
        let (true, Ok(found)) = (is_topmost(mounted, table), point.metadata()) else {
            continue;
        };
        if !mounted.read_only && found.is_dir() && layout.overlay(point).is_ok() {
            continue;
        }
        if let Err(error) = layout.show(point, false) {
            layout.missing.push(format!("{} is not visible inside ({error})", point.display()));
        } else if !mounted.read_only && found.is_dir() {
            let kind = &mounted.kind;
            layout.missing.push(format!("{} cannot be written: {kind} cannot carry an overlay", point.display()));
        }
    }
}

/// The same mount point twice is already one entry; this drops what a later mount above it has covered.
fn is_topmost(mounted: &Mounted, table: &[Mounted]) -> bool {
    let position = table.iter().position(|other| other.point == mounted.point).unwrap_or(0);
    !table[position + 1..].iter().any(|later| mounted.point != later.point && mounted.point.starts_with(&later.point))
}

/// Directories in which neither jobs nor we, for a job's mounts, are likely to need anything new.
const SYSTEM: [&str; 11] =
    ["/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/root", "/sbin", "/snap", "/usr"];

/// Whether an overlay over `path` gives a normal user anything: whether there is a place to write to near its top.
/// Showing it unwritable costs a tenth of an overlay, and writes further down are refused, never let through.
fn is_worth_an_overlay(path: &Path) -> bool {
    let any_below = |path: &Path| {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|below| !below.is_symlink() && is_writable(&below))
    };
    is_writable(path) || any_below(path) || any_below(&path.join("local"))
}

fn is_writable(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

fn top_level(layout: &mut Layout, table: &[Mounted]) -> Result<(), Failure> {
    for entry in std::fs::read_dir("/").step("reading /")? {
        let entry = entry.step("reading /")?;
        let path = Path::new("/").join(entry.file_name());
        if ["/proc", "/sys", "/dev", "/tmp", "/lost+found"].iter().any(|replaced| path == Path::new(replaced)) {
            continue;
        }
        let kind = entry.file_type().step("reading /")?;
        let placed = if kind.is_symlink() {
            std::fs::read_link(&path)
                .and_then(|to| Ok(rustix::fs::symlinkat(to, &layout.root, Path::new(&entry.file_name()))?))
        } else if kind.is_dir() {
            cover(layout, &path, table, 0);
            Ok(())
        } else if kind.is_file() {
            layout.show(&path, false)
        } else {
            Ok(())
        };
        if let Err(error) = placed {
            layout.missing.push(format!("{} is not visible inside ({error})", path.display()));
        }
    }
    if layout.user_namespace {
        let uid = rustix::process::geteuid().as_raw();
        layout.missing.push(format!(
            "only user {uid} exists inside: files of root can be read but not changed, so sudo and package managers \
             cannot work"
        ));
    }
    Ok(())
}

/// An overlay over `path`, or, where mounts below prevent that, `path` unwritable with overlays over those parts of
/// it that the user may write to.
fn cover(layout: &mut Layout, path: &Path, table: &[Mounted], depth: u32) {
    const DEEPEST: u32 = 4;
    let listed = SYSTEM.iter().any(|system| path == Path::new(system));
    let system = layout.user_namespace && listed && !is_worth_an_overlay(path);
    let holds_mounts = table.iter().any(|mounted| mounted.point != path && mounted.point.starts_with(path));
    // Docker's mounts and others are not in the table, but the kernel refuses all the same: hence a try.
    if !system && !holds_mounts && layout.overlay(path).is_ok() {
        return;
    }
    if depth == 0
        && let Err(error) = layout.show(path, true)
    {
        layout.missing.push(format!("{} is not visible inside ({error})", path.display()));
        return;
    }
    if depth >= DEEPEST || (system && !holds_mounts) {
        return;
    }
    if is_writable(path) {
        layout.missing.push(format!("nothing new can be made in {} itself: mounts lie below it", path.display()));
    }
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        let below = path.join(entry.file_name());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let leads_on = || table.iter().any(|mounted| mounted.point.starts_with(&below));
        if is_dir && (is_writable(&below) || leads_on()) {
            cover(layout, &below, table, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_file_systems_but_no_replaced_or_foreign_mounts() {
        let state = Path::new("/home/u/.local/state/trunkline");
        let carried = |point: &str, kind: &str| is_carried(Path::new(point), kind, state);
        assert!(carried("/home", "ext4"));
        assert!(carried("/tmpfiles", "tmpfs"));
        assert!(!carried("/", "ext4"));
        assert!(!carried("/sys/fs/cgroup", "cgroup2"));
        assert!(!carried("/tmp/x", "tmpfs"));
        assert!(!carried("/run/netns/a", "nsfs"));
        assert!(!carried("/var/lib/docker/overlay2/x/merged", "overlay"));
        assert!(!carried("/home/u/.local/state/trunkline/run-1/ns", "tmpfs"));
    }
}
