//! What is known of a file without reading it.

use rustix::fs::{FileType, Stat};

/// What kind of thing stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    Fifo,
    Socket,
    /// Major and minor number.
    CharDevice(u32, u32),
    BlockDevice(u32, u32),
}

/// A file's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    /// Permissions with set-id and sticky bits.
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
    pub(crate) stamp: Stamp,
    pub(crate) links: u64,
}

/// What changes when a file's content changes: the identity of a file and its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) mtime: i64,
    pub(crate) ctime: i64,
}

impl Meta {
    pub(crate) fn is_dir(&self) -> bool {
        self.kind == Kind::Directory
    }

    pub(crate) fn is_symlink(&self) -> bool {
        self.kind == Kind::Symlink
    }

    /// A directory that does not exist yet, as instructions make them.
    pub(crate) fn new_directory(mode: u32, uid: u32, gid: u32) -> Self {
        Self { kind: Kind::Directory, mode, uid, gid, size: 0, mtime: 0, stamp: Stamp::default(), links: 1 }
    }

    /// Overlayfs marks what a layer deletes with a character device 0:0.
    pub(crate) fn is_whiteout(&self) -> bool {
        self.kind == Kind::CharDevice(0, 0)
    }
}

impl From<&Stat> for Meta {
    fn from(stat: &Stat) -> Self {
        let device = || (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev));
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket => Kind::Socket,
            FileType::CharacterDevice => {
                let (major, minor) = device();
                Kind::CharDevice(major, minor)
            }
            FileType::BlockDevice => {
                let (major, minor) = device();
                Kind::BlockDevice(major, minor)
            }
            FileType::RegularFile | FileType::Unknown => Kind::File,
        };
        let nanoseconds = |seconds: i64, fraction: u64| {
            seconds.saturating_mul(1_000_000_000).saturating_add(i64::try_from(fraction).unwrap_or(0))
        };
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        Self {
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            size,
            mtime: stat.st_mtime,
            stamp: Stamp {
                device: stat.st_dev,
                inode: stat.st_ino,
                size,
                mtime: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
                ctime: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
            },
            links: stat.st_nlink,
        }
    }
}
