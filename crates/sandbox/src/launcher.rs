//! Makes sandboxes.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::helper::HELPER_WORD;
use crate::remains::Instance;
use crate::wire::{Hello, ToHelper, Wire as _};
use crate::{
    Error, LauncherConfig, NetworkHandle, NetworkSpec, Placement, Root, Sandbox, SandboxSpec, channel, sandbox,
};

/// Owner of the helper process from which every sandbox is forked. Dropping it ends them all.
#[derive(Debug)]
pub struct Launcher {
    shared: Arc<Shared>,
}

/// What sandboxes need of their launcher.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: LauncherConfig,
    pub(crate) instance: PathBuf,
    state: Mutex<State>,
    numbers: AtomicU32,
}

#[derive(Debug, Default)]
struct State {
    lock: Option<Instance>,
    isolated: Option<Helper>,
    host: Option<Helper>,
    images: Option<Helper>,
    /// Prepared, not yet used.
    spares: Vec<Prepared>,
    image_spares: Vec<Prepared>,
    closed: bool,
}

/// Which of the helpers: each has namespaces of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Isolated,
    Host,
    Images,
}

impl Ground {
    pub(crate) fn of(spec: &SandboxSpec) -> Self {
        match (spec.placement, &spec.root) {
            (Placement::Host, _) => Self::Host,
            (Placement::Isolated, Root::Host) => Self::Isolated,
            (Placement::Isolated, Root::Layers { .. }) => Self::Images,
        }
    }
}

impl State {
    fn helper(&mut self, ground: Ground) -> &mut Option<Helper> {
        match ground {
            Ground::Isolated => &mut self.isolated,
            Ground::Host => &mut self.host,
            Ground::Images => &mut self.images,
        }
    }
}

#[derive(Debug)]
struct Helper {
    control: OwnedFd,
    process: Child,
}

/// An init that waits for its job, or is on the way to.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) number: u32,
    pub(crate) channel: OwnedFd,
}

impl Launcher {
    /// Starts the helper and returns at once; needs no async runtime, so call it as early as possible. The helper for
    /// [`Placement::Host`] is started when first needed, that for [`Placement::Isolated`] now if
    /// [`LauncherConfig::prewarm`] is not zero.
    pub fn start(config: LauncherConfig) -> Result<Self, Error> {
        let instance = Instance::create(&config.state_dir)?;
        let absolute = instance.dir.parent().map_or_else(|| config.state_dir.clone(), PathBuf::from);
        let snapshot_root = config.snapshot_root.map(|root| root.canonicalize().unwrap_or(root));
        let config = LauncherConfig { state_dir: absolute, snapshot_root, ..config };
        let count = config.prewarm;
        let dir = instance.dir.clone();
        let state = Mutex::new(State { lock: Some(instance), ..State::default() });
        let shared = Arc::new(Shared { config, instance: dir, state, numbers: AtomicU32::new(0) });
        let launcher = Self { shared };
        launcher.prewarm(count)?;
        Ok(launcher)
    }

    /// Prepares `count` isolated sandboxes ahead, on top of those already prepared.
    pub fn prewarm(&self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            let spare = self.shared.create(Ground::Isolated)?;
            self.shared.state().spares.push(spare);
        }
        Ok(())
    }

    /// Makes a sandbox, or takes one prepared ahead. Must be called within a tokio runtime, as must all that is done
    /// with the sandbox.
    pub async fn sandbox(&self, spec: SandboxSpec) -> Result<Sandbox, Error> {
        let ground = Ground::of(&spec);
        let spare = match ground {
            Ground::Isolated => self.shared.state().spares.pop(),
            Ground::Images => self.shared.state().image_spares.pop(),
            Ground::Host => None,
        };
        let prepared = match spare {
            Some(prepared) => prepared,
            None => self.shared.create(ground)?,
        };
        sandbox::open(Arc::clone(&self.shared), prepared, spec).await
    }

    /// Prepares `count` sandboxes for image roots ahead.
    pub fn prewarm_images(&self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            let spare = self.shared.create(Ground::Images)?;
            self.shared.state().image_spares.push(spare);
        }
        Ok(())
    }

    /// Makes a private network. Must be called within a tokio runtime.
    pub async fn network(&self, _spec: NetworkSpec) -> Result<NetworkHandle, Error> {
        Err(Error::Gone)
    }

    /// Ends all sandboxes and waits until the helpers have removed everything. Blocks, usually for milliseconds.
    pub fn close(self) {
        for mut helper in self.shared.close() {
            let _ = helper.wait();
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let helpers = self.shared.close();
        if !helpers.is_empty() {
            // Somebody has to reap them, yet nobody needs to wait for it.
            std::thread::spawn(move || {
                helpers.into_iter().for_each(|mut helper| drop(helper.wait()));
            });
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) -> Vec<Child> {
        let mut state = self.state();
        state.closed = true;
        state.spares.clear();
        state.image_spares.clear();
        // The lock first: the helpers remove the instance as soon as nobody holds it.
        state.lock = None;
        let helpers = [state.isolated.take(), state.host.take(), state.images.take()];
        helpers.into_iter().flatten().map(|helper| helper.process).collect()
    }

    fn create(&self, ground: Ground) -> Result<Prepared, Error> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = channel::pair().map_err(Error::Start)?;
        let mut state = self.state();
        if state.closed {
            return Err(Error::Gone);
        }
        let slot = state.helper(ground);
        let helper = match slot {
            Some(helper) => helper,
            None => slot.insert(self.start_helper(ground).map_err(Error::Start)?),
        };
        let request = ToHelper::Create { number }.encode();
        channel::send(&helper.control, &request, &[theirs.as_fd()]).map_err(|_| Error::Gone)?;
        Ok(Prepared { number, channel: ours })
    }

    fn start_helper(&self, ground: Ground) -> io::Result<Helper> {
        let (ours, theirs) = channel::pair()?;
        let process = std::process::Command::new("/proc/self/exe")
            .arg0("trunkline")
            .arg(HELPER_WORD)
            .env_clear()
            .current_dir("/")
            .stdin(theirs)
            // Not the caller's: whoever reads its output to the end must not wait for the helper.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let hello = Hello {
            isolated: ground != Ground::Host,
            images: ground == Ground::Images,
            state_dir: self.config.state_dir.clone(),
            instance: self.instance.clone(),
            snapshot_root: self.config.snapshot_root.clone(),
        };
        channel::send(&ours, &hello.encode(), &[])?;
        Ok(Helper { control: ours, process })
    }

    /// Lets a helper remove what a sandbox left. Without helpers the next sweep does.
    pub(crate) fn remove(&self, ground: Ground, paths: Vec<PathBuf>, cgroups: Vec<PathBuf>, records: Vec<PathBuf>) {
        let mut state = self.state();
        if let Some(helper) = state.helper(ground) {
            let request = ToHelper::Remove { paths, cgroups, records }.encode();
            let _ = channel::send(&helper.control, &request, &[]);
        }
    }
}
