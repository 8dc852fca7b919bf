//! How long the jobs of this runner may go on without a word of the server.
//!
//! While it runs, a runner ends its jobs in time by itself. One that stands still cannot, and its server gives the job to
//! another: so the helper of its sandboxes knows when the first lease ends, and ends the sandboxes then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::wire::Settings;
use rustix::time::{ClockId, clock_gettime};
use sandbox::Launcher;

/// On a clock that goes on while the machine sleeps, as the server's does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Self(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

/// The leases of all jobs that run.
pub(crate) struct Leases {
    launcher: Arc<Launcher>,
    lease: Duration,
    wait: Duration,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    last: u64,
    ends: BTreeMap<u64, Moment>,
    /// What the helpers were told last.
    told: Option<Moment>,
}

/// One job's, for as long as anything of it may run.
pub(crate) struct Lease {
    leases: Arc<Leases>,
    number: u64,
    /// When the server was asked for the job.
    asked: Moment,
}

impl Leases {
    pub(crate) fn new(launcher: Arc<Launcher>, settings: &Settings) -> Self {
        let wait = Duration::from_secs(settings.heartbeat_seconds.max(1));
        let lease = Duration::from_secs(settings.lease_seconds).max(wait * 2);
        Self { launcher, lease, wait, held: Mutex::default() }
    }

    /// Between two heartbeats.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// How long a runner waits for a word of the server before it ends a job. The server counts from when it heard of us,
    /// which is later than when we began to speak.
    pub(crate) fn patience(&self) -> Duration {
        self.lease - self.wait
    }

    /// How old the answer to a claim may be, counted from the asking, to be believed without another question.
    pub(crate) fn credible(&self) -> Duration {
        self.lease / 2
    }

    /// The server was asked at this time, and gave a job.
    pub(crate) fn hold(self: &Arc<Self>, asked: Moment) -> Lease {
        let number = self.change(|held| {
            held.last += 1;
            held.last
        });
        let lease = Lease { leases: self.clone(), number, asked };
        lease.renew(asked);
        lease
    }

    fn change<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut held);
        let now = Moment::now();
        // A time that has passed has had its effect.
        let first = held.ends.values().filter(|end| **end > now).min().copied();
        if first != held.told {
            held.told = first;
            // Under the lock, so that the helper hears of changes in their order.
            self.launcher.end_after(first.map(|end| end.0.saturating_sub(now.0)));
        }
        changed
    }
}

impl Lease {
    /// The server was asked at this time, and let the job go on.
    pub(crate) fn renew(&self, asked: Moment) {
        // Between the time at which the runner itself gives up and that at which the server does.
        let end = Moment(asked.0 + self.leases.lease - self.leases.wait / 2);
        self.leases.change(|held| held.ends.insert(self.number, end));
    }
}

impl Lease {
    /// How long ago the server was asked for the job.
    pub(crate) fn age(&self) -> Duration {
        self.asked.elapsed()
    }

    /// The job is another's; what is left of it here is ended by the runner itself.
    pub(crate) fn release(&self) {
        self.leases.change(|held| held.ends.remove(&self.number));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.release();
    }
}
