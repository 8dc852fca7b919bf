//! git.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[Entry {
    id: "git-not-a-repository",
    title: "there is no git repository",
    hints: &["not a git repository"],
    patterns: &[r"^fatal: not a git repository"],
    scope: Scope::Any,
    gives_way_to: &[],
    cause: "git found no `.git` here or above: nothing was checked out in this job, or the step runs in another directory.",
    remedy: &[
        "check out first: a step `uses: actions/checkout@v4` in the same job (each job starts empty)",
        "look at `working-directory`, and at the `path` input of the checkout",
    ],
}];
