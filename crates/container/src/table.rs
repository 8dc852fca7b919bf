//! The containers, networks and volumes of one job.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use sandbox::{Launcher, NetworkHandle, NetworkSpec, Sandbox};

use crate::container::{Container, Create};
use crate::network::{DEFAULT_NETWORK, Network, NetworkRequest};
use crate::options::{Mount, NetworkMode, Source, volume_name};
use crate::status::Phase;
use crate::volume::{MountKind, MountPoint, Volume};
use crate::{Error, Result, identity};

/// Where paths of bind mounts are looked up.
#[derive(Debug, Clone, Default)]
pub enum Paths {
    /// They are the host's.
    #[default]
    Host,
    /// They are paths inside this sandbox.
    Inside(Sandbox),
}

/// Takes secrets out of what is kept of a container only in part: half a secret would not be recognised any more.
#[derive(Clone, Default)]
pub struct Hide(Option<Arc<dyn Fn() -> HideStream + Send + Sync>>);

/// Appends to the second what can be shown so far once the first has been added; an empty first is the end.
pub type HideStream = Box<dyn FnMut(&[u8], &mut Vec<u8>) + Send>;

impl Hide {
    /// `begin` is called for each text.
    pub fn new(begin: impl Fn() -> HideStream + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(begin)))
    }

    pub(crate) fn begin(&self) -> HideStream {
        match &self.0 {
            Some(begin) => begin(),
            None => Box::new(|piece, out| out.extend_from_slice(piece)),
        }
    }
}

impl std::fmt::Debug for Hide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hide").finish_non_exhaustive()
    }
}

/// What a table stands on.
#[derive(Debug, Clone)]
pub struct TableConfig {
    pub launcher: Arc<Launcher>,
    /// A directory of this table alone, made when missing and removed by [`Table::close`].
    pub dir: PathBuf,
    pub paths: Paths,
    /// Networks that are made lead nowhere.
    pub closed: bool,
    pub hide: Hide,
}

/// All containers of a job. They end with it: [`Table::close`], or the end of the process.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: TableConfig,
    state: Mutex<State>,
    /// One network is made at a time, so that two callers do not make the same.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    containers: Vec<Container>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    closed: bool,
}

impl Table {
    /// An empty table.
    pub fn new(config: TableConfig) -> Result<Self> {
        make_dir(&config.dir)?;
        Ok(Self { inner: Arc::new(Inner { config, state: Mutex::default(), making: tokio::sync::Mutex::default() }) })
    }

    /// Makes a container; nothing runs yet.
    pub async fn create(&self, create: Create) -> Result<Container> {
        let name = create.options.name.clone();
        let id = identity::id();
        if let Some(name) = &name {
            self.free_name(name)?;
        }
        if let NetworkMode::Named(network) = &create.options.network {
            self.network(network)?;
        }
        let name = match name {
            Some(name) => name,
            None => (0..)
                .map(|attempt| identity::name(&id, attempt))
                .find(|name| self.free_name(name).is_ok())
                .unwrap_or_else(|| id.clone()),
        };
        let container = Container::new(self.clone(), id, name.clone(), create)?;
        let mut state = self.inner.state();
        if state.closed {
            return Err(Error::Refused("the job has ended".into()));
        }
        if let Some(other) = state.containers.iter().find(|other| other.name() == name) {
            return Err(name_taken(&name, other));
        }
        state.containers.push(container.clone());
        Ok(container)
    }

    fn free_name(&self, name: &str) -> Result<()> {
        match self.inner.state().containers.iter().find(|other| other.name() == name) {
            Some(other) => Err(name_taken(name, other)),
            None => Ok(()),
        }
    }

