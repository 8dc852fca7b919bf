//! The place a job works in, as seen by checkout.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, futimens, ioctl_ficlone, utimensat};

use crate::threads::in_runs;

/// One git command to run inside the workspace.
#[derive(Debug, Clone, Default)]
pub struct GitRun {
    /// Arguments after `git`.
    pub args: Vec<OsString>,
    /// Environment on top of the job's.
    pub env: Vec<(OsString, OsString)>,
    /// Directory relative to the workspace.
    pub dir: PathBuf,
}

/// The job's workspace. A sandbox implements it with mounts in the job's namespace, host mode with plain
/// directories ([`HostWorkspace`]).
pub trait Workspace {
    /// The workspace (`GITHUB_WORKSPACE`) as the job's processes name it.
    fn job_path(&self) -> &Path;

    /// A path through which this process can create and remove `relative`. Links on the way to it are followed as the
    /// job's processes follow them: none is left that would lead this process elsewhere. A link in the last place is
    /// not followed. It is asked for again after [`Workspace::mount`].
    fn host_path(&self, relative: &Path) -> io::Result<PathBuf>;

    /// Mounts a writable overlay over the read-only directory `lower` at `relative`. `Ok(false)`: not possible
    /// here, the files are copied instead.
    fn mount(&self, lower: &Path, relative: &Path) -> io::Result<bool> {
        let _ = (lower, relative);
        Ok(false)
    }

    /// Runs git where the workspace is visible under [`Workspace::job_path`]. Output is captured; stdin is empty.
    fn git(&self, run: &GitRun) -> io::Result<Output>;
}

/// A workspace that is a plain directory of this machine.
#[derive(Debug, Clone)]
pub struct HostWorkspace {
    root: PathBuf,
}

impl HostWorkspace {
    /// `root` must exist.
    pub fn new(root: PathBuf) -> HostWorkspace {
        HostWorkspace { root }
    }
}

impl Workspace for HostWorkspace {
    fn job_path(&self) -> &Path {
        &self.root
    }

    fn host_path(&self, relative: &Path) -> io::Result<PathBuf> {
        Ok(self.root.join(relative))
    }

    fn git(&self, run: &GitRun) -> io::Result<Output> {
        let mut git = std::process::Command::new("git");
        git.args(&run.args).envs(run.env.iter().map(|(name, value)| (name, value)));
        git.current_dir(self.root.join(&run.dir)).stdin(Stdio::null()).output()
    }
}

/// Copies a snapshot's files into `to` (created when missing), keeping modes, times and symlinks, by reflink where
/// the file system can, with several threads.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut files = Vec::new();
    let mut links = Vec::new();
    let mut dirs = vec![PathBuf::new()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(from.join(&dir))? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, dir.join(entry.file_name()));
            if kind.is_dir() {
                match std::fs::create_dir(to.join(&path)) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => dirs.push(path),
                }
            } else if kind.is_symlink() {
                links.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let reflink = AtomicBool::new(true);
    in_runs(&files, |run| run.iter().try_for_each(|path| copy_file(&from.join(path), &to.join(path), &reflink)))?;
    for path in links {
        let (source, target) = (from.join(&path), to.join(&path));
        std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        let meta = source.symlink_metadata()?;
        let times = times(&meta);
        utimensat(CWD, &target, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

fn copy_file(source: &Path, target: &Path, reflink: &AtomicBool) -> io::Result<()> {
    let mut from = File::open(source)?;
    let meta = from.metadata()?;
    let mut to = OpenOptions::new().write(true).create_new(true).mode(meta.mode() & 0o777).open(target)?;
    let cloned = reflink.load(Ordering::Relaxed) && {
        let done = ioctl_ficlone(&to, &from).is_ok();
        reflink.store(done, Ordering::Relaxed);
        done
    };
    if !cloned {
        io::copy(&mut from, &mut to)?;
    }
    futimens(&to, &times(&meta))?;
    Ok(())
}

fn times(meta: &std::fs::Metadata) -> Timestamps {
    let time = Timespec { tv_sec: meta.mtime(), tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}
