//! Mount calls by file descriptor, and the host's mount table.

use crate::lookup::open_within;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags};
use rustix::path::Arg;

/// A detached copy of the mount at `source`, with the mounts below it if `recursive`.
pub(super) fn clone_tree(source: impl Arg, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    Ok(rustix::mount::open_tree(CWD, source, flags)?)
}

/// As [`clone_tree`], of what lies in another sandbox too: `/proc/PID/root/…`. Such a mount can be copied only from within
/// its own namespace.
pub(super) fn clone_shown(source: &Path, recursive: bool) -> io::Result<OwnedFd> {
    let failed = match clone_tree(source, recursive) {
        Ok(tree) => return Ok(tree),
        Err(error) => error,
    };
    match of_another(source).filter(|_| failed.raw_os_error() == Some(libc::EINVAL)) {
        Some((process, inside)) => clone_within(&process, &inside, recursive),
        None => Err(failed),
    }
}

/// `/proc/PID` and the path inside of `/proc/PID/root/…`.
fn of_another(source: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut parts = source.strip_prefix("/proc").ok()?.components();
    let process = parts.next()?.as_os_str().to_str()?.parse::<u32>().ok()?;
    let rest = parts.as_path().strip_prefix("root").ok()?;
    Some((PathBuf::from(format!("/proc/{process}")), Path::new("/").join(rest)))
}

fn clone_within(process: &Path, inside: &Path, recursive: bool) -> io::Result<OwnedFd> {
    let namespace = |path: &Path| rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    let (own, theirs) = (namespace(Path::new("/proc/self/ns/mnt"))?, namespace(&process.join("ns/mnt"))?);
    let here = place(".")?;
    crate::sys::enter_namespace(&theirs, libc::CLONE_NEWNS)?;
    // Links on the way are followed as those inside see them.
    let tree = clone_tree(inside, recursive);
    crate::sys::enter_namespace(&own, libc::CLONE_NEWNS)?;
    rustix::process::fchdir(here)?;
    tree
}

/// A detached copy of one mount; where its children are locked to it, of all of them.
pub(super) fn clone_one(source: &Path) -> io::Result<OwnedFd> {
    clone_tree(source, false).or_else(|_| clone_tree(source, true))
}

/// A detached copy of what lies at a path below this process's root, with the mounts below it, and whether it is a file.
/// The root's own links cannot lead out of it.
pub(super) fn inside_tree(path: &Path) -> io::Result<(OwnedFd, bool)> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    let root = place(c"/")?;
    let found = match relative.as_os_str().is_empty() {
        true => root,
        false => open_within(&root, relative, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::IN_ROOT)?,
    };
    let kind = rustix::fs::FileType::from_raw_mode(rustix::fs::fstat(&found)?.st_mode);
    let clone = |recursive| {
        let mut flags =
            OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
        if recursive {
            flags |= OpenTreeFlags::AT_RECURSIVE;
        }
        rustix::mount::open_tree(&found, c"", flags)
    };
    let file = kind != rustix::fs::FileType::Directory;
    Ok((clone(!file)?, file))
}

/// Attaches a detached mount at a path.
pub(super) fn attach(tree: &OwnedFd, target: impl AsRef<Path>) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(rustix::mount::move_mount(tree, c"", CWD, target.as_ref(), flags)?)
}

/// Attaches a detached mount at an opened place.
pub(super) fn attach_at(tree: &OwnedFd, place: impl AsFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(rustix::mount::move_mount(tree, c"", place, c"", flags)?)
}

/// A handle to a place, for mounting on or resolving below.
pub(super) fn place(path: impl Arg) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?)
}

/// A detached overlay: `lower` read, `layer` (a directory made here, holding `upper` and `work`) written. `points` is a
/// tree of mount points that `lower` may lack.
pub(super) fn overlay(
    lower: impl AsFd,
    points: Option<&Path>,
    layer: &Path,
    in_user_namespace: bool,
) -> io::Result<OwnedFd> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    match std::fs::DirBuilder::new().mode(0o700).create(layer) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let upper = layer.join("upper");
    let work = layer.join("work");
    std::fs::create_dir(&upper)?;
    std::fs::create_dir(&work)?;
    // The merged directory looks like the upper one, so that must look like the lower one.
    let like = std::fs::File::from(rustix::fs::openat(
        &lower,
        c".",
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?);
    let found = like.metadata()?;
    std::fs::set_permissions(&upper, std::fs::Permissions::from_mode(found.mode() & 0o7777))?;
    if !in_user_namespace {
        std::os::unix::fs::chown(&upper, Some(found.uid()), Some(found.gid()))?;
    }
    let points = points.map(place).transpose()?;
    let mut lowers = points.iter().map(|points| format!("/proc/self/fd/{}:", points.as_raw_fd())).collect::<String>();
    lowers.push_str(&format!("/proc/self/fd/{}", lower.as_fd().as_raw_fd()));
    let (upper, work) = (place(&upper)?, place(&work)?);
    let upper = format!("/proc/self/fd/{}", upper.as_raw_fd());
    let work = format!("/proc/self/fd/{}", work.as_raw_fd());
    overlay_of(&lowers, &upper, &work, in_user_namespace, true)
        .or_else(|_| overlay_of(&lowers, &upper, &work, in_user_namespace, false))
}

