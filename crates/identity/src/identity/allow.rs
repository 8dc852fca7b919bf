//! Decisions with the facts from the database.

use super::Identity;
use crate::access::{self, Denied, Level, Need, OrgRole, Permission, RepoRef, Role};
use crate::{Caller, Error, Result};

impl Identity {
    /// Whether the caller may do what takes the permission at this level. A refusal is an [`Error::Denied`] with its reason,
    /// and is written to the audit log.
    pub async fn allow(&self, caller: &Caller, repo: &RepoRef, permission: Permission, level: Level) -> Result<()> {
        self.allow_need(caller, repo, Need::new(permission, level)).await
    }

    /// The same where the role differs from the permission's own.
    pub async fn allow_need(&self, caller: &Caller, repo: &RepoRef, need: Need) -> Result<()> {
        match self.decide(caller, repo, need).await? {
            Ok(()) => Ok(()),
            Err(denied) => {
                let subject = format!("{}: {}", need.permission, need.level.name());
                self.note_denied(caller, Some(repo.id), None, &subject, &denied);
                Err(denied.into())
            }
        }
    }

    /// The decision alone: for what is shown or left out, not for what is done.
    pub async fn decide(&self, caller: &Caller, repo: &RepoRef, need: Need) -> Result<Result<(), Denied>> {
        let role = self.role(caller, repo).await?;
        Ok(access::decide(caller, repo, role, need, self.0.settings.open))
    }

    /// Whether the caller may know of the repository.
    pub async fn sees(&self, caller: &Caller, repo: &RepoRef) -> Result<bool> {
        let role = self.role(caller, repo).await?;
        Ok(access::visible(caller, repo, role, self.0.settings.open))
    }

    /// What the caller's user is in the repository, whatever their token says. Jobs, runners and nobody have no role.
    pub async fn role(&self, caller: &Caller, repo: &RepoRef) -> Result<Role> {
        match caller {
            Caller::User(user) if user.admin => Ok(Role::Admin),
            Caller::User(user) => self.role_of_user(user.id, repo).await,
            Caller::Anonymous | Caller::Job(_) | Caller::Runner(_) => Ok(Role::None),
        }
    }

    /// What a user was given in the repository, and reading for what everybody reads. That a user administers the server is
    /// not in it.
    pub async fn role_of_user(&self, user_id: i64, repo: &RepoRef) -> Result<Role> {
        if repo.owner_id == user_id {
            return Ok(Role::Admin);
        }
        let given = store::roles::given(&mut self.0.store.read(), repo.id, repo.owner_id, user_id).await?;
        let everybody = if repo.visibility == access::Visibility::Private { Role::None } else { Role::Read };
        Ok(given.iter().filter_map(|role| role.parse().ok()).fold(everybody, Role::max))
    }

    /// The same for what belongs to an organisation.
    pub async fn allow_org(&self, caller: &Caller, org_id: i64, permission: Permission, level: Level) -> Result<()> {
        let role = self.org_role(caller, org_id).await?;
        access::decide_org(caller, org_id, role, permission, level).map_err(|denied| {
            let subject = format!("{permission}: {}", level.name());
            self.note_denied(caller, None, Some(org_id), &subject, &denied);
            Error::Denied(denied)
        })
    }

    /// What the caller's user is in the organisation.
    pub async fn org_role(&self, caller: &Caller, org_id: i64) -> Result<OrgRole> {
        match caller {
            Caller::User(user) if user.admin => Ok(OrgRole::Owner),
            Caller::User(user) => {
                let role = store::users::membership(&mut self.0.store.read(), org_id, user.id).await?;
                Ok(role.and_then(|role| role.parse().ok()).unwrap_or_default())
            }
            Caller::Anonymous | Caller::Job(_) | Caller::Runner(_) => Ok(OrgRole::None),
        }
    }

    /// Whether the caller may make a repository of the account, in whatever way (API, push, fork, transfer): their own where
    /// the server lets users, or of an organisation of which they are an owner.
    pub async fn allow_create_repository(&self, caller: &Caller, owner_id: i64) -> Result<()> {
        let user = self.allow_user(caller, "repo")?;
        let denied = if user.id == owner_id {
            if user.admin || self.0.settings.users_create {
                return Ok(());
            }
            Denied::forbidden(
                "On this server only its administrators make repositories.",
                "users make no repositories of their own on this server",
            )
        } else {
            let owner = store::users::by_id(&mut self.0.store.read(), owner_id).await?;
            let is_org = owner.is_some_and(|owner| owner.kind == "Organization");
            if is_org && self.org_role(caller, owner_id).await? == OrgRole::Owner {
                return Ok(());
            }
            Denied::forbidden(
                "You need to be an owner of the organization to create a repository in it.",
                "only owners of an organisation make repositories in it",
            )
        };
        self.note_denied(caller, None, Some(owner_id), "repository.create", &denied);
        Err(denied.into())
    }

    /// Whether the caller administers the server.
    pub fn allow_site_admin(&self, caller: &Caller) -> Result<()> {
        if caller.is_site_admin() {
            return Ok(());
        }
        let denied = match caller {
            Caller::Anonymous => Denied::login("nobody is logged in"),
            // What is there for administrators only is not shown to others.
            _ => Denied::not_found(
                "this takes an administrator of the server, by a token with `site_admin` if by a token",
            ),
        };
        self.note_denied(caller, None, None, "site administration", &denied);
        Err(denied.into())
    }

    /// The user who calls, by their password or a session: for what no token may do, such as making tokens.
    pub fn allow_login<'c>(&self, caller: &'c Caller) -> Result<&'c crate::UserCaller> {
        let user = self.allow_user(caller, "")?;
        if matches!(user.via, crate::Via::Password | crate::Via::Session { .. }) {
            return Ok(user);
        }
        let denied = Denied::forbidden(
            "This takes a password or a session; no token is enough.",
            "a token makes no tokens: one that leaked would outlive its deletion",
        );
        self.note_denied(caller, None, None, "the caller's own account", &denied);
        Err(denied.into())
    }

    /// The user who calls, for what is their own. A fine-grained token or one with scopes reaches it when `scope` is empty or
    /// is among its scopes.
    pub fn allow_user<'c>(&self, caller: &'c Caller, scope: &str) -> Result<&'c crate::UserCaller> {
        let denied = match caller {
            Caller::User(user) => match &user.via {
                crate::Via::Classic { scopes, .. } if !scope.is_empty() && !scopes.has(scope) => Denied::forbidden(
                    "Resource not accessible by personal access token",
                    format!("the token's scopes are `{scopes}`; this takes `{scope}`"),
                ),
                crate::Via::FineGrained { .. } if !scope.is_empty() => Denied::forbidden(
                    "Resource not accessible by personal access token",
                    "a fine-grained token does not reach the account itself",
                ),
                _ => return Ok(user),
            },
            Caller::Anonymous => Denied::login("nobody is logged in"),
            Caller::Job(_) => {
                Denied::forbidden("Resource not accessible by integration", "a job's token belongs to no user")
            }
            Caller::Runner(_) => Denied::not_found("a runner's secret opens nothing but the runner protocol"),
        };
        self.note_denied(caller, None, None, "the caller's own account", &denied);
        Err(denied.into())
    }
}
