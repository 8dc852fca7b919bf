use identity::{Caller, Level, Need, Permission};
use serde_json::Value;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;

use crate::git::{RefUpdate, ZERO};
use crate::push::RefChange;
use crate::{Actor, Error, Forge, Result, repo_ref};

impl Forge {
    /// Takes the newest base into the head, by a merge commit on the head's branch.
    ///
    /// # Errors
    /// When the caller may not push to the head, when head and base conflict, the head moved, or there is nothing to take.
    pub async fn update_branch(
        &self,
        repository: &Repository,
        caller: &Caller,
        number: i64,
        expected_head: Option<&str>,
    ) -> Result<String> {
        let actor = Actor::of(caller).ok_or_else(|| Error::Forbidden("nobody is logged in".to_owned()))?;
        let (issue, pull) = self.pull(repository, number).await?;
        if !issue.is_open() {
            return Err(Error::invalid("PullRequest", "state", "it is closed"));
        }
        if expected_head.is_some_and(|sha| sha != pull.head_sha) {
            return Err(Error::invalid("PullRequest", "expected_head_sha", "the head is another by now"));
        }
        let head = pull.head_repo_id.ok_or_else(|| Error::not_found("the repository of the head"))?;
        let head = self.repository_by_id(head).await?;
        self.may_update(repository, &head, caller, &issue, &pull).await?;
        let repo = self.git(repository.id);
        if repo.is_ancestor(&pull.base_sha, &pull.head_sha).await? {
            return Err(Error::invalid("PullRequest", "base", "There are no new commits on the base branch."));
        }
        let message = format!("Merge branch '{}' into {}", pull.base_ref, pull.head_ref);
        let author = self.commit_author(actor.account_id).await?;
        let merged = repo.merge_commit(&pull.head_sha, &pull.base_sha, &message, &author).await?;
        let merged = merged.map_err(|paths| {
            Error::invalid("PullRequest", "base", format!("merge conflict between base and head: {}", paths.join(", ")))
        })?;
        let name = format!("refs/heads/{}", pull.head_ref);
        let change = RefChange { name, old: pull.head_sha, new: merged.clone() };
        if head.id == repository.id {
            self.judge_change(&head, &actor, &change).await?;
            self.change_refs(&head, &actor, "api", Value::Null, &[change]).await?;
            return Ok(merged);
        }
        // The commit is brought over under a name of its own, which goes away again however it ends.
        let (fork, name) = (self.git(head.id), format!("refs/pull/{number}/update"));
        fork.fetch_local(&repo, &[format!("+{merged}:{name}")]).await?;
        let changed = match self.judge_change(&head, &actor, &change).await {
            Ok(()) => self.change_refs(&head, &actor, "api", Value::Null, &[change]).await,
            refused => refused,
        };
        let gone = RefUpdate { name, old: merged.clone(), new: ZERO.to_owned() };
        let _ = fork.update_refs(&[gone], None).await;
        changed.map(|()| merged)
    }

    /// Whether the caller may push to the head: with a right of its own there, or because the author, who must have that right
    /// still, lets those who maintain the base do so with a fork.
    async fn may_update(
        &self,
        base: &Repository,
        head: &Repository,
        caller: &Caller,
        issue: &Issue,
        pull: &Pull,
    ) -> Result<()> {
        if head.archived {
            return Err(Error::Forbidden(format!("{} is archived", head.full_name())));
        }
        let need = Need::new(Permission::Contents, Level::Write);
        if self.identity().decide(caller, &repo_ref(head), need).await?.is_ok() {
            return Ok(());
        }
        let lent = head.fork_of.is_some() && head.id != base.id && pull.maintainer_can_modify;
        if lent
            && self.writes(issue.author_id, head).await?
            && self.identity().decide(caller, &repo_ref(base), need).await?.is_ok()
        {
            return Ok(());
        }
        let reason = "you may not push to the branch of the head, and nobody who may lets you";
        self.identity().refused(caller, "pull.update_branch", Some(head.id), &pull.head_ref, reason);
        Err(Error::Forbidden(reason.to_owned()))
    }
}
