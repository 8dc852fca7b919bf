//! From what a job wants to containers that run: network, images, the job's own container, services and their health.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use actions::give_up_on;
use container::options::{NetworkMode, Pull, Source};
use container::{Account, Container, Create, Main, Network, NetworkRequest, Options, Root, Table, TableConfig};
use sandbox::{Bind, Sandbox};
use tokio_util::sync::CancellationToken;

use super::externals;
use super::ready::{self, Ready};
use super::{ContainerSpec, Containers, LateTable, Own, Programs, Service, Wanted, fetch, spec, work_dir};
use crate::job::layout::Layout;
use crate::log::StepLog;
use crate::request::{JobRequest, Surroundings};

/// A job whose containers stand.
pub(crate) struct Opened {
    /// Where steps run.
    pub(crate) sandbox: Sandbox,
    pub(crate) containers: Containers,
}

/// What all the parts need.
struct Opening<'a> {
    request: &'a JobRequest,
    around: &'a Surroundings,
    job_dir: &'a Path,
    log: &'a StepLog,
    cancel: &'a CancellationToken,
}

/// Makes what a job wants. `machine` is the sandbox of a job that has no image as its root.
///
/// # Errors
/// One sentence, told in the log already where it belongs to a container. Nothing is left then.
pub(crate) async fn initialize(
    wanted: &Wanted,
    request: &JobRequest,
    around: &Surroundings,
    job_dir: &Path,
    machine: Option<Sandbox>,
    log: &StepLog,
    cancel: &CancellationToken,
) -> Result<Opened, String> {
    let opening = Opening { request, around, job_dir, log, cancel };
    let machine = match machine {
        Some(machine) => Some(machine),
        None => opening.machine(wanted).await?,
    };
    let paths = machine.as_ref().map_or(container::Paths::Host, |machine| container::Paths::Inside(machine.clone()));
    let late = Arc::new(LateTable::new(TableConfig {
        launcher: around.launcher.clone(),
        dir: job_dir.join("containers"),
        paths,
        closed: request.network == sandbox::Network::Private,
        hide: super::hide(log.masker()),
    }));
    let table = late.get().map_err(|error| error.to_string())?.clone();
    let opened = tokio::select! {
        opened = opening.all(wanted, &late, &table, machine.clone()) => opened,
        () = cancel.cancelled() => Err("cancelled".to_owned()),
    };
    if opened.is_err() {
        table.close().await;
        if let Some(machine) = machine {
            let _ = machine.destroy().await;
        }
    }
    opened
}

