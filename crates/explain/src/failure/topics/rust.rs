//! Rust and cargo.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[Entry {
    id: "cargo-locked",
    title: "Cargo.lock is missing or out of date",
    hints: &["because --locked was passed", "because --frozen was passed"],
    patterns: &[r"cannot (?:create|update) the lock file (?P<file>\S+) because --(?:locked|frozen) was passed"],
    scope: Scope::Any,
    gives_way_to: &[],
    cause: "Cargo.toml asks for something that `{file}` does not have, and `--locked` forbids to change it.",
    remedy: &[
        "run `cargo update --workspace` (or any build) and commit Cargo.lock",
        "make sure that Cargo.lock is not in .gitignore",
    ],
}];
