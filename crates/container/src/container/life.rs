//! Ends of containers: waiting, stopping, restarting, removing.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use sandbox::ExitStatus;
use tokio::time::Instant;

use super::start::Begun;
use super::{Container, Main};
use crate::options::Restart;
use crate::status::{Phase, Status};
use crate::volume::MountKind;
use crate::{Error, Result};

/// The first pause before a restart; it doubles up to a minute.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A run as long as this makes the next pause the first again.
const LONG_RUN: Duration = Duration::from_secs(10);
const SIGKILL: i32 = 9;

impl Container {
    /// Waits for the end of the main process, cleans up, and starts again as far as the restart policy says.
    pub(super) async fn supervise(self, mut begun: Begun) {
        let mut pause = FIRST_PAUSE;
        loop {
            let since = Instant::now();
            let exit = self.ended(begun).await;
            if since.elapsed() >= LONG_RUN {
                pause = FIRST_PAUSE;
            }
            if !self.settle(exit) {
                break;
            }
            let mut status = self.watch();
            // Being stopped or removed ends the pause.
            let other = status.wait_for(|status| status.phase != Phase::Restarting);
            if tokio::time::timeout(pause, other).await.is_ok() {
                break;
            }
            pause = (pause * 2).min(Duration::from_secs(60));
            let _life = self.inner.life.lock().await;
            if !self.is(Phase::Restarting) {
                break;
            }
            self.inner.status.send_modify(|status| status.restarts += 1);
            match self.begin().await {
                Ok(next) => begun = next,
                Err(error) => {
                    self.note_failure(&error);
                    self.inner.status.send_modify(|status| status.phase = Phase::Exited);
                    break;
                }
            }
        }
        if let Some(log) = &self.inner.outlets.log {
            log.end();
        }
        self.inner.outlets.detach_all();
        if self.options().auto_remove && !self.is(Phase::Running) {
            let _ = self.remove(true, true).await;
        }
    }

    /// Waits for the end of everything inside.
    async fn ended(&self, begun: Begun) -> ExitStatus {
        let gone = ExitStatus { code: None, signal: Some(SIGKILL), oom: false };
        let exit = match &begun.process {
            Some(process) => process.wait().await.unwrap_or(gone),
            None => {
                let end = self.running().as_ref().map(|running| Arc::clone(&running.end));
                if let Some(end) = end {
                    end.notified().await;
                }
                ExitStatus { code: Some(0), signal: None, oom: false }
            }
        };
        if let Some(health) = begun.health {
            health.abort();
        }
        // Ports are free, and input is no longer read, before anybody learns of the end.
        let running = self.running().take();
        drop(running);
        let _ = begun.sandbox.destroy().await;
        for pump in begun.pumps {
            let _ = pump.await;
        }
        exit
    }

    /// Notes an end. Whether it is to be started again is decided in one with that, so that a stop comes before or after.
    fn settle(&self, exit: ExitStatus) -> bool {
        let asked = self.inner.stop_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let again = !*asked
            && match self.options().restart {
                Restart::No => false,
                Restart::Always | Restart::UnlessStopped => true,
                Restart::OnFailure { most } => !exit.success() && (most == 0 || self.status().restarts < most),
            };
        self.inner.status.send_modify(|status| {
            status.phase = if again { Phase::Restarting } else { Phase::Exited };
            status.pid = 0;
            status.exit_code = u8::try_from(exit.shell_code() & 0xff).unwrap_or(1);
            status.oom = exit.oom;
            status.finished = Some(Timestamp::now());
        });
        again
    }

    /// Waits until it does not run, and gives the exit code.
    pub async fn wait(&self) -> u8 {
        let mut status = self.watch();
        let over = |status: &Status| matches!(status.phase, Phase::Exited | Phase::Removed);
        status.wait_for(over).await.map_or(137, |status| status.exit_code)
    }

    /// Waits for its next end, should it not run now.
    pub async fn wait_next(&self) -> u8 {
        let mut status = self.watch();
        let _ = status.wait_for(|status| matches!(status.phase, Phase::Running | Phase::Removed)).await;
        self.wait().await
    }

