//! Pull requests: made, kept up to date, merged.

mod auto_merge;
mod change;
mod create;
mod merge;
mod refresh;
mod update_branch;
mod updates;

use identity::Role;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;

use crate::shape::PullNumbers;
use crate::{Error, Forge, Result, repo_ref};

pub use auto_merge::AutoMerge;
pub use change::ChangePull;
pub use create::NewPull;
pub(crate) use merge::MergeDone;
pub use merge::{MergeMethod, MergePull};

impl Forge {
    /// A pull request by its number.
    pub async fn pull(&self, repository: &Repository, number: i64) -> Result<(Issue, Pull)> {
        let mut query = self.store().read();
        let pull = store::pulls::by_number(&mut query, repository.id, number).await?;
        let pull = pull.ok_or_else(|| Error::not_found(format!("pull request {number}")))?;
        let issue = store::issues::by_id(&mut query, pull.issue_id).await?;
        Ok((issue.ok_or_else(|| Error::not_found(format!("pull request {number}")))?, pull))
    }

    /// Whether a user may push to a repository.
    pub(crate) async fn writes(&self, account_id: i64, repository: &Repository) -> Result<bool> {
        Ok(self.identity().role_of_user(account_id, &repo_ref(repository)).await? >= Role::Write)
    }

    /// Commits and lines of a pull request.
    pub async fn pull_numbers(&self, pull: &Pull) -> Result<PullNumbers> {
        let repo = self.git(pull.repo_id);
        let base = self.pull_base(pull).await?;
        let commits = repo.count_commits(Some(&base), &pull.head_sha).await?;
        let (changed_files, additions, deletions) = repo.diff_numbers(&base, &pull.head_sha).await?;
        Ok(PullNumbers { commits, additions, deletions, changed_files })
    }

    /// What a pull request's differences are counted from: where its head left the base. Of a merged one that is what the
    /// base was before.
    pub async fn pull_base(&self, pull: &Pull) -> Result<String> {
        let repo = self.git(pull.repo_id);
        let base = repo.merge_base(&pull.base_sha, &pull.head_sha).await?;
        Ok(base.unwrap_or_else(|| pull.base_sha.clone()))
    }
}
