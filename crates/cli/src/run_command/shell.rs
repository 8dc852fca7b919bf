//! `--shell-on-failure`: a shell in the sandbox of a job that failed.

use std::io::{IsTerminal as _, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use runner::{HeldJob, OnFailure};
use sandbox::{Command, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

use self::terminal::{Raw, Terminal, relay, resize};
use crate::report::Reporter;

mod terminal;

/// Opens shells one at a time, with the report paused.
pub(crate) fn opener(reporter: Reporter) -> OnFailure {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    Arc::new(move |job: HeldJob| {
        let (reporter, turn) = (reporter.clone(), turn.clone());
        Box::pin(async move {
            let _turn = turn.lock().await;
            let _pause = reporter.pause().await;
            if let Err(error) = open(&job).await {
                let _ = writeln!(std::io::stderr(), "no shell for {}: {error}", job.name);
            }
        })
    })
}

async fn open(job: &HeldJob) -> Result<(), String> {
    let _ = writeln!(
        std::io::stderr(),
        "\n{} failed. This is a shell in its sandbox, as its last step left it; leave it to go on.",
        job.name
    );
    // Without the start-up files of the user, which would set another prompt.
    let mut command = Command::new(["bash", "--norc", "-i"]);
    command.env = job.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.env.push(("TERM".into(), std::env::var_os("TERM").unwrap_or_else(|| "dumb".into())));
    command.env.push(("PS1".into(), "(trunkline) \\w\\$ ".into()));
    command.cwd.clone_from(&job.cwd);
    attend(&job.sandbox, command).await
}

/// Runs an interactive command in a sandbox, with the user's terminal or whatever takes its place.
pub(crate) async fn attend(sandbox: &Sandbox, mut command: Command) -> Result<(), String> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return in_terminal(sandbox, command).await;
    }
    let stream = |fd: rustix::io::Result<OwnedFd>| fd.map(Some).map_err(|errno| errno.to_string());
    command.stdin = stream(rustix::io::dup(std::io::stdin()))?;
    command.stdout = stream(rustix::io::dup(std::io::stdout()))?;
    command.stderr = stream(rustix::io::dup(std::io::stderr()))?;
    command.new_session = false;
    let shell = sandbox.spawn(command).await.map_err(|error| error.to_string())?;
    shell.wait().await.map(drop).map_err(|error| error.to_string())
}

async fn in_terminal(sandbox: &Sandbox, mut command: Command) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let terminal = Terminal::open().map_err(text)?;
    let slave = || terminal.slave.try_clone().map(Some).map_err(text);
    (command.stdin, command.stdout, command.stderr) = (slave()?, slave()?, slave()?);
    command.controlling_tty = true;
    let shell = sandbox.spawn(command).await.map_err(|error| error.to_string())?;
    drop(terminal.slave);
    let raw = Raw::start().map_err(text)?;
    let (ended, end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|errno| errno.to_string())?;
    let master = Arc::new(terminal.master);
    let relaying = {
        let master = master.clone();
        tokio::task::spawn_blocking(move || relay(&master, &ended))
    };
    let mut resized = signal(SignalKind::window_change()).map_err(text)?;
    let status = loop {
        tokio::select! {
            status = shell.wait() => break status,
            Some(()) = resized.recv() => resize(&master),
        }
    };
    drop(end);
    let _ = relaying.await;
    drop(raw);
    status.map(drop).map_err(|error| error.to_string())
}
