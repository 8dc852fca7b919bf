//! The time that rows are stamped with.
//!
//! On PostgreSQL it is the database's time, which all servers share; on SQLite the machine's. Between two looks at that clock
//! it runs with the machine's monotonic clock, so a wall clock that is set by hand, steps over a leap or wakes from sleep does
//! not make leases expire by itself. [`Clock::settle`] takes a jump over and says how far it went; whoever calls it moves what
//! was to last for a time, and says [`Clock::moved`].

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
        owed: AtomicI64,
    },
    /// Stands still until a test moves it.
    Hand { now: AtomicI64, owed: AtomicI64 },
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
        Self(Arc::new(Source::System {
            started: Instant::now(),
            anchor: AtomicI64::new(wall()),
            owed: AtomicI64::new(0),
        }))
    }

    /// A clock that a test moves.
    #[must_use]
    pub fn by_hand(now: Micros) -> Self {
        Self(Arc::new(Source::Hand { now: AtomicI64::new(now), owed: AtomicI64::new(0) }))
    }

    #[must_use]
    pub fn now(&self) -> Micros {
        match &*self.0 {
            Source::System { started, anchor, .. } => anchor.load(Ordering::Relaxed).saturating_add(elapsed(*started)),
            Source::Hand { now, .. } => now.load(Ordering::SeqCst),
        }
    }

    /// Follows the wall clock; how far it has jumped, until that was made up for.
    #[must_use]
    pub fn settle(&self) -> Option<Jump> {
        self.settle_at(wall())
    }

    /// Follows another clock than the machine's, which shows this time now.
    pub(crate) fn settle_at(&self, time: Micros) -> Option<Jump> {
        let owed = match &*self.0 {
            Source::System { started, anchor, owed } => {
                let wanted = time.saturating_sub(elapsed(*started));
                let by = wanted.saturating_sub(anchor.swap(wanted, Ordering::SeqCst));
                if by.abs() >= JUMP {
                    owed.fetch_add(by, Ordering::SeqCst);
                }
                owed
            }
            Source::Hand { owed, .. } => owed,
        };
        let by = owed.load(Ordering::SeqCst);
        (by != 0).then_some(Jump { by })
    }

    /// Takes another clock's time over, before anything was stamped by this one.
    pub(crate) fn begin_at(&self, time: Micros) {
        if let Source::System { started, anchor, .. } = &*self.0 {
            anchor.store(time.saturating_sub(elapsed(*started)), Ordering::SeqCst);
        }
    }

    pub(crate) fn is_by_hand(&self) -> bool {
        matches!(&*self.0, Source::Hand { .. })
    }

    /// How far it was found to have jumped before.
    pub(crate) fn owed(&self) -> Option<Jump> {
        let (Source::System { owed, .. } | Source::Hand { owed, .. }) = &*self.0;
        let by = owed.load(Ordering::SeqCst);
        (by != 0).then_some(Jump { by })
    }

    /// What was to last for a time was moved by this jump.
    pub fn moved(&self, jump: Jump) {
        let (Source::System { owed, .. } | Source::Hand { owed, .. }) = &*self.0;
        owed.fetch_sub(jump.by, Ordering::SeqCst);
    }

    /// Moves a clock made by [`Clock::by_hand`]; the system's is not moved.
    pub fn advance(&self, by: Micros) {
        if let Source::Hand { now, .. } = &*self.0 {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// As if somebody had set the machine's clock, of a clock made by [`Clock::by_hand`].
    pub fn jump(&self, by: Micros) {
        if let Source::Hand { now, owed } = &*self.0 {
            owed.fetch_add(by, Ordering::SeqCst);
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
    fn a_jump_of_the_wall_clock_is_told_until_it_was_made_up_for() {
        let hour = 3_600_000_000;
        let (anchor, owed) = (AtomicI64::new(wall() - hour), AtomicI64::new(0));
        let source = Source::System { started: Instant::now(), anchor, owed };
        let clock = Clock(Arc::new(source));
        let jump = clock.settle().expect("a jump");
        assert!((hour - 1_000_000..hour + 1_000_000).contains(&jump.by), "{jump:?}");
        // Until it was made up for: the database may be away.
        assert_eq!(clock.settle(), Some(jump));
        clock.moved(jump);
        assert_eq!(clock.settle(), None);
    }
}
