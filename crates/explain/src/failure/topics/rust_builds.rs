//! Rust: what the compiler and its helpers refuse.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "rust-compile-error",
        title: "Rust code does not compile",
        hints: &["could not compile"],
        patterns: &[r"^error: could not compile `(?P<crate>[^`]+)`"],
        scope: Scope::Any,
        gives_way_to: &["rust-clippy-denied", "rust-target-missing", "rust-linker-missing"],
        cause: "the compiler refuses `{crate}`; the first `error` above says why.",
        remedy: &[
            "if only the job fails, compare `rustc --version`: a `rust-toolchain.toml` keeps it the same everywhere",
        ],
    },
    Entry {
        id: "rust-clippy-denied",
        title: "Clippy warns, and warnings are errors",
        hints: &["implied by `-D"],
        patterns: &[r"= note: `-D (?P<lint>[\w:-]+)` implied by `-D \S+`"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the first lint is `{lint}`; new versions of Rust bring new lints.",
        remedy: &[
            "mend what it names, or let it: `cargo clippy --fix`",
            "keep the toolchain fixed in `rust-toolchain.toml`, so that lints come when you choose",
        ],
    },
    Entry {
        id: "rust-format",
        title: "Rust code is not formatted",
        hints: &["Diff in "],
        patterns: &[r"^Diff in (?P<place>\S+?):?$|^Diff in (?P<file>\S+) at line"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "rustfmt would write the lines marked with + instead of those with -.",
        remedy: &["format and commit: `cargo fmt --all`"],
    },
    Entry {
        id: "rust-target-missing",
        title: "the target of a Rust build is not installed",
        hints: &["target may not be installed"],
        patterns: &[r"the `(?P<target>[^`]+)` target may not be installed"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the toolchain has no standard library for `{target}`.",
        remedy: &["install it: `rustup target add {target}`, or `targets` in `rust-toolchain.toml`"],
    },
    Entry {
        id: "rust-linker-missing",
        title: "the linker of a Rust build is not installed",
        hints: &["error: linker `"],
        patterns: &[r"^\s*error: linker `(?P<linker>[^`]+)` not found"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "rustc links with `{linker}`, which is not on PATH.",
        remedy: &[
            "install a C compiler: `apt-get install -y build-essential`, for cross builds the one of the target",
            "or name another: `CARGO_TARGET_…_LINKER`",
        ],
    },
    Entry {
        id: "rust-version-too-old",
        title: "a crate wants a newer Rust",
        hints: &["is not supported by the following package"],
        patterns: &[r"^error: rustc (?P<have>\S+) is not supported by the following package"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the toolchain is {have} and a crate says in `rust-version` that it needs a newer one.",
        remedy: &[
            "update it: `rustup update`, or `channel` in `rust-toolchain.toml`",
            "or hold the crate back: `cargo update -p NAME --precise VERSION`",
        ],
    },
    Entry {
        id: "rust-tests-failed",
        title: "Rust tests failed",
        hints: &["test result: FAILED"],
        patterns: &[r"^test result: FAILED\. \d+ passed; (?P<failed>\d+) failed"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "{failed} tests failed; their names stand under `failures:`.",
        remedy: &[
            "run one alone: `cargo test NAME -- --exact --nocapture`",
            "tests that fail only together share something: `-- --test-threads=1` shows it",
        ],
    },
];
