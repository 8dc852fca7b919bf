//! `trunkline.lock`: refs pinned to commits.
//!
//! ```toml
//! version = 1
//!
//! [[action]]
//! repository = "octo/tool"
//! ref = "v1"
//! commit = "…"
//! tree = "…"
//! content = "sha256:…"
//! ```

use std::fmt::Write as _;
use std::path::Path;

use git::RepoName;
use serde::Deserialize;

use crate::ActionError;

/// One pinned repository ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedAction {
    /// `owner/repo`.
    pub repository: String,
    /// Ref as written.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Commit it stood for.
    pub commit: String,
    /// git tree hash of the repository at that commit.
    pub tree: String,
    /// [`git::content_hash`] of the files as checked out; vendored copies are compared with it.
    pub content: String,
}

/// The lock file, sorted by repository and ref.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFile {
    /// Entries, sorted.
    pub actions: Vec<LockedAction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(default, rename = "action")]
    actions: Vec<LockedAction>,
}

impl LockFile {
    /// Reads a lock file; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<LockFile>, ActionError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(ActionError::Io { what: "cannot read", path: path.to_path_buf(), source });
            }
        };
        LockFile::parse(path, &text).map(Some)
    }

    /// Reads the text of a lock file; `path` is how errors name it.
    pub fn parse(path: &Path, text: &str) -> Result<LockFile, ActionError> {
        let wrong = |message: String| ActionError::LockFile { path: path.to_path_buf(), message };
        let written: Written = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if written.version != 1 {
            return Err(wrong(format!("version {} is newer than this Trunkline knows (1)", written.version)));
        }
        for action in &written.actions {
            action.check().map_err(|what| wrong(format!("{}@{}: {what}", action.repository, action.reference)))?;
        }
        Ok(LockFile::new(written.actions))
    }

    /// Sorts entries; of equal ones the first stays.
    pub fn new(mut actions: Vec<LockedAction>) -> LockFile {
        actions.sort();
        actions.dedup_by(|b, a| a.repository.eq_ignore_ascii_case(&b.repository) && a.reference == b.reference);
        LockFile { actions }
    }

    /// The entry for a repository ref.
    pub fn find(&self, repo: &RepoName, reference: &str) -> Option<&LockedAction> {
        let name = repo.to_string();
        self.actions
            .iter()
            .find(|action| action.repository.eq_ignore_ascii_case(&name) && action.reference == reference)
    }

    /// Writes it atomically; equal content gives equal bytes.
    pub fn write(&self, path: &Path) -> Result<(), ActionError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{:x}.tmp", std::process::id(), fastrand::u32(..)));
        let staged = path.with_file_name(name);
        std::fs::write(&staged, self.to_string()).map_err(ActionError::io("cannot write", &staged))?;
        std::fs::rename(&staged, path).map_err(ActionError::io("cannot write", path))
    }
}

impl std::fmt::Display for LockFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text =
            "# Written by `trunkline actions lock`. Commit it; `trunkline actions verify` checks it.\nversion = 1\n"
                .to_owned();
        for action in &self.actions {
            let fields = [
                ("repository", &action.repository),
                ("ref", &action.reference),
                ("commit", &action.commit),
                ("tree", &action.tree),
                ("content", &action.content),
            ];
            text.push_str("\n[[action]]\n");
            for (name, value) in fields {
                writeln!(text, "{name} = {}", toml::Value::String(value.clone()))?;
            }
        }
        f.write_str(&text)
    }
}

impl LockedAction {
    /// Commits become parts of paths, so they must be what they claim.
    fn check(&self) -> Result<(), &'static str> {
        let is_id = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if RepoName::parse(&self.repository).is_none() {
            return Err("`repository` is not owner/repo");
        }
        if !is_id(&self.commit) {
            return Err("`commit` is not a full commit id");
        }
        if is_id(&self.tree) { Ok(()) } else { Err("`tree` is not a full tree id") }
    }
}
