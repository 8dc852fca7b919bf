//! Directories of jobs: where they are, and what goes of those that a killed run left.

use std::fs;
use std::path::{Path, PathBuf};

use api::RunNumber;

/// Where a run makes the directories of its jobs.
pub(crate) fn jobs_dir(state: &Path, run: RunNumber) -> PathBuf {
    state.join("jobs").join(format!("{}-{run}", std::process::id()))
}

/// Removes the directories of runs whose process is gone. Only empty ones: what is in them belongs to sandboxes, which
/// are swept before, and a process of another container may use the same directory.
pub(crate) fn sweep(state: &Path) {
    for run in fs::read_dir(state.join("jobs")).into_iter().flatten().flatten() {
        let name = run.file_name();
        let process = name.to_str().and_then(|name| name.split_once('-')).map(|(process, _)| process);
        let dead = process.is_some_and(|process| !Path::new("/proc").join(process).exists());
        if dead && Path::new("/proc/self").exists() {
            for job in fs::read_dir(run.path()).into_iter().flatten().flatten() {
                let _ = fs::remove_dir(job.path());
            }
            let _ = fs::remove_dir(run.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_empty_directories_of_the_dead_go() {
        let state = tempfile::tempdir().unwrap();
        let own = super::jobs_dir(state.path(), api::RunNumber(7));
        // No process has such an id.
        let [dead, kept] = ["4194999-1", "4194998-2"].map(|name| state.path().join("jobs").join(name));
        for dir in [own.join("leg-0"), dead.join("leg-0"), kept.join("leg-1/dirs")] {
            std::fs::create_dir_all(dir).unwrap();
        }
        super::sweep(state.path());
        assert!(own.join("leg-0").exists() && kept.join("leg-1/dirs").exists() && !dead.exists());
    }
}
