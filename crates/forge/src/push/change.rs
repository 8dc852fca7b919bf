use serde_json::{Value, json};
use store::pushes::Pusher;
use store::repositories::Repository;

use super::PushLock;
use crate::git::RefUpdate;
use crate::{Actor, Error, Forge, Result};

/// A change of a ref that the server itself makes.
#[derive(Clone, Debug)]
pub struct RefChange {
    /// Full name.
    pub name: String,
    /// [`crate::git::ZERO`]: it must not exist.
    pub old: String,
    /// [`crate::git::ZERO`]: it goes away.
    pub new: String,
}

impl Forge {
    /// Changes refs and tells the events, as a push does. `via` says how (`api`, `merge`, `mirror`), `facts` is what settling
    /// needs beyond the refs. Rules of branches are the caller's to check.
    ///
    /// # Errors
    /// [`Error::Conflict`] when a ref is not where it should be.
    pub async fn change_refs(
        &self,
        repository: &Repository,
        actor: &Actor,
        via: &str,
        facts: Value,
        changes: &[RefChange],
    ) -> Result<()> {
        for change in changes {
            crate::git::check_ref_name(&change.name).map_err(|message| Error::invalid("Reference", "ref", message))?;
        }
        let changes: Vec<&RefChange> = changes.iter().filter(|change| change.old != change.new).collect();
        if changes.is_empty() {
            return Ok(());
        }
        // Goes on when the caller goes away in the middle.
        let (forge, repository, actor, via) = (self.clone(), repository.clone(), actor.clone(), via.to_owned());
        let changes: Vec<RefChange> = changes.into_iter().cloned().collect();
        let work = tokio::spawn(async move { forge.change_refs_now(&repository, &actor, &via, facts, &changes).await });
        work.await.map_err(|error| Error::Internal(format!("changing refs was given up: {error}")))?
    }

    async fn change_refs_now(
        &self,
        repository: &Repository,
        actor: &Actor,
        via: &str,
        facts: Value,
        changes: &[RefChange],
    ) -> Result<()> {
        let lock = PushLock::new(&self.push_dir())?;
        let refs: Vec<_> = changes.iter().map(|c| (c.name.clone(), c.old.clone(), c.new.clone())).collect();
        self.intend(repository, actor, via, facts, &lock, &refs).await?;
        let updates: Vec<RefUpdate> = changes
            .iter()
            .map(|c| RefUpdate { name: c.name.clone(), old: c.old.clone(), new: c.new.clone() })
            .collect();
        let refused = self.git(repository.id).update_refs(&updates, Some(lock.file())).await?.err();
        self.settle(lock.batch(), &|_| refused.is_none()).await?;
        refused.map_or(Ok(()), |refused| Err(Error::Conflict(refused.to_string())))
    }

    /// Writes down what is wanted of refs: name, old, new.
    pub(crate) async fn intend(
        &self,
        repository: &Repository,
        actor: &Actor,
        via: &str,
        facts: Value,
        lock: &PushLock,
        refs: &[(String, String, String)],
    ) -> Result<()> {
        let mut facts = if facts.is_null() { json!({}) } else { facts };
        if actor.site_admin {
            // Some rules do not hold for them, and what settling writes down says so.
            facts["site_admin"] = true.into();
        }
        let pusher = Pusher {
            actor_id: Some(actor.account_id),
            actor_kind: actor.kind.name().to_owned(),
            run_id: actor.run_id,
            via: via.to_owned(),
            facts,
        };
        let mut tx = self.store().begin().await?;
        store::pushes::insert(&mut tx, repository.id, lock.batch(), &pusher, refs).await?;
        tx.commit().await?;
        Ok(())
    }
}
