//! One immutable set of texts to hide, compiled for searching.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// What stands in the place of a secret.
pub(super) const STARS: &[u8] = b"***";

/// Above this many bytes of patterns a table-driven automaton would take too much memory.
const DFA_LIMIT: usize = 32 * 1024;

/// Compiled patterns. Two automata: one that only tells whether there is anything at all, which can use vector
/// instructions, and one that finds every occurrence, overlapping ones too. Not to be shown: the secrets are in it.
pub struct Patterns {
    any: AhoCorasick,
    every: AhoCorasick,
    longest: usize,
}

impl Patterns {
    /// None when there is nothing to look for, or the patterns are beyond what can be compiled.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let longest = patterns.clone().map(str::len).max()?;
        let total: usize = patterns.clone().map(str::len).sum();
        let kind = if total <= DFA_LIMIT {
            AhoCorasickKind::DFA
        } else {
            AhoCorasickKind::ContiguousNFA
        };
        let build = |semantics| {
            let mut builder = AhoCorasick::builder();
            builder.match_kind(semantics).kind(Some(kind));
            builder
                .build(patterns.clone())
                .or_else(|_| builder.kind(None).build(patterns.clone()))
                .ok()
        };
        Some(Self {
            any: build(MatchKind::LeftmostFirst)?,
            every: build(MatchKind::Standard)?,
            longest,
        })
    }

    /// Bytes of the longest pattern.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Whether any pattern occurs.
    #[must_use]
    pub fn found_in(&self, text: &[u8]) -> bool {
        self.any.is_match(text)
    }

    /// Ranges to hide, in order, with overlapping and adjacent ones merged.
    pub(super) fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        // The first occurrence is found fast; only from the longest pattern before its end on can others begin.
        let Some(first) = self.any.find(text) else {
            return ranges;
        };
        let from = first.end().saturating_sub(self.longest);
        let found = self.every.find_overlapping_iter(&text[from..]);
        for found in found {
            let (start, end) = (found.start() + from, found.end() + from);
            // Occurrences come ordered by their ends: a long one may swallow several before it.
            let mut merged = start..end;
            while let Some(last) = ranges.pop_if(|last| last.end >= merged.start) {
                merged.start = merged.start.min(last.start);
                merged.end = merged.end.max(last.end);
            }
            ranges.push(merged);
        }
        ranges
    }

    /// Appends `text` to `out` with all that must be hidden replaced.
    pub fn mask_into(&self, text: &[u8], out: &mut Vec<u8>) {
        let mut from = 0;
        for range in self.ranges(text) {
            out.extend_from_slice(&text[from..range.start]);
            out.extend_from_slice(STARS);
            from = range.end;
        }
        out.extend_from_slice(&text[from..]);
    }
}
