//! From a created container to a running process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use sandbox::{
    Bind, Confinement, Etc, Limits, Member, Process, Root as SandboxRoot, Sandbox, SandboxSpec, Tmpfs, TreeBind,
};

use super::{Container, Main, Running};
use crate::health::{self, Around};
use crate::inside::Root;
use crate::network::Network;
use crate::options::{NetworkMode, Port, Protocol, capabilities};
use crate::plan;
use crate::status::{Health, Phase};
use crate::streams::{Ends, Streams, pump};
use crate::table::Paths;
use crate::user::Account;
use crate::volume::MountKind;
use crate::{Attached, Error, Result};

/// What a start made, for the task that waits for its end.
pub(super) struct Begun {
    pub(super) process: Option<Process>,
    pub(super) pumps: Vec<tokio::task::JoinHandle<()>>,
    pub(super) health: Option<tokio::task::JoinHandle<()>>,
    pub(super) sandbox: Sandbox,
}

impl Container {
    /// Starts it. One that runs already is left alone.
    pub async fn start(&self) -> Result<()> {
        self.start_attached(Streams::default()).await.map(drop)
    }

    /// Starts it with files connected from the first byte.
    pub async fn start_attached(&self, streams: Streams) -> Result<Attached> {
        let _life = self.inner.life.lock().await;
        match self.status().phase {
            Phase::Running => return self.attach(streams),
            Phase::Removed => return Err(Error::NoContainer(self.name())),
            _ => {}
        }
        let attached = self.inner.outlets.attach(streams.stdout, streams.stderr);
        *self.inner.stop_asked.lock().unwrap_or_else(PoisonError::into_inner) = false;
        let begun = match self.begin().await {
            Ok(begun) => begun,
            Err(error) => {
                self.inner.outlets.detach_all();
                self.note_failure(&error);
                return Err(error);
            }
        };
        tokio::spawn(self.clone().supervise(begun));
        if streams.stdin.is_some() {
            let _ = self.attach(Streams { stdin: streams.stdin, ..Streams::default() })?;
        }
        Ok(attached)
    }

    pub(super) fn note_failure(&self, error: &Error) {
        self.inner.status.send_modify(|status| {
            // Docker leaves a container that never ran in state `created`.
            if status.started.is_some() {
                status.phase = Phase::Exited;
            }
            status.exit_code = match error.exit_code() {
                125 => 128,
                code => code,
            };
            status.error = error.to_string();
        });
    }

    pub(super) async fn begin(&self) -> Result<Begun> {
        self.fill_volumes().await?;
        let network = self.network().await?;
        let spec = self.spec(&network).await?;
        let sandbox = self.inner.table.inner.config.launcher.sandbox(spec).await?;
        match self.run_in(&sandbox, network).await {
            Ok(begun) => Ok(begun),
            Err(error) => {
                *self.running() = None;
                let _ = sandbox.destroy().await;
                Err(error)
            }
        }
    }

    async fn run_in(&self, sandbox: &Sandbox, network: Option<Network>) -> Result<Begun> {
        let (plan, options) = (&self.inner.plan, self.options());
        let root = Root::open(&sandbox.host_path(Path::new("/"))).map_err(Error::io("opening the container's root"))?;
        let account = Account::find(&root, &plan.user, &options.groups)?;
        if !options.read_only {
            root.make_dirs(Path::new(&plan.workdir), None)
                .map_err(Error::io(format!("making the working directory {}", plan.workdir)))?;
        }
        let mut env = plan.env.clone();
        if !env.iter().any(|(name, _)| name == "HOME") {
            plan::set(&mut env, "HOME", &account.home);
        }
        let published = self.publish(sandbox, network.as_ref()).await?;
        let mut ends = match options.tty {
            true => Ends::terminal(&sandbox.host_path(Path::new("/"))),
            false => Ends::pipes(options.interactive),
        }
        .map_err(Error::io("making pipes"))?;
        let mut pumps = Vec::new();
        if let Some(log) = &self.inner.outlets.log {
            log.begin();
        }
        let process = match self.inner.create.main {
            Main::Idle => None,
            Main::Program => {
                let mut command = sandbox::Command::new(plan.argv());
                command.env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
                command.cwd = (&plan.workdir).into();
                command.user = Some(account.sandbox_user());
                (command.stdin, command.stdout, command.stderr) =
                    (ends.stdin.take(), ends.stdout.take(), ends.stderr.take());
                command.controlling_tty = options.tty;
                let process = sandbox.spawn(command).await.map_err(program_error)?;
                for (stream, file) in std::mem::take(&mut ends.outputs) {
                    pumps.push(tokio::spawn(pump(stream, file, Arc::clone(&self.inner.outlets))));
                }
                Some(process)
            }
        };
        let pid = process.as_ref().map_or(0, Process::pid);
        let around = Around {
            env: env.clone(),
            cwd: plan.workdir.clone(),
            user: account.sandbox_user(),
            hide: self.inner.table.inner.config.hide.clone(),
        };
        *self.running() = Some(Running {
            sandbox: sandbox.clone(),
            process: process.clone(),
            published,
            input: ends.input.take().filter(|_| options.interactive).map(Arc::new),
            feeds: Vec::new(),
            terminal: ends.terminal.take(),
            env,
            end: Arc::new(tokio::sync::Notify::new()),
        });
        self.inner.status.send_modify(|status| {
            status.phase = Phase::Running;
            status.pid = pid;
            (status.exit_code, status.oom, status.error) = (0, false, String::new());
            (status.started, status.finished) = (Some(Timestamp::now()), None);
            status.health = plan.health.as_ref().map(|_| Health::default());
        });
        let health = plan
            .health
            .clone()
            .map(|plan| tokio::spawn(health::watch(sandbox.clone(), plan, around, self.inner.status.clone())));
        Ok(Begun { process, pumps, health, sandbox: sandbox.clone() })
    }

