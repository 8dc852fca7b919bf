//! How many requests a caller has left in the hour. Counted by each server for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use identity::{Caller, Via};
use store::Micros;

const HOUR: Micros = 3600 * 1_000_000;
/// Addresses that are remembered; beyond that, those whose hour is over are forgotten, and then the oldest.
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
    /// Of whoever is logged in: so many as there are accounts and tokens. And of addresses: so many as anybody likes.
    known: Mutex<Used>,
    anonymous: Mutex<Used>,
}

/// When the hour of a caller began, and how many requests there were.
type Used = HashMap<String, (Micros, u64)>;

impl Rate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, known: Mutex::default(), anonymous: Mutex::default() }
    }

    /// Counts a request by its points, none for what is free; `false` when so many were not left.
    pub(crate) fn take(&self, caller: &Caller, from: &str, now: Micros, points: u64) -> (Budget, bool) {
        let limit = if caller.is_anonymous() { self.limits.anonymous } else { self.limits.known };
        let limit = if limit == 0 { u64::MAX } else { limit };
        let used = if caller.is_anonymous() { &self.anonymous } else { &self.known };
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(caller, from);
        if used.len() >= MOST && !used.contains_key(&key) {
            forget(&mut used, now, caller.is_anonymous());
        }
        let entry = used.entry(key).or_insert((now, 0));
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

/// Makes room for one more: whole tenths at once, so that it is seldom. Nobody who is logged in gets a new hour by it.
fn forget(used: &mut Used, now: Micros, oldest: bool) {
    used.retain(|_, (start, _)| now - *start < HOUR);
    if oldest && used.len() >= MOST {
        let mut starts: Vec<Micros> = used.values().map(|(start, _)| *start).collect();
        let (_, last, _) = starts.select_nth_unstable(MOST / 10);
        let last = *last;
        used.retain(|_, (start, _)| *start > last);
    }
}

/// Who a request counts for.
pub(crate) fn key(caller: &Caller, from: &str) -> String {
    match caller {
        Caller::Anonymous => format!("address {}", identity::network_of(from)),
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
    fn addresses_do_not_fill_the_memory() {
        let rate = Rate::new(Limits { known: 0, anonymous: 2 });
        let take = |from: &str, now| rate.take(&Caller::Anonymous, from, now, 1).1;
        // A network of IPv6 addresses is one caller.
        assert!(take("2001:db8::1", 0) && take("2001:db8::2", 0) && !take("2001:db8::3", 0));
        assert!(take("2001:db8:0:1::1", 0));
        for number in 0..3 * MOST {
            let from = format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
            assert!(take(&from, i64::try_from(number).unwrap()));
        }
        assert!(rate.anonymous.lock().unwrap().len() <= MOST);
        // Those who came last are remembered.
        let last = 3 * MOST - 1;
        let from = format!("10.{}.{}.{}", last >> 16, (last >> 8) & 255, last & 255);
        let now = i64::try_from(3 * MOST).unwrap();
        assert!(take(&from, now) && !take(&from, now));
    }

    #[test]
    fn an_hour() {
        let rate = Rate::new(Limits { known: 0, anonymous: 2 });
        let take = |now| rate.take(&Caller::Anonymous, "::1", now, 1);
        assert_eq!(take(0), (Budget { limit: 2, used: 1, reset: 3600 }, true));
        assert_eq!(take(1).0.remaining(), 0);
        assert!(!take(2).1);
        assert!(rate.take(&Caller::Anonymous, "2001:db8::1", 2, 1).1);
        assert!(rate.take(&Caller::Anonymous, "::1", 2, 0).1);
        assert_eq!(take(HOUR), (Budget { limit: 2, used: 1, reset: 7200 }, true));
        assert!(!rate.take(&Caller::Anonymous, "::1", HOUR, 2).1, "what costs more than is left is not begun");
        assert!(rate.take(&Caller::Anonymous, "::1", HOUR, 1).1);
    }
}
