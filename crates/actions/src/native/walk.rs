//! What glob patterns match among the job's files.

use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::error::{Fault, Result};
use super::files::Files;
use crate::glob::Patterns;

/// How to search; the options of @actions/glob that differ between actions. Links are always followed, broken ones
/// passed over.
pub(crate) struct Walk<'a> {
    pub(crate) files: Files<'a>,
    pub(crate) patterns: &'a Patterns,
    /// Whether names that begin with a dot are left out, directories with all in them.
    pub(crate) without_hidden: bool,
    /// Asked now and then; an error ends the search.
    pub(crate) check: &'a dyn Fn() -> Result<()>,
}

/// Something that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As the patterns see it.
    pub(crate) path: PathBuf,
    /// The same without links, still a path of the job.
    pub(crate) real: PathBuf,
    pub(crate) is_dir: bool,
}

struct Item {
    path: PathBuf,
    real: PathBuf,
    level: usize,
    kind: Option<FileType>,
}

impl Walk<'_> {
    /// What matches, depth first, names in the order of their bytes.
    pub(crate) fn find(&self) -> Result<Vec<Found>> {
        let mut stack: Vec<Item> = Vec::new();
        for start in self.patterns.search_paths().into_iter().rev() {
            stack.push(Item { real: start.clone(), path: start, level: 0, kind: None });
        }
        let mut found = Vec::new();
        let mut chain: Vec<PathBuf> = Vec::new();
        while let Some(mut item) = stack.pop() {
            (self.check)()?;
            let matched = self.patterns.matches(&item.path);
            if !matched.below || self.is_hidden(&item.path) {
                continue;
            }
            let Some(is_dir) = self.look(&mut item)? else {
                continue;
            };
            if !is_dir {
                if matched.file {
                    found.push(Found { path: item.path, real: item.real, is_dir });
                }
                continue;
            }
            // A circle of links comes back to a directory that it is in.
            chain.truncate(item.level);
            if chain.contains(&item.real) {
                continue;
            }
            chain.push(item.real.clone());
            stack.extend(self.children(&item)?);
            if matched.directory {
                found.push(Found { path: item.path, real: item.real, is_dir });
            }
        }
        Ok(found)
    }

    fn is_hidden(&self, path: &Path) -> bool {
        self.without_hidden && path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."))
    }

    /// Whether it is a directory; follows links. None when there is nothing.
    fn look(&self, item: &mut Item) -> Result<Option<bool>> {
        if let Some(kind) = item.kind.filter(|kind| !kind.is_symlink()) {
            return Ok(Some(kind.is_dir()));
        }
        let gone = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
                || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
        };
        let real = match self.files.resolve(&item.real) {
            Ok(real) => real,
            Err(error) if gone(&error) => return Ok(None),
            Err(error) => return Err(Fault::io("read", &item.path)(error)),
        };
        match fs::symlink_metadata(self.files.host(&real)) {
            Ok(meta) => {
                item.real = real;
                Ok(Some(meta.is_dir()))
            }
            Err(error) if gone(&error) => Ok(None),
            Err(error) => Err(Fault::io("read", &item.path)(error)),
        }
    }

    /// What is in a directory, the last first.
    fn children(&self, item: &Item) -> Result<Vec<Item>> {
        let failed = |error| Fault::io("read", &item.path)(error);
        let mut children = Vec::new();
        for entry in fs::read_dir(self.files.host(&item.real)).map_err(failed)? {
            let entry = entry.map_err(|error| Fault::io("read", &item.path)(error))?;
            let name = entry.file_name();
            children.push(Item {
                path: item.path.join(&name),
                real: item.real.join(&name),
                level: item.level + 1,
                kind: entry.file_type().ok(),
            });
        }
        children.sort_unstable_by(|a, b| b.path.as_os_str().as_bytes().cmp(a.path.as_os_str().as_bytes()));
        Ok(children)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::files::Rooted;
    use std::os::unix::fs::symlink;

    fn search(root: &Path, patterns: &str, implicit: bool, without_hidden: bool) -> Vec<String> {
        let place = Rooted(root.to_owned());
        let patterns = Patterns::parse(patterns, Path::new("/w"), Some(Path::new("/home")), implicit).unwrap();
        let walk = Walk { files: Files(&place), patterns: &patterns, without_hidden, check: &|| Ok(()) };
        walk.find().unwrap().into_iter().map(|found| found.path.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn patterns_find_files() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for file in ["w/a/1.txt", "w/a/2.log", "w/a/.hidden/3.txt", "w/b/4.txt", "home/c/5"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), file).unwrap();
        }
        symlink("/w/b", root.join("w/a/link")).unwrap();
        symlink("/w/a", root.join("w/a/circle")).unwrap();
        symlink("/gone", root.join("w/a/broken")).unwrap();
        assert_eq!(search(root, "a/*.txt", true, true), ["/w/a/1.txt"]);
        assert_eq!(search(root, "a\n!**/*.log", true, true), ["/w/a", "/w/a/1.txt", "/w/a/link", "/w/a/link/4.txt"]);
        assert_eq!(search(root, "**/3.txt", true, false), ["/w/a/.hidden/3.txt"]);
        assert_eq!(search(root, "a\n~/c\n/w/b/4.txt", false, false), ["/w/a", "/home/c", "/w/b/4.txt"]);
        assert!(search(root, "none", true, true).is_empty());
    }
}
