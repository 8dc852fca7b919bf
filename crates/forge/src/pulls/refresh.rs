use store::pulls::Pull;

use crate::git::{RefUpdate, ZERO};
use crate::{Actor, Error, Forge, Result};

impl Forge {
    /// Merges head into base for `refs/pull/N/merge`, which is made or moved; it goes away on a conflict. The merge commit, if
    /// there is one.
    pub(crate) async fn try_merge(&self, pull: &Pull, actor: &Actor) -> Result<Option<String>> {
        let repo = self.git(pull.repo_id);
        let message = format!("Merge {} into {}", pull.head_sha, pull.base_sha);
        let author = self.commit_author(actor.account_id).await?;
        let merged = repo.merge_commit(&pull.base_sha, &pull.head_sha, &message, &author).await?.ok();
        let name = format!("refs/pull/{}/merge", pull.number);
        let new = merged.clone().unwrap_or_else(|| ZERO.to_owned());
        // A push, a merge and a change of the pull request may all be at it at once; the last one stands.
        let mut tries = 0;
        loop {
            let old = repo.ref_oid(&name).await?.unwrap_or_else(|| ZERO.to_owned());
            let update = RefUpdate { name: name.clone(), old, new: new.clone() };
            match repo.update_refs(&[update], None).await? {
                Ok(()) => return Ok(merged),
                Err(_) if tries < 10 => tries += 1,
                Err(refused) => return Err(Error::Conflict(refused.to_string())),
            }
        }
    }

    /// Tries the merge where nobody has since head or base moved, and remembers how it went.
    pub async fn refresh_merge(&self, pull: Pull, actor: &Actor) -> Result<Pull> {
        let of = format!("{} {}", pull.base_sha, pull.head_sha);
        if pull.merged || (pull.mergeable.is_some() && pull.merge_of.as_deref() == Some(of.as_str())) {
            return Ok(pull);
        }
        let merge = self.try_merge(&pull, actor).await?;
        let mut tx = self.store().begin().await?;
        store::pulls::set_merge(&mut tx, &pull, merge.as_deref(), merge.is_some()).await?;
        tx.commit().await?;
        Ok(Pull { mergeable: Some(merge.is_some()), merge_sha: merge, merge_of: Some(of), ..pull })
    }
}
