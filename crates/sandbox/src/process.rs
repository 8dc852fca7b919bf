//! A process inside a sandbox.

use std::sync::Arc;

use tokio::sync::watch;

use crate::Error;
use crate::remote::Remote;
use crate::wire::ToInit;

/// How a process ended. Exactly one of `code` and `signal` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStatus {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// It failed, and while it ran the kernel killed something in the sandbox for exceeding the memory limit.
    pub oom: bool,
}

impl ExitStatus {
    /// Ended by itself with 0.
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }

    /// What a shell would report: the code, or 128 plus the signal.
    pub fn shell_code(&self) -> i32 {
        self.code.or(self.signal.map(|signal| 128 + signal)).unwrap_or(1)
    }
}

/// One process left in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessName {
    /// As seen inside.
    pub pid: i32,
    /// The kernel's short name.
    pub name: String,
}

/// A process started by [`crate::Sandbox::spawn`]. Dropping it leaves the process running.
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) remote: Arc<Remote>,
    pub(crate) key: u64,
    pub(crate) pid: i32,
    pub(crate) exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// The process id as seen inside the sandbox.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal to this process alone. Nothing happens when it has ended.
    pub async fn signal(&self, signal: i32) -> Result<(), Error> {
        let key = self.key;
        self.remote.ask(|id| ToInit::Signal { id, key, signal, group: false }).await.map(drop)
    }

    /// Sends a signal to the process group it leads. Nothing happens when it has ended.
    pub async fn signal_group(&self, signal: i32) -> Result<(), Error> {
        let key = self.key;
        self.remote.ask(|id| ToInit::Signal { id, key, signal, group: true }).await.map(drop)
    }

    /// Kills the process, its descendants, its process group and its session.
    pub async fn kill_tree(&self) -> Result<(), Error> {
        let key = self.key;
        self.remote.ask(|id| ToInit::KillTree { id, key }).await.map(drop)
    }

    /// Kills what is left of the process group it led, also after its own end. Nothing happens when nobody is left.
    pub async fn kill_group(&self) -> Result<(), Error> {
        let group = self.pid;
        self.remote.ask(|id| ToInit::KillGroup { id, group }).await.map(drop)
    }

    /// Waits for its end. May be called often and by many. [`Error::Gone`] when the sandbox ended first.
    pub async fn wait(&self) -> Result<ExitStatus, Error> {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await.map_err(|_| Error::Gone)?;
        status.ok_or(Error::Gone)
    }
}
