//! What is written into the audit log of pushes, merges and reviews.

use identity::Action;
use serde_json::{Value, json};
use store::Tx;
use store::issues::Issue;
use store::pushes::Push;
use store::repositories::Repository;
use store::reviews::Review;

use crate::actor::ActorKind;
use crate::git::{RefName, is_zero};
use crate::protection::Protections;
use crate::{Actor, Forge, Result};

/// Refs of one push that are named: those with rules first.
const MOST_REFS: usize = 50;
/// Characters of what somebody wrote; the log keeps them for ever.
const MOST_TEXT: usize = 200;

/// A push, as it is written down: made before the transaction in which it is.
pub(crate) struct PushEntry {
    actor: identity::Actor,
    name: &'static str,
    subject: String,
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
    ) -> Result<Option<PushEntry>> {
        let Some(first) = done.first() else { return Ok(None) };
        // Nobody pushed what was fetched from elsewhere, and no rule was asked.
        let fetched = first.via == "mirror";
        let protections = Protections::of(self, repository).await?;
        let mut named: Vec<&Push> = done.to_vec();
        named.sort_by_key(|push| protections.of_ref(&push.git_ref).is_none());
        let mut refs = Vec::new();
        for push in named.into_iter().take(MOST_REFS) {
            let mut change = json!({ "ref": push.git_ref, "before": push.old, "after": push.new });
            if self.took_commits(repository, push).await? {
                change["forced"] = true.into();
            }
            if let Some((row, rules)) = protections.of_ref(&push.git_ref)
                && !fetched
                && !rules.hold_for(self, repository, actor).await?
            {
                change["exempt_from"] = row.pattern.as_str().into();
            }
            refs.push(change);
        }
        let mut details = json!({ "via": first.via, "count": done.len(), "refs": refs });
        let actor = if fetched { identity::Actor::server() } else { self.named(actor).await? };
        let merged = first.facts.pointer("/merge/issue_id").and_then(Value::as_i64);
        let pull = match merged {
            Some(id) => store::issues::by_id(&mut self.store().read(), id).await?,
            None => None,
        };
        let full_name = repository.full_name();
        Ok(Some(match pull {
            Some(issue) => {
                details["method"] = first.facts["merge"]["method"].clone();
                let subject = format!("{full_name}#{}", issue.number);
                PushEntry { actor, name: "pull.merge", subject, details }
            }
            None => PushEntry { actor, name: "git.push", subject: full_name, details },
        }))
    }

    /// Whether a branch lost commits, or a tag was moved.
    async fn took_commits(&self, repository: &Repository, push: &Push) -> Result<bool> {
        if is_zero(&push.old) || is_zero(&push.new) {
            return Ok(false);
        }
        Ok(match RefName::of(&push.git_ref) {
            RefName::Tag(_) => true,
            // A commit that git can't find any more was taken away.
            _ => !self.git(repository.id).is_ancestor(&push.old, &push.new).await.unwrap_or(false),
        })
    }

    pub(crate) async fn audit_push(&self, tx: &mut Tx, repository: &Repository, entry: PushEntry) -> Result<()> {
        let action = Action::new(entry.name, &entry.subject).repo(repository.id).details(entry.details);
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
            details["message"] = why.chars().take(MOST_TEXT).collect::<String>().into();
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
