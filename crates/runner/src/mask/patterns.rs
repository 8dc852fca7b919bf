//! One immutable set of texts to hide, compiled for searching.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// What stands in the place of a secret.
pub(super) const STARS: &[u8] = b"***";

/// Automata only know the beginnings of patterns; the rest is compared where a beginning was found. A job's tokens are long
/// and many, and tables for all of their bytes would take megabytes a job.
const HEAD: usize = 16;

/// Above this many bytes of beginnings a table-driven automaton would take too much memory.
const DFA_LIMIT: usize = 16 * 1024;

/// Compiled patterns. Not to be shown: the secrets are in it.
///
/// They lie in tiers, each at least as large as the one after it: adding a few recompiles few, and there are never
/// many tiers to search.
#[derive(Clone, Default)]
pub struct Patterns {
    tiers: Vec<Arc<Tier>>,
}

/// Two automata over the beginnings of the patterns: one that only tells whether there is anything at all, which can use
/// vector instructions, and one that finds every occurrence, overlapping ones too.
struct Tier {
    forms: Vec<String>,
    any: AhoCorasick,
    every: AhoCorasick,
    longest: usize,
}

impl Patterns {
    /// With more patterns, none of them empty or known already.
    pub(super) fn extended(&self, mut forms: Vec<String>) -> Self {
        let mut tiers = self.tiers.clone();
        if !forms.is_empty() {
            while let Some(last) = tiers.pop_if(|last| last.forms.len() <= forms.len()) {
                forms.extend(last.forms.iter().cloned());
            }
            tiers.extend(Tier::new(forms).map(Arc::new));
        }
        Self { tiers }
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.tiers.is_empty()
    }

    /// Bytes of the longest pattern.
    pub(super) fn longest(&self) -> usize {
        self.tiers.iter().map(|tier| tier.longest).max().unwrap_or(0)
    }

    /// Whether any pattern occurs.
    #[must_use]
    pub fn found_in(&self, text: &[u8]) -> bool {
        self.tiers.iter().any(|tier| tier.found_in(text))
    }

    /// Ranges to hide, in order, with overlapping and adjacent ones merged.
    pub(super) fn ranges(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut all = Vec::new();
        for tier in &self.tiers {
            tier.ranges(text, &mut all);
        }
        if self.tiers.len() > 1 {
            all.sort_unstable_by_key(|range| range.start);
            all.dedup_by(|next, before| {
                let joined = next.start <= before.end;
                if joined {
                    before.end = before.end.max(next.end);
                }
                joined
            });
        }
        all
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

impl Tier {
    /// None when the patterns are beyond what can be compiled: billions of bytes.
    fn new(forms: Vec<String>) -> Option<Self> {
        let longest = forms.iter().map(String::len).max()?;
        let heads: Vec<&[u8]> = forms.iter().map(|form| &form.as_bytes()[..form.len().min(HEAD)]).collect();
        let total: usize = heads.iter().map(|head| head.len()).sum();
        let kind = if total <= DFA_LIMIT { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let build = |semantics, kind| {
            let mut builder = AhoCorasick::builder();
            builder.match_kind(semantics).kind(Some(kind));
            builder.build(&heads).or_else(|_| builder.kind(None).build(&heads)).ok()
        };
        let any = build(MatchKind::LeftmostFirst, kind)?;
        // Only asked where the other has found something, and cheaper to make.
        let every = build(MatchKind::Standard, AhoCorasickKind::ContiguousNFA)?;
        Some(Self { forms, any, every, longest })
    }

    /// Whole patterns that occur, by the ends of their beginnings; they may overlap.
    fn occurrences<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        // The leftmost beginning is found fast; nothing can start before it.
        let from = self.any.find(text).map_or(text.len(), |first| first.start());
        self.every.find_overlapping_iter(&text[from..]).filter_map(move |head| {
            let start = from + head.start();
            let form = self.forms.get(head.pattern().as_usize())?.as_bytes();
            text[start..].starts_with(form).then(|| start..start + form.len())
        })
    }

    fn found_in(&self, text: &[u8]) -> bool {
        self.occurrences(text).next().is_some()
    }

    /// Appends the ranges of this tier, in order and merged among themselves.
    fn ranges(&self, text: &[u8], ranges: &mut Vec<Range<usize>>) {
        let known = ranges.len();
        ranges.extend(self.occurrences(text));
        let mut own = ranges.split_off(known);
        own.sort_unstable_by_key(|range| range.start);
        for next in own {
            match ranges[known..].last_mut() {
                Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
                _ => ranges.push(next),
            }
        }
    }
}