    /// Asks it to end, with its stop signal unless another is named, and kills it when it takes longer than `timeout`
    /// (its own unless given; `None` inside waits for ever).
    pub async fn stop(&self, signal: Option<i32>, timeout: Option<Option<Duration>>) -> Result<()> {
        let _life = self.inner.life.lock().await;
        self.stop_locked(signal, timeout).await
    }

    async fn stop_locked(&self, signal: Option<i32>, timeout: Option<Option<Duration>>) -> Result<()> {
        {
            let mut asked = self.inner.stop_asked.lock().unwrap_or_else(PoisonError::into_inner);
            *asked = true;
            self.inner.status.send_if_modified(|status| {
                let pausing = status.phase == Phase::Restarting;
                if pausing {
                    status.phase = Phase::Exited;
                }
                pausing
            });
        }
        let running = self
            .running()
            .as_ref()
            .map(|running| (running.process.clone(), running.sandbox.clone(), Arc::clone(&running.end)));
        let Some((process, sandbox, end)) = running else {
            // It may be about to be noted that it has ended.
            if self.is(Phase::Running) {
                self.wait().await;
            }
            return Ok(());
        };
        if self.inner.create.main == Main::Idle {
            end.notify_one();
        }
        if let Some(process) = &process {
            process.signal(signal.unwrap_or(self.inner.plan.stop_signal)).await.or_else(gone)?;
        }
        let ended = self.wait();
        let patience = timeout.unwrap_or(Some(self.inner.plan.stop_timeout));
        let in_time = match patience {
            None => {
                ended.await;
                true
            }
            Some(limit) => tokio::time::timeout(limit, ended).await.is_ok(),
        };
        if !in_time {
            sandbox.kill_all().await.or_else(gone)?;
            self.wait().await;
        }
        Ok(())
    }

    /// Sends a signal to the main process.
    pub async fn kill(&self, signal: i32) -> Result<()> {
        let process = match self.running().as_ref() {
            None => {
                let id = self.id();
                return Err(Error::Conflict(format!(
                    "cannot kill container: {}: container {id} is not running",
                    self.name()
                )));
            }
            Some(running) => running.process.clone().ok_or_else(|| Arc::clone(&running.end)),
        };
        if signal == SIGKILL {
            *self.inner.stop_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        }
        match process {
            Ok(process) => process.signal(signal).await.or_else(gone)?,
            Err(end) => end.notify_one(),
        }
        Ok(())
    }

    /// Stops and starts it.
    pub async fn restart(&self, timeout: Option<Option<Duration>>) -> Result<()> {
        self.stop(None, timeout).await?;
        self.start().await
    }

    /// Removes it: one that runs only with `force`. With `volumes`, its anonymous ones go too.
    pub async fn remove(&self, force: bool, volumes: bool) -> Result<()> {
        let _life = self.inner.life.lock().await;
        match self.status().phase {
            Phase::Removed => return Ok(()),
            Phase::Running | Phase::Restarting if !force => {
                return Err(Error::Conflict(format!(
                    "cannot remove container \"/{}\": container is running: stop the container before removing or force remove",
                    self.name()
                )));
            }
            Phase::Running | Phase::Restarting => {
                self.stop_locked(Some(SIGKILL), Some(Some(Duration::from_secs(10)))).await?;
            }
            _ => {}
        }
        self.inner.status.send_modify(|status| status.phase = Phase::Removed);
        self.inner.table.forget(self.id());
        let dir = self.inner.dir.clone();
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(dir)).await;
        if volumes {
            for mount in self.mounts() {
                if let MountKind::Volume { volume, .. } = &mount.kind
                    && volume.anonymous
                {
                    // One that another container has taken over (`--volumes-from`) stays.
                    let _ = self.inner.table.remove_volume(&volume.name);
                }
            }
        }
        match removed {
            Ok(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(format!("removing the files of container {}", self.name()))(error))
            }
            _ => Ok(()),
        }
    }
}

/// What has ended needs no signal.
fn gone(error: sandbox::Error) -> Result<(), sandbox::Error> {
    match error {
        sandbox::Error::Gone => Ok(()),
        other => Err(other),
    }
}
