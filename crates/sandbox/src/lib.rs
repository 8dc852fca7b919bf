//! Where a job's processes live.

mod command;
mod error;
mod isolation;
mod launcher;
mod process;
mod sandbox;
mod spec;

use std::path::Path;

pub use command::Command;
pub use error::Error;
pub use isolation::{Isolation, Mode};
pub use launcher::Launcher;
pub use process::{ExitStatus, Process, ProcessName};
pub use sandbox::Sandbox;
pub use spec::{Bind, FreshDir, LauncherConfig, Limits, Network, Placement, SandboxSpec};

/// Must be the first thing `main` calls, before any thread or runtime: when this process was started as a
/// sandbox helper it does that work and never returns; otherwise it returns at once.
pub fn maybe_run_helper() {}

/// Removes what launchers that are dead left in `state_dir`: layers and control groups. Those of living ones are
/// never touched. Missing directories are fine. Returns how many launchers' remains were removed.
pub fn sweep(_state_dir: &Path) -> Result<usize, Error> {
    Ok(0)
}
