//! A root made of an image's layers, ending with that root entered.

mod pseudo;
mod skeleton;
mod stack;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::mount::MountAttrFlags;

use super::ground::{Ground, Kind};
use super::init::Given;
use super::layout::{Failure, Step as _};
use super::settle::{self, Settled};
use super::{furnish, mounts};
use crate::lookup::open_within;
use crate::sys;
use crate::wire::{Hello, ImageSetup, Memory, Setup};
use stack::Stack;

/// What is prepared before the job is known: namespaces, and a directory for what the sandbox writes.
#[derive(Debug)]
pub(super) struct Bare {
    layer: PathBuf,
}

pub(super) fn prepare(hello: &Hello, number: u32) -> Result<Bare, Failure> {
    let layer = hello.instance.join("layers").join(number.to_string());
    std::fs::DirBuilder::new().mode(0o700).create(&layer).step(format!("making {}", layer.display()))?;
    sys::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS).step("entering new namespaces")?;
    Ok(Bare { layer })
}

/// Lays the image out, enters it, and gives up what its processes must not have.
pub(super) fn settle(
    bare: Bare,
    ground: &Ground,
    hello: &Hello,
    setup: &Setup,
    image: &ImageSetup,
    given: Given,
) -> Result<Settled, Failure> {
    let mut missing = ground.missing.clone();
    let network = settle::network(setup, given.network, &mut missing)?;
    check_limits(image)?;
    let user_namespace = ground.kind == Kind::User;
    let path = ground.base.join("root");
    let upper = root(&bare, ground, setup, image, &path)?;
    let place = mounts::place(&path).step("opening the new root")?;
    pseudo::mount(&path, ground, image, network, &mut missing)?;

    let (snapshots, job) = keep(hello, setup, &path)?;
    let shm = Memory {
        target: "/dev/shm".into(),
        size_bytes: Some(image.shm_bytes),
        mode: 0o1777,
        uid: 0,
        gid: 0,
        exec: false,
        read_only: false,
    };
    mount_memory(&place, &shm).step("mounting /dev/shm")?;
    for name in ["hosts", "hostname", "resolv.conf"] {
        let step = || format!("showing /etc/{name}");
        let tree = mounts::clone_tree(image.etc.join(name), false).step(step())?;
        show_etc(&place, name, &tree).step(step())?;
    }
    mount_asked(&place, setup, image, given.trees)?;
    for path in &setup.hide {
        hide(&place, ground, path).step(format!("hiding {}", path.display()))?;
    }
    if image.read_only {
        let root = mounts::place(&path).step("opening the new root")?;
        sys::set_read_only(&root, false).step("making / read-only")?;
    }
    let _ = sys::set_hostname(&setup.hostname);
    settle::enter(&path).step("entering the new root")?;
    drop(place);
    if !image.privileged && !user_namespace {
        sys::drop_capabilities().step("dropping capabilities that reach the kernel")?;
    }
    let held = sys::permitted().step("reading capabilities")?;
    if image.capabilities & !held != 0 && image.capabilities != all_of_them() {
        missing.push("not all capabilities asked for could be given: they are not Trunkline's own".into());
    }
    Ok(Settled { snapshots, job, user_namespace, network, missing, upper })
}

/// Mounts over whatever has the name. An image may have a link there, and nothing at its other end: then over the link,
/// so that nothing need be made.
fn show_etc(root: &OwnedFd, name: &str, tree: &OwnedFd) -> io::Result<()> {
    let etc = mounts::place_within(root, Path::new("/etc"), false)?;
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::CLOEXEC;
    let over = rustix::fs::openat(&etc, name, flags, rustix::fs::Mode::empty()).map_err(io::Error::from);
    if over.and_then(|place| mounts::attach_at(tree, place)).is_ok() {
        return Ok(());
    }
    mounts::attach_at(tree, mounts::place_within(root, &Path::new("/etc").join(name), true)?)
}

/// What "all" means: as many as there are to give.
fn all_of_them() -> u64 {
    crate::Capability::mask(&crate::Capability::all())
}

