use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use blob::Digest;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use super::error::LayerError;
use super::limits::Limits;
use super::note::Note;
use super::pipeline::{self, Stream};
use super::privilege::Privilege;
use super::tree::{Place, Tree, is_whiteout, split};
use super::{AUFS, OPAQUE, WHITEOUT};
use crate::tar::{Kind, Member, Reader};

/// Unpacks a layer into a new directory, in the form of a lower directory of an overlay.
///
/// `size` is the number of stored bytes. What was unpacked is there also when this fails: the caller unpacks beside the place
/// where it is looked for, and removes it.
///
/// # Errors
///
/// When the bytes are no layer, are not those of `diff_id` when uncompressed, or go beyond the limits.
pub fn unpack(
    stored: impl Read + Send,
    size: u64,
    diff_id: &Digest,
    dir: &Path,
    limits: &Limits,
    privilege: Privilege,
) -> Result<Note, LayerError> {
    std::thread::scope(|scope| {
        let (stream, digesting) = pipeline::start(scope, stored, size, diff_id.algorithm(), limits);
        let mut unpacking = Unpacking::new(stream, dir, limits, privilege)?;
        unpacking.run()?;
        let Unpacking { reader, note, .. } = unpacking;
        reader.into_inner().drain().map_err(LayerError::from_stream)?;
        match digesting.join() {
            Ok(Some(found)) if found == *diff_id => Ok(note),
            Ok(Some(found)) => Err(LayerError::DiffId { expected: *diff_id, found }),
            _ => Err(LayerError::Compression(std::io::Error::other("the thread that uncompresses has failed"))),
        }
    })
}

struct Unpacking<'a> {
    reader: Reader<Stream>,
    tree: Tree,
    limits: &'a Limits,
    privilege: Privilege,
    note: Note,
    /// Modes and times of directories, which are set last: they forbid or change with what is made inside.
    directories: BTreeMap<Vec<u8>, (Mode, Timestamps)>,
}

impl<'a> Unpacking<'a> {
    fn new(stream: Stream, dir: &Path, limits: &'a Limits, privilege: Privilege) -> Result<Self, LayerError> {
        let tree = Tree::create(dir, privilege)?;
        let times = timestamps((0, 0));
        let directories = BTreeMap::from([(Vec::new(), (Mode::from_raw_mode(0o755), times))]);
        Ok(Self { reader: Reader::new(stream), tree, limits, privilege, note: Note::default(), directories })
    }

    fn run(&mut self) -> Result<(), LayerError> {
        while let Some(mut member) = self.reader.advance().map_err(LayerError::from_tar)? {
            self.note.entries += 1;
            if self.note.entries + self.tree.implied > self.limits.entries {
                return Err(LayerError::Limit { what: "entries", limit: self.limits.entries });
            }
            member.path = self.clean(&member.path)?;
            self.member(&member)?;
        }
        // Those inside first: a directory that may not be entered is closed after what is in it.
        for (path, (mode, times)) in std::mem::take(&mut self.directories).into_iter().rev() {
            let directory = match self.tree.directory(&path) {
                // Something that came later took its name.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
                other => other.map_err(|errno| LayerError::io("open", &path, errno))?,
            };
            rustix::fs::fchmod(&directory, mode)
                .and_then(|()| rustix::fs::futimens(&directory, &times))
                .map_err(|errno| LayerError::io("finish", &path, errno))?;
        }
        Ok(())
    }

    fn member(&mut self, member: &Member) -> Result<(), LayerError> {
        let (parent, name) = split(&member.path);
        if name == OPAQUE {
            return self.opaque(parent);
        }
        if name.starts_with(AUFS) {
            return Ok(());
        }
        if let Some(hidden) = name.strip_prefix(WHITEOUT) {
            return self.whiteout(&member.path, parent, hidden);
        }
        match member.kind {
            Kind::Directory => self.directory(member),
            Kind::File => self.file(member),
            Kind::Symlink => self.symlink(member),
            Kind::HardLink => self.hard_link(member),
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo => self.node(member),
        }
    }

