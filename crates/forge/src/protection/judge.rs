//! Pushes, and what the API does like a push.

use identity::Role;
use store::repositories::Repository;

use super::{Bypass, Change, Protections, Rules};
use crate::git::{RefName, Repo, check_ref_name, is_zero};
use crate::push::{RefChange, check_change};
use crate::{Actor, Error, Forge, Result, repo_ref};

impl Bypass {
    /// Whether an account is named, itself or by one of its teams.
    pub(crate) async fn names(&self, forge: &Forge, account_id: i64) -> Result<bool> {
        if self.users.contains(&account_id) {
            return Ok(true);
        }
        for team in &self.teams {
            if store::teams::membership(&mut forge.store().read(), *team, account_id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Rules {
    /// Whether these rules hold for somebody at all.
    pub(crate) async fn hold_for(&self, forge: &Forge, repository: &Repository, actor: &Actor) -> Result<bool> {
        if self.enforce_admins {
            return Ok(true);
        }
        if actor.site_admin {
            return Ok(false);
        }
        Ok(forge.identity().role_of_user(actor.account_id, &repo_ref(repository)).await? < Role::Admin)
    }
}

impl Protections {
    /// What can be told without the objects: a refusal, or whether the objects must be looked at.
    pub(crate) async fn judge_push(
        &self,
        forge: &Forge,
        repository: &Repository,
        actor: &Actor,
        change: &Change<'_>,
    ) -> Result<Result<bool, String>> {
        let Some((row, rules)) = self.of_ref(change.name) else { return Ok(Ok(false)) };
        let refuse = |why: String| Ok(Err(format!("protected by the rule for `{}`: {why}", row.pattern)));
        if rules.lock_branch {
            return refuse("nobody pushes to it".to_owned());
        }
        if !rules.hold_for(forge, repository, actor).await? {
            return Ok(Ok(false));
        }
        let is_tag = matches!(RefName::of(change.name), RefName::Tag(_));
        let (created, deleted) = (is_zero(change.old), is_zero(change.new));
        let named = match &rules.push {
            Some(push) => push.names(forge, actor.account_id).await?,
            None => true,
        };
        let restricted = !created || rules.block_creations || is_tag;
        if restricted && !named {
            return refuse("you are not among those who may push to it".to_owned());
        }
        if created && rules.block_creations && rules.push.is_none() {
            return refuse("nobody may make it".to_owned());
        }
        if deleted {
            return if rules.allow_deletions { Ok(Ok(false)) } else { refuse("it may not be deleted".to_owned()) };
        }
        // A protected tag stays where it is.
        if is_tag && !created && !rules.allow_force_pushes {
            return refuse("it may not be moved".to_owned());
        }
        if is_tag {
            return Ok(Ok(false));
        }
        if let Some(reviews) = &rules.required_reviews
            && !created
            && !reviews.bypass.names(forge, actor.account_id).await?
        {
            return refuse("changes must be made through a pull request".to_owned());
        }
        if let Some(checks) = &rules.required_checks
            && !created
        {
            let missing = forge.missing_checks(repository, checks, change.new).await?;
            if !missing.is_empty() {
                let reasons: Vec<String> = missing.into_iter().map(|missing| missing.reason).collect();
                return refuse(reasons.join("; "));
            }
        }
        Ok(Ok(rules.linear_history || !rules.allow_force_pushes))
    }

    /// What takes the objects: linear history, and that nothing is lost.
    pub(crate) async fn judge_objects(
        &self,
        forge: &Forge,
        repo: &Repo,
        repository: &Repository,
        actor: &Actor,
        change: &Change<'_>,
    ) -> Result<Result<(), String>> {
        let Some((row, rules)) = self.of_ref(change.name) else { return Ok(Ok(())) };
        let is_branch = matches!(RefName::of(change.name), RefName::Branch(_));
        if !is_branch || is_zero(change.new) || !rules.hold_for(forge, repository, actor).await? {
            return Ok(Ok(()));
        }
        let old = (!is_zero(change.old)).then_some(change.old);
        if let Some(old) = old
            && !rules.allow_force_pushes
            && !repo.is_ancestor(old, change.new).await?
        {
            return Ok(Err(format!(
                "protected by the rule for `{}`: commits may not be taken away (force push)",
                row.pattern
            )));
        }
        if rules.linear_history
            && let Some(merge) = repo.first_merge(old, change.new).await?
        {
            let why =
                format!("protected by the rule for `{}`: its history is linear, and {merge} is a merge", row.pattern);
            return Ok(Err(why));
        }
        Ok(Ok(()))
    }
}

impl Forge {
    /// Holds a change over the API against all that a push is held against.
    ///
    /// # Errors
    /// [`Error::Forbidden`] with the rule.
    pub async fn judge_change(&self, repository: &Repository, actor: &Actor, change: &RefChange) -> Result<()> {
        check_ref_name(&change.name).map_err(|message| Error::invalid("Reference", "ref", message))?;
        check_change(repository, &change.name, &change.new).map_err(Error::Forbidden)?;
        if !actor.workflows && !is_zero(&change.new) {
            self.refuse_workflow_changes(repository, change).await?;
        }
        let protections = Protections::of(self, repository).await?;
        let RefChange { name, old, new } = change;
        let seen = Change { name, old, new };
        let look = match protections.judge_push(self, repository, actor, &seen).await? {
            Ok(look) => look,
            Err(reason) => return Err(Error::Forbidden(reason)),
        };
        if look {
            let repo = self.git(repository.id);
            let judged = protections.judge_objects(self, &repo, repository, actor, &seen).await?;
            judged.map_err(Error::Forbidden)?;
        }
        Ok(())
    }
}
