use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use super::builder::{Builder, Options};
use super::entry::{Entry, Source};
use super::error::LayerError;
use super::privilege::Privilege;
use crate::tar::{Kind, Member};

/// Collects what is in the upper directory of an overlay as the entries of a layer: changed and new files, whiteouts for what
/// was removed, opaque directories.
///
/// `keep` is asked for every path (without a slash at its beginning); what it turns down is left out with all below it.
/// `owner` turns the owner of a file into the one that is written: see [`owner_inside`].
///
/// # Errors
///
/// When something cannot be read, and for directories that the overlay only refers to elsewhere: it must be mounted without
/// `redirect_dir` and `metacopy`.
pub fn diff(
    upper: &Path,
    keep: &dyn Fn(&[u8]) -> bool,
    owner: &dyn Fn(u32, u32) -> (u32, u32),
    options: Options,
) -> Result<Builder, LayerError> {
    let mut builder = Builder::new(options);
    let mut pending = vec![Vec::new()];
    let mut linked: HashMap<(u64, u64), Vec<Vec<u8>>> = HashMap::new();
    while let Some(parent) = pending.pop() {
        let directory = upper.join(std::ffi::OsStr::from_bytes(&parent));
        let failed = |source| LayerError::Source { path: directory.clone(), source };
        for file in fs::read_dir(&directory).map_err(failed)? {
            let file = file.map_err(failed)?;
            let name = file.file_name();
            let path = if parent.is_empty() {
                name.as_bytes().to_vec()
            } else {
                [&parent, &b"/"[..], name.as_bytes()].concat()
            };
            if !keep(&path) {
                continue;
            }
            let place = file.path();
            let failed = |source| LayerError::Source { path: place.clone(), source };
            let metadata = fs::symlink_metadata(&place).map_err(failed)?;
            let Some(kind) = kind(&metadata) else { continue };
            if kind == Kind::CharDevice && metadata.rdev() == 0 {
                builder.add(Entry::whiteout(&path));
                continue;
            }
            let mut member = member(kind, &path, &metadata, owner);
            let mut source = Source::Empty;
            match kind {
                Kind::Directory => {
                    let (attributes, marks) = attributes(&place).map_err(failed)?;
                    marks.check(&path)?;
                    member.xattrs = attributes;
                    if marks.opaque {
                        builder.add(Entry::opaque(&path));
                    }
                    pending.push(path.clone());
                }
                Kind::File => {
                    let (attributes, marks) = attributes(&place).map_err(failed)?;
                    marks.check(&path)?;
                    (member.xattrs, member.size) = (attributes, metadata.len());
                    source = Source::File(place.clone());
                    if metadata.nlink() > 1 {
                        linked.entry((metadata.dev(), metadata.ino())).or_default().push(path.clone());
                    }
                }
                Kind::Symlink => member.link = fs::read_link(&place).map_err(failed)?.as_os_str().as_bytes().to_vec(),
                _ => {}
            }
            builder.add(Entry { member, source });
        }
    }
    // The first name in the order of the archive is the file, whatever order the directory was read in.
    for mut names in linked.into_values() {
        names.sort_by_key(|name| super::builder::key(name));
        if let Some((first, others)) = names.split_first() {
            for other in others {
                builder.relink(other, first);
            }
        }
    }
    Ok(builder)
}

/// Owners as processes of a sandbox see them: root's own numbers for root; for a normal user, whose sandboxes call that user
/// root, everything belongs to root.
pub fn owner_inside(privilege: Privilege) -> impl Fn(u32, u32) -> (u32, u32) {
    move |uid, gid| if privilege == Privilege::Full { (uid, gid) } else { (0, 0) }
}

fn kind(metadata: &Metadata) -> Option<Kind> {
    let kind = metadata.file_type();
    Some(match () {
        () if kind.is_dir() => Kind::Directory,
        () if kind.is_file() => Kind::File,
        () if kind.is_symlink() => Kind::Symlink,
        () if kind.is_fifo() => Kind::Fifo,
        () if kind.is_char_device() => Kind::CharDevice,
        () if kind.is_block_device() => Kind::BlockDevice,
        // A socket is of no use without the process behind it.
        () => return None,
    })
}

fn member(kind: Kind, path: &[u8], metadata: &Metadata, owner: &dyn Fn(u32, u32) -> (u32, u32)) -> Member {
    let mut member = Member::new(kind, path, metadata.mode() & 0o7777);
    let (uid, gid) = owner(metadata.uid(), metadata.gid());
    (member.uid, member.gid, member.mtime) = (uid.into(), gid.into(), (metadata.mtime(), 0));
    if matches!(kind, Kind::CharDevice | Kind::BlockDevice) {
        member.device = (rustix::fs::major(metadata.rdev()), rustix::fs::minor(metadata.rdev()));
    }
    member
}

/// What the overlay itself notes on a file.
#[derive(Default)]
struct Marks {
    opaque: bool,
    elsewhere: bool,
}

impl Marks {
    fn check(&self, path: &[u8]) -> Result<(), LayerError> {
        if self.elsewhere {
            return Err(LayerError::member(
                path,
                "the overlay keeps its content elsewhere (redirect_dir or metacopy is on)",
            ));
        }
        Ok(())
    }
}

type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

fn attributes(path: &Path) -> std::io::Result<(Attributes, Marks)> {
    const LARGEST: usize = 64 << 10;
    let (mut attributes, mut marks) = (Vec::new(), Marks::default());
    let mut names = vec![0; LARGEST];
    let length = match rustix::fs::llistxattr(path, &mut names[..]) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        other => other?,
    };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let value = || -> std::io::Result<Vec<u8>> {
            let mut value = vec![0; LARGEST];
            let length = rustix::fs::lgetxattr(path, std::ffi::OsStr::from_bytes(name), &mut value[..])?;
            value.truncate(length);
            Ok(value)
        };
        let overlay = name.strip_prefix(b"trusted.overlay.").or_else(|| name.strip_prefix(b"user.overlay."));
        match overlay {
            Some(b"opaque") => marks.opaque |= value()? == b"y",
            Some(b"redirect" | b"metacopy") => marks.elsewhere = true,
            Some(_) => {}
            None if name == b"security.capability" || name.starts_with(b"user.") => {
                attributes.push((name.to_vec(), value()?));
            }
            None => {}
        }
    }
    attributes.sort();
    Ok((attributes, marks))
}