    fn opaque(&mut self, parent: &[u8]) -> Result<(), LayerError> {
        if !parent.is_empty() {
            // Makes the directory where it is missing.
            let child = [parent, b"/x"].concat();
            self.tree.place(&child)?;
        }
        let directory = self.tree.directory(parent).map_err(|errno| LayerError::io("open", parent, errno))?;
        self.tree.mark_opaque(directory, parent)
    }

    /// What this layer itself has under the name stays; only the layers below are hidden.
    fn whiteout(&mut self, path: &[u8], parent: &[u8], hidden: &[u8]) -> Result<(), LayerError> {
        if matches!(hidden, b"" | b"." | b"..") {
            return Err(LayerError::member(path, "it is a whiteout of nothing"));
        }
        let target = if parent.is_empty() { hidden.to_vec() } else { [parent, b"/", hidden].concat() };
        let place = self.tree.place(&target)?;
        match Tree::whiteout(&place) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => match self.tree.directory(&target) {
                Ok(directory) => self.tree.mark_opaque(directory, &target),
                Err(_) => Ok(()),
            },
            Err(errno) => Err(LayerError::io("hide", &target, errno)),
        }
    }

    fn directory(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        let mut hides = false;
        if !path.is_empty() {
            let failed = |errno| LayerError::io("create", path, errno);
            let place = self.tree.place(path)?;
            match rustix::fs::mkdirat(place.parent, place.name, Mode::RWXU) {
                Ok(()) => {}
                Err(Errno::EXIST) => {
                    let stat =
                        rustix::fs::statat(place.parent, place.name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
                    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                        hides = self.tree.clear(path)?;
                        let place = self.tree.place(path)?;
                        rustix::fs::mkdirat(place.parent, place.name, Mode::RWXU).map_err(failed)?;
                    }
                }
                Err(errno) => return Err(failed(errno)),
            }
        }
        let directory = self.tree.directory(path).map_err(|errno| LayerError::io("open", path, errno))?;
        if hides {
            self.tree.mark_opaque(&directory, path)?;
        }
        self.own(&directory, member)?;
        self.attributes(&directory, member)?;
        let mode = Mode::from_raw_mode(self.mode(member));
        self.directories.insert(path.clone(), (mode, timestamps(member.mtime)));
        Ok(())
    }

    fn file(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        self.named(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = |place: &Place<'_>| rustix::fs::openat(place.parent, place.name, flags, Mode::RUSR | Mode::WUSR);
        let file = self.make(path, "create", open)?;
        let mut file = std::fs::File::from(file);
        if member.size > self.limits.bytes {
            return Err(LayerError::Limit { what: "bytes", limit: self.limits.bytes });
        }
        loop {
            let chunk = self.reader.fill().map_err(LayerError::from_tar)?;
            if chunk.is_empty() {
                break;
            }
            let length = chunk.len();
            file.write_all(chunk).map_err(|error| LayerError::io("write", path, error))?;
            self.reader.consume(length);
        }
        self.note.bytes += member.size;
        let file = OwnedFd::from(file);
        self.own(&file, member)?;
        let failed = |errno| LayerError::io("finish", path, errno);
        // After the owner: changing that takes set-uid bits and capabilities away.
        rustix::fs::fchmod(&file, Mode::from_raw_mode(self.mode(member))).map_err(failed)?;
        self.attributes(&file, member)?;
        rustix::fs::futimens(&file, &timestamps(member.mtime)).map_err(failed)
    }

    fn symlink(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        self.named(path)?;
        if member.link.is_empty() || member.link.len() > self.limits.path {
            return Err(LayerError::member(path, "the target of the link is empty or too long"));
        }
        let target = std::ffi::OsStr::from_bytes(&member.link);
        self.make(path, "create", |place| rustix::fs::symlinkat(target, place.parent, place.name))?;
        self.finish_node(member)
    }

    fn hard_link(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        self.named(path)?;
        let target = self.clean(&member.link)?;
        if target == *path {
            return Err(LayerError::member(path, "it is a hard link to itself"));
        }
        let missing = || {
            let target = String::from_utf8_lossy(&target).escape_debug().to_string();
            LayerError::member(path, format!("it is a hard link to {target}, which is not in this layer"))
        };
        let find = |tree: &Tree| -> Result<OwnedFd, LayerError> {
            let (parent, name) = tree.existing(&target).map_err(|_| missing())?;
            let stat = rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(|_| missing())?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => Err(LayerError::member(path, "it is a hard link to a directory")),
                _ if is_whiteout(&stat) => Err(missing()),
                _ => Ok(parent),
            }
        };
        let (_, name) = split(&target);
        let name = std::ffi::OsStr::from_bytes(name);
        let parent = find(&self.tree)?;
        let place = self.tree.place(path)?;
        let failed = |errno| LayerError::io("link", path, errno);
        match rustix::fs::linkat(&parent, name, place.parent, place.name, AtFlags::empty()) {
            Ok(()) => return Ok(()),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(failed(errno)),
        }
        let stat =
            |dir: &dyn Fn() -> rustix::io::Result<rustix::fs::Stat>| dir().map(|stat| (stat.st_dev, stat.st_ino));
        let one = stat(&|| rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW));
        let other = stat(&|| rustix::fs::statat(place.parent, place.name, AtFlags::SYMLINK_NOFOLLOW));
        if one.map_err(failed)? == other.map_err(failed)? {
            return Ok(());
        }
        self.tree.clear(path)?;
        // What was cleared may have held the target.
        let parent = find(&self.tree)?;
        let place = self.tree.place(path)?;
        rustix::fs::linkat(&parent, name, place.parent, place.name, AtFlags::empty()).map_err(failed)
    }

    fn node(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        self.named(path)?;
        let kind = match member.kind {
            Kind::CharDevice => FileType::CharacterDevice,
            Kind::BlockDevice => FileType::BlockDevice,
            _ => FileType::Fifo,
        };
        let device = rustix::fs::makedev(member.device.0, member.device.1);
        if kind != FileType::Fifo && (self.privilege == Privilege::User || device == 0) {
            // A device without a number would hide what is below.
            self.note.devices_lost += 1;
            return Ok(());
        }
        let make = |place: &Place<'_>| match rustix::fs::mknodat(
            place.parent,
            place.name,
            kind,
            Mode::RUSR | Mode::WUSR,
            device,
        ) {
            Err(Errno::PERM) => Ok(false),
            other => other.map(|()| true),
        };
        if !self.make(path, "create", make)? {
            self.note.devices_lost += 1;
            return Ok(());
        }
        self.finish_node(member)?;
        let mode = Mode::from_raw_mode(self.mode(member));
        let place = self.tree.place(path)?;
        rustix::fs::chmodat(place.parent, place.name, mode, AtFlags::empty())
            .map_err(|errno| LayerError::io("finish", path, errno))
    }

    /// Makes something at a place; what is there already makes room.
    fn make<T>(
        &mut self,
        path: &[u8],
        action: &'static str,
        make: impl Fn(&Place<'_>) -> rustix::io::Result<T>,
    ) -> Result<T, LayerError> {
        match make(&self.tree.place(path)?) {
            Err(Errno::EXIST) => {
                self.tree.clear(path)?;
                make(&self.tree.place(path)?).map_err(|errno| LayerError::io(action, path, errno))
            }
            other => other.map_err(|errno| LayerError::io(action, path, errno)),
        }
    }

    /// Owner and time of what cannot be opened.
    fn finish_node(&mut self, member: &Member) -> Result<(), LayerError> {
        let path = &member.path;
        let failed = |errno| LayerError::io("finish", path, errno);
        let owner = self.owner(member)?;
        if !member.xattrs.is_empty() {
            self.note.xattrs_lost += member.xattrs.len() as u64;
        }
        let place = self.tree.place(path)?;
        if let Some((uid, gid)) = owner {
            rustix::fs::chownat(place.parent, place.name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
                .map_err(failed)?;
        }
        rustix::fs::utimensat(place.parent, place.name, &timestamps(member.mtime), AtFlags::SYMLINK_NOFOLLOW)
            .map_err(failed)
    }

    fn own(&mut self, file: impl AsFd, member: &Member) -> Result<(), LayerError> {
        if let Some((uid, gid)) = self.owner(member)? {
            rustix::fs::fchown(file, Some(uid), Some(gid))
                .map_err(|errno| LayerError::io("own", &member.path, errno))?;
        }
        Ok(())
    }

    /// The owner to be set; none where files belong to the user.
    fn owner(&mut self, member: &Member) -> Result<Option<(Uid, Gid)>, LayerError> {
        // The last number means "leave as it is" to the kernel.
        let id = |id: u64| u32::try_from(id).ok().filter(|id| *id != u32::MAX);
        let (Some(uid), Some(gid)) = (id(member.uid), id(member.gid)) else {
            let reason = format!("there is no user or group {}:{}", member.uid, member.gid);
            return Err(LayerError::member(&member.path, reason));
        };
        if self.privilege == Privilege::User {
            self.note.owners_lost += u64::from((uid, gid) != (0, 0));
            return Ok(None);
        }
        Ok(Some((Uid::from_raw(uid), Gid::from_raw(gid))))
    }

    /// The mode to be set. Files that belong to a normal user must not hand that user's rights to others.
    fn mode(&mut self, member: &Member) -> u32 {
        let setid = member.mode & 0o6000;
        if self.privilege == Privilege::Full || setid == 0 || member.kind == Kind::Directory {
            return member.mode;
        }
        self.note.setid_lost += 1;
        member.mode & !0o6000
    }

    fn attributes(&mut self, file: impl AsFd, member: &Member) -> Result<(), LayerError> {
        let size: usize = member.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > self.limits.xattrs {
            let reason = format!("its extended attributes take {size} bytes, more than {}", self.limits.xattrs);
            return Err(LayerError::member(&member.path, reason));
        }
        for (name, value) in &member.xattrs {
            if !self.may_set(name) {
                self.note.xattrs_lost += 1;
                continue;
            }
            match rustix::fs::fsetxattr(file.as_fd(), std::ffi::OsStr::from_bytes(name), value, XattrFlags::empty()) {
                Ok(()) => {}
                Err(Errno::NOTSUP | Errno::PERM | Errno::INVAL | Errno::NOSPC | Errno::TOOBIG | Errno::RANGE) => {
                    self.note.xattrs_lost += 1;
                }
                Err(errno) => return Err(LayerError::io("set an attribute of", &member.path, errno)),
            }
        }
        Ok(())
    }

    /// `*.overlay.*` would tell the sandbox's overlay to look elsewhere.
    fn may_set(&self, name: &[u8]) -> bool {
        let full = self.privilege == Privilege::Full;
        (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
            || (full
                && matches!(name, b"security.capability" | b"system.posix_acl_access" | b"system.posix_acl_default"))
    }

    /// A path without `.`, `..` and doubled slashes. The root is empty.
    fn clean(&self, path: &[u8]) -> Result<Vec<u8>, LayerError> {
        if path.len() > self.limits.path {
            return Err(LayerError::Limit { what: "bytes in a path", limit: self.limits.path as u64 });
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    if parts.pop().is_none() {
                        return Err(LayerError::member(path, "it leads out of the layer"));
                    }
                }
                part => parts.push(part),
            }
        }
        if parts.len() > self.limits.depth {
            return Err(LayerError::Limit {
                what: "directories on top of each other",
                limit: self.limits.depth as u64,
            });
        }
        if path.contains(&0) {
            return Err(LayerError::member(path, "a name holds a zero byte"));
        }
        Ok(parts.join(&b'/'))
    }

    /// Only a directory can be the root.
    fn named(&self, path: &[u8]) -> Result<(), LayerError> {
        if path.is_empty() {
            return Err(LayerError::member(b"/", "the root of a layer must be a directory"));
        }
        Ok(())
    }
}

fn timestamps((seconds, nanos): (i64, u32)) -> Timestamps {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanos.into() };
    Timestamps { last_access: time, last_modification: time }
}
