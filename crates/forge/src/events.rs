//! What happened, told as GitHub's webhooks tell it.

mod issues;
mod pulls;
mod push;
mod repositories;

use serde_json::{Map, Value};
use store::events::{ActorKind as EventActor, Facts, NewEvent};
use store::repositories::Repository;

use crate::actor::ActorKind;
use crate::shape::Shape;
use crate::{Actor, Forge, Result};

/// An event that is ready to be written down.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) event: NewEvent,
    /// No workflow can listen to it.
    pub(crate) hooks_only: bool,
}

/// What an event is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) action: Option<&'static str>,
    /// Full name; the default branch where the event has no ref of its own.
    pub(crate) git_ref: Option<String>,
    pub(crate) before: Option<String>,
    /// The commit of a run; the default branch's where there is none.
    pub(crate) sha: Option<String>,
    pub(crate) facts: Facts,
}

/// Events that only webhooks have.
const HOOKS_ONLY: &[&str] = &["ping", "repository", "team_add", "member", "star", "pull_request_review_thread"];

impl Forge {
    /// An event with what every payload has: the repository, the sender, the organisation.
    pub(crate) async fn told(
        &self,
        shape: &mut Shape<'_>,
        repository: &Repository,
        actor: &Actor,
        about: About,
        payload: Map<String, Value>,
    ) -> Result<Told> {
        let mut all = Map::new();
        if let Some(action) = about.action {
            all.insert("action".to_owned(), action.into());
        }
        all.extend(payload);
        let whole = shape.repository(repository).await?;
        if repository.owner_kind == "Organization" {
            all.insert("organization".to_owned(), organization(&whole["owner"]));
        }
        all.entry("repository".to_owned()).or_insert(whole);
        let sender = shape.user(actor.account_id).await?;
        let login = sender["login"].as_str().unwrap_or("ghost").to_owned();
        all.insert("sender".to_owned(), sender);
        let default = format!("refs/heads/{}", repository.default_branch);
        let sha = match about.sha {
            Some(sha) => sha,
            None => self.default_commit(repository).await?,
        };
        let event = NewEvent {
            repo_id: repository.id,
            name: about.name.to_owned(),
            action: about.action.map(str::to_owned),
            git_ref: about.git_ref.unwrap_or(default),
            before: about.before,
            sha,
            facts: about.facts,
            actor_id: Some(actor.account_id),
            actor_kind: actor_kind(actor, &login),
            actor_login: login,
            payload: Value::Object(all),
        };
        Ok(Told { event, hooks_only: HOOKS_ONLY.contains(&about.name) })
    }

    /// Where the default branch points; empty while there is none.
    pub(crate) async fn default_commit(&self, repository: &Repository) -> Result<String> {
        let name = format!("refs/heads/{}", repository.default_branch);
        let repo = self.git(repository.id);
        if !repo.exists() {
            return Ok(String::new());
        }
        Ok(repo.ref_oid(&name).await?.unwrap_or_default())
    }
}

fn actor_kind(actor: &Actor, login: &str) -> EventActor {
    match actor.kind {
        ActorKind::Job => EventActor::GithubToken,
        ActorKind::User if login == "dependabot[bot]" => EventActor::Dependabot,
        ActorKind::User => EventActor::User,
    }
}

/// The shorter shape that organisations have in payloads.
fn organization(owner: &Value) -> Value {
    let mut shape = Map::new();
    for name in ["login", "id", "node_id", "url", "repos_url", "events_url", "avatar_url"] {
        shape.insert(name.to_owned(), owner[name].clone());
    }
    shape.insert("description".to_owned(), Value::Null);
    Value::Object(shape)
}

/// A payload of named parts.
pub(crate) fn parts<const N: usize>(parts: [(&str, Value); N]) -> Map<String, Value> {
    parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
