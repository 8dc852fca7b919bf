//! Containers of a job: its own, its services, and those of its Docker actions.

mod close;
mod externals;
mod fetch;
mod open;
mod ready;
mod spec;

use std::path::PathBuf;

use container::{Container, Network, Table, TableConfig};
use expr::{Object, Value};
use std::sync::{Arc, OnceLock};

pub(crate) use close::stop;
pub(crate) use externals::Carried;
pub(crate) use fetch::base;
pub(crate) use open::{Opened, initialize};
pub(crate) use spec::{ContainerSpec, ServiceSpec};

/// What a job wants, read and checked before anything is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// `container:`
    pub(crate) own: Option<ContainerSpec>,
    pub(crate) services: Vec<ServiceSpec>,
    /// The image that `runs-on` stands for here.
    pub(crate) machine: Option<String>,
}

impl Wanted {
    /// Reads what the job says.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub(crate) fn read(request: &crate::JobRequest) -> Result<Self, String> {
        Ok(Self {
            own: request.container.as_ref().map(spec::container).transpose()?.flatten(),
            services: request.services.as_ref().map(spec::services).transpose()?.unwrap_or_default(),
            machine: request.image.clone(),
        })
    }

    pub(crate) fn any(&self) -> bool {
        self.own.is_some() || !self.services.is_empty() || self.machine.is_some()
    }

    /// Whether steps live in a root made of an image.
    pub(crate) fn image_root(&self) -> bool {
        self.own.is_some() || self.machine.is_some()
    }
}

/// The containers of a job that runs.
#[derive(Debug)]
pub(crate) struct Containers {
    pub(crate) table: Arc<LateTable>,
    /// The job's own network; there is none without services and own container.
    pub(crate) network: Option<Network>,
    /// What the steps run in.
    pub(crate) own: Option<Own>,
    pub(crate) services: Vec<Service>,
}

/// The container that steps run in.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) container: Container,
    /// What `container:` made; else it stands for the machine.
    pub(crate) is_job_container: bool,
    pub(crate) user: sandbox::User,
    pub(crate) programs: Programs,
}

/// Programs of this machine that the container has been shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Programs {
    pub(crate) node: Option<Carried>,
    /// This program, for its `docker` command.
    pub(crate) docker: Option<Carried>,
}

/// The table of a job's containers, made when there is the first.
#[derive(Debug)]
pub(crate) struct LateTable {
    config: TableConfig,
    made: OnceLock<Table>,
}

impl LateTable {
    pub(crate) fn new(config: TableConfig) -> Self {
        Self { config, made: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> container::Result<&Table> {
        if let Some(table) = self.made.get() {
            return Ok(table);
        }
        let table = Table::new(self.config.clone())?;
        Ok(self.made.get_or_init(|| table))
    }

    pub(crate) fn made(&self) -> Option<&Table> {
        self.made.get()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) image: String,
    pub(crate) container: Container,
}

impl Containers {
    /// `job.container` and `job.services`.
    pub(crate) fn contexts(&self) -> (Value, Value) {
        let network = self.network.as_ref().map(|network| network.name.clone());
        let text = |text: &str| Value::string(text);
        let object = |entries: Object| Value::Object(Arc::new(entries));
        let mut container = Object::new();
        if let Some(network) = &network {
            container.insert("network", text(network));
        }
        if let Some(own) = self.own.as_ref().filter(|own| own.is_job_container) {
            container.insert("id", text(own.container.id()));
        }
        let mut services = Object::new();
        for service in &self.services {
            let mut ports = Object::new();
            for (port, address) in service.container.published() {
                ports.insert(port.number.to_string(), text(&address.port().to_string()));
            }
            let mut one = Object::new();
            one.insert("id", text(service.container.id()));
            one.insert("ports", object(ports));
            one.insert("network", text(network.as_deref().unwrap_or_default()));
            services.insert(service.id.as_str(), object(one));
        }
        (object(container), object(services))
    }

    /// Where the job's network reaches this machine: it has no loopback address of ours.
    pub(crate) fn gateway(&self) -> Option<std::net::Ipv4Addr> {
        self.network.as_ref().map(|network| network.handle.gateway())
    }
}

/// Directories of a job in an image, below `job_dir`: what lies where in the container.
pub(crate) fn work_dir(job_dir: &std::path::Path) -> PathBuf {
    job_dir.join("work")
}
