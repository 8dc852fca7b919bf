use super::{Grant, Level, OrgRole, Permission, RepoRef, Role, Visibility};
use crate::caller::{Caller, JobCaller, Reach, UserCaller, Via};

/// What something takes: a permission of tokens, and the role its user must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    pub permission: Permission,
    /// Another permission that is as good: pull requests are issues too.
    pub or: Option<Permission>,
    pub level: Level,
    /// The least role; by default the one that belongs to the permission.
    pub role: Role,
}

impl Need {
    #[must_use]
    pub fn new(permission: Permission, level: Level) -> Self {
        Self { permission, or: None, level, role: permission.role(level) }
    }

    /// With this permission in place of the first, too.
    #[must_use]
    pub fn or(self, permission: Permission) -> Self {
        Self { or: Some(permission), ..self }
    }

    /// With another role than the permission's own: everybody who reads may comment.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// What a grant has of it.
    fn given(&self, grant: &Grant) -> Level {
        let or = self.or.map_or(Level::None, |permission| grant.level(permission));
        grant.level(self.permission).max(or)
    }

    /// As in a workflow: `issues: write`, with what is as good.
    #[must_use]
    pub fn text(&self) -> String {
        let level = self.level.name();
        let or = self.or.map(|permission| format!(" or `{permission}: {level}`")).unwrap_or_default();
        format!("`{}: {level}`{or}", self.permission)
    }
}

/// A refusal: the status of the answer and the reason, which is for the caller and for the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    /// 401, 403 or 404; 404 hides what the caller may not know of.
    pub status: u16,
    /// The message of the answer, in GitHub's words where it has some.
    pub message: String,
    /// Why, in full: for the audit log, and for whoever sees the repository.
    pub reason: String,
}

impl Denied {
    #[must_use]
    pub fn new(status: u16, message: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { status, message: message.into(), reason: reason.into() }
    }

    /// As if there were no such thing.
    #[must_use]
    pub fn not_found(reason: impl Into<String>) -> Self {
        Self::new(404, "Not Found", reason)
    }

    #[must_use]
    pub fn login(reason: impl Into<String>) -> Self {
        Self::new(401, "Requires authentication", reason)
    }

    #[must_use]
    pub fn forbidden(message: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(403, message, reason)
    }
}

/// Whether the caller may know of the repository. `role` is what the caller's user has in it, `open` whether this server
/// shows public repositories to everybody.
#[must_use]
pub fn visible(caller: &Caller, repo: &RepoRef, role: Role, open: bool) -> bool {
    let public = repo.visibility == Visibility::Public;
    match caller {
        Caller::Anonymous => public && open,
        Caller::Job(job) => job.repo_id == repo.id || public,
        Caller::Runner(_) => false,
        Caller::User(user) => {
            let seen = role >= Role::Read || repo.visibility != Visibility::Private;
            seen && match &user.via {
                Via::Classic { scopes, .. } => {
                    public || scopes.has("repo") || scopes.has("repo:status") || scopes.has("repo_deployment")
                }
                Via::FineGrained { reach, .. } => public || reach.has(repo),
                Via::Password | Via::Session { .. } => true,
            }
        }
    }
}

/// Whether the caller may do what takes `need` in the repository.
pub fn decide(caller: &Caller, repo: &RepoRef, role: Role, need: Need, open: bool) -> Result<(), Denied> {
    if !visible(caller, repo, role, open) {
        return Err(match caller {
            // Whoever has not said who they are learns that they must, not what there is.
            Caller::Anonymous if !open => Denied::login("nobody is logged in, and this server shows nothing without"),
            _ => Denied::not_found("the caller may not see this repository"),
        });
    }
    if repo.archived && need.level == Level::Write && need.permission != Permission::Administration {
        return Err(Denied::forbidden(
            "Repository was archived so is read-only.",
            "the repository is archived: it can only be read",
        ));
    }
    match caller {
        Caller::Anonymous if need.level == Level::Read && need.role <= Role::Read => Ok(()),
        Caller::Anonymous => Err(Denied::login("nobody is logged in")),
        Caller::Runner(_) => Err(Denied::not_found("a runner's secret opens nothing but the runner protocol")),
        Caller::Job(job) => decide_job(job, repo, need),
        Caller::User(user) => decide_user(user, repo, role, need),
    }
}

/// The role that a job's token stands for, whatever its workflow gave it: settings are for people.
pub const MOST_OF_A_JOB: Role = Role::Write;

