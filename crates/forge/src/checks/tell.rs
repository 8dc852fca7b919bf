//! Checks of this server's own jobs and runs, told to webhooks. Workflows do not hear of them, as on GitHub: they would start
//! each other for ever.

use serde_json::{Map, Value, json};
use store::Tx;
use store::checks::{CheckRun, CheckSuite};
use store::repositories::Repository;

use crate::events::{About, parts};
use crate::{Actor, Forge, Result};

/// How a run stands: its suite stands as it does.
#[derive(Clone, Copy, Debug)]
pub struct SuiteState<'a> {
    pub status: &'a str,
    pub conclusion: Option<&'a str>,
}

impl Forge {
    /// Whether a webhook wants one of these events of a repository. Payloads are made for nobody otherwise.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn hooks_want(&self, tx: &mut Tx, repo_id: i64, events: &[&str]) -> Result<bool> {
        let hooks = store::hooks::of_repository_and_owner(tx, repo_id).await?;
        Ok(hooks.iter().any(|hook| events.iter().any(|event| crate::hooks::wants(hook, event))))
    }

    /// The event `check_run`, in the transaction in which the check changes.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell_job_check(
        &self,
        tx: &mut Tx,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        suite: &SuiteState<'_>,
        check: &CheckRun,
    ) -> Result<()> {
        let Some(found) = store::checks::suite(tx, repository.id, check.suite_id).await? else { return Ok(()) };
        let mut shape = self.shape();
        let mut whole = shape.check_run(repository, &found.app, check).await?;
        whole["check_suite"] = self.suite_of_run(tx, repository, suite, &found).await?;
        self.tell_hooks(tx, repository, actor, "check_run", action, parts([("check_run", whole)])).await
    }

    /// The event `check_suite` of a run that is completed.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell_suite(
        &self,
        tx: &mut Tx,
        repository: &Repository,
        actor: &Actor,
        run_id: i64,
        state: &SuiteState<'_>,
    ) -> Result<()> {
        let Some(suite) = store::checks::suite_of_run(tx, run_id).await? else { return Ok(()) };
        let mut whole = self.suite_of_run(tx, repository, state, &suite).await?;
        // Only where the suite is all that is told of.
        whole["latest_check_runs_count"] = json!(store::checks::count_of_suite(tx, suite.id).await?);
        self.tell_hooks(tx, repository, actor, "check_suite", "completed", parts([("check_suite", whole)])).await
    }

    async fn suite_of_run(
        &self,
        tx: &mut Tx,
        repository: &Repository,
        state: &SuiteState<'_>,
        suite: &CheckSuite,
    ) -> Result<Value> {
        let mut whole = self.shape().check_suite_with(repository, suite, (state.status, state.conclusion), 0).await?;
        whole["updated_at"] = crate::shape::at(tx.now()).into();
        if let Some(object) = whole.as_object_mut() {
            for known_elsewhere in ["repository", "latest_check_runs_count"] {
                object.remove(known_elsewhere);
            }
        }
        Ok(whole)
    }

    /// An event that no workflow listens to, with what every payload has.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn tell_hooks(
        &self,
        tx: &mut Tx,
        repository: &Repository,
        actor: &Actor,
        name: &'static str,
        action: &'static str,
        payload: Map<String, Value>,
    ) -> Result<()> {
        let mut shape = self.shape();
        // No workflow runs at a commit for it.
        let about = About { name, action: Some(action), sha: Some(String::new()), ..About::default() };
        let told = self.told(&mut shape, repository, actor, about, payload).await?;
        store::events::append_for_hooks(tx, &told.event).await?;
        Ok(())
    }
}
