//! A step's process: started in the sandbox, its output pumped, its end awaited or brought about.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use sandbox::{Command, ExitStatus, Process};
use tokio::net::unix::pipe::Receiver;

use super::step::{Failure, Running};
use crate::command_file::CommandFiles;
use crate::log::Stream;

/// GitHub's grace: SIGINT, so long, SIGTERM, so long, kill.
const AFTER_INTERRUPT: Duration = Duration::from_millis(7500);
const AFTER_TERMINATE: Duration = Duration::from_millis(2500);
/// How long pipes may stay open after the process has ended: something it left behind holds them.
const OPEN_PIPES: Duration = Duration::from_secs(5);

pub(crate) enum Ended {
    Exited(ExitStatus),
    Cancelled,
}

/// Runs a process to its end and takes over what it left in its command files, also when it failed.
pub(crate) async fn run_process(
    running: &Running<'_>,
    argv: Vec<String>,
    env: IndexMap<String, String>,
    cwd: PathBuf,
    files: Option<CommandFiles>,
) -> Result<Ended, Failure> {
    let ended = pump_and_wait(running, argv, env, cwd).await;
    if let Some(files) = files {
        take_over(running, files);
    }
    ended
}

/// What a step left in its command files becomes its own. What is wrong with them stands in its log as well, where a
/// reader looks for the reason of a failure.
pub(super) fn take_over(running: &Running<'_>, files: CommandFiles) {
    let (markdown, told) = running.log.with_state(|state| {
        let before = state.annotations.len();
        let markdown = files.collect(&running.job.masker, state);
        let told: Vec<String> = state.annotations[before..]
            .iter()
            .map(|one| format!("##[{}]{}", one.level.as_str(), one.message))
            .collect();
        (markdown, told)
    });
    told.iter().for_each(|line| running.log.say(line));
    if let Some(markdown) = markdown {
        running.job.emit(api::Event::Summary { leg: running.job.request.leg, step: running.index, markdown });
    }
}

async fn pump_and_wait(
    running: &Running<'_>,
    argv: Vec<String>,
    env: IndexMap<String, String>,
    cwd: PathBuf,
) -> Result<Ended, Failure> {
    let job = running.job;
    let pipes = || {
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .and_then(|(read, write)| {
                // Only our end: a step's program must not find its output non-blocking.
                rustix::fs::fcntl_setfl(&read, rustix::fs::OFlags::NONBLOCK)?;
                Ok((read, write))
            })
            .map_err(|errno| Failure::new("runner", format!("no pipe for the step: {errno}"), None))
    };
    let (stdout, stdout_write) = pipes()?;
    let (stderr, stderr_write) = pipes()?;
    running.note_place(&env, &cwd);
    running.note_process(&argv, &env, &cwd);
    let mut command = Command::new(argv);
    command.env = env.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.cwd = cwd;
    command.stdout = Some(stdout_write);
    command.stderr = Some(stderr_write);
    command.user = job.own_container().map(|own| own.user.clone());
    let process = job
        .sandbox
        .spawn(command)
        .await
        .map_err(|error| Failure::new("spawn", error.to_string(), Some(running.step.span)))?;
    let log = &running.log;
    let receiver = |end| {
        Receiver::from_owned_fd(end)
            .map_err(|error| Failure::new("runner", format!("no pipe for the step: {error}"), None))
    };
    let (stdout, stderr) = (receiver(stdout)?, receiver(stderr)?);
    let pump = async { tokio::try_join!(log.pump(Stream::Out, stdout), log.pump(Stream::Err, stderr)) };
    tokio::pin!(pump);
    let wait = supervise(running, &process);
    tokio::pin!(wait);
    let mut pumped = false;
    let ended = loop {
        tokio::select! {
            ended = &mut wait => break ended,
            result = &mut pump, if !pumped => {
                pumped = true;
                result.map_err(unread)?;
            }
        }
    };
    if !pumped && matches!(ended, Ok(Ended::Cancelled)) {
        // What the step was still waiting for: its shell ended without it. What it put into the background with an output
        // of its own is not meant, and may be of use to the steps that follow.
        let _ = process.kill_group().await;
    }
    if !pumped {
        match tokio::time::timeout(OPEN_PIPES, &mut pump).await {
            Ok(result) => {
                result.map_err(unread)?;
            }
            Err(_) => log.say(
                "##[warning]The process has ended, but something it started keeps its output open; not waiting longer.",
            ),
        }
    }
    ended
}

async fn supervise(running: &Running<'_>, process: &Process) -> Result<Ended, Failure> {
    let lost = |error: sandbox::Error| Failure::new("runner", format!("the process was lost: {error}"), None);
    tokio::select! {
        status = process.wait() => return status.map(Ended::Exited).map_err(lost),
        () = running.cancel.cancelled() => {}
    }
    // Only the shell gets the first two; a signal that cannot be sent finds nobody to send it to.
    for (signal, grace) in [(libc_signal::INTERRUPT, AFTER_INTERRUPT), (libc_signal::TERMINATE, AFTER_TERMINATE)] {
        let _ = process.signal(signal).await;
        tokio::select! {
            _ = process.wait() => return Ok(Ended::Cancelled),
            () = tokio::time::sleep(grace) => {}
            () = running.job.control.kill.cancelled() => break,
        }
    }
    let _ = process.kill_tree().await;
    process.wait().await.map(|_| Ended::Cancelled).map_err(lost)
}

/// Signal numbers of Linux and macOS alike.
mod libc_signal {
    pub(super) const INTERRUPT: i32 = 2;
    pub(super) const TERMINATE: i32 = 15;
}

fn unread(error: std::io::Error) -> Failure {
    Failure::new("runner", format!("the step's output could not be read: {error}"), None)
}
