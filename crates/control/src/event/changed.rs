//! Which files an event changed, for `paths:`.

use forge::git::{GitError, NewBranchBase, Repo};
use store::events::{Event as Row, Facts};
use trigger::{ChangedFile, ChangedFiles};

use crate::Result;

/// More commits than this in one push, and path filters do not apply.
const MOST_COMMITS: usize = 1000;

pub(super) async fn files(git: &Repo, row: &Row, facts: &Facts, default_branch: &str) -> Result<ChangedFiles> {
    Ok(match row.name.as_str() {
        "push" if row.git_ref.starts_with("refs/heads/") && !row.sha.is_empty() => {
            push(git, row, default_branch).await?
        }
        name if name.starts_with("pull_request") => match (&facts.base_sha, &facts.head_sha) {
            (Some(base), Some(head)) => known(git.changes_since_merge_base(base, head).await)?,
            _ => ChangedFiles::Unknown("the event names no base and head".to_owned()),
        },
        _ => ChangedFiles::Unknown("this event has no changed files".to_owned()),
    })
}

async fn push(git: &Repo, row: &Row, default_branch: &str) -> Result<ChangedFiles> {
    let before = row.before_sha.as_deref().filter(|sha| !forge::git::is_zero(sha));
    let Some(before) = before else {
        // A new branch: against the parent of the oldest commit that only it has.
        return Ok(match git.new_branch_base(&row.git_ref, &row.sha).await? {
            NewBranchBase::NoCommits => ChangedFiles::Known(Vec::new()),
            NewBranchBase::Commits { count, .. } if count > MOST_COMMITS => ChangedFiles::TooMany,
            NewBranchBase::Commits { base, .. } => known(git.changes(base.as_deref(), &row.sha).await)?,
        });
    };
    // A force push may have left the commit before behind, and it may be gone.
    let known_before = git.resolve(before).await?;
    let base = match known_before {
        Some(before) => before,
        None => match git.merge_base(&format!("refs/heads/{default_branch}"), &row.sha).await {
            Ok(Some(base)) => base,
            _ => return Ok(ChangedFiles::Unknown("the commit before the push is gone".to_owned())),
        },
    };
    if git.count_commits(Some(&base), &row.sha).await? > MOST_COMMITS {
        return Ok(ChangedFiles::TooMany);
    }
    known(git.changes(Some(&base), &row.sha).await)
}

fn known(files: Result<Vec<forge::git::ChangedFile>, GitError>) -> Result<ChangedFiles> {
    let files = match files {
        Ok(files) => files,
        // As on GitHub: a difference that cannot be made up keeps no workflow from running.
        Err(error @ (GitError::TooMuch { .. } | GitError::TimedOut { .. })) => {
            return Ok(ChangedFiles::Unknown(format!("the changed files cannot be listed: {error}")));
        }
        Err(error) => return Err(error.into()),
    };
    let mut files: Vec<ChangedFile> =
        files.into_iter().map(|file| ChangedFile { path: file.path, previous: file.old_path }).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(ChangedFiles::Known(files))
}
