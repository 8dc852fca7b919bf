//! Writing objects.

use super::{EMPTY_TREE, GitError, Repo, Signature};

/// Who made a commit, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitAuthor {
    pub name: String,
    pub email: String,
    /// Seconds since the epoch.
    pub seconds: i64,
    pub offset_minutes: i32,
}

impl From<&Signature> for CommitAuthor {
    fn from(signature: &Signature) -> CommitAuthor {
        let Signature { name, email, seconds, offset_minutes } = signature.clone();
        CommitAuthor { name, email, seconds, offset_minutes }
    }
}

impl CommitAuthor {
    /// The line of a commit object. Characters that would end it are left out.
    fn line(&self) -> String {
        let clean = |text: &str| -> String {
            let kept: String = text.chars().filter(|c| !matches!(c, '\n' | '\r' | '\0' | '<' | '>')).collect();
            kept.trim().to_owned()
        };
        let (sign, minutes) =
            if self.offset_minutes < 0 { ('-', -self.offset_minutes) } else { ('+', self.offset_minutes) };
        let zone = format!("{sign}{:02}{:02}", minutes / 60, minutes % 60);
        let name = clean(&self.name);
        let name = if name.is_empty() { "unknown".to_owned() } else { name };
        format!("{name} <{}> {} {zone}", clean(&self.email), self.seconds)
    }
}

/// A commit to write.
#[derive(Clone, Debug)]
pub struct NewCommit {
    pub tree: String,
    pub parents: Vec<String>,
    pub message: String,
    pub author: CommitAuthor,
    pub committer: CommitAuthor,
}

/// An annotated tag to write.
#[derive(Clone, Debug)]
pub struct NewTag {
    pub name: String,
    pub object: String,
    /// `commit`, `tree`, `blob`
    pub kind: String,
    pub message: String,
    pub tagger: CommitAuthor,
}

/// A change of one path of a tree.
#[derive(Clone, Debug)]
pub struct TreeChange {
    pub path: String,
    /// Mode and object; `None` removes the path.
    pub entry: Option<(String, String)>,
}

impl Repo {
    /// Writes a blob.
    pub async fn write_blob(&self, content: Vec<u8>) -> Result<String, GitError> {
        self.write("blob", content).await
    }

    /// Writes a commit.
    pub async fn write_commit(&self, commit: &NewCommit) -> Result<String, GitError> {
        let mut text = format!("tree {}\n", commit.tree);
        for parent in &commit.parents {
            text.push_str(&format!("parent {parent}\n"));
        }
        text.push_str(&format!("author {}\ncommitter {}\n\n", commit.author.line(), commit.committer.line()));
        text.push_str(&message(&commit.message));
        self.write("commit", text.into_bytes()).await
    }

    /// Writes an annotated tag.
    pub async fn write_tag(&self, tag: &NewTag) -> Result<String, GitError> {
        let (object, kind, name, tagger) = (&tag.object, &tag.kind, &tag.name, tag.tagger.line());
        let text = format!("object {object}\ntype {kind}\ntag {name}\ntagger {tagger}\n\n{}", message(&tag.message));
        self.write("tag", text.into_bytes()).await
    }

    async fn write(&self, kind: &str, content: Vec<u8>) -> Result<String, GitError> {
        self.call(&["hash-object", "-w", "-t", kind, "--stdin"]).stdin(content).line().await
    }

    /// The tree `base` (none: empty) with changes. Works on an index of its own, so any number may run at the same time.
    pub async fn change_tree(&self, base: Option<&str>, changes: &[TreeChange]) -> Result<String, GitError> {
        for change in changes {
            check_path(&change.path)?;
        }
        let index = tempfile_path(self);
        let result = self.change_index(&index, base.unwrap_or(EMPTY_TREE), changes).await;
        // It may never have been made.
        let _ = std::fs::remove_file(&index);
        result
    }

    async fn change_index(
        &self,
        index: &std::path::Path,
        base: &str,
        changes: &[TreeChange],
    ) -> Result<String, GitError> {
        if base != EMPTY_TREE {
            self.call(&["read-tree", base]).env("GIT_INDEX_FILE", index).run().await?;
        }
        let mut input = Vec::new();
        for change in changes {
            let line = match &change.entry {
                Some((mode, oid)) => format!("{mode} {oid}\t{}\0", change.path),
                None => format!("0 {}\t{}\0", super::ZERO, change.path),
            };
            input.extend(line.into_bytes());
        }
        let update = ["update-index", "-z", "--add", "--replace", "--index-info"];
        self.call(&update).env("GIT_INDEX_FILE", index).stdin(input).run().await?;
        self.call(&["write-tree"]).env("GIT_INDEX_FILE", index).line().await
    }
}

fn tempfile_path(repo: &Repo) -> std::path::PathBuf {
    repo.dir().join(format!("index-{}", uuid::Uuid::now_v7().simple()))
}

/// Messages end with one line end, as git writes them.
fn message(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c != '\0').collect();
    format!("{}\n", kept.trim_end_matches('\n'))
}

/// Paths of a tree: relative, no `.`/`..`/`.git` parts.
pub(super) fn check_path(path: &str) -> Result<(), GitError> {
    let bad = |part: &str| {
        part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git") || part.contains('\0')
    };
    if path.len() > 4096 || path.split('/').any(bad) {
        return Err(GitError::Refused(format!("`{}` is no path of a file", super::refname::printable(path))));
    }
    Ok(())
}
