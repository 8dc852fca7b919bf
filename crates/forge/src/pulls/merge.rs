use serde_json::{Map, Value, json};
use store::Tx;
use store::issues::Issue;
use store::pulls::Pull;
use store::pushes::Push;
use store::repositories::Repository;

use crate::events::Told;
use crate::git::{Commit, CommitAuthor, Merged, NewCommit, Order, Rebased, ZERO, is_zero};
use crate::protection::Protections;
use crate::push::RefChange;
use crate::{Actor, Error, Forge, Result};

/// How a pull request is merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeMethod {
    Merge,
    Squash,
    Rebase,
}

impl MergeMethod {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MergeMethod::Merge => "merge",
            MergeMethod::Squash => "squash",
            MergeMethod::Rebase => "rebase",
        }
    }

    /// # Errors
    /// When it is none of the three.
    pub fn parse(name: &str) -> Result<MergeMethod> {
        [MergeMethod::Merge, MergeMethod::Squash, MergeMethod::Rebase]
            .into_iter()
            .find(|m| m.name() == name)
            .ok_or_else(|| {
                Error::invalid("PullRequest", "merge_method", format!("`{name}` is none of merge, squash and rebase"))
            })
    }

    fn setting(self) -> &'static str {
        match self {
            MergeMethod::Merge => "allow_merge_commit",
            MergeMethod::Squash => "allow_squash_merge",
            MergeMethod::Rebase => "allow_rebase_merge",
        }
    }
}

/// A merge as it is wanted.
#[derive(Clone, Debug)]
pub struct MergePull<'a> {
    pub method: MergeMethod,
    pub title: Option<&'a str>,
    pub message: Option<&'a str>,
    /// The head must be this.
    pub sha: Option<&'a str>,
}

/// A merge whose refs have moved, to be written down.
pub(crate) struct MergeDone {
    before: (Issue, Pull),
    issue: Issue,
    pull: Pull,
    told: Vec<Told>,
}

