//! Which files changed between two commits.

use super::history::parse_name_status;
use super::{ChangedFile, EMPTY_TREE, GitError, Repo};

impl Repo {
    /// Files that differ between two trees or commits (`git diff base..head`). Without a base everything counts as added.
    pub async fn changes(&self, base: Option<&str>, head: &str) -> Result<Vec<ChangedFile>, GitError> {
        self.diff_names(&[base.unwrap_or(EMPTY_TREE), head]).await
    }

    /// Files that `head` changed since it left `base` (`git diff base...head`), as pull requests count them.
    pub async fn changes_since_merge_base(&self, base: &str, head: &str) -> Result<Vec<ChangedFile>, GitError> {
        self.diff_names(&[&format!("{base}...{head}")]).await
    }

    /// What a push to a new branch changed: two-dot against the parent of the oldest commit that only this branch has, or
    /// nothing where it has no commit of its own. The base is `None` where the oldest commit has no parent.
    pub async fn new_branch_base(&self, name: &str, head: &str) -> Result<NewBranchBase, GitError> {
        let exclude = format!("--exclude={name}");
        let args = ["rev-list", "--topo-order", "--parents", head, "--not", &exclude, "--glob=refs/heads/*", "--"];
        let text = self.call(&args).line().await?;
        let Some(oldest) = text.lines().last().filter(|line| !line.is_empty()) else {
            return Ok(NewBranchBase::NoCommits);
        };
        let count = text.lines().count();
        let parent = oldest.split(' ').nth(1).map(str::to_owned);
        Ok(NewBranchBase::Commits { base: parent, count })
    }

    /// How many commits `head` has that `base` has not.
    pub async fn count_commits(&self, base: Option<&str>, head: &str) -> Result<usize, GitError> {
        let range = base.map_or_else(|| head.to_owned(), |base| format!("{base}..{head}"));
        let text = self.call(&["rev-list", "--count", "--end-of-options", &range, "--"]).line().await?;
        text.parse().map_err(|_| GitError::Unexpected(text))
    }

    async fn diff_names(&self, ends: &[&str]) -> Result<Vec<ChangedFile>, GitError> {
        let mut args = vec![
            "diff",
            "-z",
            "--name-status",
            "-M",
            "--no-ext-diff",
            "--no-textconv",
            "--no-relative",
            "--no-color",
            "--end-of-options",
        ];
        args.extend(ends);
        args.push("--");
        let out = self.call(&args).run().await?;
        parse_name_status(&out).ok_or_else(|| GitError::Unexpected("diff in an unknown form".to_owned()))
    }
}

/// What a new branch is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewBranchBase {
    /// It points to a commit that another branch has.
    NoCommits,
    Commits {
        base: Option<String>,
        count: usize,
    },
}
