//! Copies files between two roots, following no link of either on the way.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid};

/// Whom copies belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The same ids.
    Same,
    These(u32, u32),
}

/// Copies `from_dir/from` to `to_dir/to`, with modes and times. A directory that exists is filled; another file that exists
/// is replaced. Devices, pipes and sockets are left out.
pub(crate) fn copy(
    from_dir: BorrowedFd<'_>,
    from: &OsStr,
    to_dir: BorrowedFd<'_>,
    to: &OsStr,
    owner: Owner,
) -> io::Result<()> {
    let stat = rustix::fs::statat(from_dir, from, AtFlags::SYMLINK_NOFOLLOW)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => copy_file(from_dir, from, to_dir, to, &stat, owner),
        FileType::Directory => copy_dir(from_dir, from, to_dir, to, &stat, owner),
        FileType::Symlink => {
            let target = rustix::fs::readlinkat(from_dir, from, Vec::new())?;
            make_room(to_dir, to)?;
            rustix::fs::symlinkat(target, to_dir, to)?;
            own(to_dir, to, &stat, owner);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn copy_file(
    from_dir: BorrowedFd<'_>,
    from: &OsStr,
    to_dir: BorrowedFd<'_>,
    to: &OsStr,
    stat: &Stat,
    owner: Owner,
) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let source = rustix::fs::openat(from_dir, from, flags, Mode::empty())?;
    make_room(to_dir, to)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let target = rustix::fs::openat(to_dir, to, flags, Mode::from_raw_mode(0o600))?;
    let (mut source, mut target) = (std::fs::File::from(source), std::fs::File::from(target));
    io::copy(&mut source, &mut target)?;
    own(to_dir, to, stat, owner);
    // After the owner: a change of owner takes set-uid away.
    rustix::fs::fchmod(&target, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    rustix::fs::futimens(&target, &times(stat))?;
    Ok(())
}

fn copy_dir(
    from_dir: BorrowedFd<'_>,
    from: &OsStr,
    to_dir: BorrowedFd<'_>,
    to: &OsStr,
    stat: &Stat,
    owner: Owner,
) -> io::Result<()> {
    let source = open_dir(from_dir, from)?;
    match rustix::fs::mkdirat(to_dir, to, Mode::from_raw_mode(0o700)) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => {
            let known = rustix::fs::statat(to_dir, to, AtFlags::SYMLINK_NOFOLLOW)?;
            if FileType::from_raw_mode(known.st_mode) != FileType::Directory {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a directory cannot replace a file"));
            }
        }
        Err(error) => return Err(error.into()),
    }
    let target = open_dir(to_dir, to)?;
    copy_content(source.as_fd(), target.as_fd(), owner)?;
    own(to_dir, to, stat, owner);
    rustix::fs::fchmod(&target, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    rustix::fs::futimens(&target, &times(stat))?;
    Ok(())
}

/// Copies what is in one directory into another.
pub(crate) fn copy_content(source: BorrowedFd<'_>, target: BorrowedFd<'_>, owner: Owner) -> io::Result<()> {
    for entry in Dir::read_from(source)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let name = <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name);
            copy(source, name, target, name, owner)?;
        }
    }
    Ok(())
}

/// Owner, mode and times of one directory for another.
pub(crate) fn copy_look(source: BorrowedFd<'_>, target: BorrowedFd<'_>) -> io::Result<()> {
    let stat = rustix::fs::fstat(source)?;
    let _ = rustix::fs::fchown(target, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
    rustix::fs::fchmod(target, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    Ok(())
}

/// Opens a directory to list it, without following a link.
pub(crate) fn open_dir(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(dir, name, flags, Mode::empty())?)
}

/// Whether a directory holds nothing.
pub(crate) fn is_empty(dir: BorrowedFd<'_>) -> io::Result<bool> {
    for entry in Dir::read_from(dir)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

fn make_room(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn own(dir: BorrowedFd<'_>, name: &OsStr, stat: &Stat, owner: Owner) {
    let (uid, gid) = match owner {
        Owner::Same => (stat.st_uid, stat.st_gid),
        Owner::These(uid, gid) => (uid, gid),
    };
    // A normal user cannot, and the files are that user's then.
    let _ =
        rustix::fs::chownat(dir, name, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)), AtFlags::SYMLINK_NOFOLLOW);
}

fn times(stat: &Stat) -> Timestamps {
    let time = Timespec { tv_sec: stat.st_mtime as _, tv_nsec: stat.st_mtime_nsec as _ };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_tree_is_copied_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::create_dir_all(from.join("sub")).unwrap();
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(from.join("sub/file"), "x").unwrap();
        std::fs::set_permissions(from.join("sub/file"), std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        // What is there is replaced, and not written through.
        let outside = dir.path().join("outside");
        std::fs::write(&outside, "kept").unwrap();
        symlink(&outside, to.join("link")).unwrap();
        let open = |path: &std::path::Path| open_dir(rustix::fs::CWD, path.as_os_str()).unwrap();
        copy_content(open(&from).as_fd(), open(&to).as_fd(), Owner::Same).unwrap();
        assert_eq!(std::fs::read(to.join("sub/file")).unwrap(), b"x");
        assert_eq!(std::fs::metadata(to.join("sub/file")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_link(to.join("link")).unwrap().to_str(), Some("/etc/passwd"));
        assert_eq!(std::fs::read(&outside).unwrap(), b"kept");
        assert!(!is_empty(open(&to).as_fd()).unwrap());
    }
}
