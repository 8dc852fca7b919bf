//! `trunkline-runner.toml`: what a runner is told, beside its arguments and its environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::parsed::{Place, Size, Url, read};
use crate::failure::Failure;

/// Looked for in this directory, then in `/etc/trunkline`.
pub(crate) const FILE: &str = "trunkline-runner.toml";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RunnerFile {
    pub(crate) server: Option<Url>,
    /// A file with the registration token.
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) name: Option<String>,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) group: Option<String>,
    pub(crate) ephemeral: Option<bool>,
    pub(crate) slots: Option<u32>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) tool_cache: Option<PathBuf>,
    pub(crate) platforms: BTreeMap<String, Place>,
    pub(crate) network: Option<Network>,
    pub(crate) memory: Option<Size>,
    pub(crate) cpus: Option<f64>,
    pub(crate) pids: Option<u64>,
    pub(crate) action_sources: Vec<String>,
    pub(crate) offline: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    Host,
    None,
}

impl RunnerFile {
    /// The file named, else the first that is there.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => Some(path.to_owned()),
            None => [Path::new(FILE), &Path::new("/etc/trunkline").join(FILE)]
                .into_iter()
                .find(|path| path.is_file())
                .map(Path::to_owned),
        };
        path.map_or_else(|| Ok(Self::default()), |path| read(&path))
    }
}
