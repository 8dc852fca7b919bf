//! Memory, and processes that were killed for it.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "memory-limit",
        title: "the job reached its memory limit",
        hints: &[],
        patterns: &[],
        scope: Scope::Reason(&["oom"]),
        gives_way_to: &["node-heap"],
        cause: "the kernel killed a process because the job used all of the memory that it may have.",
        remedy: &[
            "give jobs more: `--memory 8g`, or `memory` under `[run]` in trunkline.toml",
            "do less at once: fewer parallel compilers or test workers (`make -j2`, `CARGO_BUILD_JOBS`, `--maxWorkers`)",
        ],
    },
    Entry {
        id: "process-killed",
        title: "a process was killed",
        hints: &["Killed"],
        patterns: &[r"(?:^|\s)(?P<process>\d+) Killed\b", r"^Killed$"],
        scope: Scope::Exit(&[137]),
        gives_way_to: &["memory-limit"],
        cause: "something sent SIGKILL to the process (exit code 137 is 128 + 9): most often the kernel, when memory runs out.",
        remedy: &[
            "look for the memory that it takes: run it under `/usr/bin/time -v`",
            "do less at once, or run it where there is more memory",
        ],
    },
];
