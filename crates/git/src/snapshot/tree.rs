//! Trees: their entries, and the tree of a dirty work tree.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::command::Git;
use crate::index::IndexEntry;
use crate::{GitError, Repository};

pub(crate) const GITLINK: u32 = 0o160_000;
pub(crate) const SYMLINK: u32 = 0o120_000;
pub(crate) const EXECUTABLE: u32 = 0o100_755;

/// How to reach the objects of a tree: the repository, its files, and where new objects go.
pub(crate) struct Objects<'a> {
    pub(crate) repository: &'a Repository,
    /// Git directory when it is not the repository's own (plain directories).
    pub(crate) git_dir: Option<PathBuf>,
    /// Where objects are that the repository does not have.
    pub(crate) extra: Option<PathBuf>,
    /// Where files may be that need not be inflated.
    pub(crate) files: Option<PathBuf>,
}

impl Objects<'_> {
    /// A git process that sees all objects; new ones go to `extra`.
    pub(crate) fn git(&self) -> Git {
        let mut git = self.repository.git();
        if let Some(dir) = &self.git_dir {
            git = git.quiet_args(["--git-dir".as_ref(), dir.as_os_str()]);
            git = git.quiet_args(["--work-tree".as_ref(), self.repository.top_level().as_os_str()]);
        }
        if let (Some(extra), Some(own)) = (&self.extra, self.repository.objects()) {
            git = git.env("GIT_OBJECT_DIRECTORY", extra).env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&own));
        }
        git
    }

    /// The files of a tree, sorted by path as an index sorts them. Paths that would leave the directory are refused.
    pub(crate) fn entries(&self, tree: &str) -> Result<Vec<IndexEntry>, GitError> {
        let out = self.git().args(["ls-tree", "-r", "-z", "--full-tree", tree]).run()?;
        let mut entries = Vec::new();
        for line in out.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let entry = entry(line).ok_or_else(|| GitError::Unexpected("ls-tree in an unknown form".to_owned()))?;
            if !is_safe(&entry.path) {
                let path = String::from_utf8_lossy(&entry.path).into_owned();
                return Err(GitError::Unexpected(format!(
                    "tree {tree} holds the path {path:?}, which is not safe to write"
                )));
            }
            entries.push(entry);
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Writes the tree of the work tree as it is, without touching the repository: a copy of the index takes the changed
    /// paths, new objects go to `extra`.
    pub(crate) fn write_work_tree(&self, scratch: &Path) -> Result<String, GitError> {
        // A plain directory keeps its index between runs, so unchanged files are not hashed again.
        let index = self.git_dir.as_deref().unwrap_or(scratch).join("index");
        let git = |args: &[&str]| {
            let guards = ["-c", "core.splitIndex=false", "-c", "index.sparse=false", "-c", "core.untrackedCache=false"];
            let cheap = ["-c", "core.fsync=none", "-c", "core.looseCompression=1"];
            self.git().quiet_args(guards).quiet_args(cheap).args(args).env("GIT_INDEX_FILE", &index)
        };
        let Some(own) = self.repository.git_dir().filter(|_| self.git_dir.is_none()) else {
            git(&["add", "--all", "--", "."]).run()?;
            return git(&["write-tree"]).line();
        };
        copy_with_time(&own.join("index"), &index)?;
        let mut paths = Vec::new();
        for entry in self.repository.status()?.entries.iter().filter(|entry| !entry.staged_only) {
            paths.extend_from_slice(&entry.path);
            paths.push(0);
        }
        if !paths.is_empty() {
            git(&["update-index", "-z", "--add", "--remove", "--replace", "--stdin"]).stdin(paths).run()?;
        }
        git(&["write-tree", "--missing-ok"]).line()
    }

    /// The entries of the user's index.
    pub(crate) fn index_entries(&self) -> Result<Vec<IndexEntry>, GitError> {
        let out = self.git().quiet_args(["-c", "index.sparse=false"]).args(["ls-files", "--stage", "-z"]).run()?;
        let lines = out.split(|byte| *byte == 0).filter(|line| !line.is_empty());
        let entries: Option<Vec<IndexEntry>> = lines.map(staged).collect();
        entries.ok_or_else(|| GitError::Unexpected("ls-files in an unknown form".to_owned()))
    }
}

/// `<mode> <type> <oid>\t<path>`
fn entry(line: &[u8]) -> Option<IndexEntry> {
    let (meta, path) = split_tab(line)?;
    let mut fields = meta.split(' ');
    let mode = u32::from_str_radix(fields.next()?, 8).ok()?;
    let oid = hex::decode(fields.nth(1)?).ok()?;
    Some(IndexEntry { path: path.to_vec(), mode, oid, stage: 0, stat: None })
}

/// `<mode> <oid> <stage>\t<path>`
fn staged(line: &[u8]) -> Option<IndexEntry> {
    let (meta, path) = split_tab(line)?;
    let mut fields = meta.split(' ');
    let mode = u32::from_str_radix(fields.next()?, 8).ok()?;
    let oid = hex::decode(fields.next()?).ok()?;
    let stage = fields.next()?.parse().ok()?;
    Some(IndexEntry { path: path.to_vec(), mode, oid, stage, stat: None })
}

fn split_tab(line: &[u8]) -> Option<(&str, &[u8])> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    Some((std::str::from_utf8(&line[..tab]).ok()?, &line[tab + 1..]))
}

/// No part of the path is empty, `.`, `..` or `.git`.
fn is_safe(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .all(|part| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git"))
}

/// The time is kept: by it git knows which entries changed too close to the index to trust their stat data.
fn copy_with_time(from: &Path, to: &Path) -> Result<(), GitError> {
    let bytes = match std::fs::read(from) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(GitError::Io { what: "cannot read", path: from.to_path_buf(), source });
        }
    };
    let time = std::fs::metadata(from).and_then(|meta| meta.modified()).map_err(GitError::io("cannot read", from))?;
    let write = || {
        std::fs::write(to, &bytes)?;
        std::fs::File::options().write(true).open(to)?.set_modified(time)
    };
    write().map_err(GitError::io("cannot write", to))
}

/// A path in a colon-separated list of object directories.
fn quoted(path: &Path) -> OsString {
    let bytes = path.as_os_str().as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b':' | b'"' | b'\\' | b'\n')) {
        return path.as_os_str().to_owned();
    }
    let mut out = OsString::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push("\\");
                out.push(std::ffi::OsStr::from_bytes(&[*byte]));
            }
            b'\n' => out.push("\\n"),
            _ => out.push(std::ffi::OsStr::from_bytes(&[*byte])),
        }
    }
    out.push("\"");
    out
}