impl Opening<'_> {
    fn say(&self, text: &str) {
        self.log.say(text);
    }

    /// The machine's files as a job without containers would see them, for volumes that name some of them.
    async fn machine(&self, wanted: &Wanted) -> Result<Option<Sandbox>, String> {
        let specs = wanted.own.iter().chain(wanted.services.iter().map(|service| &service.container));
        if !specs.into_iter().any(|one| spec::mounts_machine(&one.options)) {
            return Ok(None);
        }
        let mut spec = Layout::spec(self.request, &[], self.around, &self.job_dir.join("machine"));
        if wanted.image_root() {
            // Services find the workspace under the machine's name for it, wherever the job's container has it.
            let work = work_dir(self.job_dir);
            let shown = Layout::show_in_machine(&mut spec, work, wanted.own.is_some());
            shown.map_err(|error| format!("the job's directories could not be made: {error}"))?;
        }
        let made = self.around.launcher.sandbox(spec).await;
        made.map(Some).map_err(|error| format!("a sandbox for volumes could not be set up: {error}"))
    }

    async fn all(
        &self,
        wanted: &Wanted,
        late: &Arc<LateTable>,
        table: &Table,
        machine: Option<Sandbox>,
    ) -> Result<Opened, String> {
        let network = match wanted.own.is_some() || !wanted.services.is_empty() {
            true => Some(self.network(table).await?),
            false => None,
        };
        let own = match (&wanted.own, &wanted.machine) {
            (Some(spec), _) => {
                let spec = find_work(spec, machine.as_ref());
                Some(self.own(&spec, true, table, network.as_ref()).await?)
            }
            (None, Some(image)) => {
                let spec = ContainerSpec {
                    image: image.clone(),
                    options: Options { network: NetworkMode::Host, ..Options::default() },
                    command: Vec::new(),
                    credentials: None,
                };
                Some(self.own(&spec, false, table, None).await?)
            }
            (None, None) => None,
        };
        let mut services = Vec::new();
        for wanted in &wanted.services {
            self.say(&format!("##[group]Starting {} service container", wanted.id));
            let spec = find_work(&wanted.container, machine.as_ref());
            let container = self.create(&spec, Some(&wanted.id), Main::Program, table, network.as_ref()).await?;
            self.start(&container, &wanted.container.image).await?;
            for (port, address) in container.published() {
                self.say(&format!("{port} -> {address}"));
            }
            self.say("##[endgroup]");
            services.push(Service { id: wanted.id.clone(), image: wanted.container.image.clone(), container });
        }
        if !services.is_empty() {
            self.wait(&services).await?;
        }
        let sandbox = match (own.as_ref().and_then(|own| own.container.sandbox()), machine) {
            (Some(sandbox), _) | (None, Some(sandbox)) => sandbox,
            (None, None) => return Err("the job's container has ended".to_owned()),
        };
        let workspace = Layout::of_machine(&self.around.repository_name.name).workspace;
        let mut all = wanted.own.iter().chain(wanted.services.iter().map(|service| &service.container));
        let show_workspace = all.any(|one| spec::mounts(&one.options, &workspace));
        Ok(Opened { sandbox, containers: Containers { table: late.clone(), network, own, services, show_workspace } })
    }

    async fn network(&self, table: &Table) -> Result<Network, String> {
        self.say("##[group]Create local container network");
        let name = format!("github_network_{}", uuid::Uuid::new_v4().simple());
        let network = table.create_network(NetworkRequest { name, ..NetworkRequest::default() }).await;
        let network = network.map_err(|error| format!("the job's network could not be made: {error}"))?;
        let (subnet, length) = network.handle.subnet();
        self.say(&format!("{}: {subnet}/{length}", network.name));
        for missing in network.handle.missing() {
            self.say(&format!("##[warning]{missing}"));
        }
        self.say("##[endgroup]");
        Ok(network)
    }

    /// The container that steps run in: nothing but them.
    async fn own(
        &self,
        spec: &ContainerSpec,
        is_job_container: bool,
        table: &Table,
        network: Option<&Network>,
    ) -> Result<Own, String> {
        self.say("##[group]Starting job container");
        let programs = self.programs().await;
        let layout = Layout::in_image(is_job_container, &self.around.repository_name.name);
        let work = work_dir(self.job_dir);
        let made = layout.make_shown(&work, is_job_container);
        let mut binds = made.map_err(|error| format!("the job's directories could not be made: {error}"))?;
        binds.push(Bind {
            source: self.around.tool_cache.clone(),
            target: layout.tool_cache.clone(),
            read_only: false,
        });
        for carried in programs.node.iter().chain(&programs.docker) {
            binds.push(Bind { source: carried.dir.clone(), target: carried.inside.clone(), read_only: true });
        }
        binds.extend(borrowed(self.around));
        let mut spec = spec.clone();
        spec.options.workdir = spec.options.workdir.or_else(|| Some(layout.workspace.to_string_lossy().into_owned()));
        if spec.options.memory.is_none() {
            spec.options.memory = self.request.limits.memory_bytes;
        }
        spec.options.pids = spec.options.pids.or(self.request.limits.pids);
        spec.options.cpus = spec.options.cpus.or(self.request.limits.cpus);
        let mut create = self.made_of(&spec, None, Main::Idle, network).await?;
        create.binds = binds;
        let container = table.create(create).await.map_err(|error| error.to_string())?;
        self.start(&container, &spec.image).await?;
        let sandbox = container.sandbox().ok_or("the job's container has ended")?;
        let user = account(&sandbox, &container)?;
        if user.uid != 0 {
            open_to_all(&work).map_err(|error| format!("the job's directories could not be opened: {error}"))?;
        }
        self.say("##[endgroup]");
        Ok(Own { container, is_job_container, user, programs })
    }

    async fn create(
        &self,
        spec: &ContainerSpec,
        alias: Option<&str>,
        main: Main,
        table: &Table,
        network: Option<&Network>,
    ) -> Result<Container, String> {
        let create = self.made_of(spec, alias, main, network).await?;
        table.create(create).await.map_err(|error| error.to_string())
    }

    async fn made_of(
        &self,
        spec: &ContainerSpec,
        alias: Option<&str>,
        main: Main,
        network: Option<&Network>,
    ) -> Result<Create, String> {
        let mut options = spec.options.clone();
        let say = |text: &str| self.say(text);
        let base = fetch::base(
            &self.around.images,
            &spec.image,
            options.platform.as_deref(),
            spec.credentials.as_ref(),
            options.pull == Pull::Always,
            &say,
        );
        let base = base.await?;
        // The run's reader may be gone at the end of a killed run.
        let _ = self.around.events.send(crate::job::facts::image_used(self.request.leg, &base));
        if let Some(network) = network {
            options.network = NetworkMode::Named(network.name.clone());
        }
        options.aliases.extend(alias.map(str::to_owned));
        // On GitHub the machine is the job's own; here it may have neighbours.
        for publish in options.publish.iter_mut().filter(|publish| publish.address.is_none()) {
            publish.address = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let mut create = Create::new(base, options);
        create.command.clone_from(&spec.command);
        create.main = main;
        Ok(create)
    }

    async fn start(&self, container: &Container, image: &str) -> Result<(), String> {
        let started = container.start().await;
        started.map_err(|error| format!("the container of {image} could not be started: {error}"))?;
        self.say(container.id());
        Ok(())
    }

    /// Node.js for actions, when there is one, and this program for its `docker`. What cannot be carried is told.
    async fn programs(&self) -> Programs {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut all = path.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join("node"));
        let node = all.find(|one| one.is_file());
        let builder = &self.around.images.builder_dir;
        let cache = builder.parent().unwrap_or(builder).to_owned();
        let carrying = give_up_on(self.cancel, move || {
            let node = node.map(|node| externals::carry(&node, "node", &cache)).transpose();
            let docker = std::env::current_exe().and_then(|own| externals::carry(&own, "docker", &cache));
            (node, docker)
        });
        let Some((node, docker)) = carrying.await else { return Programs::default() };
        let told = |what: &str, error: std::io::Error| {
            self.say(&format!("##[warning]{what} of this machine cannot be shown in the container: {error}"));
        };
        Programs {
            node: node.unwrap_or_else(|error| {
                told("Node.js", error);
                None
            }),
            docker: docker.map_err(|error| told("Trunkline", error)).ok(),
        }
    }

    async fn wait(&self, services: &[Service]) -> Result<(), String> {
        self.say("##[group]Waiting for all services to be ready");
        let say = &|text: &str| self.say(text);
        let waits = services.iter().map(|service| async move {
            let ready = ready::wait(service, say, self.cancel).await;
            if ready == Ready::Healthy {
                self.say(&format!("{} service is healthy.", service.id));
            }
            (service, ready)
        });
        let done = futures_util::future::join_all(waits).await;
        self.say("##[endgroup]");
        if done.iter().any(|(_, ready)| *ready == Ready::Cancelled) {
            return Err("cancelled".to_owned());
        }
        let failed: Vec<&Service> =
            done.into_iter().filter(|(_, ready)| *ready == Ready::Failed).map(|(service, _)| service).collect();
        if failed.is_empty() {
            return Ok(());
        }
        for service in &failed {
            self.say(&format!("##[group]Service container {} failed.", service.id));
            super::close::print_logs(&service.container, self.log);
            for probe in service.container.status().health.iter().flat_map(|health| health.log.iter().rev().take(1)) {
                self.say(&format!("The last health check ended with {}: {}", probe.exit_code, probe.output.trim_end()));
            }
            self.say(&format!("##[error]Failed to initialize container {}", service.image));
            self.say("##[endgroup]");
        }
        let names: Vec<&str> = failed.iter().map(|service| service.id.as_str()).collect();
        Err(format!("One or more containers failed to start: {}", names.join(", ")))
    }
}

