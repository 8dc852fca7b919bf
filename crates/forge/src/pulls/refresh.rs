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
        let old = repo.ref_oid(&name).await?.unwrap_or_else(|| ZERO.to_owned());
        let new = merged.clone().unwrap_or_else(|| ZERO.to_owned());
        let update = RefUpdate { name, old, new };
        repo.update_refs(&[update], None).await?.map_err(|refused| Error::Conflict(refused.to_string()))?;
        Ok(merged)
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
