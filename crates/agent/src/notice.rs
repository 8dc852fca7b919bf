//! What a runner tells whoever started it.

use std::sync::Arc;

/// One thing to know; the caller decides where it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Registered {
        name: String,
        labels: Vec<String>,
    },
    /// It waits for jobs.
    Listening {
        name: String,
        slots: u32,
    },
    JobStarted {
        job: i64,
        repository: String,
        name: String,
    },
    JobFinished {
        job: i64,
        name: String,
        conclusion: String,
    },
    /// A job was given up or reported as lost, and why.
    JobLost {
        job: i64,
        reason: String,
    },
    /// The server cannot be reached; said once until it is back.
    ServerAway {
        reason: String,
    },
    ServerBack,
    /// No further jobs are taken; so many still run.
    Draining {
        running: usize,
    },
    Problem {
        message: String,
    },
}

pub type Notices = Arc<dyn Fn(Notice) + Send + Sync>;
