use identity::Action;
use serde_json::{Value, json};
use store::Tx;
use store::pushes::Push;
use store::repositories::Repository;

use crate::actor::ActorKind;
use crate::events::Told;
use crate::{Actor, Forge, Result};

/// Refs of one push that are named.
const MOST_REFS: usize = 50;

impl Forge {
    /// Who is written down as the pusher.
    pub(super) async fn pusher(&self, actor: &Actor) -> Result<identity::Actor> {
        if let (ActorKind::Job, Some(run)) = (actor.kind, actor.run_id) {
            return Ok(identity::Actor { kind: "job", id: None, name: format!("a job of run {run}") });
        }
        let user = store::users::by_id(&mut self.store().read(), actor.account_id).await?;
        let name = user.map_or_else(|| "ghost".to_owned(), |user| user.login);
        Ok(identity::Actor { kind: "user", id: Some(actor.account_id), name })
    }

    /// Writes one entry for a push, however many refs it changed: what each was and is, and whether commits were taken away.
    pub(super) async fn audit_push(
        &self,
        tx: &mut Tx,
        pusher: identity::Actor,
        repository: &Repository,
        done: &[&Push],
        forced: &[String],
    ) -> Result<()> {
        let Some(first) = done.first() else { return Ok(()) };
        let refs: Vec<Value> = done
            .iter()
            .take(MOST_REFS)
            .map(|push| {
                let forced = forced.contains(&push.git_ref);
                json!({ "ref": push.git_ref, "before": push.old, "after": push.new, "forced": forced })
            })
            .collect();
        let details = json!({ "via": first.via, "count": done.len(), "refs": refs });
        let full_name = repository.full_name();
        let name = if first.via == "merge" { "pull.merge" } else { "git.push" };
        let action = Action::new(name, &full_name).repo(repository.id).details(details);
        self.identity().audit(tx, pusher, action).await?;
        Ok(())
    }
}

/// Refs whose pushes took commits away.
pub(super) fn forced(told: &[Told]) -> Vec<String> {
    let pushes = told.iter().map(|told| &told.event).filter(|event| event.name == "push");
    pushes.filter(|event| event.payload["forced"] == true).map(|event| event.git_ref.clone()).collect()
}
