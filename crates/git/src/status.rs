//! Uncommitted changes.

use std::sync::PoisonError;

use crate::{GitError, Repository};

/// A path that differs from HEAD or from the index, or is untracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusEntry {
    /// Path relative to the top level, raw bytes.
    pub path: Vec<u8>,
    /// True when git does not know the file.
    pub untracked: bool,
    /// True when the file is gone from the work tree.
    pub deleted: bool,
    /// True when the work tree has what the index has: the change is staged.
    pub(crate) staged_only: bool,
}

/// The state of the work tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Changed paths, in git's order; empty when clean.
    pub entries: Vec<StatusEntry>,
}

impl Status {
    /// Whether nothing is uncommitted.
    pub fn is_clean(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Repository {
    /// Asks git for uncommitted changes and untracked files that are not ignored. One process; the user's index
    /// is not refreshed. Kept for the life of this value; whoever asks meanwhile waits. A plain directory and a bare repository are clean.
    pub fn status(&self) -> Result<&Status, GitError> {
        if let Some(status) = self.status.get() {
            return Ok(status);
        }
        if !self.is_git() || self.is_bare() {
            return Ok(self.status.get_or_init(Status::default));
        }
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = self.status.get() {
            return Ok(status);
        }
        let args =
            ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=dirty"];
        let out = self.git().args(args).run()?;
        let entries = parse(&out).ok_or_else(|| GitError::Unexpected("status in an unknown form".to_owned()))?;
        Ok(self.status.get_or_init(|| Status { entries }))
    }
}

fn parse(out: &[u8]) -> Option<Vec<StatusEntry>> {
    let mut entries = Vec::new();
    for line in out.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let fields = match line[0] {
            b'1' => 9,
            b'u' => 11,
            b'?' => 2,
            b'#' | b'!' => continue,
            _ => return None,
        };
        let parts: Vec<&[u8]> = line.splitn(fields, |byte| *byte == b' ').collect();
        let path = parts.get(fields - 1)?.to_vec();
        let entry = if fields == 2 {
            // A trailing slash is a repository inside this one: git would not look into it either.
            if path.ends_with(b"/") {
                continue;
            }
            StatusEntry { path, untracked: true, deleted: false, staged_only: false }
        } else {
            let (index, tree) = (*parts[1].first()?, *parts[1].get(1)?);
            let deleted = tree == b'D' || (index == b'D' && tree == b'.');
            StatusEntry { path, untracked: false, deleted, staged_only: fields == 9 && tree == b'.' }
        };
        entries.push(entry);
    }
    Some(entries)
}
