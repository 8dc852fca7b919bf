//! What an administrator does at the server's machine, beside a running server or without one.

mod backup;
mod postgres;
mod restore;

use std::path::Path;

use blob::objects::Objects;
use depot::{Collected, Depot};
use identity::{Actor, Identity, MasterKeys, NewAccount, Purpose, RunnerScope, Scopes};
use store::Store;

pub use backup::BackedUp;

use crate::lock::DataLock;
use crate::{ServerConfig, ServerError};

/// The server's database and secrets, opened for a command.
#[derive(Clone, Debug)]
pub struct Admin {
    config: ServerConfig,
    master_key: String,
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
        let master_key = keys.current_id();
        let store = Store::open(&config.database_address()).await?;
        let identity = Identity::start(store, keys, identity::Settings::default()).await?;
        Ok(Self { config: config.clone(), master_key, identity })
    }

    /// Copies everything into an empty directory; the server may run meanwhile. The master key is not copied.
    ///
    /// # Errors
    /// A directory that is not empty, or what cannot be read.
    pub async fn backup(&self, to: &Path) -> Result<BackedUp, ServerError> {
        let store = self.identity.store();
        backup::backup(&self.config, store, self.master_key.clone(), to).await
    }

    /// Puts a backup in place of nothing: the data directory, the database and the place for blobs must be empty.
    ///
    /// # Errors
    /// As [`Admin::backup`], and a backup that is not whole, or of another kind of database.
    pub async fn restore(config: &ServerConfig, from: &Path) -> Result<BackedUp, ServerError> {
        restore::restore(config, from).await
    }

    /// Removes what has had its time and what nobody refers to.
    ///
    /// # Errors
    /// When the database or the blobs are away.
    pub async fn collect(&self) -> Result<Collected, ServerError> {
        let depot = Depot::new(self.identity.store().clone(), Objects::open(&self.config.blobs_address())?);
        let failed = |error: depot::Error| ServerError::Other(error.to_string());
        let mut collected = Collected::default();
        loop {
            let step = depot.retire(self.config.retention()).await.map_err(failed)?;
            if step == Collected::default() {
                break;
            }
            collected.artifacts += step.artifacts;
            collected.caches += step.caches;
            collected.uploads += step.uploads;
            collected.logs += step.logs;
        }
        collected.objects = depot.sweep_objects().await.map_err(failed)?;
        Ok(collected)
    }

    /// Wraps everything that is sealed under the current master key; how many there were to do. Servers must not run, or
    /// have the new key already.
    ///
    /// # Errors
    /// When a server runs on this SQLite database, or an envelope is under a key that was not given.
    pub async fn rotate_key(&self) -> Result<u64, ServerError> {
        let _lock = self.config.is_sqlite().then(|| DataLock::take(&self.config.data)).transpose()?;
        Ok(self.identity.rewrap().await?)
    }

    /// The id of the current master key.
    #[must_use]
    pub fn master_key(&self) -> &str {
        &self.master_key
    }

    /// Makes a user.
    pub async fn add_user(&self, account: &NewAccount<'_>, admin: bool) -> Result<(), ServerError> {
        self.identity.create_user(Actor::command_line(), account, admin).await?;
        Ok(())
    }

    /// Gives a user another password.
    pub async fn set_password(&self, login: &str, password: &str) -> Result<(), ServerError> {
        let user = self.user(login).await?;
        Ok(self.identity.set_password(Actor::command_line(), user.id, password).await?)
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
        let (_, token) = self.identity.create_token(Actor::command_line(), user.id, name, &scopes, None).await?;
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
        let issued = self.identity.issue_runner_token(&mut tx, Actor::command_line(), scope, Purpose::Register).await?;
        tx.commit().await?;
        Ok(issued.0.text.to_string())
    }

    /// Events that could not be processed so far, or were given up; newest first.
    pub async fn troubled_events(&self) -> Result<Vec<store::events::Troubled>, ServerError> {
        Ok(store::events::troubled(&mut self.identity.store().read(), None, 1000).await?)
    }

    /// Has them tried again by the running server; how many.
    pub async fn retry_events(&self) -> Result<u64, ServerError> {
        let mut tx = self.identity.store().begin().await?;
        let count = store::events::retry(&mut tx).await?;
        tx.commit().await?;
        Ok(count)
    }

    /// Checks the audit log, and that it goes through its anchor; how many entries it has.
    ///
    /// # Errors
    /// The first entry that is not as it was written, or the one of the anchor.
    pub async fn verify_audit(&self) -> Result<i64, ServerError> {
        let entries = self.identity.verify_audit().await?;
        self.identity.check_audit_anchor(&crate::anchor::of(&self.config)).await?;
        Ok(entries)
    }

    async fn user(&self, login: &str) -> Result<store::users::User, ServerError> {
        let found = store::users::by_login(&mut self.identity.store().read(), login).await?;
        found.ok_or_else(|| ServerError::Other(format!("there is no user `{login}`")))
    }
}
