//! Logging in with a password, and sessions.

use store::users::User;
use zeroize::Zeroizing;

use super::Identity;
use super::attempts::{self, Attempt};
use crate::audit::Action;
use crate::token::{self, TokenKind};
use crate::{Caller, Error, Result, UserCaller, Via};

const SECOND: i64 = 1_000_000;

/// Where a try comes from: wrong passwords are counted by user and address.
#[derive(Clone, Copy, Debug)]
pub struct Throttling<'a> {
    pub from: &'a str,
}

/// A session that was begun: the cookie's value, shown once.
#[derive(Clone)]
pub struct NewSession {
    pub cookie: Zeroizing<String>,
    pub csrf: String,
    /// Seconds the cookie is good for.
    pub seconds: i64,
    pub user_id: i64,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewSession(user {})", self.user_id)
    }
}

impl Identity {
    /// Begins a session for a user with the password.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] and [`Error::Throttled`].
    pub async fn login(&self, user: &str, password: &str, from: &str, agent: Option<&str>) -> Result<NewSession> {
        let user = self.check_password(user, password, Throttling { from }).await?;
        self.begin_session(&user, agent, "password").await
    }

    pub(crate) async fn begin_session(&self, user: &User, agent: Option<&str>, by: &str) -> Result<NewSession> {
        if user.suspended || user.kind != "User" {
            return Err(Error::bad_credentials(format!("{} cannot log in", user.login)));
        }
        let token = TokenKind::Session.mint()?;
        let csrf = token::random_hex(32)?;
        let seconds = self.0.settings.session_seconds;
        let mut tx = self.0.store.begin().await?;
        let expires = tx.now() + seconds * SECOND;
        let agent = agent.map(|agent| agent.chars().take(200).collect::<String>());
        let id =
            store::sessions::insert(&mut tx, token.hash.as_str(), user.id, &csrf, agent.as_deref(), expires).await?;
        let via = Via::Session { id, csrf: csrf.clone() };
        let caller = Caller::User(UserCaller { id: user.id, login: user.login.clone(), admin: user.site_admin, via });
        let action = Action::new("session.begin", &user.login).details(serde_json::json!({ "by": by }));
        self.audit(&mut tx, &caller, action).await?;
        tx.commit().await?;
        Ok(NewSession { cookie: token.text, csrf, seconds, user_id: user.id })
    }

    /// Ends the caller's session; of no effect for other callers.
    pub async fn logout(&self, caller: &Caller) -> Result<()> {
        let Some(UserCaller { via: Via::Session { id, .. }, .. }) = caller.user() else {
            return Ok(());
        };
        let mut tx = self.0.store.begin().await?;
        store::sessions::delete(&mut tx, *id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether a request that changes something comes from our own pages: true for everything but a session without its
    /// token. `given` is the form's or the header's.
    #[must_use]
    pub fn csrf_holds(caller: &Caller, given: Option<&str>) -> bool {
        use subtle::ConstantTimeEq as _;
        match caller.user().map(|user| &user.via) {
            Some(Via::Session { csrf, .. }) => {
                given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(csrf.as_bytes())))
            }
            _ => true,
        }
    }

    /// The user, if the password is theirs and they need not wait where they are.
    pub(super) async fn check_password(&self, login: &str, password: &str, at: Throttling<'_>) -> Result<User> {
        let user = store::users::by_login(&mut self.0.store.read(), login).await?;
        let stored = user.as_ref().and_then(|user| user.password.as_deref());
        let place = format!("{} {}", attempts::short(login), attempts::network_of(at.from));
        // Of the same password for the same user from the same place one at a time: a client that sends it with ten requests
        // at once has tried once.
        let check = self.0.passwords.check(password, stored, &place).await;
        Attempt::check(self, login, at.from).await?;
        let mut right = check.is_known();
        if !right {
            let attempt = Attempt::begin(self, login, user.as_ref().map(|user| user.id), at.from).await?;
            right = check.verify().await?;
            if let (true, Some(user)) = (right, &user) {
                let mut tx = self.0.store.begin().await?;
                attempt.succeeded(&mut tx, user.id).await?;
                tx.commit().await?;
            }
        }
        match user {
            Some(user) if right && !user.suspended && user.kind == "User" => Ok(user),
            user => {
                let reason = match &user {
                    None => "there is no such user".to_owned(),
                    Some(user) if user.suspended => format!("{} is suspended", user.login),
                    Some(_) => "the password is wrong".to_owned(),
                };
                let subject = format!("{} from {}", attempts::short(login), at.from);
                self.refused(&Caller::Anonymous, "login", None, &subject, &reason);
                Err(Error::BadCredentials { reason })
            }
        }
    }
}
