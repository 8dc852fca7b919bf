//! Containers of a job: its own, its services, and those of its Docker actions.

mod close;
mod context;
mod externals;
mod fetch;
mod open;
mod ready;
mod spec;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use container::{Container, Hide, Network, Table, TableConfig};
use expr::{Object, Value};
use span::Span;
use workflow::{StepsJob, Template, TemplateEntry, TemplateKey, TemplateKind};

pub(crate) use close::stop;
pub(crate) use externals::Carried;
pub(crate) use fetch::base;
pub(crate) use open::{Opened, initialize};
pub(crate) use spec::{ContainerSpec, ServiceSpec};

use self::spec::Refused;
use super::step::Failure;
use crate::Masker;
use crate::mask::MaskStream;
use crate::request::{JobRequest, Surroundings};

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
    /// Evaluates and reads what the job says.
    ///
    /// # Errors
    /// What cannot be evaluated, and the key that cannot be.
    pub(crate) fn read(request: &JobRequest, steps: &StepsJob, around: &Surroundings) -> Result<Self, Failure> {
        let mut wanted = Self { machine: request.image.clone(), ..Self::default() };
        if steps.container.is_none() && steps.services.is_none() {
            return Ok(wanted);
        }
        let context = context::ContainerContext::new(request, steps, around)?;
        let evaluated = |template: &Option<Template>| {
            let value = template.as_ref().map(|template| template.evaluate(&context)).transpose()?;
            Ok::<_, Failure>(value.filter(Value::truthy))
        };
        let refused = |refused: Refused| Failure::new("container", refused.to_string(), written(steps, &refused.key));
        if let Some(value) = evaluated(&steps.container)? {
            wanted.own = spec::container(&value).map_err(refused)?;
        }
        if let Some(value) = evaluated(&steps.services)? {
            wanted.services = spec::services(&value).map_err(refused)?;
        }
        Ok(wanted)
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
    /// Volumes show the workspace, or some of it.
    pub(crate) show_workspace: bool,
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

/// Hides the job's secrets in what is kept of containers.
pub(crate) fn hide(masker: &Masker) -> Hide {
    let masker = masker.clone();
    Hide::new(move || {
        let mut stream = MaskStream::new(masker.clone());
        Box::new(move |piece, out| match piece {
            [] => stream.finish(out),
            _ => stream.push(piece, out),
        })
    })
}

/// Directories of a job in an image, below `job_dir`: what lies where in the container.
pub(crate) fn work_dir(job_dir: &Path) -> PathBuf {
    job_dir.join("work")
}

/// Where a key of a job's containers is written: `services.db.ports`, or as much of it as stands in the file.
fn written(steps: &StepsJob, key: &str) -> Option<Span> {
    let mut names = key.split('.');
    let template = match names.next() {
        Some("container") => steps.container.as_ref(),
        _ => steps.services.as_ref(),
    };
    let mut here = template?;
    for name in names {
        let TemplateKind::Mapping(entries) = &here.kind else { break };
        let named = |entry: &&TemplateEntry| matches!(&entry.key, TemplateKey::Literal(key) if **key == *name);
        match entries.iter().find(named) {
            Some(entry) => here = &entry.value,
            None => break,
        }
    }
    Some(here.span)
}

#[cfg(test)]
mod tests {
    use workflow::JobKind;

    use super::*;

    #[test]
    fn keys_of_containers_are_found_in_the_file() {
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    container: { image: i, options: --cpus x }\n    services:\n      \
                    db:\n        image: i\n        ports: [http]\n    steps: [{ run: x }]\n";
        let mut sources = span::SourceMap::new();
        let file = sources.add("ci.yml", text);
        let workflow = workflow::parse_workflow(file, "ci.yml", text).value.unwrap();
        let JobKind::Steps(steps) = &workflow.jobs[0].kind else { panic!("no steps") };
        for (key, line, column) in [
            ("container", 5, 16),
            ("container.options", 5, 37),
            ("container.env", 5, 16),
            ("services.db.ports", 9, 16),
            ("services.db.image", 8, 16),
            ("services.other", 7, 7),
        ] {
            let position = sources.position(written(steps, key).unwrap());
            assert_eq!((position.line, position.column), (line, column), "{key}");
        }
    }
}
