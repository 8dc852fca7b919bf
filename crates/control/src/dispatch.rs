//! `workflow_dispatch` and `repository_dispatch`.

use identity::{Action, Caller};
use serde_json::{Map, Value as Json, json};
use store::events::{ActorKind, Facts, NewEvent};
use store::repositories::Repository;

use crate::event::dispatch_inputs;
use crate::priority::{KindOfRun, PRIORITIES};
use crate::program::Linker;
use crate::{Control, Error, Result};

/// A workflow started by hand.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// `.github/workflows/x.yml`
    pub workflow: String,
    /// A branch or tag, with or without `refs/heads/` and `refs/tags/`.
    pub git_ref: String,
    pub inputs: Map<String, Json>,
    /// Of the run's jobs in the queue, in place of what the server's rules say.
    pub priority: Option<i64>,
}

/// An event of one's own.
#[derive(Clone, Debug)]
pub struct RepositoryDispatch {
    pub event_type: String,
    pub client_payload: Map<String, Json>,
}

/// GitHub's bounds.
const LONGEST_TYPE: usize = 100;
const MOST_KEYS: usize = 10;
const LARGEST_PAYLOAD: usize = 65_535;

impl Control {
    /// Starts a workflow on a ref; the id of the event. The caller may write to the repository's actions, which was checked.
    ///
    /// # Errors
    /// When the ref, the workflow or its trigger is not there, or the inputs do not fit.
    pub async fn dispatch(&self, caller: &Caller, repository: &Repository, dispatch: &Dispatch) -> Result<i64> {
        self.check_priority(caller, repository, dispatch)?;
        let git = self.forge().git(repository.id);
        let mut found = None;
        for name in names_of(&dispatch.git_ref) {
            if let Some(oid) = git.ref_oid(&name).await?
                && let Some(sha) = git.resolve(&oid).await?
            {
                found = Some((name, sha));
                break;
            }
        }
        let no_ref = || Error::invalid("ref", format!("No ref found for: {}", dispatch.git_ref));
        let (git_ref, sha) = found.ok_or_else(no_ref)?;
        let path = &dispatch.workflow;
        let text = git.file(&sha, path, crate::event::LARGEST).await?;
        let text = text.ok_or_else(|| Error::NotFound(format!("the workflow {path} at {git_ref}")))?;
        let mut linker = Linker::default();
        let (workflow, found) = linker.read(path, &String::from_utf8_lossy(&text));
        let broken = || found.iter().find(|one| one.is_error()).map(|one| one.message.clone()).unwrap_or_default();
        let workflow =
            workflow.ok_or_else(|| Error::invalid("workflow", format!("{path} is invalid: {}", broken())))?;
        if workflow.on.event("workflow_dispatch").is_none() {
            return Err(Error::invalid("workflow", "Workflow does not have 'workflow_dispatch' trigger"));
        }
        let on_default =
            git.file(&format!("refs/heads/{}", repository.default_branch), path, crate::event::LARGEST).await;
        if on_default.ok().flatten().is_none() {
            let text = format!("{path} is not on the default branch `{}`", repository.default_branch);
            return Err(Error::invalid("workflow", text));
        }
        let row = store::workflows::by_path(&mut self.store().read(), repository.id, path).await?;
        if row.is_some_and(|row| row.state.starts_with("disabled")) {
            return Err(Error::Conflict("the workflow is disabled".to_owned()));
        }
        let mut event = trigger::Event::new("workflow_dispatch");
        let text_of = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        event.inputs = dispatch.inputs.iter().map(|(name, value)| (name.clone(), text_of(value))).collect();
        let inputs = dispatch_inputs(&workflow, &event)?;
        let payload = json!({ "inputs": inputs.to_json(), "ref": git_ref, "workflow": path });
        let facts = Facts { workflow: Some(path.clone()), priority: dispatch.priority, ..Facts::default() };
        self.report(caller, repository, "workflow_dispatch", None, (git_ref, sha), facts, payload).await
    }