    /// Fills volumes that are still empty with what the image has in their place.
    async fn fill_volumes(&self) -> Result<()> {
        let mut empty = Vec::new();
        for mount in self.mounts() {
            if let MountKind::Volume { volume, copy_up: true } = &mount.kind
                && volume.is_empty()?
            {
                empty.push((volume.clone(), mount.target.clone()));
            }
        }
        if empty.is_empty() {
            return Ok(());
        }
        let sandbox = self.bare_sandbox().await?;
        let root = Root::open(&sandbox.host_path(Path::new("/"))).map_err(Error::io("opening the image's root"));
        let filled = match root {
            Ok(root) => {
                let fill = move || empty.iter().try_for_each(|(volume, target)| volume.fill(&root, Path::new(target)));
                tokio::task::spawn_blocking(fill)
                    .await
                    .unwrap_or_else(|_| Err(Error::Refused("filling a volume was interrupted".into())))
            }
            Err(error) => Err(error),
        };
        sandbox.destroy().await?;
        filled
    }

    /// The container's files without its mounts, and without processes.
    pub(super) async fn bare_sandbox(&self) -> Result<Sandbox> {
        let mut spec = SandboxSpec::new(self.short_id(), self.scratch());
        spec.root = self.root();
        spec.network = sandbox::Network::Private;
        Ok(self.inner.table.inner.config.launcher.sandbox(spec).await?)
    }

    fn root(&self) -> SandboxRoot {
        SandboxRoot::Layers {
            lowers: self.inner.create.base.layers.lowers().to_vec(),
            upper: Some(self.inner.dir.join("upper")),
        }
    }

