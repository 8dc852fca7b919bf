//! Working off what connected repositories sent.

use serde_json::{Map, Value};
use store::connections::{Connection, ReceivedHook};
use store::issues::{Issue, NewIssue};
use store::pulls::Pull;
use store::repositories::Repository;

use super::mirror::text;
use crate::events::parts;
use crate::git::is_oid;
use crate::{Actor, Error, Forge, Result};

const ATTEMPTS: i64 = 8;
const FIRST_PAUSE: i64 = 5_000_000;
const CLAIM: i64 = 300_000_000;

impl Forge {
    /// Works off one webhook; whether there was one.
    pub async fn work_off_received(&self) -> Result<bool> {
        // Reading first: a transaction would make everybody wait for nothing.
        if !store::connections::any_received(&mut self.store().read()).await? {
            return Ok(false);
        }
        let mut tx = self.store().begin().await?;
        let until = tx.store().now() + CLAIM;
        let claimed = store::connections::claim_received(&mut tx, until).await?;
        tx.commit().await?;
        let Some(hook) = claimed else { return Ok(false) };
        // Boxed: what all of it keeps would not fit on the stack of a thread.
        let result = Box::pin(self.act_on(&hook)).await;
        let now = self.store().now();
        let (state, next_at, message) = match &result {
            Ok(()) => ("done", now, String::new()),
            Err(error) if hook.attempts < ATTEMPTS && is_passing(error) => {
                let exponent = u32::try_from(hook.attempts - 1).unwrap_or(0);
                ("waiting", now + FIRST_PAUSE * 3_i64.pow(exponent.min(8)), error.to_string())
            }
            Err(error) => ("failed", now, error.to_string()),
        };
        let mut tx = self.store().begin().await?;
        store::connections::finish_received(&mut tx, hook.id, state, next_at, &message).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn act_on(&self, hook: &ReceivedHook) -> Result<()> {
        let connection = store::connections::by_id(&mut self.store().read(), hook.connection_id).await?;
        let Some(connection) = connection else { return Ok(()) };
        let repository = self.repository_by_id(connection.repo_id).await?;
        let payload: Value = serde_json::from_str(&hook.payload)
            .map_err(|error| Error::invalid("Webhook", "payload", error.to_string()))?;
        match hook.event.as_str() {
            "push" | "create" | "delete" => self.mirror(&connection, &repository).await.map(drop),
            "pull_request" | "pull_request_sync" => self.remote_pull(&connection, &repository, &payload).await,
            // A ping, and what nobody here acts on.
            _ => Ok(()),
        }
    }

    /// A pull request there becomes, and follows, one of the same number here.
    async fn remote_pull(&self, connection: &Connection, repository: &Repository, payload: &Value) -> Result<()> {
        let number =
            payload.pointer("/number").or_else(|| payload.pointer("/pull_request/number")).and_then(Value::as_i64);
        let number = number.ok_or_else(|| Error::missing("Webhook", "number"))?;
        let updated_at = text(payload, "/pull_request/updated_at").parse::<jiff::Timestamp>().ok();
        let updated_at = updated_at.map(jiff::Timestamp::as_microsecond);
        let known = store::connections::remote_pull(&mut self.store().read(), connection.id, number).await?;
        if updated_at.zip(known).is_some_and(|(updated_at, known)| updated_at < known) {
            // It comes late, or again: what it says was so once.
            return Ok(());
        }
        let seen = updated_at.map(|updated_at| (connection.id, updated_at));
        let (head_sha, base_ref) = (text(payload, "/pull_request/head/sha"), text(payload, "/pull_request/base/ref"));
        if !is_oid(head_sha) || crate::names::check_branch(base_ref).is_err() {
            return Err(Error::invalid("Webhook", "pull_request", "its head or base is none"));
        }
        // The base may have moved, and the branch may be new.
        self.mirror(connection, repository).await?;
        let name = format!("refs/pull/{number}/head");
        self.fetch_remote(connection, &[format!("+{name}:{name}")], false).await?;
        let repo = self.git(repository.id);
        let head = repo.ref_oid(&name).await?.unwrap_or_default();
        let base_sha = repo.ref_oid(&format!("refs/heads/{base_ref}")).await?;
        let base_sha = base_sha.ok_or_else(|| Error::not_found(format!("the branch {base_ref}")))?;
        let same = payload.pointer("/pull_request/head/repo/full_name") == payload.pointer("/repository/full_name");
        // Nobody here is behind a fork there: what it starts waits for approval, without secrets.
        let actor = Actor::user(if same { repository.owner_id } else { identity::ACTIONS_BOT_ID });
        let closed = text(payload, "/action") == "closed" || text(payload, "/pull_request/state") == "closed";
        let existing = store::pulls::by_number(&mut self.store().read(), repository.id, number).await?;
        let Some(pull) = existing else {
            if closed {
                let mut tx = self.store().begin().await?;
                note(&mut tx, seen, number).await?;
                return Ok(tx.commit().await?);
            }
            let pull = Pull {
                issue_id: 0,
                repo_id: repository.id,
                number,
                head_repo_id: same.then_some(repository.id),
                head_ref: text(payload, "/pull_request/head/ref").to_owned(),
                head_sha: head,
                base_ref: base_ref.to_owned(),
                base_sha,
                draft: payload.pointer("/pull_request/draft").and_then(Value::as_bool).unwrap_or(false),
                maintainer_can_modify: false,
                merge_sha: None,
                merge_of: None,
                mergeable: None,
                merged: false,
                merged_at: None,
                merged_by: None,
                merge_commit_sha: None,
                auto_merge: None,
            };
            return Box::pin(self.open_remote_pull(repository, &actor, pull, payload, seen)).await;
        };
        let issue = store::issues::by_id(&mut self.store().read(), pull.issue_id).await?;
        let issue = issue.ok_or_else(|| Error::not_found("the pull request"))?;
        let moved = Pull { head_sha: head, base_sha, ..pull.clone() };
        Box::pin(self.follow_remote_pull(repository, &actor, issue, &pull, moved, closed, payload, seen)).await
    }

    async fn open_remote_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        mut pull: Pull,
        payload: &Value,
        seen: Seen,
    ) -> Result<()> {
        pull.merge_sha = self.try_merge(&pull, actor).await?;
        pull.mergeable = Some(pull.merge_sha.is_some());
        let mut tx = self.store().begin().await?;
        let row = NewIssue {
            repo_id: repository.id,
            number: pull.number,
            is_pull: true,
            title: text(payload, "/pull_request/title"),
            body: text(payload, "/pull_request/body"),
            author_id: actor.account_id,
            author_kind: actor.kind.name(),
        };
        pull.issue_id = store::issues::insert(&mut tx, &row).await?;
        store::pulls::insert(&mut tx, &pull).await?;
        store::pulls::set_merge(&mut tx, &pull, pull.merge_sha.as_deref(), pull.merge_sha.is_some()).await?;
        let issue = store::issues::by_id(&mut tx, pull.issue_id).await?.ok_or_else(|| Error::not_found("the issue"))?;
        let told = self.tell_pull(repository, actor, "opened", &issue, &pull, Map::new()).await?;
        note(&mut tx, seen, pull.number).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "before and after, and what was sent")]
    async fn follow_remote_pull(
        &self,
        repository: &Repository,
        actor: &Actor,
        mut issue: Issue,
        before: &Pull,
        mut pull: Pull,
        closed: bool,
        payload: &Value,
        seen: Seen,
    ) -> Result<()> {
        let mut told = Vec::new();
        let (read, now) = (issue.clone(), self.store().now());
        if let Some(title) = payload.pointer("/pull_request/title").and_then(Value::as_str) {
            title.clone_into(&mut issue.title);
        }
        let is_moved = pull.head_sha != before.head_sha || pull.base_sha != before.base_sha;
        if is_moved && !closed {
            pull.merge_sha = self.try_merge(&pull, actor).await?;
            pull.mergeable = Some(pull.merge_sha.is_some());
        }
        match (issue.is_open(), closed) {
            (true, true) => {
                "closed".clone_into(&mut issue.state);
                issue.closed_at = Some(now);
                if payload.pointer("/pull_request/merged").and_then(Value::as_bool) == Some(true) {
                    pull.merged = true;
                    pull.merged_at = Some(now);
                    let commit = text(payload, "/pull_request/merge_commit_sha");
                    pull.merge_commit_sha = is_oid(commit).then(|| commit.to_owned());
                }
                told.push(self.tell_pull(repository, actor, "closed", &issue, &pull, Map::new()).await?);
            }
            (false, false) => {
                "open".clone_into(&mut issue.state);
                issue.closed_at = None;
                told.push(self.tell_pull(repository, actor, "reopened", &issue, &pull, Map::new()).await?);
            }
            (true, false) if pull.head_sha != before.head_sha => {
                let ends = [("before", before.head_sha.as_str().into()), ("after", pull.head_sha.as_str().into())];
                told.push(self.tell_pull(repository, actor, "synchronize", &issue, &pull, parts(ends)).await?);
            }
            _ => {}
        }
        let mut tx = self.store().begin().await?;
        store::issues::update(&mut tx, &read, &issue).await?;
        store::pulls::update(&mut tx, before, &pull).await?;
        if is_moved && !closed {
            store::pulls::set_merge(&mut tx, &pull, pull.merge_sha.as_deref(), pull.merge_sha.is_some()).await?;
        }
        note(&mut tx, seen, pull.number).await?;
        self.append_events(&mut tx, told).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A connection, and when what it told was changed there.
type Seen = Option<(i64, store::Micros)>;

/// Nothing older is believed afterwards.
async fn note(tx: &mut store::Tx, seen: Seen, number: i64) -> Result<()> {
    if let Some((connection_id, updated_at)) = seen {
        store::connections::set_remote_pull(tx, connection_id, number, updated_at).await?;
    }
    Ok(())
}

/// Whether the same may succeed later.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Store(error) => error.is_passing(),
        Error::Invalid { .. } => false,
        _ => true,
    }
}
