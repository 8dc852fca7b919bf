//! Artifacts of the run.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "artifact-not-found",
        title: "no job uploaded this artifact",
        hints: &["Artifact not found for name"],
        patterns: &[r"Artifact not found for name: (?P<name>[^\s.]+)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "this run has no artifact `{name}` at this moment: its job has not run before, was skipped, or uploaded it under another name.",
        remedy: &[
            "name the uploading job in `needs:`",
            "compare the names; with a matrix each leg uploads its own, and `pattern:` downloads several",
            "`trunkline show` lists the artifacts of a run",
        ],
    },
    Entry {
        id: "artifact-no-files",
        title: "there was nothing to upload",
        hints: &["No files were found with the provided path"],
        patterns: &[r"No files were found with the provided path: (?P<path>.+?)\. No artifacts"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "nothing matches `{path}` when the upload runs: the build put its output elsewhere or made none. Paths count from the workspace, not from `working-directory`.",
        remedy: &[
            "look what is there in the step before: `find . -name \"*.EXT\" | head`",
            "write the path from the root of the repository",
        ],
    },
];
