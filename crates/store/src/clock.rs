//! The time that rows are stamped with.
//!
//! It runs with the machine's monotonic clock, so a wall clock that is set by hand, steps over a leap or wakes from sleep does
//! not make leases expire by itself. [`Clock::settle`] takes a jump over and says how far it went; whoever calls it gives
//! leases their time again.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use crate::Micros;

/// Below this a difference is drift, and followed silently.
const JUMP: Micros = 2_000_000;

#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System {
        started: Instant,
        /// Wall time at `started`.
        anchor: AtomicI64,
    },
    /// Stands still until a test moves it.
    Hand(AtomicI64),
}

/// The wall clock went another way than time did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// Forward when positive.
    pub by: Micros,
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Source::System { started: Instant::now(), anchor: AtomicI64::new(wall()) }))
    }

    /// A clock that a test moves.
    #[must_use]
    pub fn by_hand(now: Micros) -> Self {
        Self(Arc::new(Source::Hand(AtomicI64::new(now))))
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        match &*self.0 {
            Source::System { started, anchor } => anchor.load(Ordering::Relaxed).saturating_add(elapsed(*started)),
            Source::Hand(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Follows the wall clock; `Some` when it has jumped since the last time.
    #[must_use]
    pub fn settle(&self) -> Option<Jump> {
        let Source::System { started, anchor } = &*self.0 else { return None };
        let wanted = wall().saturating_sub(elapsed(*started));
        let by = wanted.saturating_sub(anchor.swap(wanted, Ordering::Relaxed));
        (by.abs() >= JUMP).then_some(Jump { by })
    }

    /// Moves a clock made by [`Clock::by_hand`]; the system's is not moved.
    pub fn advance(&self, by: Micros) {
        if let Source::Hand(now) = &*self.0 {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }
}

fn wall() -> Micros {
    jiff::Timestamp::now().as_microsecond()
}

fn elapsed(started: Instant) -> Micros {
    Micros::try_from(started.elapsed().as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_moves_only_when_told() {
        let clock = Clock::by_hand(1_000);
        assert_eq!((clock.now(), clock.settle()), (1_000, None));
        clock.advance(500);
        assert_eq!(clock.now(), 1_500);
    }

    #[test]
    fn a_jump_of_the_wall_clock_is_told_once() {
        let hour = 3_600_000_000;
        let source = Source::System { started: Instant::now(), anchor: AtomicI64::new(wall() - hour) };
        let clock = Clock(Arc::new(source));
        let jump = clock.settle().expect("a jump");
        assert!((hour - 1_000_000..hour + 1_000_000).contains(&jump.by), "{jump:?}");
        assert_eq!(clock.settle(), None);
    }
}
