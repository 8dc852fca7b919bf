//! `--shell-on-failure`: a shell in the sandbox of the `RUN` that failed.

use std::io::Write as _;
use std::sync::Arc;

use builder::{FailedRun, OnFailure};
use sandbox::Command;

use super::progress::Progress;
use crate::run_command::attend;

/// Opens shells one at a time, with the progress paused.
pub(super) fn opener(progress: Progress) -> OnFailure {
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    OnFailure::new(move |failed: FailedRun| {
        let (progress, turn) = (progress.clone(), turn.clone());
        async move {
            let _turn = turn.lock().await;
            let name = progress.name(failed.step);
            progress.pause(true);
            if let Err(error) = open(&failed, &name).await {
                let _ = writeln!(std::io::stderr(), "no shell for {name}: {error}");
            }
            progress.pause(false);
        }
    })
}

async fn open(failed: &FailedRun, name: &str) -> Result<(), String> {
    let _ = writeln!(
        std::io::stderr(),
        "\n{name} failed. This is a shell in its sandbox, as it left it; leave it to go on."
    );
    // The image has the shell that the step used, or none at all.
    let mut command = Command::new(["/bin/sh", "-i"]);
    command.env.clone_from(&failed.env);
    command.env.push(("TERM".into(), std::env::var_os("TERM").unwrap_or_else(|| "dumb".into())));
    command.env.push(("PS1".into(), "(trunkline) $ ".into()));
    command.cwd.clone_from(&failed.cwd);
    command.user = Some(failed.user.clone());
    attend(&failed.sandbox, command).await
}
