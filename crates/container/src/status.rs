//! How a container is doing.

use jiff::Timestamp;

/// Where in its life a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Created,
    Running,
    /// Ended, and about to be started again.
    Restarting,
    Exited,
    Removed,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    pub phase: Phase,
    /// Of the main process, as seen inside.
    pub pid: i32,
    pub exit_code: u8,
    pub oom: bool,
    /// Why it could not be started.
    pub error: String,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub restarts: u32,
    pub health: Option<Health>,
}

/// What health checks found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    pub verdict: Verdict,
    /// Failures in a row.
    pub failing: u32,
    /// The last checks, oldest first.
    pub log: Vec<Probe>,
}

/// Docker's three words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    #[default]
    Starting,
    Healthy,
    Unhealthy,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// One health check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub start: Timestamp,
    pub end: Timestamp,
    /// -1: it could not be run, or took too long.
    pub exit_code: i32,
    pub output: String,
}

impl Status {
    /// Docker's word in `inspect`.
    pub fn word(&self) -> &'static str {
        match self.phase {
            Phase::Created => "created",
            Phase::Running => "running",
            Phase::Restarting => "restarting",
            Phase::Exited => "exited",
            Phase::Removed => "removing",
        }
    }
}
