//! Walking the directories that patterns are about.

use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use actions::glob::Patterns;

use super::{Deadline, HashError, OpenLink};

/// A directory whatever the way to it: a real path cannot be had of what lies in another mount namespace.
type Directory = (u64, u64);

struct Item {
    path: PathBuf,
    level: usize,
    /// What the directory listing said; nothing for where a search begins.
    kind: Option<FileType>,
}

/// The files in the workspace that the patterns match, in the order of the walk: depth first, names by their bytes.
pub(super) fn find(
    patterns: &Patterns,
    workspace: &Path,
    follow: bool,
    open_link: OpenLink<'_>,
    deadline: Deadline,
) -> Result<Vec<PathBuf>, HashError> {
    let mut stack = Vec::new();
    for start in patterns.search_paths().into_iter().rev() {
        match fs::symlink_metadata(&start) {
            Ok(_) => stack.push(Item { path: start, level: 1, kind: None }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(HashError::Io { path: start, source });
            }
        }
    }
    let mut found = Vec::new();
    let mut chain = Vec::new();
    let mut seen = 0u32;
    while let Some(item) = stack.pop() {
        seen = seen.wrapping_add(1);
        if seen.is_multiple_of(1024) {
            deadline.check()?;
        }
        let matched = patterns.matches(&item.path);
        if !matched.below {
            continue;
        }
        let Some(is_directory) = is_directory(&item, follow, &mut chain)? else {
            continue;
        };
        if is_directory {
            stack.extend(children(&item)?);
        } else if matched.file && is_hashable(&item.path, workspace, open_link)? {
            found.push(item.path);
        }
    }
    Ok(found)
}

/// Whether it is a directory to go into; none when it is to be passed over: gone, a broken link, or a circle of links.
fn is_directory(item: &Item, follow: bool, chain: &mut Vec<Directory>) -> Result<Option<bool>, HashError> {
    let failed = |source| HashError::Io { path: item.path.clone(), source };
    let kind = match item.kind {
        Some(kind) if !follow || !kind.is_symlink() => kind,
        _ => {
            let metadata = if follow { fs::metadata(&item.path) } else { fs::symlink_metadata(&item.path) };
            match metadata {
                Ok(metadata) => metadata.file_type(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(source) => return Err(failed(source)),
            }
        }
    };
    if kind.is_dir() && follow {
        let metadata = fs::metadata(&item.path).map_err(failed)?;
        let real = (metadata.dev(), metadata.ino());
        chain.truncate(item.level - 1);
        if chain.contains(&real) {
            return Ok(None);
        }
        chain.push(real);
    }
    Ok(Some(kind.is_dir()))
}

/// What is in a directory, the last first.
fn children(item: &Item) -> Result<Vec<Item>, HashError> {
    let failed = |source| HashError::Io { path: item.path.clone(), source };
    let mut children = Vec::new();
    for entry in fs::read_dir(&item.path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        children.push(Item { path: entry.path(), level: item.level + 1, kind: entry.file_type().ok() });
    }
    children.sort_unstable_by(|a, b| b.path.as_os_str().as_bytes().cmp(a.path.as_os_str().as_bytes()));
    Ok(children)
}

/// Whether it lies in the workspace and is a file, or a link to one.
fn is_hashable(path: &Path, workspace: &Path, open_link: OpenLink<'_>) -> Result<bool, HashError> {
    if path == workspace || !path.starts_with(workspace) {
        return Ok(false);
    }
    let failed = |source| HashError::Io { path: path.to_owned(), source };
    let own = fs::symlink_metadata(path).map_err(failed)?;
    let meant = if own.is_symlink() { open_link(path).and_then(|file| file.metadata()).map_err(failed)? } else { own };
    Ok(meant.is_file())
}
