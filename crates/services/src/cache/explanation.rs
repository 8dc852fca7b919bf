//! Why a cache was restored, or not: every entry that came near, and what spoke for or against it.

use std::fmt::{self, Write as _};

pub use api::{
    CacheConsidered as Considered, CacheDecision as Explanation, CacheOutcome as Outcome, CacheVerdict as Verdict,
};

use super::CacheEntry;

/// Entries listed at most; those nearest to a hit come first.
const MAX_CONSIDERED: usize = 50;

fn distance(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Chosen => 0,
        Verdict::Passed { .. } => 1,
        Verdict::Gone => 2,
        Verdict::Expired { .. } => 3,
        Verdict::OtherVersion { .. } => 4,
        Verdict::OtherScope => 5,
        Verdict::OtherKey => 6,
    }
}

pub(super) fn add(explanation: &mut Explanation, entry: &CacheEntry, verdict: Verdict) {
    let considered = Considered { id: entry.id, key: entry.key.clone(), scope: entry.scope.clone(), verdict };
    explanation.considered.push(considered);
}

/// Puts the nearest first, newest first among equals, and cuts the tail.
pub(super) fn settle(explanation: &mut Explanation) {
    explanation.considered.sort_by_key(|one| (distance(&one.verdict), std::cmp::Reverse(one.id)));
    explanation.omitted = explanation.considered.len().saturating_sub(MAX_CONSIDERED);
    explanation.considered.truncate(MAX_CONSIDERED);
}

/// The decision in words, a line an entry.
#[must_use]
pub fn describe(explanation: &Explanation) -> String {
    let mut text = String::new();
    // Nothing can fail that only appends to a text.
    let _ = write_out(&mut text, explanation);
    text
}

fn write_out(f: &mut String, explanation: &Explanation) -> fmt::Result {
    match &explanation.outcome {
        Outcome::Hit { key, scope } => writeln!(f, "restored {key}, saved for {scope}")?,
        Outcome::PartialHit { key, scope, prefix } => {
            writeln!(f, "restored {key}, saved for {scope}: it begins with {prefix}")?;
        }
        Outcome::Miss => {
            writeln!(f, "no cache for {} in {}", explanation.key, explanation.scopes.join(", "))?;
        }
    }
    for one in explanation.considered.iter().filter(|one| one.verdict != Verdict::Chosen) {
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
    if explanation.omitted > 0 {
        writeln!(f, "  and {} more", explanation.omitted)?;
    }
    Ok(())
}
