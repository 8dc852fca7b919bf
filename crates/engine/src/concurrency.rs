//! Concurrency groups: who has one, who waits, who is pushed out.
//!
//! GitHub's rules: one holder a group; a newer holder takes the pending place of an older one (`queue: single`), or
//! waits behind it (`queue: max`); with `cancel-in-progress` it also pushes out the one that runs. Group names are
//! compared without regard to case.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// What a request for a group changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<H> {
    /// Now has the group.
    pub entered: Option<H>,
    /// Were running or pending and must be cancelled.
    pub evicted: Vec<H>,
}

impl<H> Default for Verdict<H> {
    fn default() -> Self {
        Self { entered: None, evicted: Vec::new() }
    }
}

/// All groups of one place: a run, or a server.
#[derive(Clone, Debug)]
pub struct Groups<H> {
    groups: HashMap<String, Group<H>>,
}

#[derive(Clone, Debug)]
struct Group<H> {
    holder: Option<H>,
    pending: VecDeque<H>,
}

impl<H> Default for Groups<H> {
    fn default() -> Self {
        Self { groups: HashMap::new() }
    }
}

impl<H: Copy + Eq + Hash> Groups<H> {
    /// Asks for a group. An evicted holder keeps its group until it leaves, so two never run at once.
    pub fn enter(&mut self, group: &str, holder: H, cancel_in_progress: bool, keep_all_pending: bool) -> Verdict<H> {
        let group =
            self.groups.entry(group.to_lowercase()).or_insert_with(|| Group { holder: None, pending: VecDeque::new() });
        let mut verdict = Verdict::default();
        if group.holder.is_none() && group.pending.is_empty() {
            group.holder = Some(holder);
            verdict.entered = Some(holder);
            return verdict;
        }
        if !keep_all_pending || cancel_in_progress {
            verdict.evicted.extend(group.pending.drain(..));
        }
        if cancel_in_progress {
            verdict.evicted.extend(group.holder);
        }
        group.pending.push_back(holder);
        verdict
    }

    /// Gives up a group or a place in its queue. The next in line enters.
    pub fn leave(&mut self, holder: H) -> Vec<H> {
        let mut entered = Vec::new();
        self.groups.retain(|_, group| {
            group.pending.retain(|waiting| *waiting != holder);
            if group.holder == Some(holder) {
                group.holder = group.pending.pop_front();
                entered.extend(group.holder);
            }
            group.holder.is_some() || !group.pending.is_empty()
        });
        entered
    }
}
