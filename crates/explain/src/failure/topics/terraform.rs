//! Terraform and OpenTofu.

use super::super::entry::{Entry, Scope};

pub(in super::super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "terraform-not-initialised",
        title: "the directory is not initialised",
        hints: &["Backend initialization required", "run \"terraform init\""],
        patterns: &[r#"Error: Backend initialization required|please run "terraform init""#],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "`terraform init` has not run in this directory in this job, or the backend was changed since.",
        remedy: &[
            "add a step `terraform init -input=false` before, in the same directory",
            "after a change of the backend: `terraform init -reconfigure` or `-migrate-state`",
        ],
    },
    Entry {
        id: "terraform-variable-missing",
        title: "a variable has no value",
        hints: &["No value for required variable"],
        patterns: &[r"Error: No value for required variable"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "a variable without default was given no value, and nobody is there to be asked.",
        remedy: &[
            "pass it in the environment: `TF_VAR_NAME`",
            "in pull requests from forks secrets, and what is made of them, are empty",
        ],
    },
    Entry {
        id: "terraform-provider-unavailable",
        title: "a provider cannot be fetched",
        hints: &["Failed to query available provider packages", "Failed to install provider"],
        patterns: &[r"Error: Failed to (?:query available provider packages|install provider)"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the registry of a provider did not answer or does not have it.",
        remedy: &[
            "check `required_providers`: source and version",
            "keep providers: `TF_PLUGIN_CACHE_DIR` with actions/cache, or a mirror in `.terraformrc`",
        ],
    },
    Entry {
        id: "terraform-state-locked",
        title: "another run holds the state",
        hints: &["Error acquiring the state lock"],
        patterns: &[r"Error acquiring the state lock"],
        scope: Scope::Any,
        gives_way_to: &[],
        cause: "the state is locked by a run that is under way, or by one that was killed; its `Who` and `Created` stand below.",
        remedy: &[
            "let only one run at a time: `concurrency: { group: terraform-production }`, and `-lock-timeout=10m`",
            "if that run is dead: `terraform force-unlock ID`",
        ],
    },
];
