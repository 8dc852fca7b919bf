//! From a path that a user wrote to the place it means inside a tree.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::View;

/// As the kernel's limit on links in a path.
const MOST_LINKS: usize = 40;

/// A path without `.`, `..` and slashes too many, relative to the root, above which `..` does not lead.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => cleaned.push(name),
            Component::ParentDir => {
                cleaned.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    cleaned
}

/// Follows the links in a path, the last component too if `follow_last`, as if the tree's root were `/`. What does not exist
/// is left as it is written.
pub(crate) fn resolve(view: &dyn View, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
    let mut todo: VecDeque<OsString> = names(path);
    let mut done = PathBuf::new();
    let mut links = 0;
    while let Some(name) = todo.pop_front() {
        if name == ".." {
            done.pop();
            continue;
        }
        let here = done.join(&name);
        let is_link = view.lookup(&here)?.is_some_and(|meta| meta.is_symlink());
        if !is_link || (todo.is_empty() && !follow_last) {
            done = here;
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(io::Error::other(format!("{}: too many symbolic links", path.display())));
        }
        let target = view.read_link(&here)?;
        if target.is_absolute() {
            done = PathBuf::new();
        }
        for name in names(&target).into_iter().rev() {
            todo.push_front(name);
        }
    }
    Ok(done)
}

fn names(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    parts.collect()
}
