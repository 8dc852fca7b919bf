//! Accounts behind names and addresses.

use store::users::User;
use store::{Query, args};

use crate::git::CommitAuthor;
use crate::{Forge, Result};

/// The account of `12+login@users.noreply…`, which the server itself writes for those without an address.
pub(crate) fn by_noreply(email: &str) -> Option<i64> {
    let (name, _) = email.split_once('@').filter(|(_, host)| host.starts_with("users.noreply."))?;
    name.split_once('+')?.0.parse().ok()
}

/// The account that commits with this address.
pub(crate) async fn by_email(query: &mut impl Query, email: &str) -> Result<Option<i64>> {
    if let Some(id) = by_noreply(email) {
        return Ok(Some(id));
    }
    if email.is_empty() {
        return Ok(None);
    }
    let sql = "SELECT id FROM users WHERE email = $1 ORDER BY id LIMIT 1";
    Ok(query.fetch_optional(sql, args![email.to_lowercase()]).await?)
}

impl Forge {
    /// As whom an account commits, now.
    pub async fn commit_author(&self, account_id: i64) -> Result<CommitAuthor> {
        let user = store::users::by_id(&mut self.store().read(), account_id).await?;
        Ok(self.author_of(user.as_ref(), account_id))
    }

    pub(crate) fn author_of(&self, user: Option<&User>, account_id: i64) -> CommitAuthor {
        let login = user.map_or("ghost", |user| user.login.as_str());
        let name = user.and_then(|user| user.name.as_deref()).filter(|name| !name.is_empty()).unwrap_or(login);
        let host = self.host();
        let email = user
            .and_then(|user| user.email.clone())
            .filter(|email| !email.is_empty())
            .unwrap_or_else(|| format!("{account_id}+{login}@users.noreply.{host}"));
        let seconds = self.store().now().div_euclid(1_000_000);
        CommitAuthor { name: name.to_owned(), email, seconds, offset_minutes: 0 }
    }

    /// The host of the server's address.
    pub(crate) fn host(&self) -> &str {
        let web = self.urls().web.as_str();
        let rest = web.split_once("://").map_or(web, |(_, rest)| rest);
        rest.split(['/', ':']).next().unwrap_or(rest)
    }
}
