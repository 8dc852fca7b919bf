//! More processes in a running container.

use std::path::Path;
use std::sync::Arc;

use sandbox::{Capability, Process, Sandbox};

use super::Container;
use super::start::program_error;
use crate::inside::Root;
use crate::plan;
use crate::streams::{Attached, Ends, Feed, Outlets, Streams, Terminal, pump};
use crate::user::Account;
use crate::{Error, Result};

/// What to execute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exec {
    pub argv: Vec<String>,
    /// On top of the container's.
    pub env: Vec<(String, Option<String>)>,
    /// Instead of the container's.
    pub user: Option<String>,
    pub workdir: Option<String>,
    pub tty: bool,
    pub privileged: bool,
}

/// A process that was executed.
#[derive(Debug)]
pub struct Execution {
    process: Process,
    pumps: Vec<tokio::task::JoinHandle<()>>,
    outlets: Arc<Outlets>,
    attached: Attached,
    terminal: Option<Terminal>,
    _feed: Option<Feed>,
}

impl Container {
    fn running_sandbox(&self) -> Result<Sandbox> {
        self.sandbox().ok_or_else(|| Error::Conflict(format!("container {} is not running", self.id())))
    }

    /// Starts a process beside the main one.
    pub async fn exec(&self, exec: Exec, streams: Streams) -> Result<Execution> {
        let sandbox = self.running_sandbox()?;
        let user = exec.user.as_deref().unwrap_or(&self.inner.plan.user);
        let root = Root::open(&sandbox.host_path(Path::new("/"))).map_err(Error::io("opening the container's root"))?;
        let more = if exec.user.is_none() { self.options().groups.as_slice() } else { &[] };
        let account = Account::find(&root, user, more)?;
        let mut env = self.env();
        if exec.user.is_some() && !self.inner.plan.env.iter().any(|(name, _)| name == "HOME") {
            plan::set(&mut env, "HOME", &account.home);
        }
        if exec.tty {
            plan::set(&mut env, "TERM", "xterm");
        }
        for (name, value) in &exec.env {
            match value {
                Some(value) => plan::set(&mut env, name, value),
                None => env.retain(|(known, _)| known != name),
            }
        }
        let ends = match exec.tty {
            true => Ends::terminal(&sandbox.host_path(Path::new("/"))),
            false => Ends::pipes(streams.stdin.is_some()),
        };
        let mut ends = ends.map_err(Error::io("making pipes"))?;
        let mut command = sandbox::Command::new(&exec.argv);
        command.env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        command.cwd = exec.workdir.as_deref().unwrap_or(&self.inner.plan.workdir).into();
        command.user = Some(account.sandbox_user());
        command.capabilities = exec.privileged.then(Capability::all);
        (command.stdin, command.stdout, command.stderr) = (ends.stdin.take(), ends.stdout.take(), ends.stderr.take());
        command.controlling_tty = exec.tty;
        let process = sandbox.spawn(command).await.map_err(program_error)?;
        let outlets = Arc::new(Outlets::new(None));
        let attached = outlets.attach(streams.stdout, streams.stderr);
        let pumps = ends.outputs.drain(..).map(|(stream, file)| tokio::spawn(pump(stream, file, Arc::clone(&outlets))));
        let pumps = pumps.collect();
        let feed = match (streams.stdin, ends.input.take()) {
            (Some(source), Some(target)) => {
                Some(Feed::start(source, Arc::new(target), || {}).map_err(Error::io("connecting the input"))?)
            }
            _ => None,
        };
        Ok(Execution { process, pumps, outlets, attached, terminal: ends.terminal, _feed: feed })
    }
}

impl Execution {
    /// Waits for its end, and until its output is written. Gives the exit code.
    pub async fn wait(self) -> Result<u8> {
        let Self { process, pumps, outlets, attached, terminal, _feed } = self;
        let exit = process.wait().await;
        drop((_feed, terminal));
        // What it left running may hold its output open; what was written until now is passed on all the same.
        let drain = async {
            for pump in pumps {
                let _ = pump.await;
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_millis(500), drain).await;
        outlets.detach_all();
        attached.finished().await;
        let code = exit.map_or(137, |exit| exit.shell_code());
        Ok(u8::try_from(code & 0xff).unwrap_or(1))
    }

    /// To signal it while another task waits.
    pub fn process(&self) -> Process {
        self.process.clone()
    }

    /// Its terminal, when it has one.
    pub fn terminal(&self) -> Option<Terminal> {
        self.terminal.clone()
    }
}
