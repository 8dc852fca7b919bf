//! Disks and files.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "disk-full",
        title: "the disk is full",
        hints: &["No space left on device", "ENOSPC", "os error 28"],
        patterns: &[r"No space left on device", r"\bENOSPC\b(?:.*no space left)?", r"\(os error 28\)"],
        scope: Scope::Any,
        gives_way_to: &["file-watchers-exhausted"],
        cause: "a file could not be written: the file system has no space or no inodes left.",
        remedy: &[
            "look at what takes the space in the job: `df -h; df -i; du -xh --max-depth=2 . | sort -h | tail`",
            "on your own machine `trunkline doctor` shows the space that is left, and `trunkline image prune` frees some",
            "keep fewer things: clean build directories between steps, upload artifacts without intermediate files",
        ],
    },
    Entry {
        id: "file-watchers-exhausted",
        title: "no more files can be watched",
        hints: &["System limit for number of file watchers reached", "inotify watch limit reached"],
        patterns: &[r"System limit for number of file watchers reached|inotify watch limit reached"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the system's limit of watched files is used up; despite the code ENOSPC the disk is not full.",
        remedy: &[
            "do not watch in a job: run the build once instead of its watch mode (`CI=1` tells many tools)",
            "raise the limit on the host: `sysctl fs.inotify.max_user_watches=524288`",
        ],
    },
];
