//! One container.

mod copy;
mod exec;
mod inspect;
mod life;
mod start;

pub use exec::{Exec, Execution};

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image::ImageConfiguration;
use jiff::Timestamp;
use sandbox::{Bind, FreshDir, Process, Published, Sandbox};
use tokio::sync::watch;

use crate::log::{LogBook, LogReader};
use crate::options::{LogDriver, Options, Port};
use crate::plan::Plan;
use crate::status::{Phase, Status};
use crate::streams::{Attached, Feed, Outlets, Streams, Terminal};
use crate::table::Table;
use crate::volume::MountPoint;
use crate::{Error, Result, identity};

/// The files of an image, unpacked.
#[derive(Debug, Clone)]
pub struct Base {
    /// As the caller named it.
    pub reference: String,
    /// `sha256:…` of its configuration.
    pub id: String,
    pub config: ImageConfiguration,
    /// Held for as long as the container exists.
    pub layers: Arc<image::Unpacked>,
}

impl Base {
    /// Unpacks an image that is in the store. Blocks.
    pub fn unpack(store: &image::Store, image: &image::Image, reference: &str) -> Result<Self> {
        Ok(Self {
            reference: reference.to_owned(),
            id: image.config_digest.to_string(),
            config: image.config.clone(),
            layers: Arc::new(store.unpack(image)?),
        })
    }
}

/// What runs in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Main {
    /// Entrypoint and command.
    #[default]
    Program,
    /// Nothing: the container runs until it is stopped, for what is executed in it.
    Idle,
}

/// What a container is made of.
#[derive(Debug, Clone)]
pub struct Create {
    pub base: Base,
    pub options: Options,
    /// Instead of the image's command.
    pub command: Vec<String>,
    pub main: Main,
    /// Mounts beyond those of the options, by host path.
    pub binds: Vec<Bind>,
    /// Directories of its own, see [`sandbox::SandboxSpec::dirs`].
    pub dirs: Vec<FreshDir>,
}

impl Create {
    /// An image with options; its own command.
    pub fn new(base: Base, options: Options) -> Self {
        Self { base, options, command: Vec::new(), main: Main::Program, binds: Vec::new(), dirs: Vec::new() }
    }
}

/// A container. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Container {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: String,
    name: Mutex<String>,
    table: Table,
    create: Create,
    plan: Plan,
    hostname: String,
    mounts: Vec<MountPoint>,
    created: Timestamp,
    dir: PathBuf,
    outlets: Arc<Outlets>,
    status: watch::Sender<Status>,
    running: Mutex<Option<Running>>,
    /// Starting, stopping and removing, one at a time.
    life: tokio::sync::Mutex<()>,
    /// The next end is not to be followed by another start.
    stop_asked: Mutex<bool>,
}

/// What there is while it runs.
#[derive(Debug)]
struct Running {
    sandbox: Sandbox,
    process: Option<Process>,
    published: Vec<(Port, Published)>,
    input: Option<Arc<std::os::fd::OwnedFd>>,
    feeds: Vec<Feed>,
    terminal: Option<Terminal>,
    env: Vec<(String, String)>,
    end: Arc<tokio::sync::Notify>,
}

impl Container {
    pub(crate) fn new(table: Table, id: String, name: String, create: Create) -> Result<Self> {
        let hostname = create.options.hostname.clone().unwrap_or_else(|| id.chars().take(12).collect());
        let mut plan =
            match (create.main, Plan::new(&create.base.config.config, &create.options, &create.command, &hostname)) {
                (_, Ok(plan)) => plan,
                (Main::Idle, Err(_)) => {
                    Plan::new(&create.base.config.config, &create.options, &["true".into()], &hostname)?
                }
                (Main::Program, Err(error)) => return Err(error),
            };
        if create.main == Main::Idle {
            (plan.entrypoint, plan.command) = (Vec::new(), Vec::new());
        }
        let mounts = table.mounts(&create.options.mounts, &create.options.volumes_from, &plan.volumes)?;
        let dir = table.inner.config.dir.join("containers").join(&id);
        std::fs::create_dir_all(&dir).map_err(Error::io(format!("making {}", dir.display())))?;
        let log = match create.options.log_driver {
            LogDriver::None => None,
            LogDriver::File => {
                let book = LogBook::create(&dir.join("log"), create.options.log_max);
                Some(book.map_err(Error::io("making the container's log"))?)
            }
        };
        let status = watch::channel(Status::default()).0;
        Ok(Self {
            inner: Arc::new(Inner {
                id,
                name: Mutex::new(name),
                table,
                create,
                plan,
                hostname,
                mounts,
                created: Timestamp::now(),
                dir,
                outlets: Arc::new(Outlets::new(log)),
                status,
                running: Mutex::default(),
                life: tokio::sync::Mutex::default(),
                stop_asked: Mutex::new(false),
            }),
        })
    }