    /// The network it joins; `None` for those that are not networks of the table.
    async fn network(&self) -> Result<Option<Network>> {
        match &self.options().network {
            NetworkMode::Default => Ok(Some(self.inner.table.default_network().await?)),
            NetworkMode::Named(name) => Ok(Some(self.inner.table.network(name)?)),
            NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_) => Ok(None),
        }
    }

    async fn spec(&self, network: &Option<Network>) -> Result<SandboxSpec> {
        let options = self.options();
        let mut spec = SandboxSpec::new(self.short_id(), self.scratch());
        spec.hostname = self.inner.hostname.clone();
        spec.root = self.root();
        spec.limits = Limits { memory_bytes: options.memory, pids: options.pids, cpus: options.cpus };
        spec.network = match (network, &options.network) {
            (Some(network), _) => {
                let mut aliases = vec![self.name(), self.short_id().to_owned()];
                aliases.extend(options.aliases.iter().cloned());
                sandbox::Network::Member(Member { network: network.handle.clone(), aliases, address: options.address })
            }
            (None, NetworkMode::Host) => sandbox::Network::Host,
            (None, NetworkMode::Container(other)) => {
                let other = self.inner.table.container(other)?;
                let sandbox = other.sandbox().ok_or_else(|| {
                    Error::Conflict(format!("cannot join network of a non running container: {}", other.id()))
                })?;
                sandbox::Network::Join(sandbox)
            }
            (None, _) => sandbox::Network::Private,
        };
        spec.dirs = self.inner.create.dirs.clone();
        spec.binds = self.inner.create.binds.clone();
        spec.confinement = self.confinement(network.as_ref())?;
        for mount in self.mounts() {
            let source = match &mount.kind {
                MountKind::Bind { host, .. } => host.clone(),
                MountKind::Volume { volume, .. } => volume.path.clone(),
                MountKind::Tmpfs { size, mode, exec } => {
                    let mut tmpfs = Tmpfs::new(&mount.target);
                    (tmpfs.size_bytes, tmpfs.mode, tmpfs.exec, tmpfs.read_only) =
                        (*size, *mode, *exec, mount.read_only);
                    spec.confinement.tmpfs.push(tmpfs);
                    continue;
                }
            };
            spec.binds.push(Bind { source, target: (&mount.target).into(), read_only: mount.read_only });
        }
        self.take_from_other_sandbox(&mut spec).await?;
        Ok(spec)
    }

    /// What lies in the sandbox that paths are of has no path on the host that could be mounted: it is handed over as an open
    /// mount.
    async fn take_from_other_sandbox(&self, spec: &mut SandboxSpec) -> Result<()> {
        let Paths::Inside(other) = &self.inner.table.inner.config.paths else { return Ok(()) };
        let root = other.host_path(Path::new("/"));
        let mut binds = Vec::new();
        for bind in std::mem::take(&mut spec.binds) {
            match bind.source.strip_prefix(&root) {
                Ok(inside) if root != Path::new("/") => {
                    let tree = other.tree(&Path::new("/").join(inside)).await?;
                    spec.trees.push(TreeBind { tree, target: bind.target, read_only: bind.read_only });
                }
                _ => binds.push(bind),
            }
        }
        spec.binds = binds;
        Ok(())
    }

    fn confinement(&self, network: Option<&Network>) -> Result<Confinement> {
        let options = self.options();
        let mut confinement = Confinement {
            capabilities: capabilities(&options.cap_add, &options.cap_drop, options.privileged)
                .map_err(Error::Refused)?,
            privileged: options.privileged,
            no_new_privileges: options.no_new_privileges,
            read_only: options.read_only,
            devices: options.devices.clone(),
            sysctls: options.sysctls.clone(),
            rlimits: options.ulimits.clone(),
            etc: self.etc(network)?,
            ..Confinement::default()
        };
        if let Some(bytes) = options.shm_size {
            confinement.shm_bytes = bytes;
        }
        Ok(confinement)
    }

    fn etc(&self, network: Option<&Network>) -> Result<Etc> {
        let options = self.options();
        let gateway = network.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |network| IpAddr::V4(network.handle.gateway()));
        let mut etc = Etc::default();
        for (name, address) in &options.extra_hosts {
            let address = match address.as_str() {
                "host-gateway" => gateway,
                address => address.parse().map_err(|_| Error::Refused(format!("{address} is no address")))?,
            };
            etc.extra_hosts.push((name.clone(), address));
        }
        for (name, alias) in &options.links {
            let other = self.inner.table.container(name)?;
            let address = other.address().ok_or_else(|| {
                Error::Conflict(format!(
                    "Cannot link to a non running container: /{} AS /{}/{alias}",
                    other.name(),
                    self.name()
                ))
            })?;
            for known in [alias.as_str(), other.hostname(), &other.name()] {
                if !etc.extra_hosts.iter().any(|(name, _)| name == known) {
                    etc.extra_hosts.push((known.to_owned(), IpAddr::V4(address)));
                }
            }
        }
        if !(options.dns.is_empty() && options.dns_search.is_empty() && options.dns_options.is_empty()) {
            let mut lines = String::new();
            let own = network.map(|network| IpAddr::V4(network.handle.gateway())).filter(|_| options.dns.is_empty());
            for server in own.iter().chain(&options.dns) {
                lines += &format!("nameserver {server}\n");
            }
            for (word, values) in [("search", &options.dns_search), ("options", &options.dns_options)] {
                if !values.is_empty() {
                    lines += &format!("{word} {}\n", values.join(" "));
                }
            }
            etc.resolv_conf = Some(lines);
        }
        Ok(etc)
    }

    async fn publish(&self, sandbox: &Sandbox, network: Option<&Network>) -> Result<Vec<(Port, sandbox::Published)>> {
        let options = self.options();
        let (Some(network), Some(member)) = (network, sandbox.address()) else {
            // Ports of the host's network are open anyway; docker drops the option with a warning.
            return Ok(Vec::new());
        };
        let mut wanted = options.publish.clone();
        if options.publish_all {
            let missing =
                self.inner.plan.exposed.iter().filter(|port| !options.publish.iter().any(|one| one.port == **port));
            wanted.extend(missing.map(|port| crate::options::Publish { address: None, host: 0, port: *port }));
        }
        let mut published = Vec::new();
        for one in wanted {
            let address = one.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            let protocol = match one.port.protocol {
                Protocol::Tcp => sandbox::Protocol::Tcp,
                Protocol::Udp => sandbox::Protocol::Udp,
            };
            let listen = SocketAddr::new(address, one.host);
            let made = network.handle.publish(listen, member, one.port.number, protocol).await;
            let made =
                made.map_err(|error| Error::Refused(format!("publishing port {} on {listen}: {error}", one.port)))?;
            published.push((one.port, made));
        }
        Ok(published)
    }
}

/// Docker's exit codes for programs that do not start.
pub(super) fn program_error(error: sandbox::Error) -> Error {
    use sandbox::Error as Cause;
    match error {
        Cause::ProgramNotFound { program, searched } => {
            let why = match searched {
                true => format!("exec: {program:?}: executable file not found in $PATH"),
                false => format!("exec: {program:?}: stat {program}: no such file or directory"),
            };
            Error::Program { code: 127, why }
        }
        Cause::InterpreterNotFound { program } => {
            Error::Program { code: 127, why: format!("exec {program}: no such file or directory") }
        }
        Cause::NotExecutable { program, source } => {
            let why = match source.kind() {
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => source.to_string(),
            };
            Error::Program { code: 126, why: format!("exec: {program:?}: {why}") }
        }
        Cause::WorkingDirectory { path, source } => {
            Error::Program { code: 126, why: format!("chdir to cwd ({:?}): {source}", path.display().to_string()) }
        }
        other => Error::Sandbox(other),
    }
}
