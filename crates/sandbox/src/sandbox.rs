//! One sandbox, seen from the calling process.

use std::path::{Path, PathBuf};

use crate::{Command, Error, Isolation, Process, ProcessName};

/// A place where processes live. Cheap to clone; when the last clone is dropped everything inside is killed.
#[derive(Debug, Clone)]
pub struct Sandbox {
    isolation: Isolation,
}

impl Sandbox {
    /// How far it is isolated in truth.
    pub fn isolation(&self) -> &Isolation {
        &self.isolation
    }
    /// Mounts an overlay of the host directory `lower` (below the launcher's `snapshot_root`) at `target`, a path
    /// inside, which is created when missing. Writes go to `job_dir`. [`Error::Unsupported`] in host mode.
    pub async fn mount_overlay(&self, _lower: &Path, _target: &Path) -> Result<(), Error> {
        Err(Error::Gone)
    }
    /// Starts a process; returns when the program runs, or with the reason why it does not.
    pub async fn spawn(&self, _command: Command) -> Result<Process, Error> {
        Err(Error::Gone)
    }
    /// Kills everything inside but the sandbox's own init, and returns when all of it is gone.
    pub async fn kill_all(&self) -> Result<(), Error> {
        Err(Error::Gone)
    }
    /// What is running inside, init left out.
    pub async fn processes(&self) -> Result<Vec<ProcessName>, Error> {
        Err(Error::Gone)
    }
    /// The host path of a path inside: the backing directory of fresh directories and binds, otherwise a path
    /// through `/proc/<init>/root`, valid while the sandbox lives.
    pub fn host_path(&self, inside: &Path) -> PathBuf {
        inside.to_owned()
    }
    /// The path under which processes of this sandbox find what the spec asked for at `wanted`: the same when
    /// isolated; in host mode, where nothing can be mounted, the backing directory of fresh directories and binds.
    pub fn inside_path(&self, wanted: &Path) -> PathBuf {
        wanted.to_owned()
    }
    /// Kills everything, waits for the end of all processes and removes the layers and fresh directories (large
    /// trees in the background). Calling it again does nothing.
    pub async fn destroy(&self) -> Result<(), Error> {
        Err(Error::Gone)
    }
}
