//! Programs that do not start, or crash.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "exec-format-error",
        title: "a program is for another processor",
        hints: &["Exec format error"],
        patterns: &[r"(?:line \d+: |exec )(?P<file>\S+?): (?:cannot execute binary file: )?Exec format error"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`{file}` was built for another architecture, or is a script without a first line `#!`.",
        remedy: &[
            "look: `file {file}; uname -m`, and take the build for this machine",
            "for images of another platform register QEMU first: `docker/setup-qemu-action`",
        ],
    },
    Entry {
        id: "interpreter-missing",
        title: "the interpreter of a script is not there",
        hints: &["cannot execute: required file not found", "bad interpreter: No such file"],
        patterns: &[
            r"(?:line \d+: )?(?P<file>\S+): (?:cannot execute: required file not found|\S+: bad interpreter: No such file or directory)",
        ],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the first line of `{file}` names a program that does not exist here; for a binary it is the loader of another C library.",
        remedy: &[
            "read it: `head -1 {file}`; `#!/usr/bin/env NAME` finds the program on PATH",
            "a binary built for glibc does not run on Alpine, and the other way round",
        ],
    },
    Entry {
        id: "segmentation-fault",
        title: "a program crashed",
        hints: &["Segmentation fault"],
        patterns: &[r"Segmentation fault"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the program touched memory that it may not (exit code 139 is 128 + SIGSEGV).",
        remedy: &[
            "get the place: build with debug information and run it under `gdb -batch -ex run -ex bt --args …`",
            "look for versions of native modules that do not fit the runtime",
        ],
    },
    Entry {
        id: "shared-library-missing",
        title: "a shared library is not installed",
        hints: &["error while loading shared libraries"],
        patterns: &[r"error while loading shared libraries: (?P<library>[^:]+): cannot open shared object file"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the program needs `{library}` and the loader does not find it.",
        remedy: &[
            "install the package that has it: `apt-file search {library}`",
            "for a library elsewhere: `LD_LIBRARY_PATH=DIR`",
            "`ldd PROGRAM` lists all that are missing",
        ],
    },
    Entry {
        id: "glibc-too-old",
        title: "a program wants a newer C library",
        hints: &["not found (required by"],
        patterns: &[r"version [`'](?P<version>GLIBC(?:XX)?_[\d.]+)' not found \(required by (?P<program>[^)]+)\)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`{program}` was built on a newer system and needs {version}.",
        remedy: &[
            "build it on the oldest system it has to run on, or statically (musl)",
            "run the job on a newer image",
        ],
    },
    Entry {
        id: "too-many-open-files",
        title: "a process has too many open files",
        hints: &["Too many open files", "EMFILE"],
        patterns: &[r"Too many open files|\bEMFILE\b"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the process reached its limit of open files.",
        remedy: &["raise it in the step: `ulimit -n 65536`", "look for files and connections that are never closed"],
    },
    Entry {
        id: "fork-refused",
        title: "no more processes can be started",
        hints: &[
            "fork: retry: Resource temporarily unavailable",
            "fork: Resource temporarily unavailable",
            "Cannot fork",
            "pthread_create failed",
        ],
        patterns: &[r"fork: (?:retry: )?Resource temporarily unavailable|Cannot fork|pthread_create failed"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the limit of processes of the job or of its user is reached.",
        remedy: &[
            "start fewer workers at once",
            "raise the limit: `--pids` or `pids` under `[run]` in trunkline.toml, `ulimit -u` on the host",
        ],
    },
    Entry {
        id: "broken-pipe",
        title: "a command wrote into a closed pipe",
        hints: &[],
        patterns: &[],
        scope: Scope::Exit(&[141]),
        gives_way_to: &[],
        cause: "the reader of a pipe ended before the writer (exit code 141 is 128 + SIGPIPE), and `pipefail` makes that an error: `… | head -1` does it.",
        remedy: &[
            "let the reader read to its end: `awk \"NR==1\"` instead of `head -1`",
            "or allow it in this place: `{ command || true; } | head -1`",
        ],
    },
];
