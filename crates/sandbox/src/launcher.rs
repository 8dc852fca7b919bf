//! Makes sandboxes.

use crate::{Error, LauncherConfig, Sandbox, SandboxSpec};

/// Owner of the helper process from which every sandbox is forked. Dropping it ends them all.
#[derive(Debug)]
pub struct Launcher {}

impl Launcher {
    /// Starts the helper and returns at once; needs no async runtime, so call it as early as possible.
    pub fn start(_config: LauncherConfig) -> Result<Self, Error> {
        Err(Error::Gone)
    }
    /// Prepares `count` sandboxes ahead, on top of those already prepared.
    pub fn prewarm(&self, _count: usize) -> Result<(), Error> {
        Err(Error::Gone)
    }
    /// Makes a sandbox, or takes one prepared ahead.
    pub async fn sandbox(&self, _spec: SandboxSpec) -> Result<Sandbox, Error> {
        Err(Error::Gone)
    }
}
