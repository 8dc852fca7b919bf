use std::path::Path;

use rustix::fs::{CWD, XattrFlags};

/// What a process may do with the files of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// Root's: owners, set-uid bits, devices and capabilities are kept. Overlays are marked with `trusted.overlay.*`.
    Full,
    /// A normal user's, or root's in a user namespace: every file belongs to the user. Overlays are marked with
    /// `user.overlay.*` and must be mounted with `userxattr`.
    User,
}

impl Privilege {
    /// Finds out by trying, in a directory that may be written to.
    pub(crate) fn probe(dir: &Path) -> Self {
        let try_all = || -> std::io::Result<()> {
            let file = tempfile::Builder::new().prefix(".probe-").tempfile_in(dir)?;
            rustix::fs::setxattr(file.path(), "trusted.overlay.trunkline", b"y", XattrFlags::empty())?;
            rustix::fs::chownat(
                CWD,
                file.path(),
                Some(rustix::fs::Uid::from_raw(65_534)),
                Some(rustix::fs::Gid::from_raw(65_534)),
                rustix::fs::AtFlags::empty(),
            )?;
            Ok(())
        };
        if rustix::process::geteuid().is_root() && try_all().is_ok() { Self::Full } else { Self::User }
    }

    /// The extended attribute that marks an opaque directory.
    pub fn opaque(self) -> &'static str {
        match self {
            Self::Full => "trusted.overlay.opaque",
            Self::User => "user.overlay.opaque",
        }
    }
}
