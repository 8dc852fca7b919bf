//! Where copied files end up: the entries of a layer on top of what is below.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use dockerfile::Mode;
use image::layer::{Builder, Entry, Options, Source};
use image::tar::{Kind as TarKind, Member};

use super::links::Links;
use super::{Match, Selection};
use crate::meta::{Kind, Meta};
use crate::view::{View, resolve};

/// Collects the entries of one `COPY` or `ADD`.
pub(crate) struct Placer<'a> {
    /// What the layer lies on; nothing for `--link`.
    below: Option<&'a dyn View>,
    /// The layer puts them in order.
    entries: HashMap<PathBuf, Placed>,
    /// Entries that are hard links do not say of what.
    pub(super) links: Links,
    pub(super) owner: Option<(u32, u32)>,
    mode: Option<&'a Mode>,
    pub(super) epoch: i64,
}

struct Placed {
    meta: Meta,
    entry: Entry,
}

/// The destination as the instruction says it.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'a> {
    pub(crate) path: &'a Path,
    /// It ends with a slash.
    pub(crate) is_directory: bool,
}

impl<'a> Placer<'a> {
    pub(crate) fn new(
        below: Option<&'a dyn View>,
        owner: Option<(u32, u32)>,
        mode: Option<&'a Mode>,
        epoch: i64,
    ) -> Self {
        Self { below, entries: HashMap::new(), links: Links::default(), owner, mode, epoch }
    }

    /// The layer.
    pub(crate) fn finish(mut self) -> Builder {
        for (name, holder) in self.links.all() {
            if let Some(placed) = self.entries.get_mut(name) {
                placed.entry.member.link = holder.as_os_str().as_bytes().to_vec();
            }
        }
        let mut builder = Builder::new(Options { latest: Some(self.epoch), ..Options::default() });
        for placed in self.entries.into_values() {
            builder.add(placed.entry);
        }
        builder
    }

    /// Places files of a tree. `fixed_time`: their own times mean nothing, as of files that were just checked out.
    pub(crate) fn place(
        &mut self,
        view: &dyn View,
        selection: &Selection,
        destination: Destination<'_>,
        fixed_time: bool,
    ) -> io::Result<()> {
        selection.matches.iter().try_for_each(|found| self.place_one(view, found, destination, fixed_time))
    }

    pub(crate) fn place_one(
        &mut self,
        view: &dyn View,
        found: &Match,
        destination: Destination<'_>,
        fixed_time: bool,
    ) -> io::Result<()> {
        let target = self.target(found, destination)?;
        let mut links = HashMap::new();
        if !found.meta.is_dir() {
            return self.put(view, &found.path, &found.meta, &target, fixed_time, &mut links);
        }
        self.directory_itself(view, found, &target, fixed_time)?;
        for item in &found.items {
            let source = found.path.join(&item.relative);
            let place = target.join(&item.relative);
            let is_there = || Ok::<_, io::Error>(self.lookup(&place)?.is_some_and(|meta| meta.is_dir()));
            if item.implied && is_there()? {
                // It only leads to something: what is there stays as it is.
                self.directories(&place)?;
                continue;
            }
            self.put(view, &source, &item.meta, &place, fixed_time, &mut links)?;
        }
        Ok(())
    }

    /// The directory whose content is copied: a new one has its attributes, one that is there keeps its own.
    fn directory_itself(&mut self, view: &dyn View, found: &Match, target: &Path, fixed_time: bool) -> io::Result<()> {
        if let Some(parent) = target.parent() {
            self.directories(parent)?;
        }
        match self.lookup(target)? {
            None => self.put(view, &found.path, &found.meta, target, fixed_time, &mut HashMap::new()),
            Some(_) => self.directories(target),
        }
    }

    /// Where a match goes: into the destination if that is a directory, else in its place. Makes the directories above.
    fn target(&mut self, found: &Match, destination: Destination<'_>) -> io::Result<PathBuf> {
        let written = destination.path.strip_prefix("/").unwrap_or(destination.path);
        let path = resolve(&*self, written, true)?;
        if destination.is_directory {
            self.directories(&path)?;
        }
        let existing = self.lookup(&path)?;
        let into = !found.meta.is_dir() && existing.is_some_and(|meta| meta.is_dir());
        let target = if into { path.join(&found.name) } else { path };
        if !found.meta.is_dir()
            && let Some(parent) = target.parent()
        {
            self.directories(parent)?;
        }
        Ok(target)
    }

