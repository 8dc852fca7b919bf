//! File trees that instructions read: a directory of the context, or the merged layers of an image.
//!
//! Paths given to a [`View`] are relative to its root, clean, and have no symlink but possibly the last component;
//! [`resolve`] makes such paths from those of users, never leaving the tree.

mod layers;
mod listing;
mod resolve;
mod wildcard;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::meta::Meta;

pub(crate) use layers::Layers;
pub(crate) use listing::{Listing, Verdict};
pub(crate) use resolve::{clean, resolve};
pub(crate) use wildcard::{has_wildcard, matches as wildcard_matches};

/// A tree of files that does not change while it is read.
pub(crate) trait View: Send + Sync {
    /// What stands at a path; links are not followed.
    fn lookup(&self, path: &Path) -> io::Result<Option<Meta>>;

    /// The names in a directory with what they are, sorted by bytes.
    fn children(&self, path: &Path) -> io::Result<Vec<(OsString, Meta)>>;

    /// Where a symlink leads, as it is written.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;

    /// The file of this machine that has the content.
    fn real_path(&self, path: &Path) -> io::Result<PathBuf>;

    /// A file or directory of this machine that is exactly what the view has at a path, with all below it; none when there is no
    /// such place.
    fn whole_path(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        self.real_path(path).map(Some)
    }

    /// Extended attributes that belong to the content, sorted by name.
    fn xattrs(&self, path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// Opens a regular file.
    fn open(&self, path: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags};
        let real = self.real_path(path)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(File::from(rustix::fs::open(real, flags, Mode::empty())?))
    }
}

/// A small file's whole content; larger ones are an error.
pub(crate) fn read_small(view: &dyn View, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    view.open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// The extended attributes of a file that a layer keeps: capabilities and those of users.
pub(crate) fn kept_xattrs(path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut names = vec![0_u8; 4096];
    let length = match rustix::fs::llistxattr(path, &mut names[..]) {
        Ok(length) => length,
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOENT) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut kept = Vec::new();
    for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0) {
        let overlay = name.starts_with(b"trusted.overlay.") || name.starts_with(b"user.overlay.");
        if overlay || !(name == b"security.capability" || name.starts_with(b"user.")) {
            continue;
        }
        let mut value = vec![0_u8; 64 * 1024];
        if let Ok(length) = rustix::fs::lgetxattr(path, name, &mut value[..]) {
            value.truncate(length);
            kept.push((name.to_vec(), value));
        }
    }
    kept.sort();
    Ok(kept)
}