/// Mounts the layers at `path`. Returns whether the upper one is the caller's.
fn root(bare: &Bare, ground: &Ground, setup: &Setup, image: &ImageSetup, path: &Path) -> Result<bool, Failure> {
    let skeleton = bare.layer.join("skeleton");
    let places = setup
        .shown
        .iter()
        .map(|shown| {
            let file = shown.given.unwrap_or_else(|| shown.source.metadata().is_ok_and(|found| !found.is_dir()));
            (shown.target.as_path(), file)
        })
        .chain(image.memory.iter().map(|memory| (memory.target.as_path(), false)));
    skeleton::make(&skeleton, places).step("making places to mount on")?;
    let mut lowers: Vec<PathBuf> = image.lowers.iter().rev().cloned().collect();
    for lower in &lowers {
        // The kernel's own answer would not say which.
        let found = lower
            .metadata()
            .and_then(|found| if found.is_dir() { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ENOTDIR)) });
        found.step(format!("reading layer {}", lower.display()))?;
    }
    let like = lowers.first().and_then(|top| top.metadata().ok());
    lowers.push(skeleton);

    let (upper, mut work) = match &image.upper {
        Some(upper) => (upper.clone(), work_beside(upper, bare)),
        None => (bare.layer.join("upper"), bare.layer.join("work")),
    };
    let mode = like.as_ref().map_or(0o755, |found| found.mode() & 0o7777);
    let fresh = !upper.exists();
    let step = || format!("making {}", upper.display());
    if fresh {
        std::fs::create_dir(&upper).step(step())?;
        // The merged root looks like the upper one, so that must look like the lower one.
        std::fs::set_permissions(&upper, std::fs::Permissions::from_mode(mode)).step(step())?;
        if let Some(found) = &like {
            // In a user namespace not every owner exists.
            let _ = std::os::unix::fs::chown(&upper, Some(found.uid()), Some(found.gid()));
        }
    }
    make_work(&work).step(format!("making {}", work.display()))?;
    let user_namespace = ground.kind == Kind::User;
    let stack = |work: &Path| {
        Stack { lowers: &lowers, upper: &upper, work, user_namespace, devices: image.privileged }
            .mount(path, &bare.layer.join("l"))
    };
    let mut mounted = stack(&work);
    if mounted.is_err()
        && let Some(kept) = &image.upper
        && work.starts_with(&bare.layer)
    {
        // The same device under another mount will not do.
        work = sibling(kept);
        make_work(&work).step(format!("making {}", work.display()))?;
        mounted = stack(&work);
    }
    if image.upper.is_some() {
        let hint = "an overlay, NFS and some others cannot hold what an overlay writes";
        mounted.step(format!("mounting the image's layers, with writes to {} ({hint})", upper.display()))?;
        return Ok(true);
    }
    // The state directory's file system may be one that cannot be written to through an overlay: memory can.
    mounted
        .or_else(|_| {
            let scratch = ground.base.join("scratch");
            let options = Some(c"mode=700");
            rustix::mount::mount("tmpfs", &scratch, "tmpfs", rustix::mount::MountFlags::NODEV, options)?;
            let (upper, work) = (scratch.join("upper"), scratch.join("work"));
            std::fs::create_dir(&upper)?;
            std::fs::set_permissions(&upper, std::fs::Permissions::from_mode(mode))?;
            make_work(&work)?;
            Stack { lowers: &lowers, upper: &upper, work: &work, user_namespace, devices: image.privileged }
                .mount(path, &bare.layer.join("l"))
        })
        .step("mounting the image's layers")?;
    Ok(false)
}

/// The overlay's scratch directory must be on the upper layer's file system. If that is ours as well, nothing need be
/// put next to the caller's directory.
fn work_beside(upper: &Path, bare: &Bare) -> PathBuf {
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    let there = if upper.exists() { Some(upper) } else { upper.parent() };
    if there.and_then(device).is_some_and(|there| device(&bare.layer) == Some(there)) {
        bare.layer.join("work")
    } else {
        sibling(upper)
    }
}

/// Where the scratch directory of a kept upper layer lies otherwise.
pub(crate) fn sibling(upper: &Path) -> PathBuf {
    let mut name = upper.as_os_str().to_owned();
    name.push(".work");
    name.into()
}

fn make_work(work: &Path) -> io::Result<()> {
    match std::fs::DirBuilder::new().mode(0o700).create(work) {
        // What an earlier, killed sandbox left; the kernel clears it, but for the mark that forbids using it again.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && crate::remains::is_overlay_work(work) => {
            crate::remains::remove_tree(work)?;
            std::fs::DirBuilder::new().mode(0o700).create(work)
        }
        made => made,
    }
}

type Kept = Option<(PathBuf, OwnedFd)>;

/// Mounts what later overlays need where `/dev/shm` will cover it.
fn keep(hello: &Hello, setup: &Setup, root: &Path) -> Result<(Kept, Kept), Failure> {
    let Some(snapshot_root) = &hello.snapshot_root else {
        return Ok((None, None));
    };
    let covered = root.join(furnish::COVERED.trim_start_matches('/'));
    let keep = |path: &Path, read_only: bool| -> io::Result<Kept> {
        let tree = mounts::clone_one(path)?;
        if read_only {
            sys::set_read_only(&tree, true)?;
        }
        mounts::attach(&tree, &covered)?;
        Ok(Some((path.to_owned(), tree)))
    };
    let snapshots = keep(snapshot_root, true).step(format!("showing {}", snapshot_root.display()))?;
    let job = keep(&setup.job_dir, false).step(format!("keeping {} in reach", setup.job_dir.display()))?;
    Ok((snapshots, job))
}

