//! Why a cache was restored, or not: every entry that came near, and what spoke for or against it.

use super::CacheEntry;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Entries listed at most; those nearest to a hit come first.
const MAX_CONSIDERED: usize = 50;

/// The whole decision of one restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub key: String,
    pub restore_keys: Vec<String>,
    pub version: String,
    /// In the order searched.
    pub scopes: Vec<String>,
    pub outcome: Outcome,
    /// The nearest first.
    pub considered: Vec<Considered>,
    /// Entries of the repository beyond those listed.
    pub omitted: usize,
}

/// How a restore ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The entry has exactly the key asked for.
    Hit {
        key: String,
        scope: String,
    },
    /// The entry's key starts with `prefix`: the key itself or one of the restore keys.
    PartialHit {
        key: String,
        scope: String,
        prefix: String,
    },
    Miss,
}

/// One entry and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    pub id: u64,
    pub key: String,
    pub scope: String,
    pub verdict: Verdict,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// This one was restored.
    Chosen,
    /// It would have done, but another was better: an exact key, an earlier scope or prefix, or newer.
    Passed { prefix: String },
    /// It would have done, but its content is gone from disk.
    Gone,
    /// It would have done, but nobody restored it for this many days.
    Expired { unused_days: i64 },
    /// The key fits, but it was saved for other paths or with another compression.
    OtherVersion { version: String },
    /// Key and version fit, but caches of that ref are not visible here.
    OtherScope,
    /// Neither the key nor a restore key begins it.
    OtherKey,
}

impl Verdict {
    fn distance(&self) -> u8 {
        match self {
            Verdict::Chosen => 0,
            Verdict::Passed { .. } => 1,
            Verdict::Gone => 2,
            Verdict::Expired { .. } => 3,
            Verdict::OtherVersion { .. } => 4,
            Verdict::OtherScope => 5,
            Verdict::OtherKey => 6,
        }
    }
}

impl Explanation {
    pub(super) fn add(&mut self, entry: &CacheEntry, verdict: Verdict) {
        let considered = Considered { id: entry.id, key: entry.key.clone(), scope: entry.scope.clone(), verdict };
        self.considered.push(considered);
    }

    /// Puts the nearest first, newest first among equals, and cuts the tail.
    pub(super) fn settle(&mut self) {
        self.considered.sort_by_key(|one| (one.verdict.distance(), std::cmp::Reverse(one.id)));
        self.omitted = self.considered.len().saturating_sub(MAX_CONSIDERED);
        self.considered.truncate(MAX_CONSIDERED);
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Hit { key, scope } => writeln!(f, "restored {key}, saved for {scope}")?,
            Outcome::PartialHit { key, scope, prefix } => {
                writeln!(f, "restored {key}, saved for {scope}: it begins with {prefix}")?;
            }
            Outcome::Miss => {
                writeln!(f, "no cache for {} in {}", self.key, self.scopes.join(", "))?;
            }
        }
        for one in self.considered.iter().filter(|one| one.verdict != Verdict::Chosen) {
            write!(f, "  {} ({}): ", one.key, one.scope)?;
            match &one.verdict {
                Verdict::Chosen => writeln!(f, "restored")?,
                Verdict::Passed { prefix } => {
                    writeln!(f, "begins with {prefix}, but another came first")?;
                }
                Verdict::Gone => writeln!(f, "its content is missing")?,
                Verdict::Expired { unused_days } => {
                    writeln!(f, "expired, unused for {unused_days} days")?;
                }
                Verdict::OtherVersion { .. } => {
                    writeln!(f, "saved for other paths or another compression")?;
                }
                Verdict::OtherScope => writeln!(f, "not visible from here")?,
                Verdict::OtherKey => writeln!(f, "another key")?,
            }
        }
        if self.omitted > 0 {
            writeln!(f, "  and {} more", self.omitted)?;
        }
        Ok(())
    }
}
