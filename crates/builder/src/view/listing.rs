//! A directory of this machine, read once.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};

use super::View;
use crate::meta::Meta;

/// All names below a directory, with what was left out by an ignore file left out.
pub(crate) struct Listing {
    root: PathBuf,
    nodes: Vec<Node>,
    /// Files stand for what others own: the context belongs to root inside the image.
    own_by_root: bool,
}

struct Node {
    meta: Meta,
    /// Sorted by name; places in `nodes`.
    children: Vec<(OsString, u32)>,
}

/// What an ignore file says about a path: whether it is left out, and whether something below may still be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// Left out, but some of what is below may not be.
    Skip,
    /// Left out with all below.
    Prune,
}

/// A deeper tree than this is a mistake or malice.
const DEEPEST: usize = 512;

impl Listing {
    /// Reads the names below `root`. `judge` is asked about each path, relative to the root, with whether it is a directory.
    pub(crate) fn read(
        root: &Path,
        own_by_root: bool,
        judge: &mut dyn FnMut(&Path, bool) -> Verdict,
    ) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(root, flags, Mode::empty())?;
        let meta = Meta::from(&rustix::fs::fstat(&dir)?);
        let mut listing = Self { root: root.to_owned(), nodes: Vec::new(), own_by_root };
        listing.nodes.push(Node { meta: listing.owned(meta), children: Vec::new() });
        let mut path = PathBuf::new();
        listing.fill(0, dir, &mut path, judge, 0)?;
        Ok(listing)
    }

    fn owned(&self, meta: Meta) -> Meta {
        if self.own_by_root { Meta { uid: 0, gid: 0, ..meta } } else { meta }
    }

    fn fill(
        &mut self,
        at: u32,
        dir: OwnedFd,
        path: &mut PathBuf,
        judge: &mut dyn FnMut(&Path, bool) -> Verdict,
        depth: usize,
    ) -> io::Result<()> {
        if depth > DEEPEST {
            return Err(io::Error::other(format!("{}: directories too deep", path.display())));
        }
        let mut names: Vec<OsString> = Vec::new();
        for entry in Dir::read_from(&dir)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        names.sort_unstable();
        let mut children = Vec::with_capacity(names.len());
        for name in names {
            let stat = match rustix::fs::statat(&dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                // Gone between the two calls.
                Err(rustix::io::Errno::NOENT) => continue,
                Err(error) => return Err(named(path, &name, error)),
            };
            let meta = self.owned(Meta::from(&stat));
            path.push(&name);
            let verdict = judge(path, meta.is_dir());
            let keep = match verdict {
                Verdict::Keep => true,
                Verdict::Skip => meta.is_dir(),
                Verdict::Prune => false,
            };
            if keep {
                let place = u32::try_from(self.nodes.len()).map_err(|_| io::Error::other("too many files"))?;
                self.nodes.push(Node { meta, children: Vec::new() });
                if meta.is_dir() {
                    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    let below = rustix::fs::openat(dir.as_fd(), &name, flags, Mode::empty())
                        .map_err(|error| named(path, OsStr::new(""), error))?;
                    self.fill(place, below, path, judge, depth + 1)?;
                }
                // A directory that is left out stays only for what is kept below it.
                let empty = self.nodes.get(place as usize).is_some_and(|node| node.children.is_empty());
                if verdict == Verdict::Skip && empty {
                    self.nodes.truncate(place as usize);
                } else {
                    children.push((name, place));
                }
            }
            path.pop();
        }
        if let Some(node) = self.nodes.get_mut(at as usize) {
            node.children = children;
        }
        Ok(())
    }

    fn node(&self, path: &Path) -> Option<&Node> {
        let mut node = self.nodes.first()?;
        for component in path.components() {
            let Component::Normal(name) = component else { continue };
            let place = node.children.binary_search_by(|(own, _)| own.as_os_str().cmp(name)).ok()?;
            node = self.nodes.get(node.children.get(place)?.1 as usize)?;
        }
        Some(node)
    }
}

fn named(path: &Path, name: &OsStr, error: rustix::io::Errno) -> io::Error {
    let error = io::Error::from(error);
    io::Error::new(error.kind(), format!("{}: {error}", path.join(name).display()))
}

impl View for Listing {
    fn lookup(&self, path: &Path) -> io::Result<Option<Meta>> {
        Ok(self.node(path).map(|node| node.meta))
    }

    fn children(&self, path: &Path) -> io::Result<Vec<(OsString, Meta)>> {
        let Some(node) = self.node(path) else { return Ok(Vec::new()) };
        let children = node.children.iter();
        Ok(children.filter_map(|(name, at)| Some((name.clone(), self.nodes.get(*at as usize)?.meta))).collect())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(self.root.join(path))
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.root.join(path))
    }

    fn xattrs(&self, path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        // Attributes of the user's own files are this machine's business and would make digests differ.
        if self.own_by_root { Ok(Vec::new()) } else { super::kept_xattrs(&self.root.join(path)) }
    }
}
