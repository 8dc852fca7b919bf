use serde_json::{Map, Value};
use store::checks::{CheckRun, CheckSuite};
use store::releases::Release;
use store::repositories::Repository;
use store::statuses::Status;

use super::{About, Told, parts};
use crate::{Actor, Forge, Result};

impl Forge {
    /// `repository`: created, renamed, …
    pub(crate) async fn tell_repository(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        changes: Option<Value>,
    ) -> Result<Told> {
        let about = About { name: "repository", action: Some(action), ..About::default() };
        // Schedules are those of the default branch.
        let moved = changes.as_ref().is_some_and(|changes| changes.get("default_branch").is_some());
        let payload = changes.map_or_else(Map::new, |changes| parts([("changes", changes)]));
        let mut told = self.told(&mut self.shape(), repository, actor, about, payload).await?;
        told.hooks_only &= !moved;
        Ok(told)
    }

    /// `fork`, on the repository that was forked.
    pub(crate) async fn tell_fork(&self, parent: &Repository, actor: &Actor, fork: &Repository) -> Result<Told> {
        let mut shape = self.shape();
        let forkee = shape.repository(fork).await?;
        let about = About { name: "fork", ..About::default() };
        self.told(&mut shape, parent, actor, about, parts([("forkee", forkee)])).await
    }

    /// `release`.
    pub(crate) async fn tell_release(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        release: &Release,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let whole = shape.release(repository, release).await?;
        let git_ref = format!("refs/tags/{}", release.tag);
        let sha = self.git(repository.id).resolve(&git_ref).await?;
        let about = About {
            name: "release",
            action: Some(action),
            git_ref: sha.is_some().then_some(git_ref),
            sha,
            ..About::default()
        };
        self.told(&mut shape, repository, actor, about, parts([("release", whole)])).await
    }

    /// `status`.
    pub(crate) async fn tell_status(&self, repository: &Repository, actor: &Actor, status: &Status) -> Result<Told> {
        let mut shape = self.shape();
        let full_name = repository.full_name();
        let commit = match self.git(repository.id).commit(&status.sha).await {
            Ok(commit) => shape.commit(repository, &commit).await?,
            Err(_) => Value::Null,
        };
        let payload = parts([
            ("id", status.id.into()),
            ("sha", status.sha.as_str().into()),
            ("name", full_name.into()),
            ("target_url", status.target_url.as_deref().into()),
            ("context", status.context.as_str().into()),
            ("description", status.description.as_deref().into()),
            ("state", status.state.as_str().into()),
            ("commit", commit),
            ("branches", Value::Array(Vec::new())),
            ("created_at", crate::shape::at(status.created_at).into()),
            ("updated_at", crate::shape::at(status.created_at).into()),
        ]);
        let about = About { name: "status", ..About::default() };
        self.told(&mut shape, repository, actor, about, payload).await
    }

    /// `check_run`. Those of this server's own runs start no workflows, as on GitHub.
    pub(crate) async fn tell_check_run(
        &self,
        repository: &Repository,
        actor: &Actor,
        action: &'static str,
        suite: &CheckSuite,
        run: &CheckRun,
    ) -> Result<Told> {
        let mut shape = self.shape();
        let mut whole = shape.check_run(repository, &suite.app, run).await?;
        whole["check_suite"] = shape.check_suite(repository, suite).await?;
        let about = About { name: "check_run", action: Some(action), ..About::default() };
        let mut told = self.told(&mut shape, repository, actor, about, parts([("check_run", whole)])).await?;
        told.hooks_only = suite.app == crate::checks::ACTIONS_APP;
        Ok(told)
    }
}
