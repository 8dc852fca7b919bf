//! Merging without a work tree.

use super::{CommitAuthor, GitError, NewCommit, Repo};

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The merged tree.
    Clean { tree: String },
    /// Paths that both sides changed differently.
    Conflict { paths: Vec<String> },
}

/// What came of a rebase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebased {
    /// The new head; the base itself where nothing was left to apply.
    Done { head: String },
    /// This commit does not apply.
    Conflict { commit: String, paths: Vec<String> },
    /// It has a merge commit in it, or more commits than are rebased.
    Impossible(String),
}

/// More commits than this are not rebased, as on GitHub.
const MOST_COMMITS: usize = 100;

impl Repo {
    /// Merges two commits; nothing but objects is written. `base` stands in for their merge base (for cherry-picks).
    pub async fn merge_trees(&self, base: Option<&str>, ours: &str, theirs: &str) -> Result<Merged, GitError> {
        let base = base.map(|base| format!("--merge-base={base}"));
        let mut args = vec!["merge-tree", "--write-tree", "--no-messages", "--name-only", "-z"];
        args.extend(base.as_deref());
        args.extend(["--end-of-options", ours, theirs]);
        let call = self.call(&args);
        let command = call.shown();
        let answer = call.answer().await?;
        if !matches!(answer.code, Some(0 | 1)) {
            // Unrelated histories are not merged.
            if answer.stderr.contains("unrelated histories") {
                return Ok(Merged::Conflict { paths: Vec::new() });
            }
            return Err(answer.failed(command));
        }
        let mut fields =
            answer.stdout.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let tree = fields.next().filter(|tree| super::is_oid(tree));
        let tree = tree.ok_or_else(|| GitError::Unexpected("merge-tree named no tree".to_owned()))?;
        if answer.code == Some(0) {
            return Ok(Merged::Clean { tree });
        }
        Ok(Merged::Conflict { paths: fields.filter(|path| !path.is_empty()).collect() })
    }

    /// A merge commit of two commits, or the paths in conflict.
    pub async fn merge_commit(
        &self,
        base: &str,
        head: &str,
        message: &str,
        author: &CommitAuthor,
    ) -> Result<Result<String, Vec<String>>, GitError> {
        match self.merge_trees(None, base, head).await? {
            Merged::Conflict { paths } => Ok(Err(paths)),
            Merged::Clean { tree } => {
                let parents = vec![base.to_owned(), head.to_owned()];
                let commit = NewCommit {
                    tree,
                    parents,
                    message: message.to_owned(),
                    author: author.clone(),
                    committer: author.clone(),
                };
                Ok(Ok(self.write_commit(&commit).await?))
            }
        }
    }

    /// Puts the commits of `head` that `base` has not on top of `base`, one by one, keeping their authors.
    pub async fn rebase(&self, base: &str, head: &str, committer: &CommitAuthor) -> Result<Rebased, GitError> {
        let range = format!("{base}..{head}");
        let listed = self
            .call(&["rev-list", "--reverse", "--topo-order", "--parents", "--end-of-options", &range, "--"])
            .line()
            .await?;
        let lines: Vec<&str> = listed.lines().filter(|line| !line.is_empty()).collect();
        if lines.len() > MOST_COMMITS {
            return Ok(Rebased::Impossible(format!(
                "it has {} commits; up to {MOST_COMMITS} can be rebased",
                lines.len()
            )));
        }
        let mut tip = base.to_owned();
        for line in lines {
            let ids: Vec<&str> = line.split(' ').collect();
            let (commit, parent) = match ids.as_slice() {
                [commit, parent] => (*commit, *parent),
                [commit, _, _, ..] => {
                    return Ok(Rebased::Impossible(format!("{commit} is a merge commit, which cannot be rebased")));
                }
                _ => return Ok(Rebased::Impossible("the histories have no commit in common".to_owned())),
            };
            let original = self.commit(commit).await?;
            // Already at the right place: nothing to write anew.
            if parent == tip {
                commit.clone_into(&mut tip);
                continue;
            }
            let tree = match self.merge_trees(Some(parent), &tip, commit).await? {
                Merged::Clean { tree } => tree,
                Merged::Conflict { paths } => return Ok(Rebased::Conflict { commit: commit.to_owned(), paths }),
            };
            let nothing_left = self.tree_id(&tip).await? == tree && self.tree_id(parent).await? != original.tree;
            if nothing_left {
                continue;
            }
            tip = self
                .write_commit(&NewCommit {
                    tree,
                    parents: vec![tip],
                    message: original.message.clone(),
                    author: CommitAuthor::from(&original.author),
                    committer: committer.clone(),
                })
                .await?;
        }
        Ok(Rebased::Done { head: tip })
    }
}
