//! `docker cp`: files in and out.

use std::os::fd::AsFd as _;
use std::path::Path;

use rustix::fs::OFlags;
use sandbox::Sandbox;

use super::Container;
use crate::inside::Root;
use crate::tree::{self, Owner};
use crate::{Error, Result};

impl Container {
    /// Copies between the container and another root. As `cp -r` does: into `to` when that is a directory; its content
    /// alone when `from` ends in `/.`.
    pub async fn copy_out(&self, from: &Path, other: Root, to: &Path, owner: Owner) -> Result<()> {
        let place = format!(" in container {}", self.name());
        self.with_root(move |root, from, to| copy(&root, from, &other, to, owner, &place), from, to).await
    }

    /// The other way round.
    pub async fn copy_in(&self, other: Root, from: &Path, to: &Path, owner: Owner) -> Result<()> {
        self.with_root(move |root, from, to| copy(&other, from, &root, to, owner, ""), from, to).await
    }

    async fn with_root<F>(&self, work: F, from: &Path, to: &Path) -> Result<()>
    where
        F: FnOnce(Root, &Path, &Path) -> Result<()> + Send + 'static,
    {
        // One that does not run has no mounts; its files are shown by a sandbox without processes.
        let (sandbox, own): (Sandbox, bool) = match self.sandbox() {
            Some(sandbox) => (sandbox, false),
            None => (self.bare_sandbox().await?, true),
        };
        let root = Root::open(&sandbox.host_path(Path::new("/"))).map_err(Error::io("opening the container's root"));
        let (from, to) = (from.to_owned(), to.to_owned());
        let done = match root {
            Ok(root) => {
                let done = tokio::task::spawn_blocking(move || work(root, &from, &to)).await;
                done.unwrap_or_else(|_| Err(Error::Refused("copying was interrupted".into())))
            }
            Err(error) => Err(error),
        };
        if own {
            sandbox.destroy().await?;
        }
        done
    }
}

/// Copies between roots; both paths are absolute. `place` says where a file is missing.
fn copy(from_root: &Root, from: &Path, to_root: &Root, to: &Path, owner: Owner, place: &str) -> Result<()> {
    let directory = OFlags::RDONLY | OFlags::DIRECTORY;
    let text = from.as_os_str().as_encoded_bytes();
    let content_only = text.ends_with(b"/.") || from == Path::new("/");
    let missing = |path: &Path| {
        let why = format!("Could not find the file {}{place}", path.display());
        move |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Refused(why),
            _ => Error::Io { what: why, source },
        }
    };
    let failed = |path: &Path| Error::io(format!("copying {}", path.display()));
    let wants_directory = to.as_os_str().as_encoded_bytes().ends_with(b"/");
    if content_only {
        let source = from_root.file(from, directory).map_err(missing(from))?;
        to_root.make_dirs(to, None).map_err(failed(to))?;
        let target = to_root.file(to, directory).map_err(failed(to))?;
        return tree::copy_content(source.as_fd(), target.as_fd(), owner).map_err(failed(from));
    }
    let (source_dir, name) = from_root.parent(from).map_err(missing(from))?;
    let stat = rustix::fs::statat(&source_dir, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    let stat = stat.map_err(|errno| missing(from)(errno.into()))?;
    let is_dir = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::Directory;
    match to_root.file(to, directory) {
        Ok(target) => tree::copy(source_dir.as_fd(), name, target.as_fd(), name, owner).map_err(failed(from)),
        Err(_) if wants_directory && !is_dir => Err(Error::Refused(format!("no such directory: {}", to.display()))),
        Err(_) => {
            let (target_dir, new_name) = to_root.parent(to).map_err(missing(to))?;
            tree::copy(source_dir.as_fd(), name, target_dir.as_fd(), new_name, owner).map_err(failed(from))
        }
    }
}
