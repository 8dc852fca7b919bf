//! Mount points that the host lacks, made once for all sandboxes.
//!
//! A sandbox could make them in its own writable layer. There each costs the copy of a directory and a new one, which on
//! a disk is a good part of what a short job costs.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

/// A tree at `tree` with those of `wanted` that the host lacks. `None` when there are none, or when it cannot be made:
/// sandboxes then make what they need.
pub(super) fn make(tree: &Path, wanted: &[PathBuf]) -> Option<PathBuf> {
    let missing: Vec<_> = wanted.iter().filter(|path| path.symlink_metadata().is_err()).collect();
    if missing.is_empty() {
        return None;
    }
    fs::DirBuilder::new().mode(0o755).create(tree).ok()?;
    for path in missing {
        if make_one(tree, path).is_err() {
            let _ = fs::remove_dir_all(tree);
            return None;
        }
    }
    Some(tree.to_owned())
}

fn make_one(tree: &Path, path: &Path) -> io::Result<()> {
    let mut ancestors: Vec<&Path> = path.ancestors().filter(|ancestor| ancestor.parent().is_some()).collect();
    ancestors.reverse();
    for host in ancestors {
        let own = tree.join(host.strip_prefix("/").unwrap_or(host));
        let like = match host.symlink_metadata() {
            Ok(found) if !found.is_dir() => return Err(io::ErrorKind::NotADirectory.into()),
            found => found.ok(),
        };
        match fs::DirBuilder::new().mode(0o755).create(&own) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        // The merged directory looks like the upper one.
        if let Some(like) = like {
            fs::set_permissions(&own, fs::Permissions::from_mode(like.mode() & 0o7777))?;
            chown(&own, Some(like.uid()), Some(like.gid()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_made_and_looks_like_its_surroundings() {
        let place = tempfile::tempdir().unwrap();
        let there = place.path().join("there");
        fs::create_dir(&there).unwrap();
        fs::set_permissions(&there, fs::Permissions::from_mode(0o710)).unwrap();
        let tree = place.path().join("tree");
        assert_eq!(make(&tree, std::slice::from_ref(&there)), None);
        assert!(!tree.exists());

        let inside = |path: &Path| tree.join(path.strip_prefix("/").unwrap());
        assert_eq!(make(&tree, &[there.join("a/b"), there.join("a")]), Some(tree.clone()));
        assert!(inside(&there.join("a/b")).is_dir());
        assert_eq!(inside(&there).metadata().unwrap().mode() & 0o7777, 0o710);
    }

    #[test]
    fn a_link_on_the_way_is_left_to_each_sandbox() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        let tree = place.path().join("tree");
        assert_eq!(make(&tree, &[link.join("a")]), None);
        assert!(!tree.exists());
    }
}
