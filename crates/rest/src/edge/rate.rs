//! How many requests a caller has left in the hour. Counted by each server for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use identity::{Caller, Via};
use store::Micros;

const HOUR: Micros = 3600 * 1_000_000;
/// Callers that are remembered; beyond that, those whose hour is over are forgotten.
const MOST: usize = 10_000;

/// Requests an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For each user, and for each token of a job. 0: as many as they like.
    pub known: u64,
    /// For each address from which nobody has logged in.
    pub anonymous: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { known: 15_000, anonymous: 600 }
    }
}

/// What a caller has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    pub limit: u64,
    pub used: u64,
    /// Seconds since the Unix epoch at which the hour is over.
    pub reset: i64,
}

impl Budget {
    #[must_use]
    pub fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

#[derive(Debug)]
pub(crate) struct Rate {
    limits: Limits,
    used: Mutex<HashMap<String, (Micros, u64)>>,
}

impl Rate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, used: Mutex::default() }
    }

    /// Counts a request by its points, none for what is free; `false` when so many were not left.
    pub(crate) fn take(&self, caller: &Caller, from: &str, now: Micros, points: u64) -> (Budget, bool) {
        let limit = if caller.is_anonymous() { self.limits.anonymous } else { self.limits.known };
        let limit = if limit == 0 { u64::MAX } else { limit };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MOST {
            used.retain(|_, (start, _)| now - *start < HOUR);
        }
        let entry = used.entry(key(caller, from)).or_insert((now, 0));
        if now - entry.0 >= HOUR || now < entry.0 {
            *entry = (now, 0);
        }
        let within = points == 0 || entry.1.saturating_add(points) <= limit;
        if within {
            entry.1 += points;
        }
        // Shown as a number that clients can read.
        let shown = limit.min(1_000_000_000);
        (Budget { limit: shown, used: entry.1.min(shown), reset: (entry.0 + HOUR).div_euclid(1_000_000) }, within)
    }
}

fn key(caller: &Caller, from: &str) -> String {
    match caller {
        Caller::Anonymous => format!("address {from}"),
        Caller::User(user) => match user.via {
            Via::FineGrained { token_id, .. } => format!("token {token_id}"),
            _ => format!("user {}", user.id),
        },
        Caller::Job(job) => format!("job {}", job.job_id),
        Caller::Runner(runner) => format!("runner {}", runner.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour() {
        let rate = Rate::new(Limits { known: 0, anonymous: 2 });
        let take = |now| rate.take(&Caller::Anonymous, "::1", now, 1);
        assert_eq!(take(0), (Budget { limit: 2, used: 1, reset: 3600 }, true));
        assert_eq!(take(1).0.remaining(), 0);
        assert!(!take(2).1);
        assert!(rate.take(&Caller::Anonymous, "::2", 2, 1).1);
        assert!(rate.take(&Caller::Anonymous, "::1", 2, 0).1);
        assert_eq!(take(HOUR), (Budget { limit: 2, used: 1, reset: 7200 }, true));
        assert!(!rate.take(&Caller::Anonymous, "::1", HOUR, 2).1, "what costs more than is left is not begun");
        assert!(rate.take(&Caller::Anonymous, "::1", HOUR, 1).1);
    }
}