    /// By name, or by id or the beginning of one.
    pub fn container(&self, text: &str) -> Result<Container> {
        let state = self.inner.state();
        let name = text.strip_prefix('/').unwrap_or(text);
        if let Some(found) = state.containers.iter().find(|one| one.name() == name || one.id() == text) {
            return Ok(found.clone());
        }
        let mut found = state.containers.iter().filter(|one| !text.is_empty() && one.id().starts_with(text));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(_), Some(_)) => Err(Error::Refused(format!("multiple IDs found with provided prefix: {text}"))),
            (None, _) => Err(Error::NoContainer(text.to_owned())),
        }
    }

    /// All containers, oldest first.
    pub fn containers(&self) -> Vec<Container> {
        self.inner.state().containers.clone()
    }

    /// Gives a container another name.
    pub fn rename(&self, container: &Container, name: &str) -> Result<()> {
        let name = crate::options::container_name(name).map_err(Error::Refused)?;
        self.free_name(&name)?;
        container.set_name(name);
        Ok(())
    }

    pub(crate) fn forget(&self, id: &str) {
        self.inner.state().containers.retain(|container| container.id() != id);
    }

    /// Makes a network. The names `host`, `none` and that of an existing one are refused.
    pub async fn create_network(&self, request: NetworkRequest) -> Result<Network> {
        let _making = self.inner.making.lock().await;
        if matches!(request.name.as_str(), "host" | "none" | "default") {
            return Err(Error::Refused(format!("operation is not permitted on predefined {} network", request.name)));
        }
        if self.inner.state().networks.contains_key(&request.name) {
            return Err(Error::Conflict(format!("network with name {} already exists", request.name)));
        }
        self.make_network(request).await
    }

    async fn make_network(&self, request: NetworkRequest) -> Result<Network> {
        let internal = request.internal || self.inner.config.closed;
        let spec = NetworkSpec {
            name: request.name.clone(),
            subnet: request.subnet,
            internal,
            // A job's own steps reach the same ports.
            host_access: !internal,
            ..NetworkSpec::default()
        };
        let handle = self.inner.config.launcher.network(spec).await?;
        let network = Network {
            id: identity::id(),
            name: request.name,
            handle,
            labels: request.labels,
            internal: request.internal,
            created: Timestamp::now(),
            lent: false,
        };
        self.inner.state().networks.insert(network.name.clone(), network.clone());
        Ok(network)
    }

    /// Adds a network that somebody else made, and ends.
    pub fn lend_network(&self, name: &str, handle: NetworkHandle) -> Network {
        let network = Network {
            id: identity::id(),
            name: name.to_owned(),
            handle,
            labels: Vec::new(),
            internal: false,
            created: Timestamp::now(),
            lent: true,
        };
        self.inner.state().networks.insert(name.to_owned(), network.clone());
        network
    }

    /// The network of containers that name none; made when first needed.
    pub async fn default_network(&self) -> Result<Network> {
        let _making = self.inner.making.lock().await;
        let known = self.inner.state().networks.get(DEFAULT_NETWORK).cloned();
        match known {
            Some(network) => Ok(network),
            None => {
                self.make_network(NetworkRequest { name: DEFAULT_NETWORK.into(), ..NetworkRequest::default() }).await
            }
        }
    }

    /// By name or by the beginning of an id.
    pub fn network(&self, text: &str) -> Result<Network> {
        let state = self.inner.state();
        let found = state
            .networks
            .get(text)
            .or_else(|| state.networks.values().find(|network| !text.is_empty() && network.id.starts_with(text)));
        found.cloned().ok_or_else(|| Error::NoNetwork(text.to_owned()))
    }

    /// All networks by name.
    pub fn networks(&self) -> Vec<Network> {
        self.inner.state().networks.values().cloned().collect()
    }

    /// The containers whose network it is.
    pub fn members(&self, network: &Network) -> Vec<Container> {
        let joins = |container: &Container| match &container.options().network {
            NetworkMode::Named(name) => *name == network.name || network.id.starts_with(name.as_str()),
            NetworkMode::Default => network.name == DEFAULT_NETWORK,
            _ => false,
        };
        self.containers().into_iter().filter(joins).collect()
    }

    /// Removes a network without running containers.
    pub async fn remove_network(&self, text: &str) -> Result<()> {
        let network = self.network(text)?;
        if network.name == DEFAULT_NETWORK {
            return Err(Error::Refused("bridge is a pre-defined network and cannot be removed".into()));
        }
        if self.members(&network).iter().any(|container| container.status().phase == Phase::Running) || network.lent {
            return Err(Error::Conflict(format!(
                "error while removing network: network {} has active endpoints",
                network.name
            )));
        }
        self.inner.state().networks.remove(&network.name);
        network.handle.destroy().await;
        Ok(())
    }

    /// Makes a volume, or gives the one that has the name already.
    pub fn create_volume(&self, name: Option<&str>, labels: Vec<(String, String)>) -> Result<Volume> {
        let anonymous = name.is_none();
        let name = match name {
            Some(name) => volume_name(name).map_err(Error::Refused)?,
            None => identity::id(),
        };
        let mut state = self.inner.state();
        if let Some(volume) = state.volumes.get(&name) {
            return Ok(volume.clone());
        }
        let path = self.inner.config.dir.join("volumes").join(&name).join("_data");
        make_dir(&path)?;
        let volume = Volume { name: name.clone(), anonymous, labels, created: Timestamp::now(), path };
        state.volumes.insert(name, volume.clone());
        Ok(volume)
    }

    /// By name.
    pub fn volume(&self, name: &str) -> Result<Volume> {
        self.inner.state().volumes.get(name).cloned().ok_or_else(|| Error::NoVolume(name.to_owned()))
    }

    /// All volumes by name.
    pub fn volumes(&self) -> Vec<Volume> {
        self.inner.state().volumes.values().cloned().collect()
    }

    /// The containers that have it mounted.
    pub fn users_of(&self, volume: &Volume) -> Vec<Container> {
        let uses = |container: &Container| {
            container
                .mounts()
                .iter()
                .any(|mount| matches!(&mount.kind, MountKind::Volume { volume: used, .. } if used.name == volume.name))
        };
        self.containers().into_iter().filter(uses).collect()
    }

    /// Removes a volume that no container has.
    pub fn remove_volume(&self, name: &str) -> Result<()> {
        let volume = self.volume(name)?;
        if let Some(user) = self.users_of(&volume).first() {
            return Err(Error::Conflict(format!("remove {name}: volume is in use - [{}]", user.id())));
        }
        self.inner.state().volumes.remove(name);
        let dir = volume.path.parent().unwrap_or(&volume.path);
        std::fs::remove_dir_all(dir).map_err(Error::io(format!("removing volume {name}")))
    }

    /// Ends everything and removes the table's directory.
    pub async fn close(&self) {
        let (containers, networks) = {
            let mut state = self.inner.state();
            state.closed = true;
            (state.containers.clone(), std::mem::take(&mut state.networks))
        };
        for container in containers {
            let _ = container.remove(true, true).await;
        }
        for network in networks.into_values().filter(|network| !network.lent) {
            network.handle.destroy().await;
        }
        let dir = self.inner.config.dir.clone();
        let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(dir)).await;
    }

    /// Makes the mounts that options ask for, those of the image, and those of other containers.
    pub(crate) fn mounts(&self, asked: &[Mount], from: &[String], of_image: &[String]) -> Result<Vec<MountPoint>> {
        let mut made: Vec<MountPoint> = Vec::new();
        for mount in asked {
            let kind = match &mount.source {
                Source::Bind { path, create } => {
                    let host = self.host_path(Path::new(path), *create)?;
                    MountKind::Bind { named: path.clone(), host }
                }
                Source::Volume(name) => {
                    MountKind::Volume { volume: self.create_volume(Some(name), Vec::new())?, copy_up: mount.copy_up }
                }
                Source::Anonymous => {
                    MountKind::Volume { volume: self.create_volume(None, Vec::new())?, copy_up: mount.copy_up }
                }
                Source::Tmpfs { size, mode, exec } => {
                    MountKind::Tmpfs { size: *size, mode: mode.unwrap_or(0o1777), exec: *exec }
                }
            };
            made.push(MountPoint { kind, target: mount.target.clone(), read_only: mount.read_only });
        }
        let covered = |made: &[MountPoint], target: &str| {
            made.iter().any(|mount| mount.target.trim_end_matches('/') == target.trim_end_matches('/'))
        };
        for text in from {
            let (name, mode) = text.split_once(':').unwrap_or((text, "rw"));
            let read_only = match mode {
                "rw" | "z" | "Z" => false,
                "ro" => true,
                _ => return Err(Error::Refused(format!("invalid mode for volumes-from: {mode}"))),
            };
            for mount in self.container(name)?.mounts() {
                if !covered(&made, &mount.target) {
                    made.push(MountPoint { read_only: mount.read_only || read_only, ..mount.clone() });
                }
            }
        }
        for target in of_image {
            if target.starts_with('/') && !covered(&made, target) {
                let kind = MountKind::Volume { volume: self.create_volume(None, Vec::new())?, copy_up: true };
                made.push(MountPoint { kind, target: target.clone(), read_only: false });
            }
        }
        // What lies further down is mounted later.
        made.sort_by_key(|mount| mount.target.split('/').filter(|part| !part.is_empty()).count());
        Ok(made)
    }

    /// The host path of a bind mount's source, which is made as a directory when it is missing and `create` says so.
    fn host_path(&self, path: &Path, create: bool) -> Result<PathBuf> {
        if !path.is_absolute() {
            return Err(Error::Path {
                path: path.to_owned(),
                why: "the source of a bind mount must be absolute".into(),
            });
        }
        let (host, there) = match &self.inner.config.paths {
            Paths::Host => (path.to_owned(), std::fs::metadata(path).map(drop)),
            Paths::Inside(sandbox) => {
                // Links are the sandbox's own: what they lead to is not the host's.
                let root = sandbox.host_path(Path::new("/"));
                let found = crate::inside::Root::open(&root).and_then(|root| root.file(path, rustix::fs::OFlags::PATH));
                let host = if root == Path::new("/") {
                    path.to_owned()
                } else {
                    root.join(path.strip_prefix("/").unwrap_or(path))
                };
                (host, found.map(drop))
            }
        };
        match there {
            Ok(_) => Ok(host),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && create => {
                match &self.inner.config.paths {
                    Paths::Host => make_dir(&host)?,
                    Paths::Inside(sandbox) => {
                        let root = crate::inside::Root::open(&sandbox.host_path(Path::new("/")));
                        root.and_then(|root| root.make_dirs(path, None))
                            .map_err(Error::io(format!("making {}", path.display())))?;
                    }
                }
                Ok(host)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Error::Refused(format!(
                "invalid mount config for type \"bind\": bind source path does not exist: {}",
                path.display()
            ))),
            Err(error) => Err(Error::io(format!("reading {}", path.display()))(error)),
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_taken(name: &str, other: &Container) -> Error {
    Error::Conflict(format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) that \
         container to be able to reuse that name.",
        other.id()
    ))
}

fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(Error::io(format!("making {}", path.display())))
}
