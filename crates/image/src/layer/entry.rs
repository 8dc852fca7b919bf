use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use crate::tar::{Kind, Member};

/// One member of a layer that is to be written, and where its content comes from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path has no slash at its beginning.
    pub member: Member,
    pub source: Source,
}

/// Where the content of a file is. Its size stands in the member.
#[derive(Clone, Debug)]
pub enum Source {
    /// There is none.
    Empty,
    Bytes(Arc<[u8]>),
    /// A file on this machine, read when the layer is written. A link is followed by nobody: it is an error.
    File(PathBuf),
}

impl Entry {
    pub fn directory(path: impl AsRef<[u8]>, mode: u32) -> Self {
        Self { member: Member::new(Kind::Directory, path.as_ref(), mode), source: Source::Empty }
    }

    /// A file of these bytes.
    pub fn bytes(path: impl AsRef<[u8]>, mode: u32, content: impl Into<Arc<[u8]>>) -> Self {
        let content = content.into();
        let mut member = Member::new(Kind::File, path.as_ref(), mode);
        member.size = content.len() as u64;
        Self { member, source: Source::Bytes(content) }
    }

    /// A file with the content of a file on this machine, which has this size.
    pub fn file(path: impl AsRef<[u8]>, mode: u32, size: u64, source: impl Into<PathBuf>) -> Self {
        let mut member = Member::new(Kind::File, path.as_ref(), mode);
        member.size = size;
        Self { member, source: Source::File(source.into()) }
    }

    pub fn symlink(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        let mut member = Member::new(Kind::Symlink, path.as_ref(), 0o777);
        member.link = target.as_ref().to_vec();
        Self { member, source: Source::Empty }
    }

    /// A hard link to a file of the same layer. It is written after it, whatever their names.
    pub fn hard_link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        let mut member = Member::new(Kind::HardLink, path.as_ref(), 0o644);
        member.link = target.as_ref().to_vec();
        Self { member, source: Source::Empty }
    }

    /// Takes away what the layers below have at a path.
    pub fn whiteout(path: impl AsRef<[u8]>) -> Self {
        let (parent, name) = super::tree::split(path.as_ref());
        let name = [super::WHITEOUT, name].concat();
        let path = if parent.is_empty() { name } else { [parent, b"/", &name].concat() };
        Self::bytes(path, 0o644, *b"")
    }

    /// Takes away all that the layers below have in a directory.
    pub fn opaque(directory: impl AsRef<[u8]>) -> Self {
        let directory = directory.as_ref();
        let path =
            if directory.is_empty() { super::OPAQUE.to_vec() } else { [directory, b"/", super::OPAQUE].concat() };
        Self::bytes(path, 0o644, *b"")
    }

    #[must_use]
    pub fn owned_by(mut self, uid: u32, gid: u32) -> Self {
        (self.member.uid, self.member.gid) = (uid.into(), gid.into());
        self
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn modified(mut self, seconds: i64) -> Self {
        self.member.mtime = (seconds, 0);
        self
    }
}

impl Source {
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Empty => Box::new(io::empty()),
            Self::Bytes(bytes) => Box::new(&bytes[..]),
            Self::File(path) => {
                use rustix::fs::{CWD, Mode, OFlags};
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
                if !file.metadata()?.is_file() {
                    return Err(io::Error::other("it is no regular file any more"));
                }
                Box::new(file)
            }
        })
    }
}
