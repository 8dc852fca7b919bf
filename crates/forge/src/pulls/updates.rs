//! Pull requests whose head or base moved.

use serde_json::Map;
use store::issues::Issue;
use store::pulls::Pull;
use store::pushes::PullUpdate;
use store::repositories::Repository;

use super::create::set_head_ref;
use crate::actor::ActorKind;
use crate::events::{Told, parts};
use crate::protection::Protections;
use crate::{Actor, Forge, Result};

/// How long an update that was begun is left to whoever began it.
const CLAIM: i64 = 120_000_000;
/// An update that still fails then is given up: its pull request is looked at again when it moves.
const ATTEMPTS: i64 = 10;

impl Forge {
    /// Works off one thing that pushes noted of a pull request; whether there was one.
    pub async fn update_pulls(&self) -> Result<bool> {
        // Reading first: a transaction would make everybody wait for nothing.
        if !store::pushes::any_pull_update(&mut self.store().read()).await? {
            return Ok(false);
        }
        let mut tx = self.store().begin().await?;
        let until = tx.store().now() + CLAIM;
        let claimed = store::pushes::claim_pull_update(&mut tx, until).await?;
        tx.commit().await?;
        let Some(update) = claimed else { return Ok(false) };
        if let Err(error) = self.update_pull(&update).await {
            let mut tx = self.store().begin().await?;
            if update.attempts < ATTEMPTS {
                let again = tx.store().now() + 1_000_000 * update.attempts * update.attempts;
                store::pushes::postpone_pull_update(&mut tx, update.id, again).await?;
            } else {
                store::pushes::delete_pull_update(&mut tx, update.id).await?;
                let (id, repo) = (update.issue_id, update.repo_id);
                eprintln!(
                    "trunkline: forge: a pull request (issue id {id} of repository id {repo}) could not be brought up to date \
                     {ATTEMPTS} times; it is looked at again when a branch of it moves"
                );
            }
            tx.commit().await?;
            return Err(error);
        }
        Ok(true)
    }

    async fn update_pull(&self, update: &PullUpdate) -> Result<()> {
        let mut query = self.store().read();
        let repository = store::repositories::by_id(&mut query, update.repo_id).await?;
        let issue = store::issues::by_id(&mut query, update.issue_id).await?.filter(Issue::is_open);
        let pull = store::pulls::by_issue(&mut query, update.issue_id).await?;
        let (Some(repository), Some(issue), Some(pull)) = (repository, issue, pull) else {
            return self.finish_update(update, Vec::new(), None).await;
        };
        let actor = Actor {
            account_id: update.actor_id.unwrap_or(identity::ACTIONS_BOT_ID),
            kind: ActorKind::from_name(&update.actor_kind),
            run_id: None,
            site_admin: false,
            workflows: false,
        };
        match update.kind.as_str() {
            "gone" => self.close_for_branch(&repository, &actor, issue, pull, update).await,
            "base" => self.base_moved(&repository, &actor, issue, pull, update).await,
            _ => self.head_moved(&repository, &actor, issue, pull, update).await,
        }
    }

    async fn head_moved(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: Issue,
        pull: Pull,
        update: &PullUpdate,
    ) -> Result<()> {
        // Each push is told with its own head, however many have come since.
        let newest = pull.head_sha.clone();
        let mut pull = Pull { head_sha: update.after.clone(), mergeable: None, ..pull };
        let repo = self.git(repository.id);
        let fork = pull.head_repo_id.filter(|id| *id != repository.id).map(|id| self.git(id));
        let mut head = newest.clone();
        loop {
            set_head_ref(&repo, fork.as_ref(), pull.number, &head).await?;
            // Another server may be at the next update.
            match store::pulls::by_issue(&mut self.store().read(), issue.id).await? {
                Some(now) if now.head_sha != head => head = now.head_sha,
                _ => break,
            }
        }
        let stopped = self.stop_for_stranger(repository, actor, &issue, &mut pull).await?;
        if update.after == newest {
            let merge = self.try_merge(&pull, actor).await?;
            let mut tx = self.store().begin().await?;
            store::pulls::set_merge(&mut tx, &pull, merge.as_deref(), merge.is_some()).await?;
            tx.commit().await?;
            pull.mergeable = Some(merge.is_some());
            pull.merge_sha = merge;
        }
        let more = parts([("before", update.before.as_str().into()), ("after", update.after.as_str().into())]);
        let mut told = vec![self.tell_pull(repository, actor, "synchronize", &issue, &pull, more).await?];
        told.extend(stopped);
        if update.after == newest {
            told.extend(self.dismiss_stale(repository, actor, &issue, &pull, &update.before).await?);
            self.move_review_comments(repository, &issue, &pull).await?;
        }
        self.finish_update(update, told, None).await
    }