    /// Anybody may let others go first; to go before others is for the server's administrators to allow.
    fn check_priority(&self, caller: &Caller, repository: &Repository, dispatch: &Dispatch) -> Result<()> {
        let Some(priority) = dispatch.priority else { return Ok(()) };
        if !PRIORITIES.contains(&priority) {
            let (lowest, highest) = (PRIORITIES.start(), PRIORITIES.end());
            return Err(Error::invalid("priority", format!("a priority is between {lowest} and {highest}")));
        }
        let branch = dispatch.git_ref.strip_prefix("refs/heads/").unwrap_or(&dispatch.git_ref);
        let kind = KindOfRun {
            repository: &repository.full_name(),
            workflow: &dispatch.workflow,
            event: "workflow_dispatch",
            branch: Some(branch),
        };
        let usual = crate::priority::of(&self.settings().priorities, &kind);
        if priority <= usual || caller.is_site_admin() {
            return Ok(());
        }
        let reason = format!("only administrators of the server give more than the usual priority, which is {usual}");
        self.identity().refused(caller, "workflow_dispatch", Some(repository.id), &dispatch.workflow, &reason);
        Err(Error::Forbidden(reason))
    }

    /// Reports an event of one's own. The caller may write to the repository's contents, which was checked.
    ///
    /// # Errors
    /// When type or payload are larger than GitHub takes.
    pub async fn repository_dispatch(
        &self,
        caller: &Caller,
        repository: &Repository,
        dispatch: &RepositoryDispatch,
    ) -> Result<i64> {
        let kind = &dispatch.event_type;
        if kind.is_empty() || kind.chars().count() > LONGEST_TYPE {
            return Err(Error::invalid("event_type", format!("`event_type` has 1 to {LONGEST_TYPE} characters")));
        }
        if dispatch.client_payload.len() > MOST_KEYS {
            return Err(Error::invalid("client_payload", format!("No more than {MOST_KEYS} properties are allowed")));
        }
        let payload = json!({ "client_payload": dispatch.client_payload, "branch": repository.default_branch });
        if payload.to_string().len() > LARGEST_PAYLOAD {
            return Err(Error::invalid("client_payload", "client_payload is too large."));
        }
        let place = (format!("refs/heads/{}", repository.default_branch), String::new());
        let facts = Facts::default();
        self.report(caller, repository, "repository_dispatch", Some(kind.clone()), place, facts, payload).await
    }

    #[expect(clippy::too_many_arguments, reason = "an event has so many sides")]
    async fn report(
        &self,
        caller: &Caller,
        repository: &Repository,
        name: &str,
        action: Option<String>,
        (git_ref, sha): (String, String),
        facts: Facts,
        mut payload: Json,
    ) -> Result<i64> {
        let mut shape = self.forge().shape();
        payload["repository"] = shape.repository(repository).await?;
        payload["sender"] = shape.user(caller.account_id()).await?;
        if let Some(action) = &action {
            payload["action"] = json!(action);
        }
        let kind = if matches!(caller, Caller::Job(_)) { ActorKind::GithubToken } else { ActorKind::User };
        let event = NewEvent {
            repo_id: repository.id,
            name: name.to_owned(),
            action,
            git_ref,
            before: None,
            sha,
            facts,
            actor_id: caller.account_id(),
            actor_login: caller.login().unwrap_or_default().to_owned(),
            actor_kind: kind,
            payload,
        };
        let mut tx = self.store().begin().await?;
        let id = store::events::append(&mut tx, &event).await?;
        let subject = event.facts.workflow.as_deref().or(event.action.as_deref()).unwrap_or(name);
        self.identity().audit(&mut tx, caller, Action::new(name, subject).repo(repository.id)).await?;
        tx.commit().await?;
        Ok(id)
    }
}

/// The full names of a branch or tag. Nothing else is started by hand: `refs/pull/N/head` is a stranger's code, and a run
/// that somebody starts has the repository's secrets.
fn names_of(text: &str) -> Vec<String> {
    if text.starts_with("refs/heads/") || text.starts_with("refs/tags/") {
        return vec![text.to_owned()];
    }
    if text.starts_with("refs/") {
        return Vec::new();
    }
    vec![format!("refs/heads/{text}"), format!("refs/tags/{text}")]
}
