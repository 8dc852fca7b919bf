//! Where a job finds its directories: GitHub's own layout, inside the sandbox.

use std::io;
use std::path::{Path, PathBuf};

use sandbox::{Bind, FreshDir, Placement, Sandbox, SandboxSpec};
use workflow::{Step, StepKind};

use crate::request::{JobRequest, Surroundings};

const HOME: &str = "/home/runner";
/// Directories that are empty at a job's start.
const COVERED: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "/run", HOME];
const TOOL_CACHE: &str = "/opt/hostedtoolcache";
/// Where a launcher should expect directories of jobs.
pub fn mount_points() -> Vec<PathBuf> {
    [HOME, TOOL_CACHE].map(PathBuf::from).into()
}

/// Fresh in every sandbox.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// Whether anything may check out a repository.
fn uses_actions(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Uses { .. } => true,
        StepKind::Parallel { steps } => uses_actions(steps),
        _ => false,
    })
}

/// Paths as the job's processes name them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) home: PathBuf,
    /// `runner.workspace`: holds the workspace.
    pub(crate) runner_workspace: PathBuf,
    pub(crate) workspace: PathBuf,
    pub(crate) temp: PathBuf,
    pub(crate) actions: PathBuf,
    pub(crate) tool_cache: PathBuf,
    /// The event's file.
    pub(crate) event: PathBuf,
    /// What a job that failed keeps of its files.
    pub(crate) kept: PathBuf,
}

/// The event's file, below `RUNNER_TEMP`.
pub(crate) const EVENT: &str = "_github_workflow/event.json";
/// HOME of containers, below `RUNNER_TEMP`.
pub(crate) const CONTAINER_HOME: &str = "_github_home";
pub(crate) const CONTAINER_WORKFLOW: &str = "_github_workflow";
const CONTAINER_WORK: &str = "/__w";

impl Layout {
    /// What jobs have of GitHub's machines for themselves: workspaces, temporary files.
    pub(crate) fn work_of_machine() -> PathBuf {
        Path::new(HOME).join("work")
    }

    /// Where things are on GitHub's machines.
    pub(crate) fn of_machine(repository: &str) -> Self {
        let (home, work) = (PathBuf::from(HOME), Self::work_of_machine());
        Self {
            runner_workspace: work.join(repository),
            workspace: work.join(repository).join(repository),
            temp: work.join("_temp"),
            actions: work.join("_actions"),
            tool_cache: PathBuf::from(TOOL_CACHE),
            event: work.join("_temp").join(EVENT),
            kept: home.clone(),
            home,
        }
    }

    /// Where things are in an image: as GitHub's runner has it in a job's container, else as on a machine.
    pub(crate) fn in_image(is_job_container: bool, repository: &str) -> Self {
        if !is_job_container {
            return Self::of_machine(repository);
        }
        let work = PathBuf::from(CONTAINER_WORK);
        Self {
            home: PathBuf::from("/github/home"),
            runner_workspace: work.join(repository),
            workspace: work.join(repository).join(repository),
            temp: work.join("_temp"),
            actions: work.join("_actions"),
            tool_cache: PathBuf::from("/__t"),
            event: PathBuf::from("/github/workflow/event.json"),
            kept: work,
        }
    }

    /// Makes the directories of a job in an image below `work`. Returns what to show in the container.
    pub(crate) fn make_shown(&self, work: &Path, is_job_container: bool) -> io::Result<Vec<Bind>> {
        let real = |path: &Path| work.join(path.strip_prefix(&self.kept).unwrap_or(path));
        for dir in [&self.workspace, &self.temp, &self.actions] {
            std::fs::create_dir_all(real(dir))?;
        }
        let bind = |source: PathBuf, target: &str| Bind { source, target: target.into(), read_only: false };
        let mut binds = vec![Bind { source: work.to_owned(), target: self.kept.clone(), read_only: false }];
        if is_job_container {
            for (name, target) in [(CONTAINER_HOME, "/github/home"), (CONTAINER_WORKFLOW, "/github/workflow")] {
                let source = real(&self.temp).join(name);
                std::fs::create_dir_all(&source)?;
                binds.push(bind(source, target));
            }
        }
        Ok(binds)
    }