/// On the host a job's directories lie elsewhere than volumes call them.
fn find_work(spec: &ContainerSpec, machine: Option<&Sandbox>) -> ContainerSpec {
    let mut spec = spec.clone();
    let Some(machine) = machine else { return spec };
    for mount in &mut spec.options.mounts {
        if let Source::Bind { path, .. } = &mut mount.source
            && Path::new(path).starts_with(Layout::work_of_machine())
        {
            *path = machine.inside_path(Path::new(path)).to_string_lossy().into_owned();
        }
    }
    spec
}

/// Whom a container's processes run as.
fn account(sandbox: &Sandbox, container: &Container) -> Result<sandbox::User, String> {
    let root = Root::open(&sandbox.host_path(Path::new("/")))
        .map_err(|error| format!("the container's files cannot be read: {error}"))?;
    let account = Account::find(&root, &container.plan().user, &container.options().groups);
    account.map(|account| account.sandbox_user()).map_err(|error| error.to_string())
}

/// A container's user may be anyone; what the runner makes for it is everybody's.
fn open_to_all(work: &Path) -> io::Result<()> {
    let mut dirs = vec![work.to_owned()];
    while let Some(dir) = dirs.pop() {
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777))?;
        for entry in std::fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    Ok(())
}

/// What a job's git borrows objects from, under the paths that it is told.
fn borrowed(around: &Surroundings) -> Vec<Bind> {
    let mut dirs = around.repository.object_dirs();
    dirs.push(around.snapshots.root().to_owned());
    let common = around.repository.common_dir();
    dirs.extend(common.iter().flat_map(|dir| [dir.join("objects"), dir.join("modules")]));
    dirs.retain(|dir| dir.is_dir());
    dirs.sort();
    dirs.dedup();
    dirs.into_iter().map(|dir| Bind { source: dir.clone(), target: dir, read_only: true }).collect()
}
