//! A git process that serves a client.

use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::OwnedSemaphorePermit;

use crate::git::{Repo, base_command};
use crate::{Error, Forge, Result};

/// `git upload-pack` or `receive-pack` over a repository.
pub(super) fn service(repo: &Repo, name: &str, protocol: Option<&str>, config: &[&str], args: &[&str]) -> Command {
    let mut command = base_command();
    for setting in config {
        command.args(["-c", setting]);
    }
    command.arg(name).arg("--stateless-rpc").args(args).arg("--").arg(repo.dir());
    // `version=2` and the like; nothing else reaches git.
    let is_plain =
        |text: &&str| text.len() < 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=:.-_".contains(&b));
    if let Some(protocol) = protocol.filter(is_plain) {
        command.env("GIT_PROTOCOL", protocol);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// A place among those that are served at the same time.
pub(super) async fn slot(forge: &Forge) -> Result<OwnedSemaphorePermit> {
    let waiting = forge.slots().clone().acquire_owned();
    match tokio::time::timeout(forge.settings().limits.queue, waiting).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) | Err(_) => {
            Err(Error::Busy("too many pushes and fetches at the same time; try again soon".to_owned()))
        }
    }
}
