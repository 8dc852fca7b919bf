//! What an administrator does at the server's machine, beside a running server or without one.

use identity::{Actor, Caller, Identity, MasterKeys, NewAccount, Purpose, RunnerScope, Scopes, UserCaller, Via};
use store::Store;

use crate::{ServerConfig, ServerError};

/// The server's database and secrets, opened for a command.
#[derive(Clone, Debug)]
pub struct Admin {
    identity: Identity,
}

/// A user, as the command line lists them.
#[derive(Clone, Debug)]
pub struct UserLine {
    pub login: String,
    pub kind: String,
    pub admin: bool,
    pub suspended: bool,
}

impl Admin {
    /// Opens the database, bringing it to this version.
    ///
    /// # Errors
    /// When it cannot be opened, or its secrets are under another master key.
    pub async fn open(config: &ServerConfig) -> Result<Self, ServerError> {
        crate::start::make_private(&config.data)?;
        let keys = match &config.master_key {
            Some(source) => MasterKeys::load(source, &config.older_keys)?,
            None => MasterKeys::load_or_create(&config.key_file())?,
        };
        let store = Store::open(&config.database_address()).await?;
        let identity = Identity::start(store, keys, identity::Settings::default()).await?;
        Ok(Self { identity })
    }

    /// Makes a user.
    pub async fn add_user(&self, account: &NewAccount<'_>, admin: bool) -> Result<(), ServerError> {
        self.identity.create_user(Actor::server(), account, admin).await?;
        Ok(())
    }

    /// Gives a user another password.
    pub async fn set_password(&self, login: &str, password: &str) -> Result<(), ServerError> {
        let user = self.user(login).await?;
        Ok(self.identity.set_password(Actor::server(), user.id, password).await?)
    }

    /// All users and organisations.
    pub async fn users(&self) -> Result<Vec<UserLine>, ServerError> {
        let mut lines = Vec::new();
        let mut after = 0;
        loop {
            let page = store::users::list(&mut self.identity.store().read(), None, after, 100).await?;
            let Some(last) = page.last() else { return Ok(lines) };
            after = last.id;
            lines.extend(page.into_iter().map(|user| UserLine {
                login: user.login,
                kind: user.kind,
                admin: user.site_admin,
                suspended: user.suspended,
            }));
        }
    }

    /// A token with which tools act as a user; shown once.
    pub async fn token(&self, login: &str, name: &str, scopes: &[String]) -> Result<String, ServerError> {
        let user = self.user(login).await?;
        let scopes = match scopes {
            [] => Scopes::all(),
            given => Scopes::parse(given.iter().map(String::as_str))
                .map_err(|error| ServerError::Other(format!("`{}` is no scope", error.0)))?,
        };
        let caller =
            Caller::User(UserCaller { id: user.id, login: user.login, admin: user.site_admin, via: Via::Password });
        let (_, token) = self.identity.create_token(&caller, user.id, name, &scopes, None).await?;
        Ok(token.text.to_string())
    }

    /// A token that registers one runner within the hour: for the server, or for `owner/name` only.
    pub async fn runner_token(&self, repository: Option<&str>) -> Result<String, ServerError> {
        let scope = match repository {
            None => RunnerScope::Server,
            Some(full_name) => {
                let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
                let found = store::repositories::by_name(&mut self.identity.store().read(), owner, name).await?;
                let missing = || ServerError::Other(format!("there is no repository {full_name}"));
                RunnerScope::Repository(found.ok_or_else(missing)?.id)
            }
        };
        let mut tx = self.identity.store().begin().await?;
        let issued = self.identity.issue_runner_token(&mut tx, &Caller::Anonymous, scope, Purpose::Register).await?;
        tx.commit().await?;
        Ok(issued.0.text.to_string())
    }

    async fn user(&self, login: &str) -> Result<store::users::User, ServerError> {
        let found = store::users::by_login(&mut self.identity.store().read(), login).await?;
        found.ok_or_else(|| ServerError::Other(format!("there is no user `{login}`")))
    }
}
