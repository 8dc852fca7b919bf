//! Copies of trees, bounded.

use std::fs::{self, File, FileTimes, FileType};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// How much may be copied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) entries: u64,
}

/// Whether a tree is within bounds, without reading a file.
pub(super) fn fits(tree: &Path, bounds: Bounds) -> io::Result<bool> {
    let (mut bytes, mut entries) = (0, 0);
    let mut open = vec![tree.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            entries += 1;
            if meta.is_dir() {
                open.push(entry.path());
            } else {
                bytes += meta.len();
            }
            if bytes > bounds.bytes || entries > bounds.entries {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Copies what is in `from` into `to`, over what is there: directories, files with their modes and times, links as they
/// are. Pipes, sockets and devices are left out, and what `wanted` does not want: it is asked for everything else, and
/// not for what is in a directory that it refused.
pub(super) fn copy_into(
    from: &Path,
    to: &Path,
    mut wanted: impl FnMut(&Path, FileType) -> io::Result<bool>,
) -> io::Result<()> {
    let mut open = vec![(from.to_owned(), to.to_owned())];
    // Deepest last: modes and times are set once nothing is written below any more.
    let mut directories = Vec::new();
    while let Some((from, to)) = open.pop() {
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let (kind, source, target) = (entry.file_type()?, entry.path(), to.join(entry.file_name()));
            let plain = kind.is_dir() || kind.is_symlink() || kind.is_file();
            if !plain || !wanted(&source, kind)? {
                continue;
            }
            if kind.is_dir() {
                open.push((source, target));
            } else if kind.is_symlink() {
                let _ = fs::remove_file(&target);
                symlink(fs::read_link(&source)?, &target)?;
            } else {
                let _ = fs::remove_file(&target);
                fs::copy(&source, &target)?;
                let modified = entry.metadata()?.modified()?;
                // A file that its owner may not write has its time set by nobody else.
                let _ = File::open(&target).and_then(|file| file.set_times(FileTimes::new().set_modified(modified)));
            }
        }
        directories.push((from, to));
    }
    for (from, to) in directories.into_iter().rev() {
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn trees_are_copied_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| dir.path().join(name));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/file"), "text").unwrap();
        fs::set_permissions(from.join("a/b/file"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/nowhere", from.join("link")).unwrap();
        fs::set_permissions(from.join("a/b"), fs::Permissions::from_mode(0o555)).unwrap();
        copy_into(&from, &to, |_, _| Ok(true)).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/file")).unwrap(), "text");
        assert_eq!(fs::metadata(to.join("a/b/file")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::metadata(to.join("a/b")).unwrap().permissions().mode() & 0o777, 0o555);
        let times = [&from, &to].map(|root| fs::metadata(root.join("a/b/file")).unwrap().modified().unwrap());
        assert_eq!(times[0], times[1]);
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/nowhere"));
        for (bytes, entries, expected) in [(100, 100, true), (3, 100, false), (100, 3, false)] {
            assert_eq!(fits(&from, Bounds { bytes, entries }).unwrap(), expected);
        }
        for root in [&from, &to] {
            fs::set_permissions(root.join("a/b"), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}