/// `volatile` spares a sync of the whole upper file system when the mount goes; kernels before 5.10 lack it.
fn overlay_of(lower: &str, upper: &str, work: &str, userxattr: bool, volatile: bool) -> io::Result<OwnedFd> {
    use rustix::mount::{fsconfig_create, fsconfig_set_flag, fsconfig_set_string, fsmount, fsopen};
    let context = fsopen(c"overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    let context = context.as_fd();
    fsconfig_set_string(context, c"source", c"trunkline")?;
    fsconfig_set_string(context, c"lowerdir", lower)?;
    fsconfig_set_string(context, c"upperdir", upper)?;
    fsconfig_set_string(context, c"workdir", work)?;
    if userxattr {
        fsconfig_set_flag(context, c"userxattr")?;
    } else {
        // Directories of the lower layer can then be renamed, as they can on a host.
        fsconfig_set_string(context, c"redirect_dir", c"on")?;
    }
    if volatile {
        fsconfig_set_flag(context, c"volatile")?;
    }
    fsconfig_create(context)?;
    Ok(fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_NODEV)?)
}

/// A new instance of a pseudo file system, detached.
pub(super) fn instance(
    kind: &std::ffi::CStr,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> io::Result<OwnedFd> {
    let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        rustix::mount::fsconfig_set_string(context.as_fd(), *key, *value)?;
    }
    rustix::mount::fsconfig_create(context.as_fd())?;
    Ok(rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)?)
}

/// Finds `path` below `root`, symbolic links resolved as if `root` were `/`. Missing directories are made, also where a
/// link leads nowhere yet; the last component becomes an empty file if `file`.
pub(super) fn place_within(root: &OwnedFd, path: &Path, file: bool) -> io::Result<OwnedFd> {
    const MOST_LINKS: u32 = 40;
    place_below(root, path, file, MOST_LINKS)
}

fn place_below(root: &OwnedFd, path: &Path, file: bool, links: u32) -> io::Result<OwnedFd> {
    let relative = path.strip_prefix("/").unwrap_or(path);
    if relative.as_os_str().is_empty() {
        return root.try_clone();
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match open_within(root, relative, flags, Mode::empty(), ResolveFlags::IN_ROOT) {
        Ok(found) => return Ok(found),
        Err(Errno::NOENT) => {}
        Err(errno) => return Err(errno.into()),
    }
    let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else {
        // A trailing `..`, which a link may have.
        return Err(Errno::NOENT.into());
    };
    let place = place_below(root, parent, false, links)?;
    if let Ok(link) = rustix::fs::readlinkat(&place, name, Vec::new()) {
        let links = links.checked_sub(1).ok_or(Errno::LOOP)?;
        let to = parent.join(OsString::from_vec(link.into_bytes()));
        return place_below(root, &to, file, links);
    }
    if file {
        let create = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat(&place, name, create, Mode::from_raw_mode(0o644))?;
    } else {
        rustix::fs::mkdirat(&place, name, Mode::from_raw_mode(0o755))?;
    }
    Ok(rustix::fs::openat(&place, name, flags | OFlags::NOFOLLOW, Mode::empty())?)
}

/// One line of the mount table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mounted {
    pub(super) point: PathBuf,
    pub(super) kind: String,
    /// The part of the file system that is mounted here.
    pub(super) root: PathBuf,
    pub(super) read_only: bool,
    pub(super) super_options: String,
}

/// The mount table of this process, the topmost mount of each mount point.
pub(super) fn table() -> io::Result<Vec<Mounted>> {
    let mut all: Vec<Mounted> = Vec::new();
    for line in std::fs::read("/proc/self/mountinfo")?.split(|byte| *byte == b'\n') {
        let Some(mounted) = parse_line(line) else {
            continue;
        };
        all.retain(|other| other.point != mounted.point);
        all.push(mounted);
    }
    Ok(all)
}

fn parse_line(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|byte| *byte == b' ');
    let root = unescape(fields.nth(3)?);
    let point = unescape(fields.next()?);
    let options = fields.next()?;
    let mut rest = fields.skip_while(|field| *field != b"-").skip(1);
    let kind = String::from_utf8_lossy(rest.next()?).into_owned();
    let super_options = String::from_utf8_lossy(rest.nth(1).unwrap_or_default()).into_owned();
    let read_only = options.split(|byte| *byte == b',').any(|option| option == b"ro");
    Some(Mounted { point, kind, root, read_only, super_options })
}

/// The table writes blanks and backslashes as three octal digits.
fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let digits = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            _ => bytes.push(*first),
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_mount_table_lines() {
        let line = br"36 35 98:0 /a /mnt/with\040blank ro,noatime master:1 - ext4 /dev/root rw,errors=continue";
        let expected = Mounted {
            point: "/mnt/with blank".into(),
            kind: "ext4".into(),
            root: "/a".into(),
            read_only: true,
            super_options: "rw,errors=continue".into(),
        };
        assert_eq!(parse_line(line), Some(expected));
        assert_eq!(parse_line(b""), None);
        assert_eq!(unescape(br"a\134b\0"), PathBuf::from(r"a\b\0"));
    }
}
