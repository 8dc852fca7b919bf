//! The place a job works in, as seen by checkout.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;

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

    /// A path through which this process can create and remove files of `relative`. It is asked for again after
    /// [`Workspace::mount`].
    fn host_path(&self, relative: &Path) -> PathBuf;

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

    fn host_path(&self, relative: &Path) -> PathBuf {
        self.root.join(relative)
    }

    fn git(&self, run: &GitRun) -> io::Result<Output> {
        todo!("{run:?}")
    }
}

/// Copies a snapshot's files into `to` (created when missing), keeping modes, times and symlinks, by reflink where
/// the file system can, with several threads.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    todo!("{from:?} {to:?}")
}
