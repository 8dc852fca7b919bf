//! Disks and files.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[Entry {
    id: "disk-full",
    title: "the disk is full",
    hints: &["No space left on device", "ENOSPC", "os error 28"],
    patterns: &[r"No space left on device", r"\bENOSPC\b(?:.*no space left)?", r"\(os error 28\)"],
    scope: Scope::Any,
    gives_way_to: &[],
    cause: "a file could not be written: the file system has no space or no inodes left.",
    remedy: &[
        "look at what takes the space in the job: `df -h; df -i; du -xh --max-depth=2 . | sort -h | tail`",
        "on your own machine `trunkline doctor` shows the space that is left, and `trunkline image prune` frees some",
        "keep fewer things: clean build directories between steps, upload artifacts without intermediate files",
    ],
}];
