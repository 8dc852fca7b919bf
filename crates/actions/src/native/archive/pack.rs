//! Files into a tar archive.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use tokio_util::sync::CancellationToken;

use super::Cancellable;
use crate::native::files::Files;

/// What a packed archive holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) entries: u64,
    /// Sockets, pipes and devices, which no cache holds.
    pub(crate) left_out: u64,
}

/// Writes each of `paths` (name in the archive, path of the job) with all below it. Links stay links.
pub(crate) fn pack(
    files: Files<'_>,
    paths: &[(PathBuf, PathBuf)],
    to: &mut dyn Write,
    cancel: &CancellationToken,
) -> io::Result<Packed> {
    let mut packer = Packer { builder: Builder::new(to), packed: Packed::default(), links: HashMap::new(), cancel };
    for (name, inside) in paths {
        let real = files.resolve_parent(inside)?;
        packer.add(&files.host(&real), name)?;
    }
    packer.builder.into_inner()?;
    Ok(packer.packed)
}

struct Packer<'a> {
    builder: Builder<&'a mut dyn Write>,
    packed: Packed,
    /// Where a file with several names is in the archive, by device and inode.
    links: HashMap<(u64, u64), PathBuf>,
    cancel: &'a CancellationToken,
}

impl Packer<'_> {
    /// A stack of its own: trees may be deep.
    fn add(&mut self, host: &Path, name: &Path) -> io::Result<()> {
        let mut todo = vec![(host.to_owned(), name.to_owned())];
        while let Some((host, name)) = todo.pop() {
            if self.cancel.is_cancelled() {
                return Err(io::Error::other("the step was cancelled"));
            }
            let meta = match fs::symlink_metadata(&host) {
                Ok(meta) => meta,
                // Removed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(named(&name)(error)),
            };
            if meta.is_dir() {
                self.write(&name, &meta, EntryType::Directory, None, io::empty())?;
                let mut names = Vec::new();
                for entry in fs::read_dir(&host).map_err(named(&name))? {
                    names.push(entry?.file_name());
                }
                names.sort_unstable_by(|a, b| b.cmp(a));
                todo.extend(names.into_iter().map(|part| (host.join(&part), name.join(&part))));
            } else if meta.file_type().is_symlink() {
                let target = fs::read_link(&host).map_err(named(&name))?;
                self.write(&name, &meta, EntryType::Symlink, Some(&target), io::empty())?;
            } else if meta.is_file() {
                self.add_file(&host, &name, &meta)?;
            } else {
                self.packed.left_out += 1;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, host: &Path, name: &Path, meta: &Metadata) -> io::Result<()> {
        if meta.nlink() > 1 {
            let key = (meta.dev(), meta.ino());
            if let Some(first) = self.links.get(&key).cloned() {
                return self.write(name, meta, EntryType::Link, Some(&first), io::empty());
            }
            self.links.insert(key, name.to_owned());
        }
        let file = services::open_regular(host).map_err(named(name))?;
        // The header has promised a size: what has shrunk is filled up, what has grown is cut.
        let exact = Cancellable { inner: file, cancel: self.cancel }.chain(io::repeat(0)).take(meta.len());
        self.write(name, meta, EntryType::Regular, None, exact)
    }

    fn write(
        &mut self,
        name: &Path,
        meta: &Metadata,
        kind: EntryType,
        target: Option<&Path>,
        data: impl Read,
    ) -> io::Result<()> {
        let mut bytes = name.as_os_str().to_owned().into_vec();
        if kind == EntryType::Directory {
            bytes.push(b'/');
        }
        let target = target.map(|target| target.as_os_str().as_bytes());
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(meta.mode() & 0o7777);
        header.set_uid(u64::from(meta.uid()));
        header.set_gid(u64::from(meta.gid()));
        header.set_mtime(u64::try_from(meta.mtime()).unwrap_or(0));
        header.set_size(if kind == EntryType::Regular { meta.len() } else { 0 });
        let mtime = format!("{}.{:09}", meta.mtime(), meta.mtime_nsec());
        let mut extensions: Vec<(&str, &[u8])> = Vec::new();
        if !put(&mut header.as_old_mut().name, &bytes) {
            extensions.push(("path", &bytes));
        }
        if let Some(target) = target
            && !put(&mut header.as_old_mut().linkname, target)
        {
            extensions.push(("linkpath", target));
        }
        if meta.mtime_nsec() != 0 && meta.mtime() >= 0 {
            extensions.push(("mtime", mtime.as_bytes()));
        }
        header.set_cksum();
        self.builder.append_pax_extensions(extensions)?;
        self.builder.append(&header, data).map_err(named(name))?;
        self.packed.entries += 1;
        Ok(())
    }
}

/// Puts as much of a name as fits; whether that was all of it.
fn put(field: &mut [u8; 100], bytes: &[u8]) -> bool {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
    bytes.len() <= field.len()
}

fn named(name: &Path) -> impl FnOnce(io::Error) -> io::Error {
    let name = name.to_owned();
    move |error| io::Error::new(error.kind(), format!("{}: {error}", name.display()))
}
