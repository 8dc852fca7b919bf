//! Tokens that are good once: for setting up the server and for registering runners.

use store::tokens::OneTime;
use store::{Micros, Tx};

use super::Identity;
use crate::audit::{Action, Actor};
use crate::token::{NewToken, TokenHash, TokenKind};
use crate::{Caller, Error, NewAccount, Result};

/// An hour, in microseconds: how long a token for runners waits to be used.
const HOUR: Micros = 3600 * 1_000_000;

/// What a token for runners is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Register,
    Remove,
}

/// Whose jobs a runner takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunnerScope {
    Repository(i64),
    Organization(i64),
    Server,
}

impl RunnerScope {
    /// As it is kept in SQL: its name, and an id that is 0 for the server.
    #[must_use]
    pub fn columns(self) -> (&'static str, i64) {
        match self {
            RunnerScope::Repository(id) => ("repository", id),
            RunnerScope::Organization(id) => ("organization", id),
            RunnerScope::Server => ("server", 0),
        }
    }

    #[must_use]
    pub fn from_columns(name: &str, id: i64) -> Option<Self> {
        match name {
            "repository" => Some(RunnerScope::Repository(id)),
            "organization" => Some(RunnerScope::Organization(id)),
            "server" => Some(RunnerScope::Server),
            _ => None,
        }
    }
}

impl Purpose {
    fn parts(self) -> (TokenKind, &'static str) {
        match self {
            Purpose::Register => (TokenKind::Registration, "registration"),
            Purpose::Remove => (TokenKind::Removal, "removal"),
        }
    }
}

impl Identity {
    /// A token that registers or removes one runner within the hour. The caller has been checked.
    pub async fn issue_runner_token(
        &self,
        tx: &mut Tx,
        actor: impl Into<Actor>,
        scope: RunnerScope,
        purpose: Purpose,
    ) -> Result<(NewToken, Micros)> {
        let actor = actor.into();
        let (kind, name) = purpose.parts();
        let token = kind.mint()?;
        let expires_at = tx.now() + HOUR;
        let (scope_name, scope_id) = scope.columns();
        let row = OneTime {
            purpose: name.to_owned(),
            scope: scope_name.to_owned(),
            scope_id,
            created_by: actor.id.filter(|_| actor.kind == "user"),
            expires_at,
        };
        store::tokens::insert_one_time(tx, token.hash.as_str(), &row).await?;
        let mut action = Action::new("runner.token", name);
        match scope {
            RunnerScope::Repository(id) => action.repo_id = Some(id),
            RunnerScope::Organization(id) => action.org_id = Some(id),
            RunnerScope::Server => {}
        }
        self.audit(tx, actor, action).await?;
        Ok((token, expires_at))
    }

    /// Uses a token for runners up; for whom the runner works. The transaction is that of the registration: if it is undone,
    /// so is the use.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] when it is unknown, used or expired.
    pub async fn take_runner_token(&self, tx: &mut Tx, text: &str, purpose: Purpose) -> Result<RunnerScope> {
        let (kind, name) = purpose.parts();
        if TokenKind::of(text) != Some(kind) {
            return Err(Error::bad_credentials(format!("this is no token for the {name} of a runner")));
        }
        let row = store::tokens::take_one_time(tx, TokenHash::of(text).as_str()).await?;
        let row = row.filter(|row| row.purpose == name && row.expires_at > tx.now());
        let row = row.ok_or_else(|| Error::bad_credentials("the token was used before, has expired, or never was"))?;
        RunnerScope::from_columns(&row.scope, row.scope_id)
            .ok_or_else(|| Error::bad_credentials("the token is for runners of an unknown kind"))
    }

    /// The token of the set-up link while nobody can log in; `None` once there is a user. Links given out before are void.
    pub async fn set_up_token(&self) -> Result<Option<NewToken>> {
        let mut tx = self.0.store.begin().await?;
        if store::users::any(&mut tx).await? {
            return Ok(None);
        }
        let token = TokenKind::SetUp.mint()?;
        store::tokens::delete_purpose(&mut tx, "set_up").await?;
        let row = OneTime {
            purpose: "set_up".to_owned(),
            scope: "server".to_owned(),
            scope_id: 0,
            created_by: None,
            expires_at: tx.now() + 24 * HOUR,
        };
        store::tokens::insert_one_time(&mut tx, token.hash.as_str(), &row).await?;
        tx.commit().await?;
        Ok(Some(token))
    }

    /// Whether a set-up link is good: what its page asks before it shows the form.
    pub async fn set_up_is_open(&self, text: &str) -> Result<bool> {
        let mut query = self.0.store.read();
        if store::users::any(&mut query).await? {
            return Ok(false);
        }
        let row = store::tokens::one_time(&mut query, TokenHash::of(text).as_str()).await?;
        Ok(row.is_some_and(|row| row.purpose == "set_up" && row.expires_at > self.0.store.now()))
    }

    /// Makes the first administrator, by the token of the set-up link. Once there is a user, however it came, no link is good.
    pub async fn set_up(&self, text: &str, account: &NewAccount<'_>) -> Result<i64> {
        let password = self.hash_of(account).await?;
        let mut tx = self.0.store.begin().await?;
        let row = store::tokens::take_one_time(&mut tx, TokenHash::of(text).as_str()).await?;
        let good = row.is_some_and(|row| row.purpose == "set_up" && row.expires_at > tx.now());
        if !good || store::users::any(&mut tx).await? {
            let reason = "the set-up link was used before, has expired, or never was";
            self.refused(&Caller::Anonymous, "set_up", None, account.login, reason);
            return Err(Error::bad_credentials(reason));
        }
        let id = self.insert_user(&mut tx, account, true, password.as_deref()).await?;
        self.audit(&mut tx, &Caller::Anonymous, Action::new("set_up", account.login)).await?;
        tx.commit().await?;
        Ok(id)
    }
}
