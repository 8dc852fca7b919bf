use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use tokio::sync::Semaphore;

use super::secrets::Secrets;
use super::token::{SERVICE, Signer};
use super::users::Users;
use super::{AccessConfig, Action, Anonymous, Challenge, Grant, Identity, Need, Rule};
use crate::Error;
use crate::name::Repository;
use crate::problem::Problem;

/// Decides who makes a request and whether they may.
#[derive(Debug)]
pub(crate) struct Access {
    users: Option<Arc<Users>>,
    anonymous: Anonymous,
    rules: Vec<(GlobSet, Rule)>,
    challenge: Challenge,
    signer: Signer,
    pub(super) token_life: Duration,
    secrets: Secrets,
    /// Passwords checked at the same time: each takes a processor.
    checks: Semaphore,
}

impl Access {
    pub(crate) fn open(config: &AccessConfig, key: &std::path::Path) -> Result<Self, Error> {
        let mut rules = Vec::new();
        for rule in &config.rules {
            let mut globs = GlobSetBuilder::new();
            for pattern in &rule.repositories {
                let glob = GlobBuilder::new(pattern).literal_separator(true).build();
                globs.add(glob.map_err(|error| Error::Config(format!("access rule for `{pattern}`: {error}")))?);
            }
            let globs = globs.build().map_err(|error| Error::Config(format!("access rules: {error}")))?;
            rules.push((globs, rule.clone()));
        }
        Ok(Self {
            users: config.users.clone().map(Users::open).transpose()?.map(Arc::new),
            anonymous: config.anonymous,
            rules,
            challenge: config.challenge,
            signer: Signer::open(key)?,
            token_life: config.token_life,
            secrets: Secrets::default(),
            checks: Semaphore::new(2),
        })
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn sign(&self, subject: &str, grants: Vec<Grant>, life: Duration) -> String {
        self.signer.sign(subject, grants, life)
    }

    /// Who makes the request, from its `Authorization`.
    pub(crate) async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Refusal> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Identity::Anonymous) };
        let (scheme, credentials) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
        let credentials = credentials.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.bearer(credentials).ok_or(Refusal::BadToken);
        }
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(Refusal::BadPassword);
        }
        let decoded = BASE64_STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.unwrap_or_default();
        let (name, password) = decoded.split_once(':').ok_or(Refusal::BadPassword)?;
        self.log_in(name, password).await
    }

    /// A token, or a secret that stands for one.
    fn bearer(&self, token: &str) -> Option<Identity> {
        if let Some((subject, grants)) = self.secrets.find(token) {
            return Some(Identity::Bearer { subject, grants });
        }
        let claims = self.signer.verify(token)?;
        Some(Identity::Bearer { subject: claims.sub, grants: claims.access })
    }

    /// By name and password. Tokens are passwords too, under any name: some clients can send nothing else.
    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Result<Identity, Refusal> {
        if let Some(identity) = self.bearer(password) {
            return Ok(identity);
        }
        let Some(users) = &self.users else {
            // Nobody has a password here; clients that send one all the same are let in where all are.
            return if self.anonymous == Anonymous::All { Ok(Identity::Anonymous) } else { Err(Refusal::BadPassword) };
        };
        let _permit = self.checks.acquire().await;
        let (users, user, password) = (Arc::clone(users), name.to_owned(), password.to_owned());
        match tokio::task::spawn_blocking(move || users.check(&user, &password)).await {
            Ok(Ok(true)) => Ok(Identity::User(name.to_owned())),
            Ok(Ok(false)) => Err(Refusal::BadPassword),
            Ok(Err(error)) => Err(Refusal::Failed(error)),
            Err(_) => Err(Refusal::Failed(Error::Config("the password could not be checked".to_owned()))),
        }
    }

    /// The user that a refresh token was given to, while there is such a user.
    pub(super) fn refresh(&self, token: &str) -> Result<Identity, Refusal> {
        let claims =
            self.signer.verify(token).filter(|claims| claims.access.iter().any(|grant| grant.kind == "refresh"));
        let name = claims.ok_or(Refusal::BadToken)?.sub;
        match self.users.as_ref().map(|users| users.has(&name)) {
            Some(Ok(true)) => Ok(Identity::User(name)),
            Some(Err(error)) => Err(Refusal::Failed(error)),
            _ => Err(Refusal::BadToken),
        }
    }

    /// Whether somebody may do something in a repository.
    pub(crate) fn allows(&self, identity: &Identity, repository: &Repository, action: Action) -> bool {
        let name = match identity {
            Identity::Bearer { grants, .. } => return grants.iter().any(|grant| grant.allows(repository, action)),
            Identity::Anonymous => None,
            Identity::User(name) => Some(name.as_str()),
        };
        self.rules_allow(name, repository, action)
    }

    /// What the rules give a user, or (`None`) everybody.
    fn rules_allow(&self, user: Option<&str>, repository: &Repository, action: Action) -> bool {
        let open = match self.anonymous {
            Anonymous::All => true,
            Anonymous::Pull => action == Action::Pull,
            Anonymous::Nothing => false,
        };
        let ruled = || {
            self.rules.iter().any(|(globs, rule)| {
                let meant = rule.users.iter().any(|meant| match user {
                    None => meant == "anonymous",
                    Some(user) => meant == user || meant == "*" || meant == "anonymous",
                });
                meant && rule.actions.contains(&action) && globs.is_match(repository.as_str())
            })
        };
        open || (user.is_some() && self.rules.is_empty()) || ruled()
    }

    /// Whether a repository stands in somebody's catalog.
    pub(crate) fn lists(&self, identity: &Identity, repository: &Repository) -> bool {
        match identity {
            Identity::Bearer { subject, grants } => {
                let of_user = || {
                    let user = (!subject.is_empty()).then_some(subject.as_str());
                    grants.iter().any(Grant::allows_catalog) && self.rules_allow(user, repository, Action::Pull)
                };
                grants.iter().any(|grant| grant.allows(repository, Action::Pull)) || of_user()
            }
            _ => self.allows(identity, repository, Action::Pull),
        }
    }

    /// Whether clients that say nothing of themselves get in without a question. It is here that they find out whether to log
    /// in, and whether a password is right: where not everybody may do everything, they are asked, and tokens for nobody in
    /// particular are to be had. Without tokens nobody who has no password could give an answer.
    fn enters_unasked(&self) -> bool {
        match (self.anonymous, self.challenge) {
            (Anonymous::All, _) | (Anonymous::Pull, Challenge::Basic) => true,
            (Anonymous::Pull, Challenge::Token) | (Anonymous::Nothing, _) => false,
        }
    }

    /// Lets a request through, or says what to come back with.
    pub(crate) fn check(&self, identity: &Identity, need: &Need) -> Result<(), Refusal> {
        let allowed = match (need, identity) {
            (Need::Repository(repository, action), _) => self.allows(identity, repository, *action),
            (Need::Entry, Identity::Anonymous) => self.enters_unasked(),
            (Need::Catalog, Identity::Anonymous) => self.anonymous != Anonymous::Nothing,
            (Need::Entry, _) | (Need::Catalog, Identity::User(_)) => true,
            (Need::Catalog, Identity::Bearer { grants, .. }) => grants.iter().any(Grant::allows_catalog),
        };
        match identity {
            _ if allowed => Ok(()),
            Identity::Anonymous => Err(Refusal::Unknown),
            Identity::Bearer { .. } => Err(Refusal::Scope),
            Identity::User(_) => Err(Refusal::Denied),
        }
    }

    /// The answer to a request that is not let through.
    pub(crate) fn refuse(&self, refusal: Refusal, need: &Need, base_url: &str) -> Problem {
        let (message, hint) = match refusal {
            Refusal::Failed(error) => return error.into(),
            Refusal::Denied => {
                return Problem::new(StatusCode::FORBIDDEN, "DENIED", "this user may not do that in this repository");
            }
            Refusal::Unknown => ("log in to do that", None),
            Refusal::BadPassword => ("the user name or the password is wrong", None),
            Refusal::BadToken => ("the token is not valid here, or no longer", Some("invalid_token")),
            Refusal::Scope => ("the token does not cover that", Some("insufficient_scope")),
        };
        let challenge = match self.challenge {
            Challenge::Basic => format!("Basic realm=\"{SERVICE}\", charset=\"UTF-8\""),
            Challenge::Token => {
                let scope = need.scope().map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
                let hint = hint.map(|hint| format!(",error=\"{hint}\"")).unwrap_or_default();
                format!("Bearer realm=\"{base_url}/token\",service=\"{SERVICE}\"{scope}{hint}")
            }
        };
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message).header(header::WWW_AUTHENTICATE, &challenge)
    }
}

/// Why a request is not let through.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody in particular, and that is not enough.
    Unknown,
    BadPassword,
    BadToken,
    /// A good token, for something else.
    Scope,
    /// A user who may not.
    Denied,
    Failed(Error),
}
