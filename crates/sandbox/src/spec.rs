//! What a caller asks for when it wants a sandbox.

use std::path::PathBuf;

use crate::{Confinement, Member, Root, Sandbox, Tree};

/// What one launcher needs to know, once for all its sandboxes.
#[derive(Debug, Clone)]
pub struct LauncherConfig {
    /// Where the layers of running sandboxes are kept: an existing or creatable directory of the calling user's own.
    /// It is hidden inside every sandbox. [`crate::sweep`] removes from it what dead launchers left behind.
    pub state_dir: PathBuf,
    /// The host directory below which every `lower` given to [`crate::Sandbox::mount_overlay`] lies.
    pub snapshot_root: Option<PathBuf>,
    /// How many sandboxes to prepare ahead, and of which kind, as soon as the launcher starts.
    pub prewarm: Option<(Placement, usize)>,
    /// Where directories are going to be mounted. Those that the host lacks are made once for all sandboxes, which is
    /// cheaper than in the writable layer of each; naming them changes nothing else.
    pub mount_points: Vec<PathBuf>,
}

impl LauncherConfig {
    /// A launcher without a snapshot store and without sandboxes prepared ahead.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        Self { state_dir: state_dir.into(), snapshot_root: None, prewarm: None, mount_points: Vec::new() }
    }
}

/// Whether a job's processes are isolated or run as they would in a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// Namespaces and overlays, as far as the kernel allows; [`crate::Isolation`] says how far that was.
    #[default]
    Isolated,
    /// Straight on the host: the same paths, the same files. Only the end of every process is guaranteed.
    Host,
}

/// What a sandbox may reach over the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Network {
    /// The host's own network.
    #[default]
    Host,
    /// A network of its own, holding nothing but the loopback device.
    Private,
    /// A place in a job's private network. Needs [`Root::Layers`], or root.
    Member(Member),
    /// The same interfaces and ports as another sandbox, which must be running.
    Join(Sandbox),
}

/// Upper bounds for everything in one sandbox together. `None` means unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// Bytes of memory; swap is denied where the kernel lets us.
    pub memory_bytes: Option<u64>,
    /// Processes and threads, with the sandbox's own init counted in.
    pub pids: Option<u64>,
    /// Processors' worth of time, `1.5` being one and a half.
    pub cpus: Option<f64>,
}

impl Limits {
    /// Whether anything is bounded at all; without, no control group is made.
    pub fn any(&self) -> bool {
        self.memory_bytes.is_some() || self.pids.is_some() || self.cpus.is_some()
    }
}

/// A fresh, empty, writable directory. It is a plain host directory below [`SandboxSpec::job_dir`], so that the
/// calling process reads and writes it by [`crate::Sandbox::host_path`] without entering the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshDir {
    /// Absolute path inside the sandbox.
    pub path: PathBuf,
}

/// A host file or directory shown inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Absolute host path; must exist.
    pub source: PathBuf,
    /// Absolute path inside; created when missing.
    pub target: PathBuf,
    /// Whether writes are refused. Otherwise they reach the host.
    pub read_only: bool,
}

/// A part of another sandbox shown inside.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeBind {
    pub tree: Tree,
    /// Absolute path inside; created when missing.
    pub target: PathBuf,
    /// Whether writes are refused. Otherwise they reach the other sandbox.
    pub read_only: bool,
}

/// One sandbox.
#[derive(Debug, Clone, PartialEq)]
pub struct SandboxSpec {
    /// For messages and names of control groups; need not be unique.
    pub name: String,
    /// The host name inside; ignored by [`Placement::Host`].
    pub hostname: String,
    pub placement: Placement,
    /// What lies at `/`: the host's files, or an image's.
    pub root: Root,
    /// What processes may do and what the root's surroundings are like. Only [`Root::Layers`] heeds it; a sandbox over
    /// the host's files looks as the host does.
    pub confinement: Confinement,
    /// A host directory belonging to this job alone; created when missing, best in [`crate::Launcher::jobs_dir`]. Fresh
    /// directories and the writable layers of later overlays lie in it. [`crate::Sandbox::destroy`] removes what the
    /// sandbox put there.
    pub job_dir: PathBuf,
    pub dirs: Vec<FreshDir>,
    pub binds: Vec<Bind>,
    /// Parts of other sandboxes. Needs [`Root::Layers`].
    pub trees: Vec<TreeBind>,
    pub network: Network,
    pub limits: Limits,
    /// Paths that must look empty inside. The launcher's state directory always does.
    pub hide: Vec<PathBuf>,
}

impl SandboxSpec {
    /// An isolated sandbox with the host's network, no limits and no directories of its own.
    pub fn new(name: impl Into<String>, job_dir: impl Into<PathBuf>) -> Self {
        let name = name.into();
        Self {
            hostname: name.clone(),
            name,
            placement: Placement::Isolated,
            root: Root::Host,
            confinement: Confinement::default(),
            job_dir: job_dir.into(),
            dirs: Vec::new(),
            binds: Vec::new(),
            trees: Vec::new(),
            network: Network::Host,
            limits: Limits::default(),
            hide: Vec::new(),
        }
    }
}