/// Binds and memory, outer ones first whatever the order they were given in.
fn mount_asked(root: &OwnedFd, setup: &Setup, image: &ImageSetup, trees: Vec<OwnedFd>) -> Result<(), Failure> {
    enum Asked<'a> {
        Bind(&'a crate::wire::Shown),
        /// A part of another sandbox; whether it is a file.
        Tree(&'a crate::wire::Shown, bool, OwnedFd),
        Memory(&'a Memory),
    }
    let mut all: Vec<(&Path, Asked<'_>)> = Vec::new();
    let mut trees = trees.into_iter();
    for shown in &setup.shown {
        let asked = match shown.given {
            None => Asked::Bind(shown),
            Some(file) => {
                let tree = trees.next().ok_or_else(|| io::ErrorKind::InvalidData.into());
                Asked::Tree(shown, file, tree.step("reading the job's description")?)
            }
        };
        all.push((shown.target.as_path(), asked));
    }
    all.extend(image.memory.iter().map(|memory| (memory.target.as_path(), Asked::Memory(memory))));
    all.sort_by_key(|(target, _)| target.components().count());
    for (target, asked) in all {
        match asked {
            Asked::Memory(memory) => {
                mount_memory(root, memory).step(format!("mounting memory at {}", target.display()))?;
            }
            Asked::Tree(shown, file, tree) => {
                let step = || format!("showing {} of another sandbox at {}", shown.source.display(), target.display());
                let mut attributes = if image.privileged { 0 } else { sys::MOUNT_NO_DEVICES };
                if shown.read_only {
                    attributes |= sys::MOUNT_READ_ONLY;
                }
                if attributes != 0 {
                    sys::restrict(&tree, attributes, true).step(step())?;
                }
                let place = mounts::place_within(root, target, file).step(step())?;
                mounts::attach_at(&tree, place).step(step())?;
            }
            Asked::Bind(shown) => {
                let step = || format!("showing {} at {}", shown.source.display(), target.display());
                let found = shown.source.metadata().step(step())?;
                let tree = mounts::clone_shown(&shown.source, found.is_dir()).step(step())?;
                let kind = found.file_type();
                let is_device = kind.is_char_device() || kind.is_block_device();
                let mut attributes = if is_device || image.privileged { 0 } else { sys::MOUNT_NO_DEVICES };
                if shown.read_only {
                    attributes |= sys::MOUNT_READ_ONLY;
                }
                if attributes != 0 {
                    sys::restrict(&tree, attributes, true).step(step())?;
                }
                let place = mounts::place_within(root, target, !found.is_dir()).step(step())?;
                mounts::attach_at(&tree, place).step(step())?;
            }
        }
    }
    Ok(())
}

fn mount_memory(root: &OwnedFd, memory: &Memory) -> io::Result<()> {
    let mode = format!("{:o}", memory.mode);
    let size = memory.size_bytes.map(|bytes| bytes.to_string());
    let (uid, gid) = (memory.uid.to_string(), memory.gid.to_string());
    let mut options = vec![("mode", mode.as_str())];
    if memory.uid != 0 || memory.gid != 0 {
        options.extend([("uid", uid.as_str()), ("gid", gid.as_str())]);
    }
    if let Some(size) = &size {
        options.push(("size", size));
    }
    let mut attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
    if !memory.exec {
        attributes |= MountAttrFlags::MOUNT_ATTR_NOEXEC;
    }
    if memory.read_only {
        attributes |= MountAttrFlags::MOUNT_ATTR_RDONLY;
    }
    let tree = mounts::instance(c"tmpfs", &options, attributes)?;
    mounts::attach_at(&tree, mounts::place_within(root, &memory.target, false)?)
}

fn hide(root: &OwnedFd, ground: &Ground, path: &Path) -> io::Result<()> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let within = rustix::fs::ResolveFlags::IN_ROOT;
    let Ok(place) = open_within(root, relative, flags, rustix::fs::Mode::empty(), within) else {
        return Ok(());
    };
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&place)?.st_mode);
    let cover = if kind == rustix::fs::FileType::Directory { "empty" } else { "dev/null" };
    let tree = mounts::clone_tree(ground.base.join(cover), false)?;
    sys::set_read_only(&tree, false)?;
    mounts::attach_at(&tree, &place)
}

/// Raising a hard limit takes a capability that not every root has. Better said now than at each process.
fn check_limits(image: &ImageSetup) -> Result<(), Failure> {
    const CAP_SYS_RESOURCE: u32 = 24;
    let may_raise = sys::permitted().step("reading capabilities")? & 1 << CAP_SYS_RESOURCE != 0;
    for (resource, (_, hard)) in &image.rlimits {
        let here = sys::hard_limit(*resource).step("reading limits")?;
        if *hard > here && !may_raise {
            let name = crate::Resource::from_number(*resource).map_or("?", crate::Resource::as_str);
            let step = format!("raising the limit {name} to {hard} (here it is {here}, and raising it is not allowed)");
            return Err(Failure { step, error: io::Error::from_raw_os_error(libc::EPERM) });
        }
    }
    Ok(())
}

/// Lets go of the root, so that the upper layer is whole and free when the caller hears of the end. Nothing else runs
/// any more. What fails only delays that until this process is gone.
pub(super) fn leave() -> io::Result<()> {
    rustix::process::chdir(c"/dev/shm")?;
    std::fs::DirBuilder::new().mode(0o700).create("old")?;
    rustix::process::pivot_root(c".", c"old")?;
    rustix::mount::unmount(c"/old", rustix::mount::UnmountFlags::DETACH)?;
    Ok(())
}
