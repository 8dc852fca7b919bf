//! Conversations on lines: a comment with its answers, resolved or not.

use store::repositories::Repository;
use store::reviews::ReviewComment;

use crate::{Actor, Error, Forge, Result};

impl Forge {
    /// Calls a conversation resolved, or takes that back; the comment that began it.
    pub async fn resolve_conversation(
        &self,
        repository: &Repository,
        actor: &Actor,
        comment: i64,
        resolved: bool,
    ) -> Result<ReviewComment> {
        let missing = || Error::not_found("the conversation");
        let mut query = self.store().read();
        let found = store::reviews::comment(&mut query, repository.id, comment).await?;
        let mut first = found.filter(|comment| comment.in_reply_to.is_none()).ok_or_else(missing)?;
        let issue = store::issues::by_id(&mut query, first.issue_id).await?.ok_or_else(missing)?;
        let (_, pull) = self.pull(repository, issue.number).await?;
        first.resolved_by = resolved.then_some(actor.account_id);
        let action = if resolved { "resolved" } else { "unresolved" };
        let told = self.tell_conversation(repository, actor, action, &issue, &pull, &first).await?;
        let mut tx = self.store().begin().await?;
        if store::reviews::set_resolved(&mut tx, first.id, first.resolved_by).await? {
            self.append_events(&mut tx, vec![told]).await?;
        }
        tx.commit().await?;
        Ok(first)
    }
}