    /// 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The first 12 of them, as tables show.
    pub fn short_id(&self) -> &str {
        self.inner.id.get(..12).unwrap_or(&self.inner.id)
    }

    pub fn name(&self) -> String {
        self.inner.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_name(&self, name: String) {
        *self.inner.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
    }

    /// The image it was made of.
    pub fn base(&self) -> &Base {
        &self.inner.create.base
    }

    pub fn options(&self) -> &Options {
        &self.inner.create.options
    }

    /// What it runs, merged of image and options.
    pub fn plan(&self) -> &Plan {
        &self.inner.plan
    }

    pub fn hostname(&self) -> &str {
        &self.inner.hostname
    }

    pub fn mounts(&self) -> &[MountPoint] {
        &self.inner.mounts
    }

    pub fn created(&self) -> Timestamp {
        self.inner.created
    }

    pub fn status(&self) -> Status {
        self.inner.status.borrow().clone()
    }

    /// To wait for a change.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.inner.status.subscribe()
    }

    /// Where its processes live; `None` when it does not run.
    pub fn sandbox(&self) -> Option<Sandbox> {
        self.running().as_ref().map(|running| running.sandbox.clone())
    }

    /// The address in its network.
    pub fn address(&self) -> Option<std::net::Ipv4Addr> {
        self.sandbox().and_then(|sandbox| sandbox.address())
    }

    /// Ports inside and where the host listens for them, while it runs.
    pub fn published(&self) -> Vec<(Port, std::net::SocketAddr)> {
        let running = self.running();
        let published = running.as_ref().map(|running| running.published.iter());
        published.into_iter().flatten().map(|(port, published)| (*port, published.address())).collect()
    }

    /// The environment of its main process, `HOME` included; the planned one before it has run.
    pub fn env(&self) -> Vec<(String, String)> {
        self.running().as_ref().map_or_else(|| self.inner.plan.env.clone(), |running| running.env.clone())
    }

    /// Its output from the beginning; `None` with `--log-driver none`.
    pub fn logs(&self) -> Option<LogReader> {
        self.inner.outlets.log.as_ref().map(LogBook::reader)
    }

    /// Connects the caller's files: output from now on, and input when the container takes any (`-i`).
    pub fn attach(&self, streams: Streams) -> Result<Attached> {
        if let Some(stdin) = streams.stdin {
            let mut running = self.running();
            if let Some(running) = running.as_mut()
                && let Some(input) = running.input.clone()
            {
                let container = self.clone();
                // As docker's StdinOnce: the process sees the end of its input, unless a terminal is its input.
                let at_end = move || {
                    if !container.options().tty
                        && let Some(running) = container.running().as_mut()
                    {
                        running.input = None;
                    }
                };
                let feed = Feed::start(stdin, input, at_end).map_err(Error::io("connecting the input"))?;
                running.feeds.push(feed);
            }
        }
        Ok(self.inner.outlets.attach(streams.stdout, streams.stderr))
    }

    /// Tells the terminal's size, when it has one.
    pub fn resize(&self, rows: u16, columns: u16) {
        if let Some(terminal) = self.running().as_ref().and_then(|running| running.terminal.as_ref()) {
            let _ = terminal.resize(rows, columns);
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, phase: Phase) -> bool {
        self.inner.status.borrow().phase == phase
    }

    fn scratch(&self) -> PathBuf {
        self.inner.dir.join(format!("sandbox-{}", identity::id().get(..8).unwrap_or_default()))
    }
}
