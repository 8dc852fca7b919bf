use std::collections::BTreeSet;

use crate::access::{Grant, RepoRef, Scopes};

/// Who asks, as found from credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    User(UserCaller),
    Job(JobCaller),
    Runner(RunnerCaller),
}

/// A user, and what vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCaller {
    pub id: i64,
    pub login: String,
    /// Administers the server. Ask [`Caller::is_site_admin`] instead, which looks at the token too.
    pub admin: bool,
    pub via: Via,
}

/// What vouches for a user, and so limits what is done in their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    Password,
    /// `csrf` must come with every request that changes something.
    Session {
        id: i64,
        csrf: String,
    },
    /// A personal token with scopes.
    Classic {
        token_id: i64,
        scopes: Scopes,
    },
    /// A personal token with permissions, for repositories of one owner.
    FineGrained {
        token_id: i64,
        owner_id: i64,
        grant: Grant,
        reach: Reach,
    },
}

/// The repositories a fine-grained token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of the owner's, now and later.
    All {
        owner_id: i64,
    },
    Only(BTreeSet<i64>),
}

impl Reach {
    #[must_use]
    pub fn has(&self, repo: &RepoRef) -> bool {
        match self {
            Reach::All { owner_id } => *owner_id == repo.owner_id,
            Reach::Only(ids) => ids.contains(&repo.id),
        }
    }
}

/// A running job, by its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCaller {
    pub job_id: i64,
    pub run_id: i64,
    pub repo_id: i64,
    /// Already lowered to reading when a fork caused the run.
    pub grant: Grant,
    /// A pull request from a fork, or of Dependabot, caused the run.
    pub fork: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunnerCaller {
    pub id: i64,
}

impl Caller {
    /// The user's id; `None` for jobs, runners and nobody.
    #[must_use]
    pub fn user(&self) -> Option<&UserCaller> {
        match self {
            Caller::User(user) => Some(user),
            _ => None,
        }
    }

    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        matches!(self, Caller::Anonymous)
    }

    /// Administers the server, and the token (if it is one) is for that.
    #[must_use]
    pub fn is_site_admin(&self) -> bool {
        self.user().is_some_and(|user| {
            user.admin
                && match &user.via {
                    Via::Password | Via::Session { .. } => true,
                    Via::Classic { scopes, .. } => scopes.has("site_admin"),
                    Via::FineGrained { .. } => false,
                }
        })
    }

    /// Whether the token may push commits that change workflow files.
    #[must_use]
    pub fn may_change_workflows(&self) -> bool {
        use crate::access::{Level, Permission};
        match self {
            Caller::Anonymous | Caller::Runner(_) => false,
            // As on GitHub: no job's token may.
            Caller::Job(_) => false,
            Caller::User(user) => match &user.via {
                Via::Password | Via::Session { .. } => true,
                Via::Classic { scopes, .. } => scopes.has("workflow"),
                Via::FineGrained { grant, .. } => grant.level(Permission::Workflows) == Level::Write,
            },
        }
    }

    /// The id of the account in whose name things are done: jobs act as the bot.
    #[must_use]
    pub fn account_id(&self) -> Option<i64> {
        match self {
            Caller::User(user) => Some(user.id),
            Caller::Job(_) => Some(crate::ACTIONS_BOT_ID),
            Caller::Anonymous | Caller::Runner(_) => None,
        }
    }

    /// The login of [`account_id`](Self::account_id).
    #[must_use]
    pub fn login(&self) -> Option<&str> {
        match self {
            Caller::User(user) => Some(&user.login),
            Caller::Job(_) => Some(crate::ACTIONS_BOT_LOGIN),
            Caller::Anonymous | Caller::Runner(_) => None,
        }
    }
}
