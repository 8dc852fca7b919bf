//! Users and organisations.

use store::Tx;
use store::users::NewUser;

use super::Identity;
use crate::audit::{Action, Actor};
use crate::{Caller, Error, Result};

/// A user to be made.
#[derive(Clone, Copy, Default)]
pub struct NewAccount<'a> {
    pub login: &'a str,
    pub name: Option<&'a str>,
    pub email: Option<&'a str>,
    /// Without one, the user logs in at a provider or by tokens only.
    pub password: Option<&'a str>,
}

impl std::fmt::Debug for NewAccount<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewAccount({})", self.login)
    }
}

/// First parts of addresses that are the server's own (each that is routed somewhere, and some for later), and the names of
/// applications, which checks and comments are signed with.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "api-v3",
    "assets",
    "blob",
    "blobs",
    "dependabot",
    "ghost",
    "git",
    "github",
    "github-actions",
    "graphql",
    "healthz",
    "login",
    "logout",
    "metrics",
    "new",
    "oidc",
    "orgs",
    "readyz",
    "settings",
    "setup",
    "static",
    "token",
    "trunkline",
    "twirp",
    "users",
    "v2",
];

/// Why a login cannot be taken: they are part of addresses and of git's paths.
pub fn check_login(login: &str) -> Result<()> {
    let letters = login.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let bounds = !login.starts_with(['-', '_']) && !login.ends_with('-');
    if login.is_empty() || login.len() > 39 || !letters || !bounds {
        return Err(Error::invalid(
            "login",
            "a login has 1 to 39 letters, digits, `-` and `_`, and neither begins nor ends with `-`",
        ));
    }
    if RESERVED.contains(&login.to_ascii_lowercase().as_str()) {
        return Err(Error::invalid("login", format!("`{login}` is a name of the server's own")));
    }
    Ok(())
}

impl Identity {
    pub(super) async fn hash_of(&self, account: &NewAccount<'_>) -> Result<Option<String>> {
        check_login(account.login)?;
        if account.email.is_some_and(|email| !email.contains('@') || email.len() > 254) {
            return Err(Error::invalid("email", "an address has an `@`, and 254 characters at most"));
        }
        match account.password {
            Some(password) => Ok(Some(self.0.passwords.hash(password).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn insert_user(
        &self,
        tx: &mut Tx,
        account: &NewAccount<'_>,
        site_admin: bool,
        password: Option<&str>,
    ) -> Result<i64> {
        // Commits are matched with accounts by it.
        let email = account.email.map(str::to_lowercase);
        let new = NewUser {
            login: account.login,
            kind: "User",
            name: account.name,
            email: email.as_deref(),
            site_admin,
            password,
        };
        let id = store::users::insert(tx, &new).await.map_err(|error| taken(error, "login", account.login))?;
        // Somebody can log in: whoever finds the link in an old log sets nothing up any more.
        store::tokens::delete_purpose(tx, "set_up").await?;
        Ok(id)
    }

    /// A user who logs in at a provider.
    pub(crate) async fn insert_user_by_provider(&self, tx: &mut Tx, account: &NewAccount<'_>) -> Result<i64> {
        check_login(account.login)?;
        self.insert_user(tx, account, false, None).await
    }

    /// Makes a user.
    pub async fn create_user(
        &self,
        actor: impl Into<Actor>,
        account: &NewAccount<'_>,
        site_admin: bool,
    ) -> Result<i64> {
        let password = self.hash_of(account).await?;
        let mut tx = self.0.store.begin().await?;
        let id = self.insert_user(&mut tx, account, site_admin, password.as_deref()).await?;
        let details = serde_json::json!({ "site_admin": site_admin });
        self.audit(&mut tx, actor, Action::new("user.create", account.login).details(details)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes an organisation; `owner_id` becomes its first owner.
    pub async fn create_org(
        &self,
        actor: impl Into<Actor>,
        login: &str,
        name: Option<&str>,
        owner_id: i64,
    ) -> Result<i64> {
        check_login(login)?;
        let mut tx = self.0.store.begin().await?;
        let new = NewUser { login, kind: "Organization", name, ..NewUser::default() };
        let id = store::users::insert(&mut tx, &new).await.map_err(|error| taken(error, "login", login))?;
        store::users::set_membership(&mut tx, id, owner_id, "admin").await?;
        self.audit(&mut tx, actor, Action::new("org.create", login).org(id)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Gives a user another password; all their sessions end.
    pub async fn set_password(&self, actor: impl Into<Actor>, user_id: i64, password: &str) -> Result<()> {
        let hash = self.0.passwords.hash(password).await?;
        let mut tx = self.0.store.begin().await?;
        let user = store::users::by_id(&mut tx, user_id).await?;
        let user = user.filter(|user| user.kind == "User").ok_or_else(|| Error::NotFound("the user".to_owned()))?;
        store::users::set_password(&mut tx, user_id, &hash).await?;
        store::sessions::delete_of_user(&mut tx, user_id).await?;
        self.audit(&mut tx, actor, Action::new("user.password", &user.login)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Shuts a user out, or lets them in again; their sessions end, their tokens are refused meanwhile.
    pub async fn set_suspended(&self, caller: &Caller, user_id: i64, suspended: bool) -> Result<()> {
        let mut tx = self.0.store.begin().await?;
        let user =
            store::users::by_id(&mut tx, user_id).await?.ok_or_else(|| Error::NotFound("the user".to_owned()))?;
        store::users::set_suspended(&mut tx, user_id, suspended).await?;
        store::sessions::delete_of_user(&mut tx, user_id).await?;
        let name = if suspended { "user.suspend" } else { "user.unsuspend" };
        self.audit(&mut tx, caller, Action::new(name, &user.login)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A name that somebody has.
pub(super) fn taken(error: store::Error, field: &'static str, name: &str) -> Error {
    if error.is_taken() { Error::Exists { field, what: format!("`{name}`") } } else { error.into() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn logins() {
        for login in ["a", "Team-1", "a_b", &"x".repeat(39)] {
            assert!(super::check_login(login).is_ok(), "{login}");
        }
        for login in ["", "-a", "a-", "_a", "a/b", "..", "a.b", "ä", &"x".repeat(40), "a b", "bot[bot]"] {
            assert!(super::check_login(login).is_err(), "{login}");
        }
        for login in ["API", "login", "token", "blobs", "github-actions", "GitHub-Actions", "dependabot", "ghost"] {
            assert!(super::check_login(login).is_err(), "{login}");
        }
        assert!(super::RESERVED.is_sorted());
    }
}
