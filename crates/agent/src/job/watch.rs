//! Whether a job may go on: heartbeats, orders, the lease.

use std::time::{Duration, Instant};

use api::wire::{Orders, Outcome};
use runner::Control;

use super::lost;
use crate::leases::{Lease, Moment};
use crate::outbox::Courier;

/// What is left of a lease when a heartbeat asks for an answer at once.
const MARGIN: Duration = Duration::from_secs(10);

/// Between heartbeats to a server that is away. It does not grow: the lease runs.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a job was ended by its runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Another claim holds it.
    Fenced,
    /// The server was not reached for so long that it may have given the job away.
    Unreachable,
    /// The runner is told to end at once.
    Stopped,
}

impl Ended {
    /// What is reported of a job that was killed for this.
    pub(super) fn outcome(self, reported: Outcome, started: bool) -> Outcome {
        match self {
            Self::Fenced => reported,
            Self::Unreachable => {
                lost("server-unreachable", "the runner could not reach the server for too long", started)
            }
            Self::Stopped => lost("runner-stopped", "the runner was stopped", started),
        }
    }
}

/// Tells the server that the job goes on, and the job what the server wants. Returns, with the job told to die, when it must
/// not go on.
pub(super) async fn watch(courier: &Courier, control: &Control, lease: &Lease) -> Ended {
    let ended = tokio::select! {
        ended = beat(courier, Some((control, lease))) => ended,
        () = courier.lost.cancelled() => Ended::Fenced,
        () = courier.agent.stop.now.cancelled() => Ended::Stopped,
    };
    if ended == Ended::Fenced {
        courier.lost.cancel();
        lease.release();
    }
    control.cancel.cancel();
    control.kill.cancel();
    ended
}

/// Keeps the lease while the rest of a job's words is sent. Returns when this claim is over.
pub(super) async fn keep(courier: &Courier) {
    // Nothing runs any more, so nothing can run twice; the server decides when it is back.
    while beat(courier, None).await == Ended::Unreachable {}
}

/// How long an answer may be held back. A server that was away is to say at once whether the job is ours still: held back,
/// its answer may come too late.
fn hold(away: bool, left: Duration, wait: Duration, lease: Duration) -> Duration {
    let margin = (lease / 4).min(MARGIN);
    if away || left < wait + margin { Duration::ZERO } else { wait }
}

async fn beat(courier: &Courier, work: Option<(&Control, &Lease)>) -> Ended {
    let wait = courier.agent.leases.wait();
    let lease = courier.agent.leases.patience();
    let mut knows = Orders::default();
    let age = work.map_or(Duration::ZERO, |(_, lease)| lease.age());
    let mut heard = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
    let mut away = false;
    loop {
        let (asked, moment) = (Instant::now(), Moment::now());
        let left = lease.saturating_sub(heard.elapsed());
        let hold = hold(away, left, wait, lease);
        let answer = tokio::select! {
            answer = courier.agent.client.heartbeat(courier.held, knows, hold) => answer,
            () = tokio::time::sleep(left) => return Ended::Unreachable,
        };
        match answer {
            Ok(orders) => {
                (heard, knows, away) = (asked, orders, false);
                courier.agent.reached();
                if let Some((control, held)) = work {
                    held.renew(moment);
                    if orders.cancel {
                        control.cancel.cancel();
                    }
                    if orders.kill {
                        control.cancel.cancel();
                        control.kill.cancel();
                    }
                }
            }
            Err(failure) if failure.is_fenced() => return Ended::Fenced,
            Err(failure) => {
                courier.agent.missed(&failure);
                away = true;
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = tokio::time::sleep(lease.saturating_sub(heard.elapsed())) => return Ended::Unreachable,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the server gives them: a fifth of the lease, at least a second and ten at most.
    #[test]
    fn a_server_that_answers_is_heard_in_time_whatever_the_lease() {
        for seconds in [5, 6, 9, 15, 30, 60, 90, 150, 600] {
            let wait = Duration::from_secs((seconds / 5).clamp(1, 10));
            let lease = Duration::from_secs(seconds) - wait;
            // When the last answer was asked for, and how much time has passed since.
            let mut age = Duration::ZERO;
            for _ in 0..100 {
                let left = lease - age;
                let held = hold(false, left, wait, lease);
                assert!(held < left, "{seconds}: {held:?} of {left:?}");
                // An answer to a question of now takes as long as it is held back.
                age = held;
                assert!(held > Duration::ZERO || age == Duration::ZERO, "{seconds}: it asks without a pause");
            }
            assert_eq!(hold(true, lease, wait, lease), Duration::ZERO);
        }
    }
}
