//! The merged view of unpacked layers, as overlayfs would show it, without mounting anything.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::io::Errno;

use super::View;
use crate::meta::Meta;

/// Unpacked layers: whiteouts are character devices 0:0, opaque directories carry an attribute.
pub(crate) struct Layers {
    /// Bottom first.
    lowers: Vec<PathBuf>,
    /// They were unpacked by a normal user, to whom everything belongs: in the image that is root.
    by_user: bool,
    /// Keeps them from being removed.
    _in_use: Option<Arc<crate::solve::Stack>>,
    /// For a directory, the directories it is made of, top first.
    parts: Mutex<HashMap<PathBuf, Arc<Vec<PathBuf>>>>,
}

impl Layers {
    pub(crate) fn new(lowers: Vec<PathBuf>, by_user: bool, in_use: Option<Arc<crate::solve::Stack>>) -> Self {
        Self { lowers, by_user, _in_use: in_use, parts: Mutex::default() }
    }

    fn owned(&self, meta: Meta) -> Meta {
        if self.by_user { Meta { uid: 0, gid: 0, ..meta } } else { meta }
    }

    /// The real directories that make up a directory; empty when there is none.
    fn parts(&self, path: &Path) -> io::Result<Arc<Vec<PathBuf>>> {
        if let Some(known) = self.parts.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(Arc::clone(known));
        }
        let parts = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => {
                let mut parts = Vec::new();
                for above in self.parts(parent)?.iter() {
                    let real = above.join(name);
                    match stat(&real)? {
                        None => {}
                        Some(meta) if meta.is_dir() => {
                            let opaque = is_opaque(&real);
                            parts.push(real);
                            if opaque {
                                break;
                            }
                        }
                        Some(_) => break,
                    }
                }
                parts
            }
            _ => self.lowers.iter().rev().cloned().collect(),
        };
        let parts = Arc::new(parts);
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), Arc::clone(&parts));
        Ok(parts)
    }

    fn find(&self, path: &Path) -> io::Result<Option<(PathBuf, Meta)>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            let Some(top) = self.lowers.last() else {
                return Ok(Some((PathBuf::new(), Meta::new_directory(0o755, 0, 0))));
            };
            return Ok(stat(top)?.map(|meta| (top.clone(), meta)));
        };
        for above in self.parts(parent)?.iter() {
            let real = above.join(name);
            match stat(&real)? {
                None => {}
                Some(meta) if meta.is_whiteout() => return Ok(None),
                Some(meta) => return Ok(Some((real, meta))),
            }
        }
        Ok(None)
    }
}

fn stat(path: &Path) -> io::Result<Option<Meta>> {
    match rustix::fs::lstat(path) {
        Ok(stat) => Ok(Some(Meta::from(&stat))),
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_opaque(path: &Path) -> bool {
    let mut value = [0_u8; 4];
    ["trusted.overlay.opaque", "user.overlay.opaque"]
        .iter()
        .any(|name| matches!(rustix::fs::lgetxattr(path, *name, &mut value[..]), Ok(1) if value.first() == Some(&b'y')))
}

impl View for Layers {
    fn lookup(&self, path: &Path) -> io::Result<Option<Meta>> {
        Ok(self.find(path)?.map(|(_, meta)| self.owned(meta)))
    }

    fn children(&self, path: &Path) -> io::Result<Vec<(OsString, Meta)>> {
        let mut names: BTreeMap<OsString, Option<Meta>> = BTreeMap::new();
        for part in self.parts(path)?.iter() {
            for entry in rustix::fs::Dir::new(rustix::fs::open(
                part,
                rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
                rustix::fs::Mode::empty(),
            )?)? {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name == b"." || name == b".." || names.contains_key(OsStr::from_bytes(name)) {
                    continue;
                }
                let name = OsStr::from_bytes(name).to_owned();
                let meta = stat(&part.join(&name))?;
                names.insert(name, meta.filter(|meta| !meta.is_whiteout()));
            }
        }
        Ok(names.into_iter().filter_map(|(name, meta)| Some((name, self.owned(meta?)))).collect())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(self.real_path(path)?)
    }

    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.find(path)?.map(|(real, _)| real).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn whole_path(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let Some((real, meta)) = self.find(path)? else { return Ok(None) };
        // Of a directory that several layers have a part in, no place has all.
        let whole = !meta.is_dir() || self.parts(path)?.len() == 1;
        Ok(whole.then_some(real).filter(|real| !real.as_os_str().is_empty()))
    }

    fn xattrs(&self, path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        super::kept_xattrs(&self.real_path(path)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::fs::{CWD, FileType, Mode, mknodat, setxattr};

    use super::super::resolve;
    use super::*;

    /// Two layers: the upper one removes a file, hides a directory, and changes another file.
    fn layers() -> (tempfile::TempDir, Layers) {
        let directory = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        ["0/gone", "0/both", "0/dir/low", "0/hidden/low", "1/both", "1/dir/high", "1/hidden/high"]
            .iter()
            .for_each(|path| write(path));
        std::os::unix::fs::symlink("/dir", directory.path().join("1/link")).unwrap();
        mknodat(CWD, directory.path().join("1/gone"), FileType::CharacterDevice, Mode::empty(), 0).unwrap();
        let hidden = directory.path().join("1/hidden");
        setxattr(&hidden, "user.overlay.opaque", b"y", rustix::fs::XattrFlags::empty()).unwrap();
        let lowers = vec![directory.path().join("0"), directory.path().join("1")];
        (directory, Layers::new(lowers, true, None))
    }

    #[test]
    fn what_an_overlay_would_show() {
        let (directory, layers) = layers();
        let names = |path: &str| {
            let children = layers.children(Path::new(path)).unwrap();
            children.into_iter().map(|(name, _)| name.into_string().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["both", "dir", "hidden", "link"]);
        assert_eq!(names("dir"), ["high", "low"]);
        assert_eq!(names("hidden"), ["high"]);
        for (path, there) in
            [("gone", false), ("both", true), ("dir/low", true), ("hidden/low", false), ("no/such", false)]
        {
            assert_eq!(layers.lookup(Path::new(path)).unwrap().is_some(), there, "{path}");
        }
        assert_eq!(layers.real_path(Path::new("both")).unwrap(), directory.path().join("1/both"));
        assert_eq!(resolve(&layers, Path::new("link/low"), true).unwrap(), Path::new("dir/low"));
    }

    #[test]
    fn only_what_lies_in_one_place_is_shown_from_there() {
        let (directory, layers) = layers();
        let whole = |path: &str| layers.whole_path(Path::new(path)).unwrap();
        assert_eq!(whole("dir"), None);
        assert_eq!(whole("hidden"), Some(directory.path().join("1/hidden")));
        assert_eq!(whole("dir/low"), Some(directory.path().join("0/dir/low")));
        assert_eq!(whole("gone"), None);
    }
}
