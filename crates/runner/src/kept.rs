//! What stays of a job that failed, so that it can be begun again in its middle: its files and what its steps told
//! each other.
//!
//! ```text
//! <record>/kept/<leg>/job.json    a KeptJob
//! <record>/kept/<leg>/home/       HOME as the job left it: workspace, temporary files
//! ```
//!
//! Nothing outside of HOME is kept, and no variable, output or file that may hold a secret.

mod copy;
mod files;

use std::io;
use std::path::{Path, PathBuf};

use api::{Conclusion, LegId};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub(crate) use files::{keep_files, restore_files};

/// Where an earlier execution of a job is continued.
#[derive(Clone, Debug)]
pub struct ResumeFrom {
    /// See [`kept_dir`].
    pub dir: PathBuf,
    /// The number of the run that left it.
    pub run: u64,
    /// Id, name or number (from 1) of the first step to execute.
    pub step: String,
}

/// The most files named in [`KeptJob::left_out`].
const MAX_NAMED: usize = 100;

/// The steps of a job that failed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct KeptJob {
    /// HOME as the job's processes knew it; on the host it is another one each time.
    pub home: PathBuf,
    /// In the order in which they ended.
    pub steps: Vec<KeptStep>,
    /// Why there are no files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_files: Option<String>,
    /// Paths below HOME that are not kept: a secret is in them. Masked; at most [`MAX_NAMED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One step of the job itself, not of an action.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptStep {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub outcome: Conclusion,
    pub conclusion: Conclusion,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, String>,
    /// What it put into `GITHUB_ENV`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// What it put into `GITHUB_PATH`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    /// Names of outputs and variables that are not kept: they may hold a secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

impl KeptJob {
    /// Reads what was kept; [`io::ErrorKind::NotFound`] when nothing was.
    pub fn read(dir: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(dir.join("job.json"))?)?)
    }

    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        let new = dir.join("job.json.new");
        std::fs::write(&new, serde_json::to_vec(self)?)?;
        std::fs::rename(&new, dir.join("job.json"))
    }
}

/// Where in a run's record the files of a failed job lie.
pub fn kept_dir(record: &Path, leg: LegId) -> PathBuf {
    record.join("kept").join(leg.to_string())
}
