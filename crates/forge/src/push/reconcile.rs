//! What crashes left.

use std::collections::{BTreeMap, HashSet};
use std::pin::Pin;

use store::pushes::Push;

use super::PushLock;
use crate::git::is_zero;
use crate::{Forge, Result};

impl Forge {
    /// Settles every push whose owners have all ended, by looking at the refs. How many were settled.
    pub async fn reconcile_pushes(&self) -> Result<usize> {
        let mut batches: BTreeMap<i64, (String, Vec<Push>)> = BTreeMap::new();
        let mut first = BTreeMap::new();
        for push in store::pushes::pending(&mut self.store().read()).await? {
            let key = *first.entry(push.batch.clone()).or_insert(push.id);
            batches.entry(key).or_insert_with(|| (push.batch.clone(), Vec::new())).1.push(push);
        }
        let (mut settled, mut failed) = (0, None);
        for (batch, pushes) in batches.into_values() {
            // One that cannot be settled does not hold up the others.
            match self.reconcile(&batch, &pushes).await {
                Ok(count) => settled += count,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(settled), Err)
    }

    /// Settles a push whose owners have all ended; how many refs it was of, none while one of them lives. Boxed, since settling
    /// may lead to another push that is to be settled first.
    pub(super) fn reconcile<'a>(
        &'a self,
        batch: &'a str,
        pushes: &'a [Push],
    ) -> Pin<Box<dyn Future<Output = Result<usize>> + Send + 'a>> {
        Box::pin(async move {
            let Some(_lock) = PushLock::take_over(&self.push_dir(), batch)? else { return Ok(0) };
            let mut applied = HashSet::new();
            for push in pushes {
                self.git(push.repo_id).unlock_ref(&push.git_ref)?;
                if self.was_applied(push).await? {
                    applied.insert(push.id);
                }
            }
            self.settle(batch, &|push| applied.contains(&push.id)).await?;
            Ok(pushes.len())
        })
    }

    /// Whether the ref was changed: it is where the push wanted it, or a later push started from there.
    async fn was_applied(&self, push: &Push) -> Result<bool> {
        let repo = self.git(push.repo_id);
        if !repo.exists() {
            return Ok(false);
        }
        let now = repo.ref_oid(&push.git_ref).await?;
        let there = match &now {
            Some(oid) => *oid == push.new,
            None => is_zero(&push.new),
        };
        Ok(there || store::pushes::was_built_on(&mut self.store().read(), push).await?)
    }
}
