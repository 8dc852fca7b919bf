//! Files inside a container's root, reached from outside without ever leaving it.
//!
//! Whatever lies in a root was put there by others: a link may point to `/etc/shadow`, which inside is the container's and
//! outside is the host's. Every path is resolved by the kernel as if the root were `/` (`RESOLVE_IN_ROOT`).

use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};

/// A directory that is `/` for everything below.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
}

impl Root {
    /// The root at a host path, such as `/proc/<init>/root`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let dir = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { dir })
    }

    /// Opens a path inside. Links are followed, within the root.
    pub fn file(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        // openat2 does not know a path that is empty; `/` is the root itself.
        Ok(rustix::fs::openat2(&self.dir, path, flags | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::IN_ROOT)?)
    }

    /// A small file's text, up to `most` bytes.
    pub fn text(&self, path: &Path, most: u64) -> io::Result<String> {
        let file = self.file(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
        let file = std::fs::File::from(file);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Makes a directory and those above it; one that exists is left as it is. New ones belong to `owner`.
    pub fn make_dirs(&self, path: &Path, owner: Option<(u32, u32)>) -> io::Result<OwnedFd> {
        let directory = OFlags::PATH | OFlags::DIRECTORY;
        if let Ok(found) = self.file(path, directory) {
            return Ok(found);
        }
        let mut current = std::path::PathBuf::from("/");
        let mut at = self.file(&current, directory)?;
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            current.push(name);
            at = match self.file(&current, directory) {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    match rustix::fs::mkdirat(&at, name, Mode::from_raw_mode(0o755)) {
                        Ok(()) => {
                            if let Some((uid, gid)) = owner {
                                let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
                                let _ = rustix::fs::chownat(&at, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW);
                            }
                        }
                        // A link that leads nowhere.
                        Err(rustix::io::Errno::EXIST) => return Err(error),
                        Err(error) => return Err(error.into()),
                    }
                    self.file(&current, directory)?
                }
                Err(error) => return Err(error),
            };
        }
        Ok(at)
    }

    /// The directory that holds `path`, and the name in it. The last part is not followed when it is a link.
    pub fn parent<'a>(&self, path: &'a Path) -> io::Result<(OwnedFd, &'a std::ffi::OsStr)> {
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))?;
        let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("/"));
        Ok((self.file(above, OFlags::PATH | OFlags::DIRECTORY)?, name))
    }
}

impl AsFd for Root {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.dir.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("secret");
        std::fs::write(&outside, "host").unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("etc/passwd")).unwrap();
        std::os::unix::fs::symlink("../../../../..", root.join("etc/up")).unwrap();
        std::os::unix::fs::symlink("/nowhere", root.join("etc/gone")).unwrap();
        let inside = Root::open(&root).unwrap();
        assert!(inside.text(Path::new("/etc/passwd"), 100).is_err());
        inside.make_dirs(Path::new("/etc/up/made/here"), None).unwrap();
        assert!(root.join("made/here").is_dir());
        assert!(inside.make_dirs(Path::new("/etc/gone/x"), None).is_err());
        inside.make_dirs(Path::new("/../a/b"), None).unwrap();
        assert!(root.join("a/b").is_dir());
    }
}
