//! Makes sandboxes.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::helper::HELPER_WORD;
use crate::remains::Instance;
use crate::wire::{Hello, ToHelper, Wire as _};
use crate::{
    Error, LauncherConfig, NetworkHandle, NetworkSpec, Placement, Root, Sandbox, SandboxSpec, channel, network,
    remains, sandbox,
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
    spares: Vec<(Ground, Prepared)>,
    /// When the helpers are to end what they have.
    end_at: Option<Instant>,
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

impl Prepared {
    /// An init that has ended has closed its socket.
    fn lives(&self) -> bool {
        let mut socket = [PollFd::new(&self.channel, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut socket, Some(&now)).is_ok_and(|count| count == 0)
    }
}

impl Helper {
    fn end_after(&self, after: Option<Duration>) {
        let milliseconds = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        // A helper that is gone has nothing to end.
        let _ = channel::send(&self.control, &ToHelper::EndAfter { milliseconds }.encode(), &[]);
    }
}

impl Launcher {
    /// Starts the helper and returns at once; needs no async runtime, so call it as early as possible. There is one helper
    /// for each placement, started when first needed or when [`LauncherConfig::prewarm`] names it.
    pub fn start(config: LauncherConfig) -> Result<Self, Error> {
        let instance = Instance::create(&config.state_dir)?;
        let absolute = instance.dir.parent().map_or_else(|| config.state_dir.clone(), PathBuf::from);
        let snapshot_root = config.snapshot_root.map(|root| root.canonicalize().unwrap_or(root));
        let config = LauncherConfig { state_dir: absolute, snapshot_root, ..config };
        let prewarm = config.prewarm;
        let dir = instance.dir.clone();
        let state = Mutex::new(State { lock: Some(instance), ..State::default() });
        let shared = Arc::new(Shared { config, instance: dir, state, numbers: AtomicU32::new(0) });
        let launcher = Self { shared };
        if let Some((placement, count)) = prewarm {
            launcher.prewarm(placement, count)?;
        }
        Ok(launcher)
    }

    /// A directory for the job directories of sandboxes, which goes with this launcher, however it ends.
    pub fn jobs_dir(&self) -> PathBuf {
        self.shared.instance.join(remains::JOBS)
    }

    /// Prepares `count` sandboxes ahead, on top of those already prepared.
    pub fn prewarm(&self, placement: Placement, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            self.shared.prepare(match placement {
                Placement::Isolated => Ground::Isolated,
                Placement::Host => Ground::Host,
            })?;
        }
        Ok(())
    }

    /// Makes a sandbox, or takes one prepared ahead. Must be called within a tokio runtime, as must all that is done
    /// with the sandbox.
    pub async fn sandbox(&self, spec: SandboxSpec) -> Result<Sandbox, Error> {
        let ground = Ground::of(&spec);
        let prepared = match self.shared.spare(ground) {
            Some(prepared) => prepared,
            None => self.shared.create(ground)?,
        };
        sandbox::open(Arc::clone(&self.shared), prepared, spec).await
    }

    /// Prepares `count` sandboxes for image roots ahead.
    pub fn prewarm_images(&self, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            self.shared.prepare(Ground::Images)?;
        }
        Ok(())
    }

    /// Makes a private network. Must be called within a tokio runtime.
    pub async fn network(&self, spec: NetworkSpec) -> Result<NetworkHandle, Error> {
        let (ours, theirs) = channel::pair().map_err(Error::Start)?;
        self.shared.ask(Ground::Images, &ToHelper::Network {}, &theirs)?;
        drop(theirs);
        let number = self.shared.numbers.fetch_add(1, Ordering::Relaxed);
        network::make(spec, ours, std::process::id().wrapping_add(number)).await
    }

    /// Ends all sandboxes, prepared ones too, once so much time has passed, even if this process stands still by then (stopped
    /// by a signal, or with the whole machine, whose sleep counts). Another call puts another time in its place; `None` takes
    /// it back. The launcher goes on to make sandboxes either way.
    pub fn end_after(&self, after: Option<Duration>) {
        self.shared.end_after(after);
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

    fn prepare(&self, ground: Ground) -> Result<(), Error> {
        let spare = self.create(ground)?;
        self.state().spares.push((ground, spare));
        Ok(())
    }

    fn spare(&self, ground: Ground) -> Option<Prepared> {
        let mut state = self.state();
        loop {
            let index = state.spares.iter().rposition(|(of, _)| *of == ground)?;
            let (_, spare) = state.spares.swap_remove(index);
            if spare.lives() {
                return Some(spare);
            }
        }
    }

    fn end_after(&self, after: Option<Duration>) {
        let mut state = self.state();
        state.end_at = after.and_then(|after| Instant::now().checked_add(after));
        for helper in [&state.isolated, &state.host, &state.images].into_iter().flatten() {
            helper.end_after(after);
        }
    }

    fn close(&self) -> Vec<Child> {
        let mut state = self.state();
        state.closed = true;
        state.spares.clear();
        // The lock first: the helpers remove the instance as soon as nobody holds it.
        state.lock = None;
        let helpers = [state.isolated.take(), state.host.take(), state.images.take()];
        helpers.into_iter().flatten().map(|helper| helper.process).collect()
    }

    fn create(&self, ground: Ground) -> Result<Prepared, Error> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (ours, theirs) = channel::pair().map_err(Error::Start)?;
        self.ask(ground, &ToHelper::Create { number }, &theirs)?;
        Ok(Prepared { number, channel: ours })
    }

    /// Sends a request to a helper, which is started if it is the first.
    fn ask(&self, ground: Ground, request: &ToHelper, socket: &OwnedFd) -> Result<(), Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Gone);
        }
        let end_at = state.end_at;
        let slot = state.helper(ground);
        let helper = match slot {
            Some(helper) => helper,
            None => {
                let helper = slot.insert(self.start_helper(ground).map_err(Error::Start)?);
                // One that has passed was for those that there were.
                if let Some(left) = end_at.and_then(|end_at| end_at.checked_duration_since(Instant::now())) {
                    helper.end_after(Some(left));
                }
                helper
            }
        };
        channel::send(&helper.control, &request.encode(), &[socket.as_fd()]).map_err(|_| Error::Gone)
    }

    fn start_helper(&self, ground: Ground) -> io::Result<Helper> {
        start_helper(&Hello {
            isolated: ground != Ground::Host,
            images: ground == Ground::Images,
            state_dir: self.config.state_dir.clone(),
            instance: self.instance.clone(),
            snapshot_root: self.config.snapshot_root.clone(),
            mount_points: self.config.mount_points.clone(),
        })
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

fn start_helper(hello: &Hello) -> io::Result<Helper> {
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
    channel::send(&ours, &hello.encode(), &[])?;
    Ok(Helper { control: ours, process })
}

/// Removes a dead launcher's directory from within a user namespace: a normal user may not remove what belonged to
/// other users of a sandbox. Best effort, as sweeping is.
pub(crate) fn remove_from_within(state_dir: &Path, instance: &Path) {
    let hello = Hello {
        isolated: true,
        images: true,
        state_dir: state_dir.to_owned(),
        instance: instance.to_owned(),
        snapshot_root: None,
        mount_points: Vec::new(),
    };
    // Without requests it does what it does at its end.
    if let Ok(Helper { control, mut process }) = start_helper(&hello) {
        drop(control);
        let _ = process.wait();
    }
}
