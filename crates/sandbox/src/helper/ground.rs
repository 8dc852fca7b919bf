//! What the helper can build sandboxes on, found out once: root's namespaces, a user namespace, or nothing.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};

use super::ids::{self, Ids};
use super::{mounts, points};
use crate::sys;
use crate::wire::Hello;

/// What covers hidden directories, and files.
pub(super) const EMPTY_DIR: &str = "empty";
pub(super) const EMPTY_FILE: &str = "nothing";

/// The helper's own namespaces, and what is prepared in them for every sandbox.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) kind: Kind,
    /// A tmpfs in the helper's mount namespace, holding `root`, `scratch`, the trees `dev` and `sys` that each sandbox
    /// moves into place, and what hides others.
    pub(super) base: PathBuf,
    /// Who exists inside, where that differs from the host.
    pub(super) ids: Ids,
    /// Mount points that the host lacks, as a tree to be laid over its root.
    pub(super) points: Option<PathBuf>,
    /// Why it is not better than it is.
    pub(super) missing: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Real root with the right to mount.
    Root,
    /// Inside a user namespace.
    User,
    /// No namespaces.
    Plain,
}

impl Ground {
    pub(super) fn isolates(&self) -> bool {
        self.kind != Kind::Plain
    }

    /// Takes the tmpfs away so that its mount point can be removed.
    pub(super) fn leave(&self) {
        if self.isolates() {
            let _ = rustix::mount::unmount(&self.base, UnmountFlags::DETACH);
        }
    }
}

/// Enters the best namespaces there are. Never fails: the worst outcome is [`Kind::Plain`] with its reasons.
pub(super) fn prepare(hello: &Hello) -> Ground {
    let base = hello.instance.join("ns");
    let mut ground = Ground { kind: Kind::Plain, base, ids: Ids::default(), points: None, missing: Vec::new() };
    if !hello.isolated {
        return ground;
    }
    if rustix::process::geteuid().is_root() {
        match sys::unshare(libc::CLONE_NEWNS).and_then(|()| furnish(&ground.base, Kind::Root)) {
            Ok(()) => {
                ground.kind = Kind::Root;
                ground.points = points::make(&ground.base.join("points"), &hello.mount_points);
                return ground;
            }
            Err(error) => ground.missing.push(format!("running as root without the right to mount ({error})")),
        }
    }
    if let Err(error) = probe_user_namespace(&ground.base) {
        ground.missing.push(format!(
            "jobs run on the host without isolation: user namespaces cannot be used here ({error}); see \
             kernel.apparmor_restrict_unprivileged_userns, user.max_user_namespaces"
        ));
        return ground;
    }
    let entered = if hello.images { ids::enter() } else { enter_user_namespace().map(|()| Ids::default()) };
    match entered.and_then(|ids| furnish(&ground.base, Kind::User).map(|()| ids)) {
        Ok(ids) => {
            ground.kind = Kind::User;
            ground.missing.extend(ids.missing.clone());
            ground.ids = ids;
        }
        Err(error) => ground.missing.push(format!("jobs run on the host without isolation: {error}")),
    }
    ground
}

/// Tries in a child what cannot be undone: a user namespace may be allowed and yet give no right to mount.
fn probe_user_namespace(base: &Path) -> io::Result<()> {
    // SAFETY: the helper has a single thread.
    match unsafe { sys::fork(0) }? {
        None => {
            let tried = enter_user_namespace()
                .and_then(|()| Ok(rustix::mount::mount("tmpfs", base, "tmpfs", MountFlags::empty(), None)?));
            let code = tried.err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO));
            sys::exit(code);
        }
        Some(pid) => match sys::decode_status(sys::wait_for(pid)?).0 {
            Some(0) => Ok(()),
            code => Err(io::Error::from_raw_os_error(code.unwrap_or(libc::EIO))),
        },
    }
}

fn enter_user_namespace() -> io::Result<()> {
    let uid = rustix::process::geteuid().as_raw();
    let gid = rustix::process::getegid().as_raw();
    sys::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS)?;
    // A process that gained capabilities is not dumpable, and then /proc/self belongs to root.
    sys::prctl(libc::PR_SET_DUMPABLE, 1)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))
}

/// Mounts what every sandbox takes a copy of.
fn furnish(base: &Path, kind: Kind) -> io::Result<()> {
    // A slave: what the host unmounts later is not held here, and nothing mounted here is seen there.
    rustix::mount::mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    rustix::mount::mount("tmpfs", base, "tmpfs", MountFlags::NOSUID, Some(c"mode=755,size=64m"))?;
    for name in ["root", "scratch", "dev", "sys", EMPTY_DIR] {
        std::fs::DirBuilder::new().mode(0o755).create(base.join(name))?;
    }
    std::fs::write(base.join(EMPTY_FILE), b"")?;
    let sys_tree = mounts::clone_tree("/sys", true)?;
    sys::set_read_only(&sys_tree, true)?;
    mounts::attach(&sys_tree, base.join("sys"))?;
    devices(&base.join("dev"), kind)
}

/// A minimal `/dev`: no disks, no memory, no consoles.
fn devices(dev: &Path, kind: Kind) -> io::Result<()> {
    const ALWAYS: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
    const IF_PRESENT: [&str; 3] = ["fuse", "kvm", "net/tun"];
    const LINKS: [(&str, &str); 5] = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    ];
    let options = Some(c"mode=755,size=1m");
    rustix::mount::mount("dev", dev, "tmpfs", MountFlags::NOSUID | MountFlags::NOEXEC, options)?;
    for name in ["pts", "shm", "net"] {
        std::fs::create_dir(dev.join(name))?;
    }
    for (name, target) in LINKS {
        std::os::unix::fs::symlink(target, dev.join(name))?;
    }
    for name in ALWAYS.into_iter().chain(IF_PRESENT) {
        let source = Path::new("/dev").join(name);
        let Ok(found) = source.metadata() else {
            continue;
        };
        if !found.file_type().is_char_device() {
            continue;
        }
        let target = dev.join(name);
        let made = if kind == Kind::Root {
            let mode = Mode::from_raw_mode(found.mode() & 0o777);
            rustix::fs::mknodat(CWD, &target, rustix::fs::FileType::CharacterDevice, mode, found.rdev())
                .and_then(|()| rustix::fs::chmod(&target, mode))
                .and_then(|()| {
                    let owner = Some(rustix::fs::Uid::from_raw(found.uid()));
                    rustix::fs::chown(&target, owner, Some(rustix::fs::Gid::from_raw(found.gid())))
                })
                .map_err(io::Error::from)
        } else {
            // Device nodes cannot be made in a user namespace; the host's are shown one by one.
            rustix::fs::open(&target, OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC, Mode::from_raw_mode(0o644))
                .map_err(io::Error::from)
                .and_then(|_| mounts::clone_tree(&source, false))
                .and_then(|tree| mounts::attach(&tree, &target))
        };
        if let Err(error) = made
            && name == "null"
        {
            return Err(error);
        }
    }
    // The tree is shared by all sandboxes, which is why none may change it.
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NOEXEC;
    Ok(rustix::mount::mount_remount(dev, flags, c"")?)
}