    /// The destination as a directory, made if it is not there; for what brings its own names.
    pub(super) fn as_directory(&mut self, destination: Destination<'_>) -> io::Result<PathBuf> {
        let written = destination.path.strip_prefix("/").unwrap_or(destination.path);
        let path = resolve(&*self, written, true)?;
        self.directories(&path)?;
        Ok(path)
    }

    /// Makes sure that a directory and those above are there. Those that are below already become entries with what they have,
    /// so that the layer alone does not change them.
    pub(crate) fn directories(&mut self, path: &Path) -> io::Result<()> {
        self.directories_as(path, None)
    }

    pub(crate) fn directories_as(&mut self, path: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
        let mut here = PathBuf::new();
        for name in path {
            here.push(name);
            if let Some(placed) = self.entries.get(&here) {
                if !placed.meta.is_dir() {
                    return Err(not_a_directory(&here));
                }
                continue;
            }
            let existing = self.lookup(&here)?;
            let meta = match existing {
                Some(meta) if meta.is_dir() => meta,
                Some(_) => return Err(not_a_directory(&here)),
                None => {
                    let (uid, gid) = owner.or(self.owner).unwrap_or((0, 0));
                    let mode = match self.mode {
                        Some(Mode::Octal(mode)) => *mode,
                        _ => 0o755,
                    };
                    Meta { mtime: self.epoch, ..Meta::new_directory(mode, uid, gid) }
                }
            };
            let xattrs = match (existing, self.below) {
                (Some(_), Some(below)) => below.xattrs(&here)?,
                _ => Vec::new(),
            };
            self.insert(&here, meta, member(TarKind::Directory, &here, &meta, xattrs), Source::Empty);
        }
        Ok(())
    }

    fn put(
        &mut self,
        view: &dyn View,
        source: &Path,
        meta: &Meta,
        place: &Path,
        fixed_time: bool,
        links: &mut HashMap<(u64, u64), PathBuf>,
    ) -> io::Result<()> {
        let mut meta = *meta;
        if let Some((uid, gid)) = self.owner {
            (meta.uid, meta.gid) = (uid, gid);
        }
        if let Some(mode) = self.mode
            && !meta.is_symlink()
        {
            meta.mode = mode.apply(meta.mode, meta.is_dir());
        }
        if fixed_time {
            meta.mtime = self.epoch;
        }
        let existing = self.lookup(place)?;
        if let Some(existing) = existing {
            if meta.is_dir() && !existing.is_dir() {
                return Err(not_a_directory(place));
            }
            if !meta.is_dir() && existing.is_dir() {
                let message = format!("/{}: a directory is there, a file cannot take its place", place.display());
                return Err(io::Error::new(io::ErrorKind::IsADirectory, message));
            }
        }
        let xattrs = if meta.is_symlink() { Vec::new() } else { view.xattrs(source)? };
        let (kind, content) = match meta.kind {
            Kind::Directory => (TarKind::Directory, Source::Empty),
            Kind::Symlink => {
                let mut member = member(TarKind::Symlink, place, &meta, xattrs);
                member.link = view.read_link(source)?.as_os_str().as_bytes().to_vec();
                self.insert(place, meta, member, Source::Empty);
                return Ok(());
            }
            Kind::File => {
                let inode = (meta.stamp.device, meta.stamp.inode);
                if !fixed_time && meta.links > 1 {
                    if let Some(first) = links.get(&inode) {
                        let mut member = member(TarKind::HardLink, place, &meta, Vec::new());
                        member.size = 0;
                        self.insert(place, meta, member, Source::Empty);
                        self.links.add(first, place);
                        return Ok(());
                    }
                    links.insert(inode, place.to_owned());
                }
                (TarKind::File, Source::File(view.real_path(source)?))
            }
            Kind::Fifo => (TarKind::Fifo, Source::Empty),
            Kind::CharDevice(..) => (TarKind::CharDevice, Source::Empty),
            Kind::BlockDevice(..) => (TarKind::BlockDevice, Source::Empty),
            // What nobody listens at any more.
            Kind::Socket => return Ok(()),
        };
        self.insert(place, meta, member(kind, place, &meta, xattrs), content);
        Ok(())
    }