    async fn base_moved(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: Issue,
        pull: Pull,
        update: &PullUpdate,
    ) -> Result<()> {
        let repo = self.git(repository.id);
        // Somebody merged it by hand and pushed the base.
        if repo.is_ancestor(&pull.head_sha, &update.after).await? {
            let merged = self.merged(repository, actor, issue, pull, &update.after).await?;
            return self.finish_update(update, Vec::new(), Some(merged)).await;
        }
        if pull.base_sha == update.after {
            self.refresh_merge(pull, actor).await?;
        }
        self.finish_update(update, Vec::new(), None).await
    }

    async fn close_for_branch(
        &self,
        repository: &Repository,
        actor: &Actor,
        mut issue: Issue,
        pull: Pull,
        update: &PullUpdate,
    ) -> Result<()> {
        // It may be there again.
        let (repo, branch) = match pull.head_repo_id {
            Some(id) if update.before == pull.head_sha => (self.git(id), &pull.head_ref),
            _ => (self.git(repository.id), &pull.base_ref),
        };
        if repo.ref_oid(&format!("refs/heads/{branch}")).await?.is_some() {
            return self.finish_update(update, Vec::new(), None).await;
        }
        let before = issue.clone();
        "closed".clone_into(&mut issue.state);
        issue.closed_at = Some(self.store().now());
        issue.closed_by = Some(actor.account_id);
        let told = self.tell_pull(repository, actor, "closed", &issue, &pull, Map::new()).await?;
        let mut tx = self.store().begin().await?;
        if store::pushes::delete_pull_update(&mut tx, update.id).await? {
            store::issues::update(&mut tx, &before, &issue).await?;
            self.append_events(&mut tx, vec![told]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn finish_update(
        &self,
        update: &PullUpdate,
        told: Vec<Told>,
        merged: Option<super::MergeDone>,
    ) -> Result<()> {
        let mut tx = self.store().begin().await?;
        // Another server may have told it meanwhile.
        if store::pushes::delete_pull_update(&mut tx, update.id).await? {
            store::issues::touch(&mut tx, update.issue_id).await?;
            self.append_events(&mut tx, told).await?;
            if let Some(merged) = merged {
                self.finish_merge(&mut tx, merged).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Undoes approvals where the branch asks for that and the new head changes something.
    async fn dismiss_stale(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        pull: &Pull,
        before: &str,
    ) -> Result<Vec<Told>> {
        let protections = Protections::of(self, repository).await?;
        let reviews = protections.of_branch(&pull.base_ref).and_then(|rules| rules.required_reviews.as_ref());
        if !reviews.is_some_and(|reviews| reviews.dismiss_stale) {
            return Ok(Vec::new());
        }
        let repo = self.git(repository.id);
        // A head that only took the base in changes nothing of what was approved.
        if repo.same_patch(&pull.base_sha, before, &pull.head_sha).await? {
            return Ok(Vec::new());
        }
        let mut told = Vec::new();
        for mut review in store::reviews::of_issue(&mut self.store().read(), issue.id).await? {
            if review.state != "APPROVED" {
                continue;
            }
            "DISMISSED".clone_into(&mut review.state);
            review.dismissal = Some("new commits were pushed".to_owned());
            let mut tx = self.store().begin().await?;
            store::reviews::update(&mut tx, &review).await?;
            tx.commit().await?;
            told.push(self.tell_review(repository, actor, "dismissed", issue, pull, &review).await?);
        }
        Ok(told)
    }
}
