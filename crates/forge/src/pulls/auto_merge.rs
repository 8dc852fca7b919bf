//! Pull requests that are merged as soon as they may be.

use serde::{Deserialize, Serialize};
use serde_json::Map;
use store::issues::Issue;
use store::pulls::Pull;
use store::repositories::Repository;

use super::{MergeMethod, MergePull};
use crate::actor::ActorKind;
use crate::events::Told;
use crate::{Actor, Error, Forge, Result, repo_ref};

/// Who wants a pull request merged once it may be, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoMerge {
    pub enabled_by: i64,
    /// As [`ActorKind::name`] gives it: what a job's token merges starts no runs.
    pub kind: String,
    /// Whether they may change workflow files.
    #[serde(default)]
    pub workflows: bool,
    /// As [`MergeMethod::name`] gives it.
    pub method: String,
    pub title: Option<String>,
    pub message: Option<String>,
    /// Microseconds.
    pub enabled_at: i64,
}

impl AutoMerge {
    /// What a pull request has written down.
    #[must_use]
    pub fn of(pull: &Pull) -> Option<AutoMerge> {
        serde_json::from_str(pull.auto_merge.as_deref()?).ok()
    }
}

impl Forge {
    /// Merges a pull request when everything that its branch asks for is there.
    ///
    /// # Errors
    /// When the repository does not allow that, or it could be merged at once.
    pub async fn enable_auto_merge(
        &self,
        repository: &Repository,
        actor: &Actor,
        number: i64,
        merge: &MergePull<'_>,
    ) -> Result<()> {
        let (issue, pull) = self.pull(repository, number).await?;
        let refuse = |message: &str| Err(Error::NotMergeable(message.to_owned()));
        if !repository.setting("allow_auto_merge", false) {
            return refuse("Pull request Auto merge is not allowed for this repository");
        }
        if !issue.is_open() {
            return refuse("Pull request is closed");
        }
        if merge.sha.is_some_and(|sha| sha != pull.head_sha) {
            return Err(Error::Conflict("Head branch was modified. Review and try the merge again.".to_owned()));
        }
        let pull = self.refresh_merge(pull, actor).await?;
        if self.check_merge(repository, &issue, &pull, None).await?.blockers.is_empty() {
            return refuse("Pull request is in clean status: merge it");
        }
        let wanted = AutoMerge {
            enabled_by: actor.account_id,
            kind: actor.kind.name().to_owned(),
            workflows: actor.workflows,
            method: merge.method.name().to_owned(),
            title: merge.title.map(str::to_owned),
            message: merge.message.map(str::to_owned),
            enabled_at: self.store().now(),
        };
        let text = serde_json::to_string(&wanted).map_err(|error| Error::Conflict(error.to_string()))?;
        self.set_auto_merge(repository, actor, &issue, pull, Some(text)).await
    }

    /// Takes that back.
    pub async fn disable_auto_merge(&self, repository: &Repository, actor: &Actor, number: i64) -> Result<()> {
        let (issue, pull) = self.pull(repository, number).await?;
        if pull.auto_merge.is_none() {
            return Err(Error::NotMergeable("Can't disable auto-merge for this pull request.".to_owned()));
        }
        self.set_auto_merge(repository, actor, &issue, pull, None).await
    }

    async fn set_auto_merge(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        mut pull: Pull,
        how: Option<String>,
    ) -> Result<()> {
        let action = if how.is_some() { "auto_merge_enabled" } else { "auto_merge_disabled" };
        pull.auto_merge = how;
        let told = self.tell_pull(repository, actor, action, issue, &pull, Map::new()).await?;
        let mut tx = self.store().begin().await?;
        store::pulls::set_auto_merge(&mut tx, issue.id, pull.auto_merge.as_deref()).await?;
        self.append_events(&mut tx, vec![told]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was asked for before somebody without write access pushed to the head does not hold for what they pushed.
    pub(crate) async fn stop_for_stranger(
        &self,
        repository: &Repository,
        actor: &Actor,
        issue: &Issue,
        pull: &mut Pull,
    ) -> Result<Option<Told>> {
        // A job's token writes to its own repository: one of the fork is a stranger's as well.
        let own_job = actor.kind == ActorKind::Job && pull.head_repo_id == Some(repository.id);
        let may = own_job || (actor.kind == ActorKind::User && self.may_merge(repository, actor).await?);
        if pull.auto_merge.is_none() || may {
            return Ok(None);
        }
        pull.auto_merge = None;
        let mut tx = self.store().begin().await?;
        store::pulls::set_auto_merge(&mut tx, issue.id, None).await?;
        tx.commit().await?;
        Ok(Some(self.tell_pull(repository, actor, "auto_merge_disabled", issue, pull, Map::new()).await?))
    }

    /// Whether a user may write.
    async fn may_merge(&self, repository: &Repository, actor: &Actor) -> Result<bool> {
        let user = store::users::by_id(&mut self.store().read(), actor.account_id).await?;
        let admin = user.is_some_and(|user| user.site_admin);
        let role = self.identity().role_of_user(actor.account_id, &repo_ref(repository)).await?;
        Ok(admin || role >= identity::Role::Write)
    }

    /// Merges what is to be merged by itself and may be by now; whether there was one.
    pub async fn merge_ready(&self) -> Result<bool> {
        let mut merged = false;
        let mut failed = None;
        for pull in store::pulls::to_merge(&mut self.store().read()).await? {
            // One that cannot be merged for reasons of its own holds up no other.
            match self.merge_if_ready(pull).await {
                Ok(did) => merged |= did,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) if !merged => Err(error),
            _ => Ok(merged),
        }
    }

    async fn merge_if_ready(&self, pull: Pull) -> Result<bool> {
        let Some(wanted) = AutoMerge::of(&pull) else { return Ok(false) };
        let repository = match self.repository_by_id(pull.repo_id).await {
            // It is being removed.
            Err(Error::NotFound(_)) => return Ok(false),
            found => found?,
        };
        let (issue, pull) = self.pull(&repository, pull.number).await?;
        let actor = Actor {
            account_id: wanted.enabled_by,
            kind: ActorKind::from_name(&wanted.kind),
            run_id: None,
            site_admin: false,
            workflows: wanted.workflows,
        };
        // Who enabled it may have lost their role since; a job's token had it, and is gone.
        if actor.kind == ActorKind::User && !self.may_merge(&repository, &actor).await? {
            self.set_auto_merge(&repository, &actor, &issue, pull, None).await?;
            return Ok(false);
        }
        let pull = self.refresh_merge(pull, &actor).await?;
        // The rules hold for administrators here: they wanted to wait for them.
        if !self.check_merge(&repository, &issue, &pull, None).await?.blockers.is_empty() {
            return Ok(false);
        }
        let merge = MergePull {
            method: MergeMethod::parse(&wanted.method)?,
            title: wanted.title.as_deref(),
            message: wanted.message.as_deref(),
            sha: Some(&pull.head_sha),
        };
        match self.merge_pull(&repository, &actor, pull.number, &merge).await {
            Ok(_) => Ok(true),
            // It would be refused for ever.
            Err(Error::Forbidden(_)) => {
                self.set_auto_merge(&repository, &actor, &issue, pull, None).await?;
                Ok(false)
            }
            // Something moved, or another server was first: looked at again with the next event.
            Err(Error::Conflict(_) | Error::NotMergeable(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
