//! The job's files, reached from outside without being led astray by its links.
//!
//! A host path that goes through the sandbox's root would follow an absolute link to this machine's own files. So links
//! are followed here, one by one, as paths of the job; what is handed to the system afterwards has none left.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use sandbox::Sandbox;

/// Links in one path, as the kernel allows.
const MAX_LINKS: u32 = 40;

/// How paths of a job become paths of this machine.
pub(crate) trait Place: Send + Sync {
    fn host(&self, inside: &Path) -> PathBuf;
}

impl Place for Sandbox {
    fn host(&self, inside: &Path) -> PathBuf {
        self.host_path(inside)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Files<'a>(pub(crate) &'a dyn Place);

impl Files<'_> {
    /// The host path of a path that is known to have no links.
    pub(crate) fn host(self, real: &Path) -> PathBuf {
        self.0.host(real)
    }

    /// Follows every link of an absolute path of the job; what does not exist yet is kept as it stands.
    pub(crate) fn resolve(self, inside: &Path) -> io::Result<PathBuf> {
        self.follow(inside, false)
    }

    /// Follows every link but that of the last part.
    pub(crate) fn resolve_parent(self, inside: &Path) -> io::Result<PathBuf> {
        self.follow(inside, true)
    }

    fn follow(self, inside: &Path, keep_last: bool) -> io::Result<PathBuf> {
        let mut todo: VecDeque<OsString> = VecDeque::new();
        push_front(&mut todo, inside);
        let mut real = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = todo.pop_front() {
            if part == ".." {
                real.pop();
                continue;
            }
            let next = real.join(&part);
            if keep_last && todo.is_empty() {
                return Ok(next);
            }
            let is_link = match fs::symlink_metadata(self.host(&next)) {
                Ok(meta) => meta.file_type().is_symlink(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error),
            };
            if !is_link {
                real = next;
                continue;
            }
            links += 1;
            if links > MAX_LINKS {
                return Err(io::Error::from(rustix::io::Errno::LOOP));
            }
            let target = fs::read_link(self.host(&next))?;
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            push_front(&mut todo, &target);
        }
        Ok(real)
    }
}

fn push_front(todo: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => todo.push_front(name.to_owned()),
            Component::ParentDir => todo.push_front("..".into()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
}

/// An absolute path without `.` and `..`, links not looked at; relative ones start in `base`.
pub(crate) fn absolute(path: &Path, base: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for part in base.join(path).components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    clean
}

/// The way from one absolute path to another, with `..` where it leads up; empty when they are the same.
pub(crate) fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let ups = from.components().skip(shared).map(|_| Component::ParentDir);
    ups.chain(to.components().skip(shared)).collect()
}

/// A job whose root is a directory of this machine, for tests.
#[cfg(test)]
pub(crate) struct Rooted(pub(crate) PathBuf);

#[cfg(test)]
impl Place for Rooted {
    fn host(&self, inside: &Path) -> PathBuf {
        self.0.join(inside.strip_prefix("/").unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_as_the_job_does() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("w/real")).unwrap();
        symlink("/w/real", root.join("w/absolute")).unwrap();
        symlink("real", root.join("w/relative")).unwrap();
        symlink("../../../../w", root.join("w/up")).unwrap();
        symlink("loop", root.join("w/loop")).unwrap();
        symlink("/nowhere/x", root.join("w/broken")).unwrap();
        let place = Rooted(root.to_owned());
        let files = Files(&place);
        for (path, want) in [
            ("/w/absolute/x", "/w/real/x"),
            ("/w/relative", "/w/real"),
            ("/w/up/real/../relative/y", "/w/real/y"),
            ("/w/broken/z", "/nowhere/x/z"),
            ("/new/dir", "/new/dir"),
            ("/../..", "/"),
        ] {
            assert_eq!(files.resolve(Path::new(path)).unwrap(), Path::new(want), "{path}");
        }
        assert!(files.resolve(Path::new("/w/loop/x")).is_err());
        assert_eq!(files.resolve_parent(Path::new("/w/up/relative")).unwrap(), Path::new("/w/relative"));
    }

    #[test]
    fn ways_between_paths() {
        for (from, to, want) in
            [("/a/b", "/a/b", ""), ("/a/b", "/a/b/c", "c"), ("/a/b/c", "/a/x", "../../x"), ("/a", "/", "..")]
        {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(want), "{from} {to}");
        }
        assert_eq!(absolute(Path::new("../x/./y"), Path::new("/a/b")), Path::new("/a/x/y"));
    }
}
