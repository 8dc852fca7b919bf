use std::sync::Arc;

use identity::{Caller, Need, Permission, Role};
use store::repositories::Repository;

use super::fault::Fault;
use crate::Api;

/// What every function of the type table has.
pub(crate) struct Context<'a> {
    pub(crate) api: &'a Api,
    pub(crate) caller: &'a Caller,
}

impl Context<'_> {
    /// Whether the caller may do what this takes in the repository; a refusal goes into the audit log.
    pub(crate) async fn allow(&self, repo: &Repository, need: Need) -> Result<(), Fault> {
        Ok(self.api.identity().allow_need(self.caller, &forge::repo_ref(repo), need).await?)
    }

    /// Reading something of a repository that is at hand.
    pub(crate) async fn read(&self, repo: &Repository, permission: Permission) -> Result<(), Fault> {
        self.allow(repo, Need::new(permission, identity::Level::Read).role(Role::Read)).await
    }

    /// Whether the caller may; no refusal.
    pub(crate) async fn could_read(&self, repo: &Repository, permission: Permission) -> Result<bool, Fault> {
        let need = Need::new(permission, identity::Level::Read).role(Role::Read);
        Ok(self.api.identity().decide(self.caller, &forge::repo_ref(repo), need).await?.is_ok())
    }

    /// A repository, if the caller may know of it.
    pub(crate) async fn repository(&self, owner: &str, name: &str) -> Result<Arc<Repository>, Fault> {
        let found = store::repositories::by_name(&mut self.api.store().read(), owner, name).await?;
        self.seen(found).await?.ok_or_else(|| {
            Fault::not_found(format!("Could not resolve to a Repository with the name '{owner}/{name}'."))
        })
    }

    pub(crate) async fn repository_by_id(&self, id: i64) -> Result<Option<Arc<Repository>>, Fault> {
        let found = store::repositories::by_id(&mut self.api.store().read(), id).await?;
        self.seen(found).await
    }

    async fn seen(&self, found: Option<Repository>) -> Result<Option<Arc<Repository>>, Fault> {
        let Some(repo) = found else { return Ok(None) };
        let sees = self.api.identity().sees(self.caller, &forge::repo_ref(&repo)).await?;
        Ok(sees.then(|| Arc::new(repo)))
    }

    /// In whose name something is changed.
    pub(crate) fn actor(&self) -> Result<forge::Actor, Fault> {
        forge::Actor::of(self.caller).ok_or_else(|| Fault::new("FORBIDDEN", "This takes somebody who is logged in"))
    }

    pub(crate) fn urls(&self) -> &forge::shape::Urls {
        self.api.forge().urls()
    }
}
