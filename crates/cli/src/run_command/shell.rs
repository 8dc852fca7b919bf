//! `--shell-on-failure`: a shell in the sandbox of a job that failed.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use runner::{HeldJob, OnFailure};
use sandbox::Command;

use crate::report::Reporter;

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
    let text = |error: std::io::Error| error.to_string();
    let stream = |fd: std::io::Result<OwnedFd>| fd.map(Some).map_err(text);
    // Without the start-up files of the user, which would set another prompt.
    let mut command = Command::new(["bash", "--norc", "-i"]);
    command.env = job.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.env.push(("TERM".into(), std::env::var_os("TERM").unwrap_or_else(|| "dumb".into())));
    command.env.push(("PS1".into(), "(trunkline) \\w\\$ ".into()));
    command.cwd.clone_from(&job.cwd);
    command.stdin = stream(rustix::io::dup(std::io::stdin()).map_err(Into::into))?;
    command.stdout = stream(rustix::io::dup(std::io::stdout()).map_err(Into::into))?;
    command.stderr = stream(rustix::io::dup(std::io::stderr()).map_err(Into::into))?;
    command.new_session = false;
    let shell = job.sandbox.spawn(command).await.map_err(|error| error.to_string())?;
    shell.wait().await.map_err(|error| error.to_string())?;
    Ok(())
}