impl Forge {
    /// Merges a pull request; the commit on the base branch.
    ///
    /// # Errors
    /// [`Error::NotMergeable`] with every reason, [`Error::Conflict`] when head or base moved meanwhile.
    pub async fn merge_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        merge: &MergePull<'_>,
    ) -> Result<String> {
        let (issue, pull) = self.pull(repository, number).await?;
        if !issue.is_open() {
            return Err(Error::NotMergeable("Pull Request is not mergeable: it is closed".to_owned()));
        }
        if merge.sha.is_some_and(|sha| sha != pull.head_sha) {
            return Err(Error::Conflict("Head branch was modified. Review and try the merge again.".to_owned()));
        }
        let method = merge.method;
        if !repository.setting(method.setting(), true) {
            let message = format!("{} merges are not allowed on this repository.", method.name());
            return Err(Error::NotMergeable(message));
        }
        let protections = Protections::of(self, repository).await?;
        let linear = protections.of_branch(&pull.base_ref).is_some_and(|rules| rules.linear_history);
        if linear && method == MergeMethod::Merge {
            return Err(Error::NotMergeable(format!("the history of `{}` is linear: squash or rebase", pull.base_ref)));
        }
        let pull = self.refresh_merge(pull, actor).await?;
        let check = self.check_merge(repository, &issue, &pull, Some(actor)).await?;
        if !check.blockers.is_empty() {
            return Err(Error::NotMergeable(format!("Pull Request is not mergeable: {}", check.reason())));
        }
        let base_name = format!("refs/heads/{}", pull.base_ref);
        let new = self.merged_commit(repository, actor, &issue, &pull, merge).await?;
        let facts = json!({ "merge": { "issue_id": issue.id, "method": method.name(), "head": pull.head_sha } });
        let change = RefChange { name: base_name, old: pull.base_sha.clone(), new: new.clone() };
        if !actor.workflows {
            self.refuse_workflow_changes(repository, &change).await?;
        }
        self.change_refs(repository, actor, "merge", facts, &[change]).await.map_err(|error| match error {
            Error::Conflict(_) => {
                Error::Conflict("Base branch was modified. Review and try the merge again.".to_owned())
            }
            other => other,
        })?;
        if repository.setting("delete_branch_on_merge", false) && pull.head_repo_id == Some(repository.id) {
            let name = format!("refs/heads/{}", pull.head_ref);
            let delete = RefChange { name, old: pull.head_sha.clone(), new: ZERO.to_owned() };
            // Somebody may have pushed to it since, others may be based on it, or its rules forbid it: then it stays.
            let based = store::pulls::open_with_base(&mut self.store().read(), repository.id, &pull.head_ref).await?;
            if based.is_empty() && self.judge_change(repository, actor, &delete).await.is_ok() {
                let _ = self.change_refs(repository, actor, "merge", Value::Null, &[delete]).await;
            }
        }
        Ok(new)
    }

    /// Merges a branch or commit into a branch; `None` where there is nothing to merge.
    ///
    /// # Errors
    /// [`Error::Conflict`] when they conflict.
    pub async fn merge_branches(
        &self,
        repository: &Repository,
        actor: &Actor,
        base: &str,
        head: &str,
        message: Option<&str>,
    ) -> Result<Option<String>> {
        let repo = self.git(repository.id);
        let name = format!("refs/heads/{base}");
        let old = repo.ref_oid(&name).await?.ok_or_else(|| Error::not_found("Base"))?;
        let head_sha = repo.resolve(head).await?.ok_or_else(|| Error::not_found("Head"))?;
        if repo.is_ancestor(&head_sha, &old).await? {
            return Ok(None);
        }
        let default = format!("Merge {head} into {base}");
        let author = self.commit_author(actor.account_id).await?;
        let merged = repo.merge_commit(&old, &head_sha, message.unwrap_or(&default), &author).await?;
        let new = merged.map_err(|_| Error::Conflict("Merge conflict".to_owned()))?;
        let change = RefChange { name, old, new: new.clone() };
        self.judge_change(repository, actor, &change).await?;
        self.change_refs(repository, actor, "api", Value::Null, &[change]).await?;
        Ok(Some(new))
    }

    async fn merged_commit(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        pull: &Pull,
        merge: &MergePull<'_>,
    ) -> Result<String> {
        let repo = self.git(repository.id);
        let committer = self.commit_author(actor.account_id).await?;
        let conflict = || Error::NotMergeable("Pull Request is not mergeable: it conflicts with its base".to_owned());
        match merge.method {
            MergeMethod::Merge => {
                let head_owner = match pull.head_repo_id {
                    Some(id) => self.repository_by_id(id).await.map(|head| head.owner).unwrap_or_default(),
                    None => String::new(),
                };
                let default = format!("Merge pull request #{} from {head_owner}/{}", issue.number, pull.head_ref);
                let title = merge.title.unwrap_or(&default);
                let message = join(title, merge.message.unwrap_or(&issue.title));
                repo.merge_commit(&pull.base_sha, &pull.head_sha, &message, &committer).await?.map_err(|_| conflict())
            }
            MergeMethod::Squash => {
                let Merged::Clean { tree } = repo.merge_trees(None, &pull.base_sha, &pull.head_sha).await? else {
                    return Err(conflict());
                };
                let base = self.pull_base(pull).await?;
                let commits = repo.commits_between(Some(&base), &pull.head_sha, 250, Order::OldestFirst).await?;
                let (title, message) = squash_words(issue, &commits);
                let message = join(merge.title.unwrap_or(&title), merge.message.unwrap_or(&message));
                let author = match commits.as_slice() {
                    [only] => CommitAuthor { seconds: committer.seconds, ..CommitAuthor::from(&only.author) },
                    _ => self.commit_author(issue.author_id).await?,
                };
                let parents = vec![pull.base_sha.clone()];
                Ok(repo.write_commit(&NewCommit { tree, parents, message, author, committer }).await?)
            }
            MergeMethod::Rebase => match repo.rebase(&pull.base_sha, &pull.head_sha, &committer).await? {
                Rebased::Done { head } => Ok(head),
                Rebased::Conflict { commit, .. } => {
                    Err(Error::NotMergeable(format!("This branch can't be rebased: {commit} conflicts with the base")))
                }
                Rebased::Impossible(why) => Err(Error::NotMergeable(format!("This branch can't be rebased: {why}"))),
            },
        }
    }

    /// The pull requests that pushes of a settled batch have merged, as they are afterwards.
    pub(crate) async fn tell_merges(
        &self,
        repository: &Repository,
        actor: &Actor,
        done: &[&Push],
    ) -> Result<Vec<MergeDone>> {
        let mut merges = Vec::new();
        for push in done.iter().filter(|push| !is_zero(&push.new)) {
            let Some(issue_id) = push.facts.pointer("/merge/issue_id").and_then(Value::as_i64) else { continue };
            let issue = store::issues::by_id(&mut self.store().read(), issue_id).await?;
            let pull = store::pulls::by_issue(&mut self.store().read(), issue_id).await?;
            if let Some((issue, pull)) = issue.zip(pull) {
                merges.push(self.merged(repository, actor, issue, pull, &push.new).await?);
            }
        }
        Ok(merges)
    }

    /// A pull request as it is once `commit` is on its base branch.
    pub(crate) async fn merged(
        &self,
        repository: &Repository,
        actor: &Actor,
        mut issue: Issue,
        mut pull: Pull,
        commit: &str,
    ) -> Result<MergeDone> {
        let (before, now) = ((issue.clone(), pull.clone()), self.store().now());
        "closed".clone_into(&mut issue.state);
        issue.closed_at = Some(now);
        issue.closed_by = Some(actor.account_id);
        pull.merged = true;
        pull.merged_at = Some(now);
        pull.merged_by = Some(actor.account_id);
        pull.merge_commit_sha = Some(commit.to_owned());
        let told = self.tell_pull(repository, actor, "closed", &issue, &pull, Map::new()).await?;
        Ok(MergeDone { before, issue, pull, told: vec![told] })
    }

    pub(crate) async fn finish_merge(&self, tx: &mut Tx, merge: MergeDone) -> Result<()> {
        store::issues::update(tx, &merge.before.0, &merge.issue).await?;
        store::pulls::update(tx, &merge.before.1, &merge.pull).await?;
        self.append_events(tx, merge.told).await
    }
}

fn join(title: &str, message: &str) -> String {
    if message.is_empty() { title.to_owned() } else { format!("{title}\n\n{message}") }
}

/// Title and message of a squashed commit, as GitHub proposes them.
fn squash_words(issue: &Issue, commits: &[Commit]) -> (String, String) {
    if let [only] = commits {
        let (title, body) = only.message.split_once('\n').unwrap_or((&only.message, ""));
        return (format!("{title} (#{})", issue.number), body.trim().to_owned());
    }
    let list: Vec<String> = commits.iter().map(|commit| format!("* {}", commit.message.trim())).collect();
    (format!("{} (#{})", issue.title, issue.number), list.join("\n\n"))
}
