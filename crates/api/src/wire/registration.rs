//! How a runner makes itself known, and asks for work.

use serde::{Deserialize, Serialize};

use super::Secret;

/// What a new runner says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Unique in its group. The server adds a number when the name is taken by a runner that is away.
    pub name: String,
    /// The runner group; the group of the registration token when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// It is forgotten after its first job.
    #[serde(default)]
    pub ephemeral: bool,
    #[serde(flatten)]
    pub machine: Hello,
}

/// What a runner says whenever it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// A job goes to a runner that has all labels of its `runs-on`; letter case does not count.
    pub labels: Vec<String>,
    /// `Linux`, as in `runner.os`.
    pub os: String,
    /// `X64` or `ARM64`, as in `runner.arch`.
    pub arch: String,
    /// Of the program.
    pub version: String,
    /// How many jobs it runs at a time.
    pub slots: u32,
    /// Jobs that it still has something to say of. Others that the server believes it has never reached it, and are queued
    /// again at once; `None` says nothing about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<Vec<HeldJob>>,
}

/// A job and the claim by which a runner has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldJob {
    pub id: i64,
    pub fence: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    pub runner_id: i64,
    /// The name as the server took it.
    pub name: String,
    /// The bearer token of everything that follows.
    pub secret: Secret,
    pub settings: Settings,
}

/// What the server wants of its runners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A job is taken from a runner that was not heard of for so long.
    pub lease_seconds: u64,
    /// How often a runner says that it is there, for each job.
    pub heartbeat_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { lease_seconds: 60, heartbeat_seconds: 10 }
    }
}

/// Asks for one job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// How many jobs it could take now, this one included.
    pub free: u32,
    /// The runner's own name for this claim, up to 64 characters. Said again, as when the answer got lost, it gives the same
    /// job with the same fence, as long as this claim holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}
