//! What of a job is on disk: enough to tell the server about it after this process was killed. No secrets.
//!
//! ```text
//! jobs/<job>-<fence>/job.json       who the job is
//! jobs/<job>-<fence>/events.jsonl   its events, masked
//! jobs/<job>-<fence>/logs/          its log, masked
//! jobs/<job>-<fence>/finish.json    its report, once it is over
//! ```

use std::io;
use std::path::{Path, PathBuf};

use api::wire::{Finish, JobSpec};
use serde::{Deserialize, Serialize};

use crate::client::Held;

/// A job's directory.
pub(crate) struct JobDirectory(PathBuf);

#[derive(Debug, Serialize, Deserialize)]
struct Identity {
    server: String,
    job: i64,
    fence: i64,
}

impl JobDirectory {
    pub(crate) fn create(jobs: &Path, server: &str, spec: &JobSpec) -> io::Result<Self> {
        let dir = Self(jobs.join(format!("{}-{}", spec.id, spec.fence)));
        std::fs::create_dir_all(dir.logs())?;
        let identity = Identity { server: server.to_owned(), job: spec.id, fence: spec.fence };
        std::fs::write(dir.0.join("job.json"), serde_json::to_vec(&identity)?)?;
        Ok(dir)
    }

    /// Those that an earlier process of this server's runner left. Others are removed.
    pub(crate) fn left_over(jobs: &Path, server: &str) -> Vec<(Held, Self)> {
        let entries = std::fs::read_dir(jobs).into_iter().flatten().flatten();
        let mut found = Vec::new();
        for entry in entries {
            let dir = Self(entry.path());
            let text = std::fs::read(dir.0.join("job.json")).unwrap_or_default();
            match serde_json::from_slice::<Identity>(&text) {
                Ok(known) if known.server == server => {
                    found.push((Held { job: known.job, fence: known.fence }, dir));
                }
                _ => dir.remove(),
            }
        }
        found
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// The log, if the job came so far.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.logs()).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "log"))
    }

    pub(crate) fn keep_finish(&self, finish: &Finish) {
        if let Ok(text) = serde_json::to_vec(finish) {
            // Whoever cannot keep it can still send it.
            let _ = std::fs::write(self.0.join("finish.new"), text)
                .and_then(|()| std::fs::rename(self.0.join("finish.new"), self.0.join("finish.json")));
        }
    }

    pub(crate) fn finish(&self) -> Option<Finish> {
        serde_json::from_slice(&std::fs::read(self.0.join("finish.json")).ok()?).ok()
    }

    pub(crate) fn remove(&self) {
        // What stays is looked at again at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
