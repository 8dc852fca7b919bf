//! What a container is asked to be, in docker's words.

pub mod duration;
pub mod flag_table;
mod health;
mod limits;
mod mount;
mod port;
mod read;
pub mod size;
mod surroundings;
mod words;

pub use health::HealthOptions;
pub use limits::capabilities;
pub use mount::{Mount, Source, volume_name};
pub use port::{Port, Protocol, Publish, expose, publish};
pub(crate) use read::container_name;
pub use surroundings::Surroundings;

use std::time::Duration;

use crate::flags::{self, FlagError, Order, Parsed};
use flag_table::{FLAGS, Honour};

/// Options of `docker run` and `docker create`, read and checked. Nothing in it is about the image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    pub name: Option<String>,
    /// In order; `None` removes what the image sets.
    pub env: Vec<(String, Option<String>)>,
    pub labels: Vec<(String, String)>,
    pub mounts: Vec<Mount>,
    /// Containers whose volumes are mounted too.
    pub volumes_from: Vec<String>,
    pub publish: Vec<Publish>,
    pub publish_all: bool,
    pub expose: Vec<Port>,
    pub network: NetworkMode,
    pub aliases: Vec<String>,
    /// Container and the name under which it is seen here.
    pub links: Vec<(String, String)>,
    pub hostname: Option<String>,
    /// Name and address; the address `host-gateway` is the host's.
    pub extra_hosts: Vec<(String, String)>,
    pub dns: Vec<std::net::IpAddr>,
    pub dns_search: Vec<String>,
    pub dns_options: Vec<String>,
    /// `name|uid[:group|gid]`.
    pub user: Option<String>,
    pub groups: Vec<String>,
    pub workdir: Option<String>,
    /// An empty text means none, not even the image's.
    pub entrypoint: Option<String>,
    pub health: HealthOptions,
    pub cpus: Option<f64>,
    pub memory: Option<u64>,
    pub pids: Option<u64>,
    pub shm_size: Option<u64>,
    pub ulimits: Vec<sandbox::Rlimit>,
    /// Devices of the host.
    pub devices: Vec<sandbox::Device>,
    /// A fixed address in the network.
    pub address: Option<std::net::Ipv4Addr>,
    pub cap_add: Vec<String>,
    pub cap_drop: Vec<String>,
    pub privileged: bool,
    pub no_new_privileges: bool,
    pub read_only: bool,
    pub init: bool,
    pub sysctls: Vec<(String, String)>,
    pub auto_remove: bool,
    pub detach: bool,
    pub interactive: bool,
    pub tty: bool,
    /// Of `stdin`, `stdout`, `stderr`.
    pub attach: Vec<String>,
    pub sig_proxy: Option<bool>,
    pub platform: Option<String>,
    pub pull: Pull,
    pub quiet: bool,
    pub restart: Restart,
    pub stop_signal: Option<String>,
    pub stop_timeout: Option<Duration>,
    pub log_driver: LogDriver,
    /// Bytes of log kept.
    pub log_max: Option<u64>,
    pub cidfile: Option<String>,
    pub help: bool,
}

/// Which network a container joins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum NetworkMode {
    #[default]
    Default,
    Host,
    None,
    Named(String),
    /// The network of another container, by name or id.
    Container(String),
}

/// Whether an image is asked of its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pull {
    Always,
    #[default]
    Missing,
    Never,
}

/// What happens when the main process ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    #[default]
    No,
    Always,
    UnlessStopped,
    OnFailure {
        /// 0: as often as it takes.
        most: u32,
    },
}

impl Restart {
    /// Docker's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Always => "always",
            Self::UnlessStopped => "unless-stopped",
            Self::OnFailure { .. } => "on-failure",
        }
    }
}

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogDriver {
    #[default]
    File,
    None,
}

/// What a command line of `docker run` or `docker create` says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    pub options: Options,
    pub image: Option<String>,
    pub command: Vec<String>,
}

/// Where a job's `options:` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKey {
    Container,
    Service,
}

/// Options that are wrong, or that are not honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    #[error(transparent)]
    Flag(#[from] FlagError),
    #[error("--{option} is not supported: {why}")]
    NotHonoured { option: &'static str, why: &'static str },
    /// Options that are each right and contradict each other, or that GitHub does not take.
    #[error("{0}")]
    Wrong(String),
}

impl Options {
    /// Reads the words after `docker run` or `docker create`.
    pub fn from_args(words: &[String], surroundings: &Surroundings<'_>) -> Result<Asked, OptionError> {
        let parsed = flags::parse(&flag_table::flags(), words, Order::FlagsFirst)?;
        let mut rest = parsed.rest.iter().cloned();
        let image = rest.next();
        let command = rest.collect();
        Ok(Asked { options: read_checked(&parsed, surroundings)?, image, command })
    }

    /// Reads the text of `options:` of a job's container or service.
    pub fn from_job(text: &str, key: JobKey, surroundings: &Surroundings<'_>) -> Result<Self, OptionError> {
        let words = words::split(text).map_err(OptionError::Wrong)?;
        let hint = |error: String| match text.contains('\'') {
            true => format!("{error} (single quotes do not quote in `options`; use double quotes)"),
            false => error,
        };
        let parsed = flags::parse(&flag_table::flags(), &words, Order::FlagsFirst)
            .map_err(|error| OptionError::Wrong(hint(error.to_string())))?;
        if let Some(word) = parsed.rest.first() {
            let wrong = format!("{word:?} is no option: docker would take it for the image");
            return Err(OptionError::Wrong(hint(wrong)));
        }
        for (name, _) in &parsed.given {
            let why = match (*name, key) {
                ("network" | "net", _) => "GitHub gives each job a network of its own",
                ("entrypoint", JobKey::Container) => "GitHub sets the entrypoint of a job's container itself",
                ("help", _) => "it is for the command line",
                _ => continue,
            };
            let option = FLAGS.iter().map(|(flag, _)| flag.long).find(|long| long == name).unwrap_or("network");
            return Err(OptionError::NotHonoured { option, why });
        }
        read_checked(&parsed, surroundings)
    }
}

fn read_checked(parsed: &Parsed, surroundings: &Surroundings<'_>) -> Result<Options, OptionError> {
    for (name, value) in &parsed.given {
        let honour = FLAGS.iter().find(|(flag, _)| flag.long == *name).map(|(_, honour)| *honour);
        // A switch that is off asks for nothing.
        if let Some(Honour::No(why)) = honour
            && value != "false"
        {
            return Err(OptionError::NotHonoured { option: name, why });
        }
    }
    read::options(parsed, surroundings)
}

#[cfg(test)]
mod tests;
