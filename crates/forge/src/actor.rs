use identity::Caller;

/// In whose name something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Of `users`; jobs act as the bot.
    pub account_id: i64,
    /// `user` or `job`.
    pub kind: ActorKind,
    /// The run whose token it was.
    pub run_id: Option<i64>,
    /// Whether it administers the server.
    pub site_admin: bool,
    /// Whether it may make and change workflow files: tokens without that scope or permission may not.
    pub workflows: bool,
}

/// What kind of caller it was: what a job's token causes starts no runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    User,
    Job,
}

impl ActorKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ActorKind::User => "user",
            ActorKind::Job => "job",
        }
    }

    /// From what [`ActorKind::name`] gave.
    #[must_use]
    pub fn from_name(name: &str) -> ActorKind {
        if name == "job" { ActorKind::Job } else { ActorKind::User }
    }
}

impl Actor {
    /// The actor behind a caller; `None` for nobody and for runners.
    #[must_use]
    pub fn of(caller: &Caller) -> Option<Actor> {
        let account_id = caller.account_id()?;
        let workflows = caller.may_change_workflows();
        Some(match caller {
            Caller::Job(job) => {
                Actor { account_id, kind: ActorKind::Job, run_id: Some(job.run_id), site_admin: false, workflows }
            }
            _ => {
                let site_admin = caller.is_site_admin();
                Actor { account_id, kind: ActorKind::User, run_id: None, site_admin, workflows }
            }
        })
    }

    /// A user, when the server acts for them.
    #[must_use]
    pub fn user(account_id: i64) -> Actor {
        Actor { account_id, kind: ActorKind::User, run_id: None, site_admin: false, workflows: true }
    }
}
