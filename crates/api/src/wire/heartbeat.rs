use serde::{Deserialize, Serialize};

/// A runner still executes the job; what it was told so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub knows: Orders,
}

/// What a runner should do with its job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Stop as GitHub does: running steps get signals, `always()` steps still run.
    #[serde(default)]
    pub cancel: bool,
    /// Kill everything now.
    #[serde(default)]
    pub kill: bool,
}
