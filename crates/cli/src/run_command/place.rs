//! Where jobs run, and where actions come from.

use std::sync::Arc;

use actions::{LockFile, NativeMode, Resolver};
use git::{RepositorySource, SnapshotStore, Sources, Token};
use sandbox::Limits;

pub(crate) use agent::Where;

use crate::args::MachineArgs;
use crate::config::{Config, bytes};
use crate::dirs::Dirs;
use crate::failure::Failure;
use crate::project::Project;

/// `-P` and `[platforms]`.
#[derive(Debug, Default)]
pub(crate) struct Platforms(Vec<(String, Where)>);

/// What the labels of a job mean here.
pub(crate) enum Runner {
    Here(Where),
    /// The label asks for a system that this machine is not.
    Elsewhere(String),
}

impl Platforms {
    pub(crate) fn collect(args: &MachineArgs, config: &Config) -> Result<Self, Failure> {
        let mut platforms = Vec::new();
        for text in &args.platform {
            let refuse = |why: &str| Failure::usage(format!("--platform takes LABEL=WHERE, not `{text}`: {why}"));
            let (label, place) = text.split_once('=').ok_or_else(|| refuse("there is no `=`"))?;
            platforms.push((label.to_owned(), Where::parse(place).map_err(|why| refuse(&why))?));
        }
        for (label, place) in &config.platforms {
            platforms.extend(Where::parse(place.get_ref()).map(|place| (label.clone(), place)));
        }
        Ok(Self(platforms))
    }

    /// The first label that is mapped decides; unmapped Linux and self-hosted labels mean a sandbox.
    pub(crate) fn runner(&self, labels: &[String]) -> Runner {
        let mapped = labels.iter().find_map(|label| {
            self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(label)).map(|(_, place)| place.clone())
        });
        if let Some(place) = mapped {
            return Runner::Here(place);
        }
        let foreign = labels.iter().find(|label| {
            let label = label.to_ascii_lowercase();
            label.starts_with("windows") || label.starts_with("macos")
        });
        match foreign {
            Some(label) => Runner::Elsewhere(label.clone()),
            None => Runner::Here(if cfg!(target_os = "linux") { Where::Sandbox } else { Where::Host }),
        }
    }
}

/// `--memory`, `--cpus`, `--pids`, else `[run]`.
pub(crate) fn limits(args: &MachineArgs, config: &Config) -> Result<Limits, Failure> {
    let memory = args.memory.as_ref().or(config.run.memory.as_ref().map(toml::Spanned::get_ref));
    let memory_bytes = match memory {
        None => None,
        Some(text) => Some(
            bytes(text)
                .ok_or_else(|| Failure::usage(format!("--memory takes a size such as 512m or 2g, not `{text}`")))?,
        ),
    };
    Ok(Limits { memory_bytes, pids: args.pids.or(config.run.pids), cpus: args.cpus.or(config.run.cpus) })
}

pub(crate) fn sources(project: &Project, args: &MachineArgs, dirs: &Dirs) -> Result<Sources, Failure> {
    let mut entries = Vec::new();
    for text in &args.action_source {
        entries.push(RepositorySource::parse(text).map_err(|error| Failure::usage(error.to_string()))?);
    }
    for text in &project.config.actions.sources {
        // Relative to the file that says so.
        let text = match text.split_once('=') {
            Some((name, dir)) => format!("{name}={}", project.top.join(dir).display()),
            None => project.top.join(text).display().to_string(),
        };
        entries.push(RepositorySource::parse(&text).map_err(|error| Failure::invalid(error.to_string()))?);
    }
    let token = std::env::var("GITHUB_TOKEN").ok().and_then(|token| Token::new(&token));
    Ok(Sources {
        entries,
        cache_dir: dirs.cache.clone(),
        offline: args.offline || project.config.actions.offline,
        server_url: "https://github.com".to_owned(),
        token,
        ..Sources::default()
    })
}

/// Finds actions: native, vendored, locked, named directories, mirrors, GitHub.
pub(crate) fn resolver(project: &Project, args: &MachineArgs, dirs: &Dirs) -> Result<Resolver, Failure> {
    let store = Arc::new(SnapshotStore::open(&dirs.cache).map_err(|error| Failure::broken(error.to_string()))?);
    let native = args.native.as_deref().or(project.config.actions.native.as_ref().map(|mode| mode.get_ref().as_str()));
    let mode = match native {
        Some("never") => NativeMode::Never,
        Some("only") => NativeMode::Only,
        _ => NativeMode::Prefer,
    };
    let lock =
        LockFile::read(&project.top.join("trunkline.lock")).map_err(|error| Failure::invalid(error.to_string()))?;
    let vendor = Some(project.top.join(".trunkline/vendor")).filter(|dir| dir.is_dir());
    Ok(Resolver::new(sources(project, args, dirs)?, store)
        .with_native(mode, Arc::new(actions::native::Table))
        .with_lock(lock, vendor))
}
