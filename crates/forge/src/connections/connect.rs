//! Connecting a repository, and the same undone.

use identity::{Aad, Action, Caller};
use serde_json::json;
use store::connections::Connection;
use store::repositories::Repository;

use super::Provider;
use crate::{Error, Forge, Result};

/// A connection as it is wanted.
#[derive(Clone, Debug)]
pub struct NewConnection<'a> {
    /// `github`, `gitea`, `forgejo`
    pub provider: &'a str,
    /// The other server: `https://github.com`, `https://codeberg.org`.
    pub url: &'a str,
    /// Where its API is, if not where such a server has it.
    pub api_url: Option<&'a str>,
    /// `owner/name` there.
    pub remote: &'a str,
    /// With which it is fetched from and written to.
    pub token: Option<&'a str>,
    pub write_statuses: bool,
    /// GitHub takes checks from applications only.
    pub write_checks: bool,
}

fn aad(column: &str, id: i64) -> Aad {
    Aad::new(&["connections", column, &id.to_string()])
}

impl Forge {
    /// Connects a repository to one elsewhere; its branches and tags follow that one from now on. The secret that its webhook
    /// signs with is given once, here.
    pub async fn connect(
        &self,
        caller: &Caller,
        repository: &Repository,
        new: &NewConnection<'_>,
    ) -> Result<(Connection, String)> {
        let provider = Provider::parse(new.provider)?;
        let web_url = new.url.trim_end_matches('/').to_owned();
        self.outgoing().check_url(&web_url)?;
        let api_url = new.api_url.map_or_else(|| provider.api(&web_url), |url| url.trim_end_matches('/').to_owned());
        self.outgoing().check_url(&api_url)?;
        let parts: Vec<&str> = new.remote.split('/').collect();
        let plain =
            |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if parts.len() != 2 || !parts.iter().all(plain) || parts.iter().any(|part| part.starts_with('.')) {
            return Err(Error::invalid("Connection", "remote", "`owner/name` is expected"));
        }
        let secret = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let mut row = Connection {
            id: 0,
            repo_id: repository.id,
            provider: provider.name().to_owned(),
            clone_url: format!("{web_url}/{}.git", new.remote),
            web_url,
            api_url,
            remote: new.remote.to_owned(),
            secret_sealed: Vec::new(),
            token_sealed: None,
            write_statuses: new.write_statuses,
            write_checks: new.write_checks,
            active: true,
            trouble: None,
            fetched_at: None,
            created_at: 0,
        };
        let mut tx = self.store().begin().await?;
        row = store::connections::insert(&mut tx, &row).await.map_err(|error| match error.is_taken() {
            true => Error::exists("Connection", "repository", "the repository is connected already"),
            false => error.into(),
        })?;
        row.secret_sealed = self.identity().seal(secret.as_bytes(), &aad("secret_sealed", row.id))?;
        if let Some(token) = new.token.filter(|token| !token.is_empty()) {
            row.token_sealed = Some(self.identity().seal(token.as_bytes(), &aad("token_sealed", row.id))?);
        }
        store::connections::set_secrets(&mut tx, &row).await?;
        let details = json!({ "provider": row.provider, "remote": row.remote, "url": row.web_url });
        let action = Action::new("connection.create", &row.remote).repo(repository.id).details(details);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        Ok((row, secret))
    }

    /// Takes the connection off; what was fetched stays.
    pub async fn disconnect(&self, caller: &Caller, repository: &Repository) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let row = store::connections::of_repository(&mut tx, repository.id).await?;
        let row = row.ok_or_else(|| Error::not_found("the connection"))?;
        store::connections::delete(&mut tx, row.id).await?;
        let action = Action::new("connection.delete", &row.remote).repo(repository.id);
        self.identity().audit(&mut tx, caller, action).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where the other server's webhook is to lead.
    #[must_use]
    pub fn hook_address(&self, connection: &Connection) -> String {
        format!("{}/_trunkline/hooks/{}", self.urls().web, connection.id)
    }

    pub(super) fn connection_secret(&self, connection: &Connection) -> Result<Vec<u8>> {
        let opened = self.identity().open(&connection.secret_sealed, &aad("secret_sealed", connection.id))?;
        Ok(opened.to_vec())
    }

    pub(super) fn connection_token(&self, connection: &Connection) -> Result<Option<String>> {
        let Some(sealed) = &connection.token_sealed else { return Ok(None) };
        let opened = self.identity().open(sealed, &aad("token_sealed", connection.id))?;
        Ok(Some(String::from_utf8_lossy(&opened).into_owned()))
    }
}
