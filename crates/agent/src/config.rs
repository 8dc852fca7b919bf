//! What a runner is told when it starts.

use std::path::PathBuf;

use api::wire::Secret;

use crate::{Notices, Platforms};

/// Everything about one runner.
#[derive(Clone)]
pub struct AgentConfig {
    /// `https://ci.example.com`
    pub server: String,
    /// What the runner remembers the server by; its address, unless that may be another one at each start.
    pub server_key: String,
    /// Registers it, when it is not known yet.
    pub token: Option<Secret>,
    pub name: String,
    pub labels: Vec<String>,
    pub group: Option<String>,
    /// It takes one job and is forgotten.
    pub ephemeral: bool,
    /// Jobs at a time.
    pub slots: u32,
    /// The runner's own directory: what it is known by, jobs on their way, caches, layers of sandboxes. Hidden from jobs.
    pub dir: PathBuf,
    /// `RUNNER_TOOL_CACHE` on the host; below `dir` when there is none.
    pub tool_cache: Option<PathBuf>,
    /// The directory in which the server keeps `<id>.git`, when that is on this machine: nothing is fetched then.
    pub local_git: Option<PathBuf>,
    /// Further paths that jobs must not see.
    pub hide: Vec<PathBuf>,
    pub platforms: Platforms,
    pub network: sandbox::Network,
    pub limits: sandbox::Limits,
    /// Directories and mirrors that actions come from.
    pub action_sources: Vec<git::RepositorySource>,
    /// No network for actions.
    pub offline: bool,
    pub notices: Notices,
}

impl std::fmt::Debug for AgentConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentConfig").field("server", &self.server).field("name", &self.name).finish_non_exhaustive()
    }
}

impl AgentConfig {
    /// A runner with one slot and the labels of this machine.
    pub fn new(server: impl Into<String>, name: impl Into<String>, dir: impl Into<PathBuf>) -> Self {
        let server = server.into();
        Self {
            server_key: server.clone(),
            server,
            token: None,
            name: name.into(),
            labels: crate::default_labels(),
            group: None,
            ephemeral: false,
            slots: 1,
            dir: dir.into(),
            tool_cache: None,
            local_git: None,
            hide: Vec::new(),
            platforms: Platforms::default(),
            network: sandbox::Network::Host,
            limits: sandbox::Limits::default(),
            action_sources: Vec::new(),
            offline: false,
            notices: std::sync::Arc::new(|_| {}),
        }
    }

    pub(crate) fn cache_dir(&self) -> PathBuf {
        self.dir.join("cache")
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.join("state")
    }

    pub(crate) fn jobs_dir(&self) -> PathBuf {
        self.dir.join("jobs")
    }

    pub(crate) fn tools_dir(&self) -> PathBuf {
        self.tool_cache.clone().unwrap_or_else(|| self.dir.join("tools"))
    }
}
