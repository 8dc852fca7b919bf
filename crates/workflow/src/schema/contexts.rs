//! The sets of contexts and functions that keys allow, named after where they first become known.

use expr::Function;

use super::Sees;

const ANY_NUMBER: usize = i32::MAX as usize;

const HASH_FILES: Function<'static> = Function { name: "hashFiles", min: 1, max: 255 };

/// Status functions of a job's `if` take job ids, those of a step's take nothing.
const JOB_STATUS: &[Function<'static>] = &[
    Function { name: "always", min: 0, max: 0 },
    Function { name: "failure", min: 0, max: ANY_NUMBER },
    Function { name: "cancelled", min: 0, max: 0 },
    Function { name: "success", min: 0, max: ANY_NUMBER },
];
const STEP_STATUS: &[Function<'static>] = &[
    Function { name: "always", min: 0, max: 0 },
    Function { name: "failure", min: 0, max: 0 },
    Function { name: "cancelled", min: 0, max: 0 },
    Function { name: "success", min: 0, max: 0 },
    HASH_FILES,
];

const fn sees(contexts: &'static [&'static str]) -> Sees {
    Sees { contexts, functions: &[] }
}

const fn calls(contexts: &'static [&'static str], functions: &'static [Function<'static>]) -> Sees {
    Sees { contexts, functions }
}

pub(crate) static RUN: Sees = sees(&["github", "inputs", "vars"]);
pub(crate) static RUN_SECRETS: Sees = sees(&["github", "inputs", "vars", "secrets"]);
pub(crate) static CALL_OUTPUT: Sees = sees(&["github", "inputs", "vars", "jobs"]);
pub(crate) static NEEDS: Sees = sees(&["github", "inputs", "vars", "needs"]);
pub(crate) static JOB_IF: Sees = calls(&["github", "inputs", "vars", "needs"], JOB_STATUS);
pub(crate) static LEG: Sees = sees(&["github", "inputs", "vars", "needs", "strategy", "matrix"]);
/// GitHub's schema lists no functions here; its converter takes the status functions all the same.
pub(crate) static SNAPSHOT_IF: Sees = calls(&["github", "inputs", "vars", "needs", "strategy", "matrix"], STEP_STATUS);
pub(crate) static LEG_SECRETS: Sees = sees(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets"]);
pub(crate) static DEFAULTS: Sees = sees(&["github", "inputs", "vars", "strategy", "matrix", "needs", "env"]);
pub(crate) static CREDENTIALS: Sees = sees(&["github", "inputs", "vars", "secrets", "env"]);
pub(crate) static RUNNER: Sees =
    sees(&["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner", "env"]);
pub(crate) static RUNNER_NO_SECRETS: Sees =
    sees(&["github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env"]);
pub(crate) static STEP: Sees = calls(
    &["github", "inputs", "vars", "needs", "strategy", "matrix", "secrets", "steps", "job", "runner", "env"],
    &[HASH_FILES],
);
pub(crate) static STEP_IF: Sees =
    calls(&["github", "inputs", "vars", "needs", "strategy", "matrix", "steps", "job", "runner", "env"], STEP_STATUS);

pub(crate) static ACTION_DEFAULT: Sees = calls(&["github", "strategy", "matrix", "job", "runner"], &[HASH_FILES]);
pub(crate) static ACTION_OUTPUT: Sees =
    sees(&["github", "strategy", "matrix", "steps", "inputs", "job", "runner", "env"]);
pub(crate) static ACTION_RUNS_IF: Sees =
    calls(&["runner", "github", "job", "strategy", "matrix", "env", "inputs"], STEP_STATUS);
pub(crate) static ACTION_INPUTS: Sees = sees(&["inputs"]);
pub(crate) static ACTION_STEP: Sees =
    calls(&["github", "inputs", "strategy", "matrix", "steps", "job", "runner", "env"], &[HASH_FILES]);
pub(crate) static ACTION_STEP_IF: Sees =
    calls(&["github", "inputs", "strategy", "matrix", "steps", "job", "runner", "env"], STEP_STATUS);
