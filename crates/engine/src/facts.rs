//! What a run is told at its start.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use api::{Conclusion, LegId};
use expr::Value;
use workflow::Grant;

/// The contexts that are known before the first job.
#[derive(Clone, Default)]
pub struct Facts {
    pub github: Value,
    /// `inputs` of `workflow_dispatch` (or null).
    pub inputs: Value,
    pub vars: Value,
    /// Repository secrets, for `secrets:` of called workflows. Never part of an effect's reason.
    pub secrets: Value,
    /// Hides secrets in the values that a reason names.
    pub mask: Mask,
    /// What a job's token may do where no `permissions` says it; GitHub's restricted default without it.
    pub default_grant: Option<Grant>,
}

/// Hides secrets in a text; the default one knows none. Reasons are cut to a line, so who shows them can only hide
/// what is left: this is asked before that.
#[derive(Clone)]
pub struct Mask(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Mask {
    pub fn new(mask: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(mask))
    }

    pub(crate) fn apply(&self, text: &str) -> String {
        (self.0)(text)
    }
}

impl Default for Mask {
    fn default() -> Self {
        Self::new(str::to_owned)
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mask").finish_non_exhaustive()
    }
}

/// Without secrets, and without `github`, which holds the token.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("inputs", &self.inputs).field("vars", &self.vars).finish_non_exhaustive()
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
