//! What a jump of the clock, and a time without servers, must not do: take jobs from runners that are well.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use store::{Micros, jump};

use crate::settings::micros;
use crate::{Control, Result};

/// A clock that is set back by more was no clock: a machine without a battery that had not asked for the time yet.
const DAY: Micros = 24 * 3600 * 1_000_000;

/// Since when this server could have heard of every runner.
#[derive(Debug)]
pub(crate) struct Listening {
    since: AtomicI64,
    /// Leases of an earlier time were looked at.
    looked: AtomicBool,
}

impl Listening {
    pub(crate) fn from(now: Micros) -> Self {
        Self { since: AtomicI64::new(now), looked: AtomicBool::new(false) }
    }
}

impl Control {
    /// Follows the wall clock. After a jump, and at the start, every lease lasts for its full time from now at most, and jobs,
    /// tokens and timers end as much later or earlier as the clock jumped.
    pub(crate) async fn follow_clock(&self) -> Result<()> {
        let clock = self.store().clock();
        let jumped = self.store().settle_clock().await?;
        let listening = self.listening();
        if jumped.is_none() && listening.looked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = self.store().now();
        if jumped.is_some() {
            listening.since.store(now, Ordering::Relaxed);
        }
        let mut tx = self.store().begin().await?;
        jump::cap_leases(&mut tx, now.saturating_add(micros(self.settings().lease))).await?;
        if let Some(jumped) = jumped {
            jump::shift(&mut tx, now.saturating_sub(jumped.by), jumped.by).await?;
            if jumped.by < -DAY {
                self.forget_minutes(&mut tx).await?;
            }
        }
        tx.commit().await?;
        listening.looked.store(true, Ordering::Relaxed);
        if let Some(jumped) = jumped {
            clock.moved(jumped);
            let seconds = jumped.by / 1_000_000;
            crate::work::report(&format!("the clock jumped by {seconds} s; jobs, their tokens and timers go with it"));
        }
        Ok(())
    }

    /// Whether a runner that lives would have been heard of by now: a lease that ran out means nothing before.
    pub(crate) fn has_listened(&self) -> bool {
        let since = self.listening().since.load(Ordering::Relaxed);
        self.store().now() >= since.saturating_add(micros(self.settings().lease))
    }
}
