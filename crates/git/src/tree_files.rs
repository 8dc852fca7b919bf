//! Files of a commit, read without a work tree, and what merging two commits would give.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;

use crate::command::Git;
use crate::{GitError, Repository};

/// A file as a commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// From the top, `/`-separated.
    pub path: String,
    pub content: Vec<u8>,
}

/// What came of trying a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedMerge {
    /// Paths that conflict; empty when it merges.
    pub conflicts: Vec<String>,
    /// Files of the merged tree.
    pub files: Vec<TreeFile>,
}

/// Objects that are made for a look and gone afterwards: the user's repository is only read.
type Objects<'a> = &'a [(&'static str, OsString)];

impl Repository {
    /// The files that lie directly in these directories at a revision, sorted by path. Two processes.
    pub fn files_at(&self, revision: &str, directories: &[&str]) -> Result<Vec<TreeFile>, GitError> {
        self.files_in(revision, directories, &[])
    }

    /// Merges `head` into `base` in the object database's shadow and reads files of the result. Nothing is left in the
    /// repository. `None` when this git cannot do it (before 2.38), or the histories have nothing in common.
    pub fn try_merge(&self, base: &str, head: &str, directories: &[&str]) -> Result<Option<TriedMerge>, GitError> {
        let shadow = tempfile::tempdir().map_err(GitError::io("cannot create", Path::new("a temporary directory")))?;
        let own = self.object_dirs();
        let own = std::env::join_paths(&own).map_err(|error| GitError::Unexpected(error.to_string()))?;
        let objects =
            [("GIT_OBJECT_DIRECTORY", shadow.path().as_os_str().to_owned()), ("GIT_ALTERNATE_OBJECT_DIRECTORIES", own)];
        let merge =
            ["merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", "--end-of-options", base, head];
        let answer = self.git().envs(&objects).args(merge).answer()?;
        if !matches!(answer.code, Some(0 | 1)) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let mut fields = text.split('\0').filter(|field| !field.is_empty());
        let Some(tree) = fields.next() else { return Ok(None) };
        let mut conflicts: Vec<String> = fields.map(str::to_owned).collect();
        conflicts.dedup();
        if answer.code == Some(1) {
            return Ok(Some(TriedMerge { conflicts, files: Vec::new() }));
        }
        Ok(Some(TriedMerge { conflicts: Vec::new(), files: self.files_in(tree, directories, &objects)? }))
    }

    fn files_in(&self, tree: &str, directories: &[&str], objects: Objects<'_>) -> Result<Vec<TreeFile>, GitError> {
        let inside: Vec<String> =
            directories.iter().map(|directory| format!("{}/", directory.trim_end_matches('/'))).collect();
        let list =
            self.git().envs(objects).args(["ls-tree", "-z", "--full-tree", "--end-of-options", tree]).args(&inside);
        let list = list.run()?;
        let mut found: Vec<(String, String)> = String::from_utf8_lossy(&list)
            .split('\0')
            .filter_map(|entry| {
                let (about, path) = entry.split_once('\t')?;
                let mut words = about.split(' ').skip(1);
                let (kind, id) = (words.next()?, words.next()?);
                (kind == "blob").then(|| (path.to_owned(), id.to_owned()))
            })
            .collect();
        found.sort();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: String = found.iter().map(|(_, id)| format!("{id}\n")).collect();
        let git: Git = self.git().envs(objects).args(["cat-file", "--batch"]).stdin(wanted.into_bytes());
        let out = git.run()?;
        contents(&out, found).ok_or_else(|| GitError::Unexpected(format!("files of {tree} in an unknown form")))
    }
}

/// The answers of `cat-file --batch`: a line with the size, the content, a line end.
fn contents(mut out: &[u8], found: Vec<(String, String)>) -> Option<Vec<TreeFile>> {
    let mut files = Vec::with_capacity(found.len());
    for (path, _) in found {
        let end = out.iter().position(|byte| *byte == b'\n')?;
        let size: usize = std::str::from_utf8(&out[..end]).ok()?.rsplit(' ').next()?.parse().ok()?;
        out = &out[end + 1..];
        let mut content = vec![0; size];
        out.read_exact(&mut content).ok()?;
        out = out.get(1..)?;
        files.push(TreeFile { path, content });
    }
    Some(files)
}
