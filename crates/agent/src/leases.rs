//! How long the jobs of this runner may go on without a word of the server.
//!
//! While it runs, a runner ends its jobs in time by itself. One that stands still cannot, and its server gives the job to
//! another: so the helper of its sandboxes knows when the first lease ends, and ends the sandboxes then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::wire::Settings;
use sandbox::Launcher;

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
    ends: BTreeMap<u64, Instant>,
}

/// One job's, for as long as anything of it may run.
pub(crate) struct Lease {
    leases: Arc<Leases>,
    number: u64,
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

    /// The server has just given a job.
    pub(crate) fn hold(self: &Arc<Self>) -> Lease {
        let number = self.change(|held| {
            held.last += 1;
            held.last
        });
        let lease = Lease { leases: self.clone(), number };
        lease.renew(Instant::now());
        lease
    }

    fn change<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.first();
        let changed = change(&mut held);
        let first = held.first();
        if first != before {
            // Under the lock, so that the helper hears of changes in their order.
            self.launcher.end_after(first.map(|end| end.saturating_duration_since(Instant::now())));
        }
        changed
    }
}

impl Held {
    fn first(&self) -> Option<Instant> {
        self.ends.values().min().copied()
    }
}

impl Lease {
    /// The server was asked at this time, and let the job go on.
    pub(crate) fn renew(&self, asked: Instant) {
        // Between the time at which the runner itself gives up and that at which the server does.
        let end = asked + self.leases.lease - self.leases.wait / 2;
        self.leases.change(|held| held.ends.insert(self.number, end));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leases.change(|held| held.ends.remove(&self.number));
    }
}
