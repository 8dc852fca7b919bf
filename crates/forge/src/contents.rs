//! Changing files over the API: a commit on a branch.

use store::repositories::Repository;

use crate::git::{CommitAuthor, NewCommit, TreeChange, ZERO};
use crate::push::RefChange;
use crate::{Actor, Error, Forge, Result};

/// A change of one file.
#[derive(Clone, Debug)]
pub struct FileChange {
    pub path: String,
    /// `None` removes it.
    pub content: Option<Vec<u8>>,
    /// The blob that is replaced; `None` where there is no file.
    pub sha: Option<String>,
    /// The default branch where it is not given.
    pub branch: Option<String>,
    pub message: String,
    pub author: Option<CommitAuthor>,
    pub committer: Option<CommitAuthor>,
}

/// What a change made.
#[derive(Clone, Debug)]
pub struct FileChanged {
    pub commit: String,
    /// The new blob.
    pub blob: Option<String>,
    pub branch: String,
}

impl Forge {
    /// Commits a change of a file.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the file is another than the caller believes, or the branch moved.
    pub async fn change_file(
        &self,
        repository: &Repository,
        actor: &Actor,
        change: &FileChange,
    ) -> Result<FileChanged> {
        let branch = change.branch.clone().unwrap_or_else(|| repository.default_branch.clone());
        let name = format!("refs/heads/{branch}");
        let repo = self.git(repository.id);
        let old = repo.ref_oid(&name).await?;
        let is_empty = old.is_none() && repository.pushed_at.is_none();
        if old.is_none() && !is_empty {
            return Err(Error::not_found(format!("Branch {branch}")));
        }
        let entry = match &old {
            Some(head) => repo.entry(head, &change.path).await?,
            None => None,
        };
        match (&entry, &change.sha) {
            (Some(entry), Some(sha)) if entry.oid != *sha => {
                return Err(Error::Conflict(format!("{} does not match {sha}", change.path)));
            }
            (Some(_), None) => return Err(Error::missing("Contents", "sha")),
            (None, Some(sha)) => {
                return Err(Error::Conflict(format!("{} does not exist; {sha} does not match", change.path)));
            }
            (None, None) if change.content.is_none() => return Err(Error::not_found(change.path.clone())),
            _ => {}
        }
        let blob = match &change.content {
            Some(content) => Some(repo.write_blob(content.clone()).await?),
            None => None,
        };
        let mode = entry.filter(|entry| entry.mode.starts_with("100")).map_or_else(|| "100644".to_owned(), |e| e.mode);
        let tree_change = TreeChange { path: change.path.clone(), entry: blob.clone().map(|oid| (mode, oid)) };
        let base_tree = match &old {
            Some(head) => Some(repo.tree_id(head).await?),
            None => None,
        };
        let tree = repo.change_tree(base_tree.as_deref(), &[tree_change]).await?;
        let committer = match &change.committer {
            Some(committer) => committer.clone(),
            None => self.commit_author(actor.account_id).await?,
        };
        let author = change.author.clone().unwrap_or_else(|| committer.clone());
        let parents = old.iter().cloned().collect();
        let commit =
            repo.write_commit(&NewCommit { tree, parents, message: change.message.clone(), author, committer }).await?;
        let ref_change = RefChange { name, old: old.unwrap_or_else(|| ZERO.to_owned()), new: commit.clone() };
        self.judge_change(repository, actor, &ref_change).await?;
        self.change_refs(repository, actor, "api", serde_json::Value::Null, &[ref_change]).await?;
        Ok(FileChanged { commit, blob, branch })
    }
}
