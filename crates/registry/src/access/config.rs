use std::path::PathBuf;
use std::time::Duration;

use super::Action;

/// Who may use a registry. By default everybody may do everything: the address it listens on decides.
#[derive(Clone, Debug)]
pub struct AccessConfig {
    /// An htpasswd file with bcrypt hashes. Read again whenever it changes.
    pub users: Option<PathBuf>,
    /// What is allowed without a password.
    pub anonymous: Anonymous,
    /// What users may do. Without any rule, every user may do everything.
    pub rules: Vec<Rule>,
    pub challenge: Challenge,
    /// How long a token is good for.
    pub token_life: Duration,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            users: None,
            anonymous: Anonymous::All,
            rules: Vec::new(),
            challenge: Challenge::Token,
            token_life: Duration::from_secs(300),
        }
    }
}

/// What is allowed without a password, besides what rules for `anonymous` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    Nothing,
    Pull,
    All,
}

/// What clients without credentials are told to come with. Either is accepted in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A bearer token from the registry's own token endpoint.
    Token,
    Basic,
}

/// Lets users do things in repositories. Rules add up; nothing takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Globs: `team/*` is one level, `team/**` every level below, `**` everything.
    pub repositories: Vec<String>,
    /// Names of users; `*` is every user, `anonymous` is whoever has no password.
    pub users: Vec<String>,
    pub actions: Vec<Action>,
}
