//! How a runner reports a job's end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Conclusion, Reason};

/// The last word of a claim. The server refuses it with 409 and [`super::ErrorCode::Incomplete`] while events or log
/// bytes are missing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finish {
    /// The number of the last event.
    pub events: u64,
    /// Length of the log stream.
    pub log: u64,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// The job was executed to its end.
    Executed(Report),
    /// It never came to its steps, or was lost under way: the server may queue it again.
    Lost {
        reason: Reason,
        /// Whether a step may have run.
        started: bool,
    },
}

/// As the runner's report, masked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub conclusion: Conclusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Empty ones and those that hold a secret are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
}
