//! What changed refs lead to.

use std::time::{Duration, Instant};

use serde_json::Value;
use store::pushes::{PullUpdate, Push};
use store::repositories::Repository;
use store::{Topic, Tx};

use crate::actor::ActorKind;
use crate::events::Told;
use crate::git::{RefName, is_zero};
use crate::{Actor, Forge, Result};

/// How long a push waits for the one before it: longer than settling takes, whatever it is.
const PATIENCE: Duration = Duration::from_secs(60);

impl Forge {
    /// Settles a push in one transaction: the refs that were changed become events, and pull requests on them are noted to
    /// be looked at. Settling twice tells nothing twice.
    pub(crate) async fn settle(&self, batch: &str, applied: &(dyn Fn(&Push) -> bool + Sync)) -> Result<()> {
        let pushes = store::pushes::of_batch(&mut self.store().read(), batch).await?;
        let Some(first) = pushes.iter().find(|push| push.state == "pending") else { return Ok(()) };
        let Some(repository) = store::repositories::by_id(&mut self.store().read(), first.repo_id).await? else {
            return self.settle_without_repository(&pushes).await;
        };
        let actor = actor_of(first);
        let done: Vec<&Push> = pushes.iter().filter(|push| push.state == "pending" && applied(push)).collect();
        for push in &done {
            self.after_predecessor(push).await?;
        }
        // What git must be asked is asked before the transaction: on SQLite everybody else waits for that.
        let known = repository.default_branch.clone();
        let repository = self.with_first_branch(repository, &done).await?;
        let told = self.tell_push(&repository, &actor, &done).await?;
        let merges = self.tell_merges(&repository, &actor, &done).await?;
        let entry = self.push_entry(&repository, &actor, &done).await?;
        let mut tx = self.store().begin().await?;
        for push in pushes.iter().filter(|push| push.state == "pending") {
            let is_done = applied(push);
            if !store::pushes::settle(&mut tx, push.id, is_done).await? {
                // Another has settled the whole of it.
                return Ok(());
            }
            if is_done {
                self.note_pulls(&mut tx, push).await?;
            }
        }
        if !done.is_empty() {
            store::repositories::set_pushed(&mut tx, repository.id).await?;
            if repository.default_branch != known {
                store::repositories::set_default_branch(&mut tx, repository.id, &repository.default_branch).await?;
            }
        }
        self.append_events(&mut tx, told).await?;
        for merge in merges {
            self.finish_merge(&mut tx, merge).await?;
        }
        if let Some(entry) = entry {
            self.audit_push(&mut tx, &repository, entry).await?;
        }
        tx.wake(Topic::Pulls);
        tx.commit().await?;
        Ok(())
    }

    /// Waits for the push that this one builds on: events are told and pull requests are moved in the order in which the ref was.
    async fn after_predecessor(&self, push: &Push) -> Result<()> {
        let mut settled = self.store().listen(Topic::Pulls);
        let patience = Instant::now() + PATIENCE;
        while let Some(earlier) = store::pushes::predecessor(&mut self.store().read(), push).await? {
            let batch = store::pushes::of_batch(&mut self.store().read(), &earlier.batch).await?;
            // One whose server has died is settled here and now; the others' servers are at it.
            if self.reconcile(&earlier.batch, &batch).await? == 0 {
                if Instant::now() > patience {
                    return Ok(());
                }
                settled.wait(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    async fn settle_without_repository(&self, pushes: &[Push]) -> Result<()> {
        let mut tx = self.store().begin().await?;
        for push in pushes {
            store::pushes::settle(&mut tx, push.id, false).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The first branch of a repository whose default branch does not exist becomes that.
    async fn with_first_branch(&self, mut repository: Repository, done: &[&Push]) -> Result<Repository> {
        let branches: Vec<&str> = done
            .iter()
            .filter(|push| !is_zero(&push.new))
            .filter_map(|push| push.git_ref.strip_prefix("refs/heads/"))
            .collect();
        if branches.is_empty()
            || branches.contains(&repository.default_branch.as_str())
            || repository.pushed_at.is_some()
        {
            return Ok(repository);
        }
        let repo = self.git(repository.id);
        if repo.ref_oid(&format!("refs/heads/{}", repository.default_branch)).await?.is_some() {
            return Ok(repository);
        }
        let usual = ["main", "master", "trunk"].into_iter().find(|name| branches.contains(name));
        let branch = usual.unwrap_or(branches[0]);
        repo.set_head(branch).await?;
        branch.clone_into(&mut repository.default_branch);
        Ok(repository)
    }

    /// Pull requests from or into a branch that moved: their merge and their events are made by a task of their own.
    async fn note_pulls(&self, tx: &mut Tx, push: &Push) -> Result<()> {
        let RefName::Branch(branch) = RefName::of(&push.git_ref) else { return Ok(()) };
        let heads = store::pulls::open_with_head(tx, push.repo_id, branch).await?;
        let bases = store::pulls::open_with_base(tx, push.repo_id, branch).await?;
        let gone = is_zero(&push.new);
        let merged = push.facts.pointer("/merge/issue_id").and_then(Value::as_i64);
        for (pull, is_head) in
            heads.into_iter().map(|pull| (pull, true)).chain(bases.into_iter().map(|pull| (pull, false)))
        {
            if merged == Some(pull.issue_id) {
                continue;
            }
            let kind = match (gone, is_head) {
                (true, _) => "gone",
                (false, true) => "head",
                (false, false) => "base",
            };
            if !gone {
                let (head, base) =
                    if is_head { (Some(push.new.as_str()), None) } else { (None, Some(push.new.as_str())) };
                store::pulls::set_ends(tx, pull.issue_id, head, base).await?;
            }
            let update = PullUpdate {
                id: 0,
                repo_id: pull.repo_id,
                issue_id: pull.issue_id,
                kind: kind.to_owned(),
                before: push.old.clone(),
                after: push.new.clone(),
                actor_id: push.actor_id,
                actor_kind: push.actor_kind.clone(),
                attempts: 0,
            };
            store::pushes::insert_pull_update(tx, &update).await?;
        }
        Ok(())
    }

    /// Writes events down, to be acted on once the transaction is committed.
    pub(crate) async fn append_events(&self, tx: &mut Tx, told: Vec<Told>) -> Result<()> {
        for told in told {
            if told.hooks_only {
                store::events::append_for_hooks(tx, &told.event).await?;
            } else {
                store::events::append(tx, &told.event).await?;
            }
        }
        tx.wake(Topic::Deliveries);
        Ok(())
    }
}

fn actor_of(push: &Push) -> Actor {
    Actor {
        account_id: push.actor_id.unwrap_or(identity::ACTIONS_BOT_ID),
        kind: ActorKind::from_name(&push.actor_kind),
        run_id: push.run_id,
        site_admin: push.facts["site_admin"] == true,
        workflows: false,
    }
}
