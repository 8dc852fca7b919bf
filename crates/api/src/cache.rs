//! Why a cache was restored, or not: every entry that came near, and what spoke for or against it.

use serde::{Deserialize, Serialize};

/// The whole decision of one restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheDecision {
    pub key: String,
    pub restore_keys: Vec<String>,
    pub version: String,
    /// In the order searched.
    pub scopes: Vec<String>,
    pub outcome: CacheOutcome,
    /// The nearest first.
    pub considered: Vec<CacheConsidered>,
    /// Entries of the repository beyond those listed.
    pub omitted: usize,
}

/// How a restore ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheOutcome {
    /// The entry has exactly the key asked for.
    Hit {
        key: String,
        scope: String,
    },
    /// The entry's key starts with `prefix`: the key itself or one of the restore keys.
    PartialHit {
        key: String,
        scope: String,
        prefix: String,
    },
    Miss,
}

/// One entry and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheConsidered {
    pub id: u64,
    pub key: String,
    pub scope: String,
    pub verdict: CacheVerdict,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheVerdict {
    /// This one was restored.
    Chosen,
    /// It would have done, but another was better: an exact key, an earlier scope or prefix, or newer.
    Passed { prefix: String },
    /// It would have done, but its content is gone from disk.
    Gone,
    /// It would have done, but nobody restored it for this many days.
    Expired { unused_days: i64 },
    /// The key fits, but it was saved for other paths or with another compression.
    OtherVersion { version: String },
    /// Key and version fit, but caches of that ref are not visible here.
    OtherScope,
    /// Neither the key nor a restore key begins it.
    OtherKey,
}
