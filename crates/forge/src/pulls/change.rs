use serde_json::{Map, Value, json};
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;

use crate::events::parts;
use crate::{Actor, Error, Forge, Result};

/// What is to be changed of a pull request; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangePull {
    pub title: Option<String>,
    pub body: Option<String>,
    /// `open` or `closed`
    pub state: Option<String>,
    pub base: Option<String>,
    pub draft: Option<bool>,
    pub maintainer_can_modify: Option<bool>,
}

impl Forge {
    /// Changes a pull request.
    pub async fn change_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        change: ChangePull,
    ) -> Result<(Issue, Pull)> {
        let (mut issue, mut pull) = self.pull(repository, number).await?;
        let read = (issue.clone(), pull.clone());
        let mut actions: Vec<(&'static str, Map<String, Value>)> = Vec::new();
        let mut changes = Map::new();
        if let Some(title) = change.title.filter(|title| *title != issue.title) {
            if title.trim().is_empty() {
                return Err(Error::missing("PullRequest", "title"));
            }
            changes.insert("title".to_owned(), json!({ "from": issue.title }));
            issue.title = title;
        }
        if let Some(body) = change.body.filter(|body| *body != issue.body) {
            changes.insert("body".to_owned(), json!({ "from": issue.body }));
            issue.body = body;
        }
        if let Some(base) = change.base.filter(|base| *base != pull.base_ref) {
            let repo = self.git(repository.id);
            let sha = repo.ref_oid(&format!("refs/heads/{base}")).await?;
            let sha =
                sha.ok_or_else(|| Error::invalid("PullRequest", "base", format!("there is no branch `{base}`")))?;
            let from = json!({ "ref": { "from": pull.base_ref }, "sha": { "from": pull.base_sha } });
            changes.insert("base".to_owned(), from);
            pull.base_ref = base;
            pull.base_sha = sha;
            pull.mergeable = None;
            // It was meant for the other branch.
            pull.auto_merge = None;
        }
        if let Some(may) = change.maintainer_can_modify {
            // Leave to push is given by who has it.
            let own = match pull.head_repo_id.filter(|id| *id != repository.id) {
                Some(head) => self.writes(actor.account_id, &self.repository_by_id(head).await?).await?,
                None => false,
            };
            pull.maintainer_can_modify = may && own;
        }
        if !changes.is_empty() {
            actions.push(("edited", parts([("changes", Value::Object(changes))])));
        }
        if let Some(draft) = change.draft.filter(|draft| *draft != pull.draft) {
            pull.draft = draft;
            actions.push((if draft { "converted_to_draft" } else { "ready_for_review" }, Map::new()));
        }
        if let Some(state) = change.state.filter(|state| *state != issue.state) {
            actions.push((self.set_pull_state(repository, actor, &mut issue, &mut pull, &state).await?, Map::new()));
        }
        if issue.is_open() {
            pull = self.remerge(pull, actor).await?;
        }
        let mut told = Vec::new();
        for (action, more) in actions {
            told.push(self.tell_pull(repository, actor, action, &issue, &pull, more).await?);
        }
        let mut tx = self.store().begin().await?;
        let now = store::pulls::lock(&mut tx, pull.issue_id).await?;
        if issue.is_open() && !read.0.is_open() && now.is_some_and(|now| now.merged) {
            return Err(Error::invalid("PullRequest", "state", "a merged pull request is not opened again"));
        }
        store::issues::update(&mut tx, &read.0, &issue).await?;
        store::pulls::update(&mut tx, &read.1, &pull).await?;
        if let Some(mergeable) = pull.mergeable.filter(|_| pull.merge_of != read.1.merge_of) {
            store::pulls::set_merge(&mut tx, &pull, pull.merge_sha.as_deref(), mergeable).await?;
        }
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        self.pull(repository, number).await
    }

    /// As [`Forge::refresh_merge`], without writing it down.
    async fn remerge(&self, mut pull: Pull, actor: &Actor) -> Result<Pull> {
        let of = format!("{} {}", pull.base_sha, pull.head_sha);
        if pull.mergeable.is_none() || pull.merge_of.as_deref() != Some(of.as_str()) {
            pull.merge_sha = self.try_merge(&pull, actor).await?;
            pull.mergeable = Some(pull.merge_sha.is_some());
            pull.merge_of = Some(of);
        }
        Ok(pull)
    }

    /// Closes or opens again; the action's name.
    async fn set_pull_state(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &mut Issue,
        pull: &mut Pull,
        state: &str,
    ) -> Result<&'static str> {
        match state {
            "closed" => {
                state.clone_into(&mut issue.state);
                issue.closed_at = Some(self.store().now());
                issue.closed_by = Some(actor.account_id);
                pull.auto_merge = None;
                Ok("closed")
            }
            "open" if pull.merged => {
                Err(Error::invalid("PullRequest", "state", "a merged pull request is not opened again"))
            }
            "open" => {
                // Head and base may have moved while nobody looked.
                let head = match pull.head_repo_id {
                    Some(id) => self.git(id).ref_oid(&format!("refs/heads/{}", pull.head_ref)).await?,
                    None => None,
                };
                let head = head.ok_or_else(|| {
                    Error::invalid("PullRequest", "state", format!("the branch `{}` is gone", pull.head_ref))
                })?;
                let base = self.git(repository.id).ref_oid(&format!("refs/heads/{}", pull.base_ref)).await?;
                let base = base.ok_or_else(|| {
                    Error::invalid("PullRequest", "state", format!("the branch `{}` is gone", pull.base_ref))
                })?;
                let fork = pull.head_repo_id.filter(|id| *id != repository.id).map(|id| self.git(id));
                super::create::set_head_ref(&self.git(repository.id), fork.as_ref(), pull.number, &head).await?;
                pull.head_sha = head;
                pull.base_sha = base;
                pull.mergeable = None;
                state.clone_into(&mut issue.state);
                issue.closed_at = None;
                issue.closed_by = None;
                Ok("reopened")
            }
            other => Err(Error::invalid("PullRequest", "state", format!("`{other}` is neither open nor closed"))),
        }
    }
}
