//! What a kept runner is known by.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use api::wire::{Registered, Secret};
use serde::{Deserialize, Serialize};

use crate::AgentError;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credentials {
    pub(crate) server: String,
    pub(crate) runner_id: i64,
    pub(crate) name: String,
    pub(crate) secret: Secret,
}

impl Credentials {
    pub(crate) fn of(server: &str, registered: &Registered) -> Self {
        Self {
            server: server.to_owned(),
            runner_id: registered.runner_id,
            name: registered.name.clone(),
            secret: registered.secret.clone(),
        }
    }

    fn path(dir: &Path) -> PathBuf {
        dir.join("runner.json")
    }

    /// Those for this server, if there are any.
    pub(crate) fn load(dir: &Path, server: &str) -> Result<Option<Self>, AgentError> {
        let path = Self::path(dir);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(AgentError::io(&path)(error)),
        };
        let known: Self =
            serde_json::from_str(&text).map_err(|error| AgentError::Credentials { path, reason: error.to_string() })?;
        Ok((known.server == server).then_some(known))
    }

    pub(crate) fn save(&self, dir: &Path) -> Result<(), AgentError> {
        let path = Self::path(dir);
        let fresh = dir.join("runner.json.new");
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let _ = std::fs::remove_file(&fresh);
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&fresh, &path));
        written.map_err(AgentError::io(&path))
    }

    /// The server does not know it any more.
    pub(crate) fn forget(dir: &Path) {
        // What cannot be removed is refused by the server the next time as well.
        let _ = std::fs::remove_file(Self::path(dir));
    }
}
