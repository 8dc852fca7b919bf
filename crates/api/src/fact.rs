//! Facts that a run leaves beside its course, so that it can be explained and compared later. All text is masked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{LegId, Location};

/// One part of an expression and what became of it. With neither value nor error it was not evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub text: String,
    /// As it would be written in an expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// One subject of a filter against one of its patterns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The branch, tag, file or name.
    pub subject: String,
    /// None when no pattern matched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    pub matched: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A program of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// With links resolved.
    pub path: String,
    /// Seconds since the Unix epoch: when the file was last changed.
    pub changed_at: i64,
    pub size: u64,
    /// What `--version` says, the first line; none while nobody has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What a step started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepProcess {
    pub leg: LegId,
    pub step: u32,
    pub argv: Vec<String>,
    /// As the job sees it.
    pub cwd: String,
    /// What its environment has beyond the job's own, without the variables that every step gets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionUsed {
    pub leg: LegId,
    pub step: u32,
    /// As written: `actions/checkout@v4`.
    pub uses: String,
    /// For actions from git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where it came from, a sentence.
    pub from: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUsed {
    pub leg: LegId,
    /// As written.
    pub image: String,
    /// `sha256:…` of the manifest.
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesHashed {
    pub leg: LegId,
    pub patterns: Vec<String>,
    /// Empty when no file matched.
    pub digest: String,
    /// In the order they were hashed; the first ones when there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<HashedFile>,
    /// How many more there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashedFile {
    pub path: String,
    /// The first 16 hexadecimal digits of its SHA-256.
    pub digest: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
