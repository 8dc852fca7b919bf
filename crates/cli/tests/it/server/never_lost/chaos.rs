//! Who dies next.

use super::site::Site;

/// What is killed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    Server(usize),
    Runner(usize),
    Database,
    Everything,
}

impl std::fmt::Display for Victim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Server(_) => f.write_str("a server"),
            Self::Runner(_) => f.write_str("a runner"),
            Self::Database => f.write_str("the database"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

/// Random numbers that a seed repeats.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 up to, and without, `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    pub(super) fn victim(&mut self, site: &Site) -> Victim {
        loop {
            match self.below(10) {
                0..5 => return Victim::Server(self.index(site.servers.len())),
                5..7 => return Victim::Runner(self.index(site.runners.len())),
                7..9 if site.has_cluster() => return Victim::Database,
                9 => return Victim::Everything,
                _ => {}
            }
        }
    }
}
