//! A git process that serves a client.

use std::process::Stdio;

use identity::Caller;
use tokio::process::Command;
use tokio::sync::OwnedSemaphorePermit;

use crate::git::{Repo, base_command};
use crate::{Actor, Error, Forge, Result};

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

/// A place among those that are served at the same time, of which nobody holds more than a share.
pub(super) struct Slot {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// Waits for a place. Who has their share waits for their own to end, not in front of others.
pub(super) async fn slot(forge: &Forge, holder: Holder) -> Result<Slot> {
    let share = forge.shares().of(&holder);
    let waiting = async {
        let own = share.acquire_owned().await?;
        let all = forge.slots().clone().acquire_owned().await?;
        Ok::<_, tokio::sync::AcquireError>(Slot { _own: own, _all: all })
    };
    match tokio::time::timeout(forge.settings().limits.queue, waiting).await {
        Ok(Ok(slot)) => Ok(slot),
        Ok(Err(_)) | Err(_) => {
            Err(Error::Busy("too many pushes and fetches at the same time; try again soon".to_owned()))
        }
    }
}

/// Who a place is for: an account, or a job in its name; all who are not logged in share theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    account_id: Option<i64>,
    run_id: Option<i64>,
}

impl From<&Caller> for Holder {
    fn from(caller: &Caller) -> Holder {
        let run_id = if let Caller::Job(job) = caller { Some(job.run_id) } else { None };
        Holder { account_id: caller.account_id(), run_id }
    }
}

impl From<&Actor> for Holder {
    fn from(actor: &Actor) -> Holder {
        Holder { account_id: Some(actor.account_id), run_id: actor.run_id }
    }
}
