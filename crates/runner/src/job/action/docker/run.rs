//! A container of an action from its start to its end.

use std::os::fd::OwnedFd;
use std::time::Duration;

use container::{Container, Create, Streams};
use tokio::net::unix::pipe::Receiver;

use super::super::super::process::take_over;
use super::super::super::step::{Failure, Running};
use crate::command_file::CommandFiles;
use crate::log::Stream;
use crate::result::TaskResult;

/// As for processes: SIGINT, so long, SIGTERM, so long, kill.
const GRACE: [(i32, Duration); 2] = [(2, Duration::from_millis(7500)), (15, Duration::from_millis(2500))];

pub(super) async fn run(running: &Running<'_>, create: Create, files: CommandFiles) -> Result<TaskResult, Failure> {
    let ended = start_and_wait(running, create).await;
    take_over(running, files);
    match ended? {
        None => Ok(TaskResult::Cancelled),
        Some(0) => Ok(TaskResult::Success),
        Some(code) => {
            let text = format!("Docker run failed with exit code {code}");
            Err(Failure::new("exit", text, Some(running.step.span)))
        }
    }
}

/// `None` when it was cancelled.
async fn start_and_wait(running: &Running<'_>, create: Create) -> Result<Option<u8>, Failure> {
    let failed = |error: container::Error| Failure::new("container", error.to_string(), Some(running.step.span));
    let (stdout, stdout_write) = pipe()?;
    let (stderr, stderr_write) = pipe()?;
    let container = running.job.table.get().map_err(failed)?.create(create).await.map_err(failed)?;
    let streams = Streams { stdin: None, stdout: Some(stdout_write), stderr: Some(stderr_write) };
    let outcome = match container.start_attached(streams).await {
        Err(error) => Err(failed(error)),
        Ok(attached) => {
            let pump = async {
                tokio::try_join!(running.log.pump(Stream::Out, stdout), running.log.pump(Stream::Err, stderr))
            };
            let life = async {
                let ended = wait(running, &container).await;
                attached.finished().await;
                ended
            };
            let (pumped, ended) = tokio::join!(pump, life);
            pumped.map(|_| ended).map_err(|error| {
                Failure::new("runner", format!("the container's output could not be read: {error}"), None)
            })
        }
    };
    // Its output is in the log; nothing else of it is wanted.
    let _ = container.remove(true, true).await;
    outcome
}

async fn wait(running: &Running<'_>, container: &Container) -> Option<u8> {
    tokio::select! {
        code = container.wait() => return Some(code),
        () = running.cancel.cancelled() => {}
    }
    for (signal, grace) in GRACE {
        let _ = container.kill(signal).await;
        tokio::select! {
            _ = container.wait() => return None,
            () = tokio::time::sleep(grace) => {}
            () = running.job.control.kill.cancelled() => break,
        }
    }
    let _ = container.stop(Some(9), Some(Some(Duration::from_secs(1)))).await;
    None
}

fn pipe() -> Result<(Receiver, OwnedFd), Failure> {
    let no_pipe = |error: std::io::Error| Failure::new("runner", format!("no pipe for the step: {error}"), None);
    let (read, write) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|errno| no_pipe(errno.into()))?;
    rustix::fs::fcntl_setfl(&read, rustix::fs::OFlags::NONBLOCK).map_err(|errno| no_pipe(errno.into()))?;
    Ok((Receiver::from_owned_fd(read).map_err(no_pipe)?, write))
}
