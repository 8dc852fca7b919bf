//! Which files changed between two commits.

use crate::{GitError, Repository};

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// New file (a copy counts as one).
    Added,
    /// Content or mode changed, or the file became something else (e.g. a symlink).
    Modified,
    /// Gone.
    Deleted,
    /// Moved from `old_path`, possibly with changes.
    Renamed,
}

/// One changed file. Path filters look at both paths of a rename.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// How it changed.
    pub kind: ChangeKind,
    /// Path now (or the last path, when deleted), relative to the top level, `/`-separated. Bytes that are not
    /// UTF-8 are replaced.
    pub path: String,
    /// Path before, for renames.
    pub old_path: Option<String>,
}

impl Repository {
    /// Files that differ between the trees of `base` and `head` (`git diff base..head`).
    /// `None` as base means the empty tree: everything counts as added.
    pub fn changed_files(&self, base: Option<&str>, head: &str) -> Result<Vec<ChangedFile>, GitError> {
        let base = base.unwrap_or_else(|| self.object_format().empty_tree());
        self.diff(&[base, head])
    }

    /// Files that `head` changed since it left `base` (`git diff base...head`), as pull requests count them.
    pub fn changed_files_since_merge_base(&self, base: &str, head: &str) -> Result<Vec<ChangedFile>, GitError> {
        self.diff(&[&format!("{base}...{head}")])
    }

    /// The best common ancestor, if the histories are related.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        let git = self.git().args(["merge-base", "--end-of-options", a, b]);
        let command = git.shown();
        let answer = git.answer()?;
        match answer.code {
            Some(0) => Ok(Some(String::from_utf8_lossy(&answer.stdout).trim().to_owned())),
            Some(1) => Ok(None),
            code => Err(GitError::Failed { command, code, stderr: answer.stderr }),
        }
    }

    fn diff(&self, ends: &[&str]) -> Result<Vec<ChangedFile>, GitError> {
        let options =
            ["diff", "-z", "--name-status", "-M", "--no-ext-diff", "--no-textconv", "--no-relative", "--no-color"];
        let out = self.git().args(options).arg("--end-of-options").args(ends).arg("--").run()?;
        parse(&out).ok_or_else(|| GitError::Unexpected("diff in an unknown form".to_owned()))
    }
}

fn parse(out: &[u8]) -> Option<Vec<ChangedFile>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut fields = out.split(|byte| *byte == 0);
    let mut files = Vec::new();
    loop {
        let status = match fields.next() {
            None => return Some(files),
            Some([]) => return Some(files),
            Some(status) => status[0],
        };
        let first = text(fields.next()?);
        let file = match status {
            b'A' => ChangedFile { kind: ChangeKind::Added, path: first, old_path: None },
            b'D' => ChangedFile { kind: ChangeKind::Deleted, path: first, old_path: None },
            b'R' => ChangedFile { kind: ChangeKind::Renamed, path: text(fields.next()?), old_path: Some(first) },
            b'C' => ChangedFile { kind: ChangeKind::Added, path: text(fields.next()?), old_path: None },
            _ => ChangedFile { kind: ChangeKind::Modified, path: first, old_path: None },
        };
        files.push(file);
    }
}