fn decide_job(job: &JobCaller, repo: &RepoRef, need: Need) -> Result<(), Denied> {
    const MESSAGE: &str = "Resource not accessible by integration";
    if job.repo_id != repo.id {
        let reads = need.level == Level::Read && need.role <= Role::Read && repo.visibility == Visibility::Public;
        return if reads {
            Ok(())
        } else {
            Err(Denied::forbidden(MESSAGE, "a job's token works in its own repository only"))
        };
    }
    if need.role > MOST_OF_A_JOB {
        let reason = format!("this takes the role {}; a job's token stands for {MOST_OF_A_JOB} at most", need.role);
        return Err(Denied::forbidden(MESSAGE, reason));
    }
    let given = need.given(&job.grant);
    if given >= need.level {
        return Ok(());
    }
    let why = if job.fork { ", whose run was caused by a fork" } else { "" };
    Err(Denied::forbidden(
        MESSAGE,
        format!("this takes {}; the job{why} was given `{}: {}`", need.text(), need.permission, given.name()),
    ))
}

fn decide_user(user: &UserCaller, repo: &RepoRef, role: Role, need: Need) -> Result<(), Denied> {
    match &user.via {
        Via::Password | Via::Session { .. } => {}
        Via::Classic { scopes, .. } => {
            if let Err(enough) = scopes.cover(need.permission, need.level, repo.visibility) {
                return Err(Denied::forbidden(
                    "Resource not accessible by personal access token",
                    format!("the token's scopes are `{scopes}`; this takes `{}`", enough.join("` or `")),
                ));
            }
        }
        Via::FineGrained { grant, reach, .. } => decide_fine_grained(grant, reach, repo, need)?,
    }
    // Everybody who sees a repository reads it.
    let role = role.max(Role::Read);
    if role >= need.role {
        return Ok(());
    }
    let message = match need.role {
        Role::Admin => "Must have admin rights to Repository.",
        Role::Maintain => "Must have maintain rights to Repository.",
        _ => "Must have write access to Repository.",
    };
    Err(Denied::forbidden(message, format!("this takes the role {}, {} has {role}", need.role, user.login)))
}

fn decide_fine_grained(grant: &Grant, reach: &Reach, repo: &RepoRef, need: Need) -> Result<(), Denied> {
    const MESSAGE: &str = "Resource not accessible by personal access token";
    if !reach.has(repo) {
        let reads = need.level == Level::Read && need.role <= Role::Read && repo.visibility == Visibility::Public;
        return if reads { Ok(()) } else { Err(Denied::forbidden(MESSAGE, "the token is not for this repository")) };
    }
    let given = need.given(grant);
    if given >= need.level {
        return Ok(());
    }
    let reason = format!("this takes {}; the token has `{}: {}`", need.text(), need.permission, given.name());
    Err(Denied::forbidden(MESSAGE, reason))
}

/// The same for what belongs to an organisation. `public_read` is for what everybody who is logged in may see.
pub fn decide_org(
    caller: &Caller,
    org_id: i64,
    role: OrgRole,
    permission: Permission,
    level: Level,
) -> Result<(), Denied> {
    let user = match caller {
        Caller::User(user) => user,
        Caller::Anonymous => return Err(Denied::login("nobody is logged in")),
        Caller::Job(_) => {
            return Err(Denied::forbidden(
                "Resource not accessible by integration",
                "a job's token works in its own repository only",
            ));
        }
        Caller::Runner(_) => {
            return Err(Denied::not_found("a runner's secret opens nothing but the runner protocol"));
        }
    };
    const MESSAGE: &str = "Resource not accessible by personal access token";
    match &user.via {
        Via::Password | Via::Session { .. } => {}
        Via::Classic { scopes, .. } => {
            if let Err(enough) = scopes.cover(permission, level, Visibility::Private) {
                let reason = format!("the token's scopes are `{scopes}`; this takes `{}`", enough.join("` or `"));
                return Err(Denied::forbidden(MESSAGE, reason));
            }
        }
        Via::FineGrained { grant, owner_id, .. } => {
            if *owner_id != org_id || grant.level(permission) < level {
                let wanted = level.name();
                let reason = format!("this takes `{permission}: {wanted}` in a token of this organisation");
                return Err(Denied::forbidden(MESSAGE, reason));
            }
        }
    }
    let needed = permission.org_role(level);
    if role >= needed {
        return Ok(());
    }
    let reason = format!(
        "{} is no {} of the organisation",
        user.login,
        if needed == OrgRole::Owner { "owner" } else { "member" }
    );
    Err(if role == OrgRole::None {
        Denied::not_found(reason)
    } else {
        Denied::forbidden("Must be an organization owner", reason)
    })
}
