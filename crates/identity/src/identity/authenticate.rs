//! From credentials to who asks.

use std::collections::BTreeSet;

use super::{Identity, Throttling};
use crate::access::{Grant, Scopes};
use crate::token::{TokenHash, TokenKind};
use crate::{Caller, Credentials, Error, JobCaller, Reach, Result, RunnerCaller, UserCaller, Via};

/// However often it is used, a session ends: who has a copy of the cookie does not have it for good. In microseconds.
const LONGEST_SESSION: i64 = 90 * 24 * 3600 * 1_000_000;

/// A token's or session's last use is written down when the one before is this old, in microseconds.
const TOUCH: i64 = 10 * 60 * 1_000_000;

impl Identity {
    /// Who asks. `from` is the address of the client, against which wrong passwords are counted.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::Throttled`], or that the database is away.
    pub async fn authenticate(&self, credentials: &Credentials, from: &str) -> Result<Caller> {
        let found = match credentials {
            Credentials::None => return Ok(Caller::Anonymous),
            Credentials::Token(text) => self.by_token(text).await,
            Credentials::Session(text) => self.by_session(text).await,
            Credentials::Basic { user, password } => {
                // git's users write a token in either place.
                match [password, user].into_iter().find(|text| TokenKind::of(text).is_some()) {
                    Some(token) => self.by_token(token).await,
                    None => return self.by_password(user, password, from).await,
                }
            }
        };
        if let Err(Error::BadCredentials { reason }) = &found {
            self.refused(&Caller::Anonymous, "authenticate", None, from, reason);
        }
        found
    }

    async fn by_token(&self, text: &str) -> Result<Caller> {
        let hash = TokenHash::of(text);
        match TokenKind::of(text) {
            Some(TokenKind::Personal | TokenKind::FineGrained) => self.by_user_token(&hash).await,
            Some(TokenKind::Job) => self.by_job_token(&hash).await,
            Some(TokenKind::Runner) => {
                let id = store::tokens::runner_by_hash(&mut self.0.store.read(), hash.as_str()).await?;
                id.map(|id| Caller::Runner(RunnerCaller { id }))
                    .ok_or_else(|| Error::bad_credentials("no runner has this secret"))
            }
            Some(_) => Err(Error::bad_credentials("a token of this kind is not for requests")),
            None => Err(Error::bad_credentials("the token is of no form that is made here")),
        }
    }

    async fn by_user_token(&self, hash: &TokenHash) -> Result<Caller> {
        let mut query = self.0.store.read();
        let token = store::tokens::by_hash(&mut query, hash.as_str())
            .await?
            .ok_or_else(|| Error::bad_credentials("there is no such token, or it was deleted"))?;
        let now = self.0.store.now();
        if token.expires_at.is_some_and(|expires| expires <= now) {
            return Err(Error::bad_credentials(format!("the token `{}` has expired", token.name)));
        }
        let (id, login, admin) = self.active_user(token.user_id).await?;
        if token.used_at.is_none_or(|used| now - used > TOUCH) {
            let mut tx = self.0.store.begin().await?;
            store::tokens::touch(&mut tx, token.id).await?;
            tx.commit().await?;
        }
        let broken =
            |_| Error::bad_credentials(format!("the token `{}` is kept in a form that is unknown", token.name));
        let via = if token.kind == "fine_grained" {
            let owner_id = token.owner_id.unwrap_or(token.user_id);
            let grant = Grant::from_json(&token.permissions).map_err(broken)?;
            let reach = match token.repository_ids.as_deref().map(serde_json::from_str::<BTreeSet<i64>>) {
                None => Reach::All { owner_id },
                Some(Ok(ids)) => Reach::Only(ids),
                Some(Err(_)) => Reach::Only(BTreeSet::new()),
            };
            Via::FineGrained { token_id: token.id, owner_id, grant, reach }
        } else {
            let scopes = Scopes::parse(token.scopes.split(' ')).map_err(broken)?;
            Via::Classic { token_id: token.id, scopes }
        };
        Ok(Caller::User(UserCaller { id, login, admin, via }))
    }

    async fn by_job_token(&self, hash: &TokenHash) -> Result<Caller> {
        let token = store::tokens::job_by_hash(&mut self.0.store.read(), hash.as_str())
            .await?
            .ok_or_else(|| Error::bad_credentials("the job of this token has ended, or never was"))?;
        if token.expires_at <= self.0.store.now() {
            return Err(Error::bad_credentials(format!("the token of job {} has expired", token.job_id)));
        }
        let grant = Grant::from_json(&token.permissions)
            .map_err(|_| Error::bad_credentials("the job's grant is kept in a form that is unknown"))?;
        let (job_id, run_id, repo_id, fork) = (token.job_id, token.run_id, token.repo_id, token.fork);
        Ok(Caller::Job(JobCaller { job_id, run_id, repo_id, grant, fork }))
    }

    async fn by_session(&self, text: &str) -> Result<Caller> {
        if TokenKind::of(text) != Some(TokenKind::Session) {
            // A cookie of another server on this host, or of an older version: nobody is logged in.
            return Ok(Caller::Anonymous);
        }
        let hash = TokenHash::of(text);
        let session = store::sessions::by_hash(&mut self.0.store.read(), hash.as_str()).await?;
        let now = self.0.store.now();
        let Some(session) = session.filter(|session| session.expires_at > now) else {
            return Ok(Caller::Anonymous);
        };
        let (id, login, admin) = self.active_user(session.user_id).await?;
        if now - session.seen_at > TOUCH {
            let mut tx = self.0.store.begin().await?;
            let expires = (now + self.0.settings.session_seconds * 1_000_000).min(session.created_at + LONGEST_SESSION);
            store::sessions::touch(&mut tx, session.id, expires).await?;
            tx.commit().await?;
        }
        let via = Via::Session { id: session.id, csrf: session.csrf };
        Ok(Caller::User(UserCaller { id, login, admin, via }))
    }

    async fn by_password(&self, user: &str, password: &str, from: &str) -> Result<Caller> {
        if !self.0.settings.basic_passwords {
            let reason = "passwords are for the login page; git and the API take tokens";
            self.refused(&Caller::Anonymous, "authenticate", None, from, reason);
            return Err(Error::bad_credentials(reason));
        }
        let found = self.check_password(user, password, Throttling { from }).await?;
        Ok(Caller::User(UserCaller { id: found.id, login: found.login, admin: found.site_admin, via: Via::Password }))
    }

    /// Id, login, and whether they administer the server.
    async fn active_user(&self, id: i64) -> Result<(i64, String, bool)> {
        let user = store::users::by_id(&mut self.0.store.read(), id)
            .await?
            .ok_or_else(|| Error::bad_credentials("the user is gone"))?;
        if user.suspended {
            return Err(Error::bad_credentials(format!("{} is suspended", user.login)));
        }
        Ok((user.id, user.login, user.site_admin))
    }
}
