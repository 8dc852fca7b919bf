//! The directory that a layer is unpacked into. Every path is resolved by the kernel inside of it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat, XattrFlags};
use rustix::io::Errno;

use super::error::LayerError;
use super::privilege::Privilege;

/// As if the directory were the root: links lead nowhere else, `..` ends there.
const INSIDE: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);

pub(super) struct Tree {
    root: OwnedFd,
    privilege: Privilege,
    /// The parent that was resolved last: most members have the one of their neighbour.
    last: Option<(Vec<u8>, OwnedFd)>,
    /// Directories that no member asked for.
    pub(super) implied: u64,
}

/// A place for a member: its directory, and its name in there.
pub(super) struct Place<'a> {
    pub(super) parent: BorrowedFd<'a>,
    pub(super) name: &'a OsStr,
}

impl Tree {
    /// Makes the directory, which must not exist.
    pub(super) fn create(dir: &Path, privilege: Privilege) -> Result<Self, LayerError> {
        let path = dir.as_os_str().as_bytes();
        rustix::fs::mkdirat(CWD, dir, Mode::RWXU).map_err(|errno| LayerError::io("create", path, errno))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let root =
            rustix::fs::openat(CWD, dir, flags, Mode::empty()).map_err(|errno| LayerError::io("open", path, errno))?;
        Ok(Self { root, privilege, last: None, implied: 0 })
    }

    /// The place of a cleaned path, whose directories are made where they are missing.
    pub(super) fn place<'a>(&'a mut self, path: &'a [u8]) -> Result<Place<'a>, LayerError> {
        let (parent, name) = split(path);
        if self.last.as_ref().is_none_or(|(known, _)| known != parent) {
            let resolved = match self.resolve(parent) {
                Ok(resolved) => resolved,
                Err(Errno::NOENT | Errno::NOTDIR) => self.make(parent)?,
                Err(errno) => return Err(LayerError::io("open", parent, errno)),
            };
            self.last = Some((parent.to_vec(), resolved));
        }
        let parent = self.last.as_ref().map_or(self.root.as_fd(), |(_, resolved)| resolved.as_fd());
        Ok(Place { parent, name: OsStr::from_bytes(name) })
    }

    /// The directory of something that must exist already, and its name there.
    pub(super) fn existing<'a>(&self, path: &'a [u8]) -> rustix::io::Result<(OwnedFd, &'a OsStr)> {
        let (parent, name) = split(path);
        Ok((self.resolve(parent)?, OsStr::from_bytes(name)))
    }

    /// A directory that can be changed, unless something else has its name by now.
    pub(super) fn directory(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat2(&self.root, as_path(path), flags, Mode::empty(), INSIDE)
    }

    /// Forgets what was resolved: something that may have been on the way was replaced.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// Makes room at a place: whatever is there goes. True when it was a whiteout.
    pub(super) fn clear(&mut self, path: &[u8]) -> Result<bool, LayerError> {
        let (parent, name) = self.existing(path).map_err(|errno| LayerError::io("open", path, errno))?;
        let failed = |errno| LayerError::io("replace", path, errno);
        let stat = match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(false),
            other => other.map_err(failed)?,
        };
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            // `/proc/self/fd/N/name` names the same directory without a way for links on the path.
            let fd = std::os::fd::AsRawFd::as_raw_fd(&parent);
            let path_of_it = Path::new("/proc/self/fd").join(fd.to_string()).join(name);
            super::remove::remove_tree(&path_of_it)
                .map_err(|error| LayerError::member(path, format!("cannot replace it: {error}")))?;
        } else {
            rustix::fs::unlinkat(&parent, name, AtFlags::empty()).map_err(failed)?;
        }
        self.forget();
        Ok(is_whiteout(&stat))
    }

    /// Marks a directory as one that hides those below.
    pub(super) fn mark_opaque(&self, directory: impl AsFd, path: &[u8]) -> Result<(), LayerError> {
        rustix::fs::fsetxattr(directory, self.privilege.opaque(), b"y", XattrFlags::empty())
            .map_err(|errno| LayerError::io("mark", path, errno))
    }

    /// Makes a whiteout: the overlay shows nothing under this name.
    pub(super) fn whiteout(place: &Place<'_>) -> rustix::io::Result<()> {
        rustix::fs::mknodat(
            place.parent,
            place.name,
            FileType::CharacterDevice,
            Mode::empty(),
            rustix::fs::makedev(0, 0),
        )
    }

    fn resolve(&self, path: &[u8]) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat2(&self.root, as_path(path), flags, Mode::empty(), INSIDE)
    }

    /// Makes the directories of a path that are missing.
    fn make(&mut self, path: &[u8]) -> Result<OwnedFd, LayerError> {
        let mut current = self.resolve(b"").map_err(|errno| LayerError::io("open", path, errno))?;
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(index, _)| index);
        for end in ends.chain([path.len()]) {
            let (prefix, (_, name)) = (&path[..end], split(&path[..end]));
            let name = OsStr::from_bytes(name);
            current = match self.resolve(prefix) {
                Ok(directory) => directory,
                Err(errno @ (Errno::NOENT | Errno::NOTDIR)) => {
                    let made = rustix::fs::mkdirat(&current, name, Mode::RWXU);
                    let failed = |errno| LayerError::io("create", prefix, errno);
                    let mut hides = false;
                    if let Err(exists) = made {
                        let stat = rustix::fs::statat(&current, name, AtFlags::SYMLINK_NOFOLLOW)
                            .map_err(|_| failed(exists))?;
                        if !is_whiteout(&stat) {
                            let reason = match FileType::from_raw_mode(stat.st_mode) {
                                FileType::Symlink => {
                                    "it is a link that leads nowhere, and the layer has files below it"
                                }
                                _ => return Err(LayerError::io("create a directory at", prefix, errno)),
                            };
                            return Err(LayerError::member(prefix, reason));
                        }
                        hides = true;
                        rustix::fs::unlinkat(&current, name, AtFlags::empty()).map_err(failed)?;
                        rustix::fs::mkdirat(&current, name, Mode::RWXU).map_err(failed)?;
                    }
                    let directory = self.directory(prefix).map_err(failed)?;
                    rustix::fs::fchmod(&directory, Mode::from_raw_mode(0o755)).map_err(failed)?;
                    if hides {
                        self.mark_opaque(&directory, prefix)?;
                    }
                    self.implied += 1;
                    self.resolve(prefix).map_err(failed)?
                }
                Err(errno) => return Err(LayerError::io("open", prefix, errno)),
            };
        }
        Ok(current)
    }
}

/// A character device that has no number is how overlays say that a name is gone.
pub(super) fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

/// Directory and last name of a cleaned path.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

fn as_path(path: &[u8]) -> &Path {
    Path::new(if path.is_empty() { OsStr::new(".") } else { OsStr::from_bytes(path) })
}
