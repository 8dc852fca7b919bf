//! The build's own temporary directory: gone when it ends, swept by the next build when it was killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// A directory with a lock that lives as long as the build does.
#[derive(Debug)]
pub(crate) struct Scratch {
    dir: PathBuf,
    _lock: File,
}

impl Scratch {
    /// Makes a directory below `top` and removes those of builds that are no more.
    pub(crate) fn create(top: &Path) -> io::Result<Self> {
        fs::create_dir_all(top)?;
        sweep(top);
        loop {
            let name = uuid::Uuid::now_v7().simple().to_string();
            let lock_path = top.join(format!("{name}.lock"));
            let lock = File::create_new(&lock_path)?;
            flock(&lock, FlockOperation::LockExclusive)?;
            // Before it was locked, another build may have taken it for a dead one's.
            if lock_path.exists() {
                let dir = top.join(name);
                fs::create_dir(&dir)?;
                return Ok(Self { dir, _lock: lock });
            }
        }
    }

    /// A new directory in it.
    pub(crate) fn directory(&self, what: &str) -> io::Result<PathBuf> {
        let dir = self.dir.join(format!("{what}-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir(&dir)?;
        Ok(dir)
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.dir);
        let _ = fs::remove_file(self.dir.with_extension("lock"));
    }
}

/// Removes what builds left that nobody holds a lock for.
fn sweep(top: &Path) {
    for entry in fs::read_dir(top).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove(&path.with_extension(""));
            let _ = fs::remove_file(&path);
        }
    }
}

/// Removes a tree, also one whose directories deny it to their owner.
pub(crate) fn remove(path: &Path) {
    if fs::remove_dir_all(path).is_ok() {
        return;
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mut pending = vec![path.to_owned()];
    while let Some(dir) = pending.pop() {
        let _ = fs::set_permissions(&dir, fs::Permissions::from_mode(0o700));
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                pending.push(entry.path());
            }
        }
    }
    let _ = fs::remove_dir_all(path);
}