    /// Shows the directory `work` of a job in an image to a sandbox that stands for the machine, where a job without an image
    /// has it.
    pub(crate) fn show_in_machine(spec: &mut SandboxSpec, work: PathBuf, is_job_container: bool) -> io::Result<()> {
        std::fs::create_dir_all(&work)?;
        let home = PathBuf::from(HOME);
        let target = if is_job_container {
            Self::work_of_machine()
        } else {
            spec.dirs.retain(|dir| dir.path != home);
            home
        };
        spec.binds.push(Bind { source: work, target, read_only: false });
        Ok(())
    }

    /// What to ask the sandbox for. The workspace is a directory within the fresh home.
    pub(crate) fn spec(request: &JobRequest, steps: &[Step], around: &Surroundings, job_dir: &Path) -> SandboxSpec {
        let wanted = Self::of_machine(&around.repository_name.name);
        let mut spec = SandboxSpec::new(format!("leg-{}", request.leg), job_dir);
        spec.hostname = "runner".to_owned();
        spec.placement = request.placement;
        spec.network = request.network.clone();
        spec.limits = request.limits;
        spec.hide.clone_from(&around.hide);
        spec.dirs = vec![FreshDir { path: wanted.home.clone() }];
        spec.binds = vec![Bind { source: around.tool_cache.clone(), target: wanted.tool_cache, read_only: false }];
        // The job's `docker` is this program, which may lie where a job finds a directory of its own.
        let out_of_sight = |path: &Path| {
            COVERED.iter().any(|covered| path.starts_with(covered))
                || around.hide.iter().any(|dir| path.starts_with(dir))
        };
        if let Ok(own) = std::env::current_exe()
            && out_of_sight(&own)
        {
            spec.binds.push(Bind { source: own.clone(), target: own, read_only: true });
        }
        if !uses_actions(steps) {
            return spec;
        }
        // A job's git borrows objects from the user's repository and from the snapshots. Where a fresh directory of the
        // sandbox covers them they are shown again.
        let mut borrowed = around.repository.object_dirs();
        borrowed.push(around.snapshots.root().to_owned());
        for dir in borrowed.into_iter().filter(|dir| out_of_sight(dir)) {
            spec.binds.push(Bind { source: dir.clone(), target: dir, read_only: true });
        }
        // A job's temporary directories are its own. Where the repository lies in the host's, its objects are brought in by
        // name: checkouts share them.
        let objects = around.repository.common_dir().map(|dir| dir.join("objects"));
        if let Some(objects) = objects.filter(|path| TEMPORARY.iter().any(|temporary| path.starts_with(temporary))) {
            spec.binds.push(Bind { source: objects.clone(), target: objects, read_only: true });
        }
        // Submodules are cloned from where git keeps them.
        let modules = around.repository.common_dir().map(|dir| dir.join("modules"));
        if let Some(modules) = modules.filter(|dir| out_of_sight(dir) && dir.is_dir()) {
            spec.binds.push(Bind { source: modules.clone(), target: modules, read_only: true });
        }
        spec
    }

    /// The layout in a sandbox that stands, its directories made.
    pub(crate) fn of(sandbox: &Sandbox, request: &JobRequest, repository: &str) -> io::Result<Self> {
        let wanted = Self::of_machine(repository);
        let real = Self {
            home: sandbox.inside_path(&wanted.home),
            runner_workspace: sandbox.inside_path(&wanted.runner_workspace),
            workspace: sandbox.inside_path(&wanted.workspace),
            temp: sandbox.inside_path(&wanted.temp),
            actions: sandbox.inside_path(&wanted.actions),
            tool_cache: sandbox.inside_path(&wanted.tool_cache),
            event: sandbox.inside_path(&wanted.event),
            kept: sandbox.inside_path(&wanted.kept),
        };
        for dir in [&real.workspace, &real.temp] {
            std::fs::create_dir_all(sandbox.host_path(dir))?;
        }
        // On the host a job keeps the user's own home: tools and credentials live there.
        let home = match (request.placement, std::env::var_os("HOME")) {
            (Placement::Host, Some(home)) => PathBuf::from(home),
            _ => real.home.clone(),
        };
        Ok(Self { home, ..real })
    }
}
