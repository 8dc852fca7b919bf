//! One overlay over many layers.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags};

use crate::helper::mounts;

/// The longest text the kernel takes as one value.
const LONGEST: usize = 255;

/// What an overlay is made of.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    /// Top first.
    pub(super) lowers: &'a [PathBuf],
    pub(super) upper: &'a Path,
    pub(super) work: &'a Path,
    pub(super) user_namespace: bool,
    /// Whether device files work.
    pub(super) devices: bool,
}

impl Stack<'_> {
    /// Mounts it at `target`. `names` is a directory to be made, for short names of the layers, should the kernel need such.
    pub(super) fn mount(&self, target: &Path, names: &Path) -> io::Result<()> {
        match self.layer_by_layer() {
            Ok(tree) => mounts::attach(&tree, target),
            // Kernels before 6.5 know no `lowerdir+`.
            Err(Errno::INVAL) => self.by_names(target, names),
            Err(errno) => Err(errno.into()),
        }
    }

    fn layer_by_layer(&self) -> rustix::io::Result<OwnedFd> {
        use rustix::mount::{fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen};
        let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let context = context.as_fd();
        fsconfig_set_string(context, c"source", c"trunkline")?;
        // What the paths go through must stay open until the overlay exists.
        let mut held = Vec::new();
        let mut short = |path: &Path| -> rustix::io::Result<PathBuf> {
            if path.as_os_str().len() <= LONGEST {
                return Ok(path.to_owned());
            }
            let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
            let place = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
            let name = format!("/proc/self/fd/{}", place.as_raw_fd());
            held.push(place);
            Ok(name.into())
        };
        for lower in self.lowers {
            fsconfig_set_string(context, c"lowerdir+", short(lower)?)?;
        }
        // `:` separates there, and `\` quotes; a descriptor's path holds neither.
        let odd = |path: &Path| path.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b'\\' | b':' | b','));
        for (key, path) in [(c"upperdir", self.upper), (c"workdir", self.work)] {
            if odd(path) {
                let place = mounts::place(path).map_err(|_| Errno::NOENT)?;
                fsconfig_set_string(context, key, format!("/proc/self/fd/{}", place.as_raw_fd()))?;
            } else {
                fsconfig_set_string(context, key, short(path)?)?;
            }
        }
        if self.user_namespace {
            fsconfig_set_flag(context, c"userxattr")?;
        } else {
            // An upper layer must make sense as a layer of an image: no redirects, no data left below.
            fsconfig_set_string(context, c"redirect_dir", c"off")?;
            fsconfig_set_string(context, c"metacopy", c"off")?;
            fsconfig_set_string(context, c"index", c"off")?;
        }
        // Whoever keeps the upper layer puts it into a store that syncs.
        fsconfig_set_flag(context, c"volatile")?;
        fsconfig_create(context)?;
        let attributes = if self.devices { MountAttrFlags::empty() } else { MountAttrFlags::MOUNT_ATTR_NODEV };
        fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    }

    /// All options of the older call share one page: layers go by symbolic links of a few letters, from a directory
    /// made the current one.
    fn by_names(&self, target: &Path, names: &Path) -> io::Result<()> {
        std::fs::create_dir(names)?;
        let mut options = String::from("volatile,upperdir=u,workdir=w,lowerdir=");
        for (index, lower) in self.lowers.iter().enumerate() {
            std::os::unix::fs::symlink(lower, names.join(index.to_string()))?;
            if index > 0 {
                options.push(':');
            }
            options.push_str(&index.to_string());
        }
        std::os::unix::fs::symlink(self.upper, names.join("u"))?;
        std::os::unix::fs::symlink(self.work, names.join("w"))?;
        options.push_str(if self.user_namespace { ",userxattr" } else { ",redirect_dir=off,metacopy=off,index=off" });
        let flags = if self.devices { MountFlags::empty() } else { MountFlags::NODEV };
        let options = std::ffi::CString::new(options)?;
        rustix::process::chdir(names)?;
        let mounted = rustix::mount::mount("trunkline", target, "overlay", flags, Some(options.as_c_str()));
        rustix::process::chdir(c"/")?;
        let removed = std::fs::remove_dir_all(names);
        mounted?;
        removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways of mounting, with more layers than one page of full paths holds. The working directory and the mounts
    /// are a thread's own once it has left the shared ones.
    #[test]
    fn hundreds_of_layers_by_either_call() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let dir = tempfile::tempdir().expect("directory");
        let long = "x".repeat(200);
        let lowers: Vec<PathBuf> =
            (0..300).map(|index| dir.path().join(&long).join(format!("{long}{index}"))).collect();
        for (index, lower) in lowers.iter().enumerate() {
            std::fs::create_dir_all(lower).expect("layer");
            std::fs::write(lower.join("top"), index.to_string()).expect("file");
            std::fs::write(lower.join(format!("f{index}")), "").expect("file");
        }
        let dir = dir.path().to_owned();
        let done = std::thread::spawn(move || {
            crate::sys::unshare(libc::CLONE_NEWNS).expect("namespace");
            let change = rustix::mount::MountPropagationFlags::PRIVATE | rustix::mount::MountPropagationFlags::REC;
            rustix::mount::mount_change("/", change).expect("private");
            for by_names in [false, true] {
                let [upper, work, target] =
                    ["upper", "work", "target"].map(|name| dir.join(format!("{name}-{by_names}")));
                for path in [&upper, &work, &target] {
                    std::fs::create_dir(path).expect("directory");
                }
                let stack =
                    Stack { lowers: &lowers, upper: &upper, work: &work, user_namespace: false, devices: false };
                if by_names {
                    stack.by_names(&target, &dir.join("names")).expect("mounts");
                } else if let Err(errno) = stack.layer_by_layer().map(|tree| mounts::attach(&tree, &target)) {
                    assert_eq!(errno, Errno::INVAL, "an older kernel");
                    continue;
                }
                assert_eq!(std::fs::read_to_string(target.join("top")).expect("reads"), "0");
                assert!(target.join("f299").exists());
                std::fs::write(target.join("new"), "").expect("writes");
                assert!(upper.join("new").exists());
            }
        });
        done.join().expect("no panic");
    }
}
