//! The life of a runner: known, waiting, at work, drained.

mod start;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use api::wire::{Claim, ErrorCode, JobSpec, LONGEST_WAIT, Orders};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::{Client, Failure, Held};
use crate::credentials::Credentials;
use crate::leases::{Leases, Moment};
use crate::{AgentConfig, AgentError, Notice, job, remains};

/// Between two attempts to reach a server that is away; it grows to the second.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How a runner is told to end.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Takes no further job, and ends when those it has are done.
    pub drain: CancellationToken,
    /// Kills the jobs and ends; the server is told that they were lost.
    pub now: CancellationToken,
}

/// A runner at work.
pub(crate) struct Agent {
    pub(crate) config: AgentConfig,
    pub(crate) client: Client,
    pub(crate) launcher: Arc<sandbox::Launcher>,
    pub(crate) leases: Arc<Leases>,
    pub(crate) tool_cache: PathBuf,
    pub(crate) stop: Stop,
    /// Numbers for the directories of jobs.
    legs: AtomicU32,
    /// Whether the user has been told that the server is away.
    told_away: AtomicBool,
    /// Jobs, and what is removed after them.
    pub(crate) tasks: TaskTracker,
}

/// Runs until it is told to stop; a single-use runner until its job is done.
///
/// # Errors
/// A server that refuses the runner, or a machine that cannot run jobs. A server that is away is waited for.
pub async fn run(config: AgentConfig, stop: Stop) -> Result<(), AgentError> {
    let Some((agent, _lock)) = start::start(config, stop).await? else { return Ok(()) };
    let agent = Arc::new(agent);
    remains::report(&agent);
    let slots = Arc::new(Semaphore::new(usize::try_from(agent.config.slots.max(1)).unwrap_or(1)));
    agent.tell(Notice::Listening { name: agent.config.name.clone(), slots: agent.config.slots });
    let taken = take_jobs(&agent, &slots).await;
    agent.drain(&slots).await;
    agent.tasks.close();
    tokio::select! {
        () = agent.tasks.wait() => {}
        () = async { agent.stop.now.cancelled().await; tokio::time::sleep(Duration::from_secs(20)).await } => {}
    }
    if agent.config.ephemeral && taken.as_ref().is_ok_and(|jobs| *jobs > 0) {
        let _ = agent.client.leave().await;
        Credentials::forget(&agent.config.dir);
    }
    taken.map(drop)
}

/// Asks for jobs until it is told not to. How many it got.
async fn take_jobs(agent: &Arc<Agent>, slots: &Arc<Semaphore>) -> Result<u32, AgentError> {
    let mut taken = 0;
    let mut pause = PAUSES.0;
    // The same until there is an answer: a job whose answer got lost is given again, and does not wait for its lease.
    let mut claim_id = uuid::Uuid::new_v4();
    while !(agent.config.ephemeral && taken > 0) {
        let slot = tokio::select! {
            slot = slots.clone().acquire_owned() => slot,
            () = agent.stop.drain.cancelled() => break,
        };
        let Ok(slot) = slot else { break };
        let free = u32::try_from(slots.available_permits() + 1).unwrap_or(u32::MAX);
        let claim = Claim { free, id: Some(claim_id.simple().to_string()) };
        let asked = Moment::now();
        let claimed = tokio::select! {
            biased;
            claimed = agent.client.claim(&claim, LONGEST_WAIT) => claimed,
            () = agent.stop.now.cancelled() => break,
            () = agent.stop.drain.cancelled() => {
                let asked = Moment::now();
                if let Some(spec) = agent.last_claim(&claim).await {
                    taken += 1;
                    agent.begin(spec, asked, slot);
                }
                break;
            }
        };
        if claimed.is_ok() {
            claim_id = uuid::Uuid::new_v4();
        }
        match claimed {
            Ok(None) => agent.reached(),
            Ok(Some(spec)) => {
                agent.reached();
                taken += 1;
                agent.begin(spec, asked, slot);
            }
            Err(failure) if failure.code() == Some(ErrorCode::Unauthorized) => {
                Credentials::forget(&agent.config.dir);
                return Err(AgentError::Refused(failure.to_string()));
            }
            Err(failure) => {
                agent.missed(&failure);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = agent.stop.drain.cancelled() => break,
                }
                pause = (pause * 2).min(PAUSES.1);
                continue;
            }
        }
        pause = PAUSES.0;
    }
    Ok(taken)
}

impl Agent {
    pub(crate) fn tell(&self, notice: Notice) {
        (self.config.notices)(notice);
    }

    /// The server answered.
    pub(crate) fn reached(&self) {
        if self.told_away.swap(false, Ordering::Relaxed) {
            self.tell(Notice::ServerBack);
        }
    }

    /// A request failed; the user hears of it once.
    pub(crate) fn missed(&self, failure: &Failure) {
        if !self.told_away.swap(true, Ordering::Relaxed) {
            self.tell(Notice::ServerAway { reason: failure.to_string() });
        }
    }

    /// A number that no other job of this process has.
    pub(crate) fn next_leg(&self) -> api::LegId {
        api::LegId(self.legs.fetch_add(1, Ordering::Relaxed))
    }

    /// The request that was dropped may have got a job: it is asked for once more, by a runner that gets no new one.
    async fn last_claim(&self, claim: &Claim) -> Option<JobSpec> {
        let asking = async {
            self.client.drain().await.ok()?;
            self.client.claim(claim, 0).await.ok()?
        };
        tokio::time::timeout(PAUSES.1, asking).await.ok().flatten()
    }

    /// When the server last said that the claim of a job holds; `None` when it does not. A runner that stood still with the
    /// answer unread may have it for long.
    async fn confirmed(&self, spec: &JobSpec, asked: Moment) -> Option<Moment> {
        if asked.elapsed() < self.leases.credible() {
            return Some(asked);
        }
        let held = Held { job: spec.id, fence: spec.fence };
        let mut backoff = Backoff::new();
        loop {
            let asked = Moment::now();
            match self.client.heartbeat(held, Orders::default(), Duration::ZERO).await {
                Ok(_) => return Some(asked),
                Err(failure) if failure.is_fenced() => return None,
                Err(failure) => self.missed(&failure),
            }
            tokio::select! {
                () = backoff.pause() => {}
                () = self.stop.now.cancelled() => return None,
            }
        }
    }

    fn begin(self: &Arc<Self>, spec: JobSpec, asked: Moment, slot: tokio::sync::OwnedSemaphorePermit) {
        let agent = self.clone();
        self.tasks.spawn(async move {
            if let Some(asked) = agent.confirmed(&spec, asked).await {
                job::execute(&agent, spec, asked).await;
            }
            drop(slot);
        });
    }

    async fn drain(&self, slots: &Semaphore) {
        let all = usize::try_from(self.config.slots.max(1)).unwrap_or(1);
        let running = all.saturating_sub(slots.available_permits());
        if self.stop.drain.is_cancelled() {
            self.tell(Notice::Draining { running });
            // A server that is away gives no jobs either.
            let _ = self.client.drain().await;
        }
    }
}

/// Waits longer each time.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(PAUSES.0)
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(PAUSES.1);
    }
}
