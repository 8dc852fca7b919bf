//! What is made ready before a run is driven.

use std::collections::HashMap;
use std::sync::Arc;

use actions::Resolver;
use expr::Value;
use sandbox::{Launcher, LauncherConfig, Placement};
use tokio::runtime::Runtime;
use trigger::Event;

use super::plan::Plan;
use super::resume::Resume;
use super::values::Values;
use crate::args::RunArgs;
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::project::Project;

/// Everything that was decided before the first job.
pub(crate) struct Ready<'a> {
    pub(crate) args: &'a RunArgs,
    pub(crate) dirs: Dirs,
    pub(crate) project: Project,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) event: Event,
    pub(crate) plan: Plan,
    pub(crate) values: Values,
    /// `inputs` by workflow path.
    pub(crate) inputs: HashMap<String, Value>,
    /// `--matrix`
    pub(crate) matrix: Vec<(String, String)>,
    /// To be told before the first job.
    pub(crate) notices: Vec<String>,
    pub(crate) resume: Resume,
}

/// What starts while the workflow files are still being read.
pub(crate) struct Early {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) launcher: Arc<Launcher>,
}

impl Early {
    pub(crate) fn begin(args: &RunArgs, dirs: &Dirs) -> Result<Self, Failure> {
        dirs.create()?;
        let workers = std::thread::available_parallelism().map_or(2, usize::from).min(4);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .max_blocking_threads(64)
            .enable_all()
            .build()
            .map_err(Failure::broken)?;
        let mut config = LauncherConfig::new(&dirs.state);
        config.snapshot_root = Some(dirs.cache.clone());
        let on_host = args.machine.platform.iter().any(|text| text.ends_with("=host"));
        config.prewarm = Some((if on_host { Placement::Host } else { Placement::Isolated }, 1));
        config.mount_points = runner::mount_points();
        let launcher = {
            let _inside = runtime.enter();
            Launcher::start(config).map_err(|error| Failure::broken(error.to_string()))?
        };
        let state = dirs.state.clone();
        runtime.spawn_blocking(move || {
            // What a killed Trunkline left behind; if it cannot be removed now, the next start tries again.
            let _ = sandbox::sweep(&state);
        });
        Ok(Self { runtime: Arc::new(runtime), launcher: Arc::new(launcher) })
    }
}
