//! Copies of trees for mounts that are written to, or that show only some of a directory.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Uid};

use crate::meta::{Kind, Meta};
use crate::view::View;

/// Copies a file or directory of a view to a new place. Blocks are shared where the file system can do that.
pub(super) fn copy_tree(view: &dyn View, path: &Path, to: &Path) -> io::Result<()> {
    let meta = view.lookup(path)?.ok_or(io::ErrorKind::NotFound)?;
    match meta.kind {
        Kind::Directory => {
            fs::create_dir_all(to)?;
            for (name, _) in view.children(path)? {
                copy_tree(view, &path.join(&name), &to.join(&name))?;
            }
        }
        Kind::Symlink => std::os::unix::fs::symlink(view.read_link(path)?, to)?,
        Kind::File => {
            let (mut from, mut into) = (view.open(path)?, File::create_new(to)?);
            if rustix::fs::ioctl_ficlone(&into, &from).is_err() {
                io::copy(&mut from, &mut into)?;
            }
        }
        // Of no use in a mount for one process.
        Kind::Fifo | Kind::Socket | Kind::CharDevice(..) | Kind::BlockDevice(..) => return Ok(()),
    }
    dress(to, &meta)
}

/// Gives a file the owner and permissions; a normal user's files keep their owner.
pub(super) fn dress(path: &Path, meta: &Meta) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let (uid, gid) = (Uid::from_raw(meta.uid), Gid::from_raw(meta.gid));
        rustix::fs::chownat(CWD, path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if !meta.is_symlink() {
        fs::set_permissions(path, fs::Permissions::from_mode(meta.mode))?;
    }
    Ok(())
}
