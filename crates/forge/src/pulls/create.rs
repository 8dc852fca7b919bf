use identity::{Caller, Level, Need, Permission};
use serde_json::Map;
use store::issues::{Issue, NewIssue};
use store::pulls::Pull;
use store::repositories::Repository;

use crate::git::{RefUpdate, Repo, ZERO};
use crate::{Actor, Error, Forge, Result, repo_ref};

/// A pull request to be made.
#[derive(Clone, Debug, Default)]
pub struct NewPull<'a> {
    pub title: &'a str,
    pub body: &'a str,
    /// `branch` or `owner:branch`.
    pub head: &'a str,
    /// The repository of the head, where its owner has several of this line.
    pub head_repo: Option<&'a str>,
    pub base: &'a str,
    pub draft: bool,
    pub maintainer_can_modify: bool,
}

impl Forge {
    /// Makes a pull request; its merge is tried before it is told.
    pub async fn create_pull(
        &self,
        repository: &Repository,
        caller: &Caller,
        actor: &Actor,
        new: &NewPull<'_>,
    ) -> Result<(Issue, Pull)> {
        let invalid =
            |field, message: String| Error::Invalid { resource: "PullRequest", field, code: "invalid", message };
        if new.title.trim().is_empty() {
            return Err(Error::missing("PullRequest", "title"));
        }
        let (head_repo, branch) = self.head_of(repository, caller, new).await?;
        let (repo, head_git) = (self.git(repository.id), self.git(head_repo.id));
        let base_sha = repo
            .ref_oid(&format!("refs/heads/{}", new.base))
            .await?
            .ok_or_else(|| invalid("base", format!("there is no branch `{}`", new.base)))?;
        let head_sha = head_git
            .ref_oid(&format!("refs/heads/{branch}"))
            .await?
            .ok_or_else(|| invalid("head", format!("there is no branch `{branch}` in {}", head_repo.full_name())))?;
        if head_repo.id == repository.id && branch == new.base {
            return Err(invalid("head", "head and base are the same branch".to_owned()));
        }
        for pull in store::pulls::open_with_head(&mut self.store().read(), head_repo.id, &branch).await? {
            if pull.repo_id == repository.id && pull.base_ref == new.base {
                let message = format!("A pull request already exists for {}:{branch}.", head_repo.owner);
                return Err(Error::Invalid { resource: "PullRequest", field: "head", code: "custom", message });
            }
        }
        let number = {
            let mut tx = self.store().begin().await?;
            let number = store::repositories::take_number(&mut tx, repository.id).await?;
            tx.commit().await?;
            number
        };
        set_head_ref(&repo, (head_repo.id != repository.id).then_some(&head_git), number, &head_sha).await?;
        if repo.count_commits(Some(&base_sha), &head_sha).await? == 0 {
            let message = format!("No commits between {} and {branch}", new.base);
            return Err(Error::Invalid { resource: "PullRequest", field: "head", code: "custom", message });
        }
        let mut pull = Pull {
            issue_id: 0,
            repo_id: repository.id,
            number,
            head_repo_id: Some(head_repo.id),
            head_ref: branch,
            head_sha,
            base_ref: new.base.to_owned(),
            base_sha,
            draft: new.draft,
            maintainer_can_modify: new.maintainer_can_modify
                && head_repo.id != repository.id
                && self.writes(actor.account_id, &head_repo).await?,
            merge_sha: None,
            merge_of: None,
            mergeable: None,
            merged: false,
            merged_at: None,
            merged_by: None,
            merge_commit_sha: None,
            auto_merge: None,
        };
        let merge = self.try_merge(&pull, actor).await?;
        pull.mergeable = Some(merge.is_some());
        pull.merge_of = Some(format!("{} {}", pull.base_sha, pull.head_sha));
        pull.merge_sha = merge;
        let row = NewIssue {
            repo_id: repository.id,
            number,
            is_pull: true,
            title: new.title.trim(),
            body: new.body,
            author_id: actor.account_id,
            author_kind: actor.kind.name(),
        };
        // Told before it is written, but for its id: what takes git is not for a transaction.
        let mut told = self
            .tell_pull(repository, actor, "opened", &unwritten(&row, self.store().now()), &pull, Map::new())
            .await?;
        let mut tx = self.store().begin().await?;
        pull.issue_id = store::issues::insert(&mut tx, &row).await?;
        store::pulls::insert(&mut tx, &pull).await?;
        store::pulls::set_merge(&mut tx, &pull, pull.merge_sha.as_deref(), pull.merge_sha.is_some()).await?;
        let whole = &mut told.event.payload["pull_request"];
        whole["id"] = pull.issue_id.into();
        whole["node_id"] = crate::ids::node_id("PullRequest", pull.issue_id).into();
        let issue = store::issues::by_id(&mut tx, pull.issue_id).await?.ok_or_else(|| Error::not_found("the issue"))?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok((issue, pull))
    }

