//! Runs health checks while a container runs.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use jiff::Timestamp;
use rustix::pipe::PipeFlags;
use sandbox::{Process, Sandbox};
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::plan::HealthPlan;
use crate::status::{Health, Phase, Probe, Status, Verdict};
use crate::table::{Hide, HideStream};

/// Docker keeps as many.
const PROBES: usize = 5;
/// And as many bytes of each.
const OUTPUT: usize = 4096;

/// How a check is started: everything but the program.
#[derive(Debug, Clone)]
pub(crate) struct Around {
    pub(crate) env: Vec<(String, String)>,
    pub(crate) cwd: String,
    pub(crate) user: sandbox::User,
    pub(crate) hide: Hide,
}

/// Checks until dropped, or until the container no longer runs.
pub(crate) async fn watch(sandbox: Sandbox, plan: HealthPlan, around: Around, status: watch::Sender<Status>) {
    let started = Instant::now();
    loop {
        let starting = status.borrow().health.as_ref().is_none_or(|health| health.verdict == Verdict::Starting);
        let within_start = started.elapsed() < plan.start_period;
        let pause = if starting && within_start { plan.start_interval.min(plan.interval) } else { plan.interval };
        tokio::time::sleep(pause).await;
        if status.borrow().phase != Phase::Running {
            return;
        }
        let within_start = started.elapsed() < plan.start_period;
        let probe = probe(&sandbox, &plan, &around).await;
        if status.borrow().phase != Phase::Running {
            return;
        }
        status.send_modify(|status| note(status.health.get_or_insert_default(), probe, within_start, plan.retries));
    }
}

/// Docker's rules: one success is health; failures count once the start period is over.
fn note(health: &mut Health, probe: Probe, within_start: bool, retries: u32) {
    if probe.exit_code == 0 {
        health.failing = 0;
        health.verdict = Verdict::Healthy;
    } else if !(within_start && health.verdict == Verdict::Starting) {
        health.failing += 1;
        if health.failing >= retries {
            health.verdict = Verdict::Unhealthy;
        }
    }
    health.log.push(probe);
    if health.log.len() > PROBES {
        health.log.remove(0);
    }
}

async fn probe(sandbox: &Sandbox, plan: &HealthPlan, around: &Around) -> Probe {
    let start = Timestamp::now();
    let (exit_code, output) = match begin(sandbox, plan, around).await {
        Err(why) => (-1, why),
        Ok((process, output)) => {
            let reading = tokio::spawn(read(output, around.hide.begin()));
            match tokio::time::timeout(plan.timeout, process.wait()).await {
                Ok(Ok(exit)) => {
                    // What it left running may hold the pipe open for ever.
                    let text = tokio::time::timeout(Duration::from_secs(1), reading).await;
                    (exit.shell_code(), text.ok().and_then(Result::ok).unwrap_or_default())
                }
                Ok(Err(error)) => (-1, error.to_string()),
                Err(_) => {
                    let _ = process.kill_tree().await;
                    reading.abort();
                    let limit = crate::options::duration::text(plan.timeout);
                    (-1, format!("Health check exceeded timeout ({limit})"))
                }
            }
        }
    };
    Probe { start, end: Timestamp::now(), exit_code, output }
}

async fn begin(sandbox: &Sandbox, plan: &HealthPlan, around: &Around) -> Result<(Process, OwnedFd), String> {
    let (output, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|error| error.to_string())?;
    let mut command = sandbox::Command::new(&plan.argv);
    command.env = around.env.iter().map(|(name, value)| (name.into(), value.into())).collect();
    command.cwd = (&around.cwd).into();
    command.user = Some(around.user.clone());
    command.stderr = Some(write.try_clone().map_err(|error| error.to_string())?);
    command.stdout = Some(write);
    let process = sandbox.spawn(command).await.map_err(|error| error.to_string())?;
    Ok((process, output))
}

async fn read(output: OwnedFd, hide: HideStream) -> String {
    let mut kept = Kept { hide, text: Vec::new() };
    let read = async {
        let mut pipe = tokio::net::unix::pipe::Receiver::from_owned_fd(output)?;
        let mut buffer = [0; 4096];
        loop {
            let count = pipe.read(&mut buffer).await?;
            if count == 0 {
                return io::Result::Ok(());
            }
            kept.push(&buffer[..count]);
        }
    };
    match read.await {
        Ok(()) => kept.finish(),
        Err(_) => String::new(),
    }
}

/// What is shown of an output: secrets are hidden first, then it is cut.
struct Kept {
    hide: HideStream,
    text: Vec<u8>,
}

impl Kept {
    fn push(&mut self, piece: &[u8]) {
        if self.text.len() < OUTPUT {
            (self.hide)(piece, &mut self.text);
        }
    }

    fn finish(mut self) -> String {
        self.push(&[]);
        self.text.truncate(OUTPUT);
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides `secret`, however it comes in pieces.
    fn stars() -> Hide {
        Hide::new(|| {
            let mut held = Vec::new();
            Box::new(move |piece, out| {
                held.extend_from_slice(piece);
                if piece.is_empty() {
                    let all = String::from_utf8(std::mem::take(&mut held)).unwrap();
                    out.extend_from_slice(all.replace("secret", "***").as_bytes());
                }
            })
        })
    }

    #[test]
    fn a_cut_leaves_no_half_of_what_is_hidden() {
        for (before, shown) in [(0, "***"), (OUTPUT - 3, "***"), (OUTPUT - 1, "*"), (OUTPUT, "")] {
            let mut kept = Kept { hide: stars().begin(), text: Vec::new() };
            for piece in [&*vec![b'x'; before], b"sec", b"ret", b" and more"] {
                // Nothing at all would be the end.
                if !piece.is_empty() {
                    kept.push(piece);
                }
            }
            let text = kept.finish();
            let rest = text.trim_start_matches('x');
            assert!(text.len() <= OUTPUT && rest.starts_with(shown) && !text.contains('s'), "{before}: {rest}");
        }
        let mut kept = Kept { hide: Hide::default().begin(), text: Vec::new() };
        for _ in 0..3 {
            kept.push(&[b'x'; 4000]);
        }
        assert_eq!(kept.finish(), "x".repeat(OUTPUT));
    }

    #[test]
    fn verdicts() {
        let mut health = Health::default();
        let mut after = |code: i32, within_start: bool| {
            let probe = Probe {
                start: Timestamp::UNIX_EPOCH,
                end: Timestamp::UNIX_EPOCH,
                exit_code: code,
                output: String::new(),
            };
            note(&mut health, probe, within_start, 2);
            (health.verdict, health.failing, health.log.len())
        };
        assert_eq!(after(1, true), (Verdict::Starting, 0, 1));
        assert_eq!(after(1, false), (Verdict::Starting, 1, 2));
        assert_eq!(after(0, false), (Verdict::Healthy, 0, 3));
        assert_eq!(after(-1, true), (Verdict::Healthy, 1, 4));
        assert_eq!(after(3, true), (Verdict::Unhealthy, 2, 5));
        assert_eq!(after(0, false), (Verdict::Healthy, 0, 5));
    }
}
