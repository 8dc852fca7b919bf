//! `ADD` of archives: their members become entries.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use image::layer::Source;
use image::tar::{Kind as TarKind, Member, Reader};

use super::Placer;
use super::place::{Destination, member};
use crate::inputs::{decompressed, is_tar_header};
use crate::meta::{Kind, Meta};
use crate::view::{clean, resolve};

/// An archive may not unpack to more bytes or members than this.
const MOST_BYTES: u64 = 64 << 30;
const MOST_MEMBERS: u64 = 10_000_000;

/// Whether a file is a tar archive, compressed or not.
pub(crate) fn is_archive(mut file: File) -> io::Result<bool> {
    use std::io::Seek as _;
    file.rewind()?;
    let Ok((_, mut reader)) = decompressed(file) else { return Ok(false) };
    let mut head = Vec::with_capacity(512);
    // What begins like something compressed and is not is no archive.
    if reader.by_ref().take(512).read_to_end(&mut head).is_err() || head.len() < 512 {
        return Ok(false);
    }
    Ok(head.iter().any(|byte| *byte != 0) && is_tar_header(&head))
}

impl Placer<'_> {
    /// Unpacks an archive into the destination. Contents are kept in files below `spool` until the layer is written.
    pub(crate) fn unpack(&mut self, archive: File, destination: Destination<'_>, spool: &Path) -> io::Result<()> {
        let top = self.as_directory(destination)?;
        let (_, reader) = decompressed(archive)?;
        let mut reader = Reader::new(io::BufReader::with_capacity(256 << 10, reader));
        let (mut members, mut bytes) = (0_u64, 0_u64);
        while let Some(found) = reader.advance().map_err(io::Error::other)? {
            members += 1;
            bytes = bytes.saturating_add(found.size);
            if members > MOST_MEMBERS || bytes > MOST_BYTES {
                return Err(io::Error::other("the archive unpacks to too much"));
            }
            let written = &path_of(&found.path);
            if leads_out(written) {
                return Err(io::Error::other(format!("the archive's member {} leads out of it", written.display())));
            }
            let relative = clean(written);
            if relative.as_os_str().is_empty() {
                continue;
            }
            // A directory above may be a link in the image, such as /lib: what lies there is meant.
            let above = resolve(&*self, &top.join(relative.parent().unwrap_or(Path::new(""))), true)?;
            self.directories(&above)?;
            let place = above.join(relative.file_name().unwrap_or_default());
            let (uid, gid) = self.owner.unwrap_or((number(found.uid)?, number(found.gid)?));
            let is_dir = found.kind == TarKind::Directory;
            let mode = if found.kind == TarKind::Symlink { 0o777 } else { self.mode_of(found.mode & 0o7777, is_dir) };
            let kind = match found.kind {
                TarKind::File | TarKind::HardLink => Kind::File,
                TarKind::Directory => Kind::Directory,
                TarKind::Symlink => Kind::Symlink,
                TarKind::Fifo => Kind::Fifo,
                TarKind::CharDevice => Kind::CharDevice(found.device.0, found.device.1),
                TarKind::BlockDevice => Kind::BlockDevice(found.device.0, found.device.1),
            };
            let meta = Meta { kind, size: found.size, mtime: found.mtime.0, ..Meta::new_directory(mode, uid, gid) };
            self.make_room(&place, is_dir);
            let mut entry = member(found.kind, &place, &meta, found.xattrs.clone());
            let mut target = None;
            let source = match found.kind {
                TarKind::File => {
                    let path = spool.join(members.to_string());
                    let mut file = File::create_new(&path)?;
                    io::copy(&mut reader.content(), &mut file)?;
                    Source::File(path)
                }
                TarKind::HardLink => {
                    target = Some(self.linked(&top, &place, &found)?);
                    Source::Empty
                }
                TarKind::Symlink => {
                    entry.link.clone_from(&found.link);
                    Source::Empty
                }
                _ => Source::Empty,
            };
            self.insert(&place, meta, entry, source);
            if let Some(target) = target {
                self.links.add(&target, &place);
            }
        }
        Ok(())
    }

    /// A name of the file that a hard link is another name of. As for members, links on the way to it are followed. It has to
    /// be in the layer: what only lies below cannot be linked to.
    fn linked(&self, top: &Path, place: &Path, link: &Member) -> io::Result<PathBuf> {
        let written = clean(&path_of(&link.link));
        let above = resolve(self, &top.join(written.parent().unwrap_or(Path::new(""))), true)?;
        let target = above.join(written.file_name().unwrap_or_default());
        let is_file = self.placed(&target).is_some_and(|member| member.kind != TarKind::Directory);
        // The link's own name goes away.
        let mut names =
            [self.links.holder(&target), Some(&*target)].into_iter().flatten().filter(|name| *name != place);
        if let Some(name) = names.next().filter(|_| is_file) {
            return Ok(name.to_owned());
        }
        let (path, target) = (path_of(&link.path), path_of(&link.link));
        let reason = format!(
            "the archive's member {} is a hard link to {}, which is no file that comes before it in the archive",
            path.display(),
            target.display()
        );
        Err(io::Error::new(io::ErrorKind::InvalidData, reason))
    }

    /// What an earlier member put below a place goes away, unless both are directories.
    fn make_room(&mut self, place: &Path, for_directory: bool) {
        let is_directory = self.placed(place).is_some_and(|member| member.kind == TarKind::Directory);
        if is_directory && !for_directory {
            for inside in self.placed_below(place) {
                self.vacate(&inside);
            }
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

fn number(id: u64) -> io::Result<u32> {
    u32::try_from(id).map_err(|_| io::Error::other(format!("the archive names the owner {id}, which no system has")))
}

fn leads_out(path: &Path) -> bool {
    let mut depth = 0_i64;
    for component in path.components() {
        match component {
            std::path::Component::ParentDir => depth -= 1,
            std::path::Component::Normal(_) => depth += 1,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// A new directory for contents.
pub(crate) fn spool(scratch: &crate::inputs::Scratch) -> io::Result<PathBuf> {
    let path = scratch.directory("archive")?;
    fs::create_dir_all(&path)?;
    Ok(path)
}
