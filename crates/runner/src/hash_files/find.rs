//! Walking the directories that patterns are about.

use std::collections::HashSet;
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::pattern::Pattern;
use super::{Deadline, HashError};

struct Item {
    path: PathBuf,
    level: usize,
    /// What the directory listing said; nothing for where a search begins.
    kind: Option<FileType>,
}

/// The files in the workspace that the patterns match, in the order of the walk: depth first, names by their bytes.
pub(super) fn find(
    patterns: &[Pattern],
    workspace: &Path,
    follow: bool,
    deadline: Deadline,
) -> Result<Vec<PathBuf>, HashError> {
    let mut all = Vec::new();
    for pattern in patterns {
        all.push(pattern.clone());
        all.extend(pattern.descendants());
    }
    let mut stack = Vec::new();
    for start in search_paths(&all).into_iter().rev() {
        match fs::symlink_metadata(&start) {
            Ok(_) => stack.push(Item {
                path: start,
                level: 1,
                kind: None,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(HashError::Io {
                    path: start,
                    source,
                });
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
        let text = item.path.to_string_lossy();
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let (directory, file) = matched(&all, &parts);
        let partly = directory
            || file
            || all
                .iter()
                .any(|pattern| !pattern.negated && pattern.may_match_below(&parts));
        if !partly {
            continue;
        }
        let Some(is_directory) = is_directory(&item, follow, &mut chain)? else {
            continue;
        };
        if is_directory {
            stack.extend(children(&item)?);
        } else if file && is_hashable(&item.path, workspace)? {
            found.push(item.path);
        }
    }
    Ok(found)
}

/// Whether a path matches if it is a directory, and if it is a file. A later pattern overrules those before.
fn matched(patterns: &[Pattern], parts: &[&str]) -> (bool, bool) {
    let (mut directory, mut file) = (false, false);
    for pattern in patterns {
        // Asked only when it could change something.
        if (directory != pattern.negated && (file != pattern.negated || pattern.directories_only))
            || !pattern.matches(parts)
        {
            continue;
        }
        directory = !pattern.negated;
        if !pattern.directories_only {
            file = !pattern.negated;
        }
    }
    (directory, file)
}

/// Where to begin: each start once, and none that lies below another.
fn search_paths(patterns: &[Pattern]) -> Vec<PathBuf> {
    let starts = || {
        patterns
            .iter()
            .filter(|pattern| !pattern.negated)
            .map(|pattern| Path::new(&pattern.search))
    };
    let known: HashSet<&Path> = starts().collect();
    let mut taken = HashSet::new();
    starts()
        .filter(|start| !start.ancestors().skip(1).any(|above| known.contains(above)))
        .filter(|start| taken.insert(*start))
        .map(Path::to_owned)
        .collect()
}

/// Whether it is a directory to go into; none when it is to be passed over: gone, a broken link, or a circle of links.
fn is_directory(
    item: &Item,
    follow: bool,
    chain: &mut Vec<PathBuf>,
) -> Result<Option<bool>, HashError> {
    let failed = |source| HashError::Io {
        path: item.path.clone(),
        source,
    };
    let kind = match item.kind {
        Some(kind) if !follow || !kind.is_symlink() => kind,
        _ => {
            let metadata = if follow {
                fs::metadata(&item.path)
            } else {
                fs::symlink_metadata(&item.path)
            };
            match metadata {
                Ok(metadata) => metadata.file_type(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(source) => return Err(failed(source)),
            }
        }
    };
    if kind.is_dir() && follow {
        let real = fs::canonicalize(&item.path).map_err(failed)?;
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
    let failed = |source| HashError::Io {
        path: item.path.clone(),
        source,
    };
    let mut children = Vec::new();
    for entry in fs::read_dir(&item.path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        children.push(Item {
            path: entry.path(),
            level: item.level + 1,
            kind: entry.file_type().ok(),
        });
    }
    children.sort_unstable_by(|a, b| {
        b.path
            .as_os_str()
            .as_bytes()
            .cmp(a.path.as_os_str().as_bytes())
    });
    Ok(children)
}

/// Whether it lies in the workspace and is a file, or a link to one.
fn is_hashable(path: &Path, workspace: &Path) -> Result<bool, HashError> {
    if path == workspace || !path.starts_with(workspace) {
        return Ok(false);
    }
    let metadata = fs::metadata(path).map_err(|source| HashError::Io {
        path: path.to_owned(),
        source,
    })?;
    Ok(metadata.is_file())
}
