//! The question at the terminal.

use std::io::Write as _;
use std::os::fd::OwnedFd;

use api::LegId;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::Answer;
use crate::report::Reporter;

/// A terminal hands out no longer lines.
const LONGEST_LINE: usize = 4096;

pub(super) struct Question {
    pub(super) workflow: usize,
    pub(super) leg: LegId,
    pub(super) environment: String,
}

/// One question at a time; the report pauses while the terminal is asked. Ends with the run.
pub(super) async fn ask_in_turn(
    mut asked: UnboundedReceiver<Question>,
    reporter: Reporter,
    answers: UnboundedSender<Answer>,
    withdrawn: CancellationToken,
) {
    let mut decided: Vec<(String, bool)> = Vec::new();
    while let Some(Question { workflow, leg, environment }) = asked.recv().await {
        // What was said once for an environment holds for the rest of the run.
        let earlier = decided.iter().find(|(name, _)| *name == environment).map(|(_, yes)| *yes);
        let said = match earlier {
            Some(_) => earlier,
            None => tokio::select! {
                biased;
                () = withdrawn.cancelled() => None,
                // The run is over without this answer.
                () = answers.closed() => return,
                yes = ask(&reporter, &environment) => {
                    decided.push((environment.clone(), yes));
                    Some(yes)
                }
            },
        };
        let refused = match said {
            Some(yes) => (!yes).then(|| format!("the deployment to {environment} was refused at the terminal")),
            None => Some(format!("the deployment to {environment} was not approved before the run was stopped")),
        };
        let _ = answers.send(Answer { workflow, leg, refused });
    }
}

async fn ask(reporter: &Reporter, environment: &str) -> bool {
    let _pause = reporter.pause().await;
    // Whoever cannot be asked has not agreed.
    agree(environment).await.unwrap_or(false)
}

/// When this is given up, the thread that waits at the terminal ends and takes nothing of what is typed.
async fn agree(environment: &str) -> std::io::Result<bool> {
    let (ended, end) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    let environment = environment.to_owned();
    let agreed = tokio::task::spawn_blocking(move || agreed(&environment, &ended)).await;
    drop(end);
    agreed.unwrap_or(Ok(false))
}

/// Asks until there is an answer, or `ended` is closed at its other end.
fn agreed(environment: &str, ended: &OwnedFd) -> std::io::Result<bool> {
    let (stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    let mut bytes = [0; LONGEST_LINE];
    loop {
        let _ = write!(stderr, "Deploy to {environment}? [y/n] ");
        let _ = stderr.flush();
        let mut waiting = [PollFd::new(ended, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        while let Err(errno) = poll(&mut waiting, None) {
            if errno != Errno::INTR {
                return Err(errno.into());
            }
        }
        if !waiting[0].revents().is_empty() {
            return Ok(false);
        }
        // A terminal hands out one line at a time.
        let read = rustix::io::read(&stdin, &mut bytes)?;
        match String::from_utf8_lossy(&bytes[..read]).trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ if read == 0 => return Ok(false),
            _ => {}
        }
    }
}