    /// What an earlier entry of this path was lives on under its other names, when it has some.
    pub(super) fn insert(&mut self, place: &Path, meta: Meta, member: Member, source: Source) {
        self.vacate(place);
        self.entries.insert(place.to_owned(), Placed { meta, entry: Entry { member, source } });
    }

    /// Takes an entry away. A file with other names is from now on what lies at the first of them.
    pub(super) fn vacate(&mut self, place: &Path) {
        let heir = self.links.remove(place);
        if let (Some(mut old), Some(heir)) = (self.entries.remove(place), heir) {
            old.entry.member.path = heir.as_os_str().as_bytes().to_vec();
            self.entries.insert(heir, old);
        }
    }

    /// What the layer itself has at a path so far.
    pub(super) fn placed(&self, path: &Path) -> Option<&Member> {
        self.entries.get(path).map(|placed| &placed.entry.member)
    }

    /// What the layer has below a path so far, the deepest first.
    pub(super) fn placed_below(&self, path: &Path) -> Vec<PathBuf> {
        let below = |place: &&PathBuf| place.starts_with(path) && place.as_path() != path;
        let mut found: Vec<PathBuf> = self.entries.keys().filter(below).cloned().collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        found
    }

    /// A file with a content of the instruction's own.
    pub(crate) fn inline(&mut self, name: &str, content: &[u8], destination: Destination<'_>) -> io::Result<()> {
        let meta = Meta { kind: Kind::File, size: content.len() as u64, ..Meta::new_directory(0o644, 0, 0) };
        let found = Match { name: OsString::from(name), path: PathBuf::new(), meta, items: Vec::new() };
        let target = self.target(&found, destination)?;
        let (uid, gid) = self.owner.unwrap_or((0, 0));
        let mode = self.mode.map_or(0o644, |mode| mode.apply(0o644, false));
        let meta = Meta { uid, gid, mode, mtime: self.epoch, ..meta };
        if self.lookup(&target)?.is_some_and(|existing| existing.is_dir()) {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                format!("/{}: a directory is there", target.display()),
            ));
        }
        self.insert(&target, meta, member(TarKind::File, &target, &meta, Vec::new()), Source::Bytes(content.into()));
        Ok(())
    }

    /// Mode as `--chmod` makes it.
    pub(super) fn mode_of(&self, mode: u32, is_dir: bool) -> u32 {
        self.mode.map_or(mode, |change| change.apply(mode, is_dir))
    }
}

pub(super) fn member(kind: TarKind, place: &Path, meta: &Meta, xattrs: Vec<(Vec<u8>, Vec<u8>)>) -> Member {
    let mut member = Member::new(kind, place.as_os_str().as_bytes(), meta.mode);
    (member.uid, member.gid) = (meta.uid.into(), meta.gid.into());
    member.mtime = (meta.mtime, 0);
    member.xattrs = xattrs;
    match (kind, meta.kind) {
        (TarKind::File, _) => member.size = meta.size,
        (_, Kind::CharDevice(major, minor) | Kind::BlockDevice(major, minor)) => member.device = (major, minor),
        _ => {}
    }
    member
}

fn not_a_directory(path: &Path) -> io::Error {
    let message = format!("/{}: something else than a directory is there", path.display());
    io::Error::new(io::ErrorKind::NotADirectory, message)
}

/// The destination as it is so far: the entries over what is below.
impl View for Placer<'_> {
    fn lookup(&self, path: &Path) -> io::Result<Option<Meta>> {
        if let Some(placed) = self.entries.get(path) {
            return Ok(Some(placed.meta));
        }
        match self.below {
            Some(below) => below.lookup(path),
            None if path.as_os_str().is_empty() => Ok(Some(Meta::new_directory(0o755, 0, 0))),
            None => Ok(None),
        }
    }

    fn children(&self, _path: &Path) -> io::Result<Vec<(OsString, Meta)>> {
        Ok(Vec::new())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        if let Some(placed) = self.entries.get(path) {
            return Ok(PathBuf::from(std::ffi::OsStr::from_bytes(&placed.entry.member.link)));
        }
        match self.below {
            Some(below) => below.read_link(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        match self.below {
            Some(below) => below.real_path(path),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn xattrs(&self, _path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        Ok(Vec::new())
    }
}