    /// The repository and the branch that `head` names.
    async fn head_of(
        &self,
        repository: &Repository,
        caller: &Caller,
        new: &NewPull<'_>,
    ) -> Result<(Repository, String)> {
        let invalid = |message: String| Error::invalid("PullRequest", "head", message);
        let Some((owner, branch)) = new.head.split_once(':') else {
            return Ok((repository.clone(), new.head.to_owned()));
        };
        let branch = branch.to_owned();
        let named = new.head_repo.map(|name| name.rsplit('/').next().unwrap_or(name));
        let same_owner = owner.eq_ignore_ascii_case(&repository.owner);
        if same_owner && named.is_none_or(|name| name.eq_ignore_ascii_case(&repository.name)) {
            return Ok((repository.clone(), branch));
        }
        let found = self.of_line(repository, caller, owner, named).await?;
        let missing = || invalid(format!("`{owner}` has no repository of the line of {}", repository.full_name()));
        Ok((found.ok_or_else(missing)?, branch))
    }

    /// What an account has of a repository's line, itself or a fork, as far as the caller reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_line(
        &self,
        repository: &Repository,
        caller: &Caller,
        owner: &str,
        name: Option<&str>,
    ) -> Result<Option<Repository>> {
        let Some(account) = store::users::by_login(&mut self.store().read(), owner).await? else { return Ok(None) };
        let root = repository.fork_root.unwrap_or(repository.id);
        let reads = Need::new(Permission::Contents, Level::Read);
        for candidate in store::repositories::of_owner(&mut self.store().read(), account.id).await? {
            let of_line = candidate.id == root || candidate.fork_root == Some(root);
            let fits = name.is_none_or(|name| name.eq_ignore_ascii_case(&candidate.name));
            if of_line && fits && self.identity().decide(caller, &repo_ref(&candidate), reads).await?.is_ok() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// An issue as it will be.
fn unwritten(row: &NewIssue<'_>, now: store::Micros) -> Issue {
    Issue {
        id: 0,
        repo_id: row.repo_id,
        number: row.number,
        is_pull: row.is_pull,
        title: row.title.to_owned(),
        body: row.body.to_owned(),
        state: "open".to_owned(),
        state_reason: None,
        author_id: row.author_id,
        author_kind: row.author_kind.to_owned(),
        assignees: serde_json::json!([]),
        locked: false,
        closed_by: None,
        created_at: now,
        updated_at: now,
        closed_at: None,
    }
}

/// Points `refs/pull/N/head` to a commit, fetching it from a fork where it is there only.
pub(super) async fn set_head_ref(repo: &Repo, fork: Option<&Repo>, number: i64, sha: &str) -> Result<()> {
    let name = format!("refs/pull/{number}/head");
    if let Some(fork) = fork {
        return Ok(repo.fetch_local(fork, &[format!("+{sha}:{name}")]).await?);
    }
    let old = repo.ref_oid(&name).await?;
    if old.as_deref() == Some(sha) {
        return Ok(());
    }
    let update = RefUpdate { name, old: old.unwrap_or_else(|| ZERO.to_owned()), new: sha.to_owned() };
    repo.update_refs(&[update], None).await?.map_err(|refused| Error::Conflict(refused.to_string()))
}
