//! Time limits.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[Entry {
    id: "step-timeout",
    title: "the step took longer than it may",
    hints: &[],
    patterns: &[],
    scope: Scope::Reason(&["timeout"]),
    gives_way_to: &[],
    cause: "the step did not end within its `timeout-minutes` and was stopped.",
    remedy: &[
        "look at the last lines of the log: what hangs often waits for input or for a server that is not up",
        "give it more time with `timeout-minutes` if it only is slow; `trunkline why slow` shows where time goes",
    ],
}];
