//! What a run is told at its start.

use std::collections::HashMap;
use std::fmt;

use api::{Conclusion, LegId};
use expr::Value;

/// The contexts that are known before the first job.
#[derive(Clone, Default)]
pub struct Facts {
    pub github: Value,
    /// `inputs` of `workflow_dispatch` (or null).
    pub inputs: Value,
    pub vars: Value,
    /// Repository secrets, for `secrets:` of called workflows. Never part of an effect's reason.
    pub secrets: Value,
}

/// Without secrets, and without `github`, which holds the token.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts")
            .field("inputs", &self.inputs)
            .field("vars", &self.vars)
            .finish_non_exhaustive()
    }
}

/// Which part of the workflow is asked for, and what is already known of it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these jobs (by key) and what they need; empty means all.
    pub jobs: Vec<String>,
    /// Only legs whose matrix has these values; a key the matrix lacks does not count.
    pub matrix: Vec<(String, String)>,
    /// Results of an earlier attempt that stand: not run again. Keyed by [`crate::PlannedJob::key`].
    pub known: HashMap<String, KnownLeg>,
    /// The first leg's id; the others follow.
    pub first_leg: Option<LegId>,
}

/// A leg that an earlier attempt has finished.
#[derive(Clone, Debug)]
pub struct KnownLeg {
    pub conclusion: Conclusion,
    pub outputs: Vec<(String, String)>,
}
