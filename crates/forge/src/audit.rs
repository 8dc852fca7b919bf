//! What is written into the audit log of pushes, merges and reviews.

use identity::Action;
use serde_json::{Value, json};
use store::Tx;
use store::issues::Issue;
use store::pushes::Push;
use store::repositories::Repository;
use store::reviews::Review;

use crate::actor::ActorKind;
use crate::events::Told;
use crate::protection::Protections;
use crate::{Actor, Forge, Result};

/// Refs of one push that are named.
const MOST_REFS: usize = 50;

/// A push, as it is written down: made before the transaction in which it is.
pub(crate) struct PushEntry {
    actor: identity::Actor,
    name: &'static str,
    details: Value,
}

impl Forge {
    /// What there is to write of a push, however many refs it changed: what each was and is, whether commits were taken away,
    /// and which rule would have held for others.
    pub(crate) async fn push_entry(
        &self,
        repository: &Repository,
        actor: &Actor,
        done: &[&Push],
        told: &[Told],
    ) -> Result<Option<PushEntry>> {
        let Some(first) = done.first() else { return Ok(None) };
        let protections = Protections::of(self, repository).await?;
        let mut refs = Vec::new();
        for push in done.iter().take(MOST_REFS) {
            let mut change = json!({ "ref": push.git_ref, "before": push.old, "after": push.new });
            if is_forced(told, &push.git_ref) {
                change["forced"] = true.into();
            }
            if let Some((row, rules)) = protections.of_ref(&push.git_ref)
                && !rules.hold_for(self, repository, actor).await?
            {
                change["exempt_from"] = row.pattern.as_str().into();
            }
            refs.push(change);
        }
        let details = json!({ "via": first.via, "count": done.len(), "refs": refs });
        let name = if first.via == "merge" { "pull.merge" } else { "git.push" };
        Ok(Some(PushEntry { actor: self.named(actor).await?, name, details }))
    }

    pub(crate) async fn audit_push(&self, tx: &mut Tx, repository: &Repository, entry: PushEntry) -> Result<()> {
        let full_name = repository.full_name();
        let action = Action::new(entry.name, &full_name).repo(repository.id).details(entry.details);
        self.identity().audit(tx, entry.actor, action).await?;
        Ok(())
    }

    /// `review.submit` or `review.dismiss`.
    pub(crate) async fn audit_review(
        &self,
        tx: &mut Tx,
        actor: identity::Actor,
        name: &'static str,
        repository: &Repository,
        issue: &Issue,
        review: &Review,
    ) -> Result<()> {
        let mut details =
            json!({ "review": review.id, "state": review.state.to_lowercase(), "commit": review.commit_sha });
        if let Some(why) = &review.dismissal {
            details["message"] = why.as_str().into();
        }
        let target = format!("{}#{}", repository.full_name(), issue.number);
        self.identity().audit(tx, actor, Action::new(name, &target).repo(repository.id).details(details)).await?;
        Ok(())
    }

    /// The actor by the name that is written down.
    pub(crate) async fn named(&self, actor: &Actor) -> Result<identity::Actor> {
        if let (ActorKind::Job, Some(run)) = (actor.kind, actor.run_id) {
            return Ok(identity::Actor { kind: "job", id: None, name: format!("a job of run {run}") });
        }
        let user = store::users::by_id(&mut self.store().read(), actor.account_id).await?;
        let name = user.map_or_else(|| "ghost".to_owned(), |user| user.login);
        Ok(identity::Actor { kind: "user", id: Some(actor.account_id), name })
    }
}

/// Whether a push took commits away from a ref.
fn is_forced(told: &[Told], git_ref: &str) -> bool {
    let mut pushes = told.iter().map(|told| &told.event).filter(|event| event.name == "push");
    pushes.any(|event| event.git_ref == git_ref && event.payload["forced"] == true)
}
