//! Accounts: users, organisations, bots; and who belongs to an organisation.

use crate::{Micros, Query, Result, Tx, args, record};

record! {
    /// An account. Organisations and bots have no password.
    #[derive(Clone, PartialEq)]
    pub struct User {
        pub id: i64,
        pub login: String,
        /// `User`, `Organization` or `Bot`.
        pub kind: String,
        pub name: Option<String>,
        pub email: Option<String>,
        pub description: Option<String>,
        pub site_admin: bool,
        pub suspended: bool,
        /// The password's hash in the PHC form.
        pub password: Option<String>,
        /// What members of an organisation are in its repositories.
        pub default_role: String,
        pub created_at: Micros,
        pub updated_at: Micros,
    }
}

/// Without the password's hash.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({}, {}, {})", self.id, self.login, self.kind)
    }
}

/// A new account.
#[derive(Clone, Debug, Default)]
pub struct NewUser<'a> {
    pub login: &'a str,
    /// `User`, `Organization` or `Bot`.
    pub kind: &'a str,
    pub name: Option<&'a str>,
    pub email: Option<&'a str>,
    pub site_admin: bool,
    pub password: Option<&'a str>,
}

/// What names are compared by.
#[must_use]
pub fn login_key(login: &str) -> String {
    login.to_lowercase()
}

/// # Errors
/// [`crate::Error::Taken`] when the login is.
pub async fn insert(tx: &mut Tx, new: &NewUser<'_>) -> Result<i64> {
    let now = tx.now();
    let default_role = if new.kind == "Organization" { "read" } else { "none" };
    let sql = "INSERT INTO users (login, login_key, kind, name, email, site_admin, suspended, password, default_role, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, FALSE, $7, $8, $9, $9) RETURNING id";
    let values = args![
        new.login,
        login_key(new.login),
        new.kind,
        new.name,
        new.email,
        new.site_admin,
        new.password,
        default_role,
        now
    ];
    tx.fetch_one(sql, values).await
}

pub async fn by_id(query: &mut impl Query, id: i64) -> Result<Option<User>> {
    let sql = format!("SELECT {} FROM users WHERE id = $1", User::COLUMNS);
    query.fetch_optional(sql, args![id]).await
}

pub async fn by_login(query: &mut impl Query, login: &str) -> Result<Option<User>> {
    let sql = format!("SELECT {} FROM users WHERE login_key = $1", User::COLUMNS);
    query.fetch_optional(sql, args![login_key(login)]).await
}

/// Accounts after an id, by id: pages of `GET /users` and `GET /organizations`.
pub async fn list(query: &mut impl Query, kind: Option<&str>, after: i64, limit: i64) -> Result<Vec<User>> {
    let sql =
        format!("SELECT {} FROM users WHERE id > $1 AND ($2 = '' OR kind = $2) ORDER BY id LIMIT $3", User::COLUMNS);
    query.fetch_all(sql, args![after, kind.unwrap_or(""), limit]).await
}

/// Whether anybody can log in yet.
pub async fn any(query: &mut impl Query) -> Result<bool> {
    let count: i64 = query.fetch_one("SELECT COUNT(*) FROM users WHERE kind = 'User'", args![]).await?;
    Ok(count > 0)
}

/// Writes name, email, description and the default role back.
pub async fn update_profile(tx: &mut Tx, user: &User) -> Result<()> {
    let sql =
        "UPDATE users SET name = $1, email = $2, description = $3, default_role = $4, updated_at = $5 WHERE id = $6";
    let now = tx.now();
    tx.execute(sql, args![&user.name, &user.email, &user.description, &user.default_role, now, user.id]).await?;
    Ok(())
}

pub async fn set_password(tx: &mut Tx, id: i64, hash: &str) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE users SET password = $1, updated_at = $2 WHERE id = $3", args![hash, now, id]).await?;
    Ok(())
}

pub async fn set_site_admin(tx: &mut Tx, id: i64, site_admin: bool) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE users SET site_admin = $1, updated_at = $2 WHERE id = $3", args![site_admin, now, id]).await?;
    Ok(())
}

pub async fn set_suspended(tx: &mut Tx, id: i64, suspended: bool) -> Result<()> {
    let now = tx.now();
    tx.execute("UPDATE users SET suspended = $1, updated_at = $2 WHERE id = $3", args![suspended, now, id]).await?;
    Ok(())
}

pub async fn by_identity(query: &mut impl Query, issuer: &str, subject: &str) -> Result<Option<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE id = (SELECT user_id FROM user_identities WHERE issuer = $1 AND subject = $2)",
        User::COLUMNS
    );
    query.fetch_optional(sql, args![issuer, subject]).await
}

pub async fn link_identity(tx: &mut Tx, user_id: i64, issuer: &str, subject: &str) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO user_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, args![issuer, subject, user_id, now]).await?;
    Ok(())
}

/// `member` or `admin`.
pub async fn membership(query: &mut impl Query, org_id: i64, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT role FROM memberships WHERE org_id = $1 AND user_id = $2";
    query.fetch_optional(sql, args![org_id, user_id]).await
}

pub async fn set_membership(tx: &mut Tx, org_id: i64, user_id: i64, role: &str) -> Result<()> {
    let now = tx.now();
    let sql = "INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role";
    tx.execute(sql, args![org_id, user_id, role, now]).await?;
    Ok(())
}

/// Out of the organisation and of its teams; `false` when it was no member.
pub async fn remove_membership(tx: &mut Tx, org_id: i64, user_id: i64) -> Result<bool> {
    let teams = "DELETE FROM team_members WHERE user_id = $1 AND team_id IN (SELECT id FROM teams WHERE org_id = $2)";
    tx.execute(teams, args![user_id, org_id]).await?;
    let sql = "DELETE FROM memberships WHERE org_id = $1 AND user_id = $2";
    Ok(tx.execute(sql, args![org_id, user_id]).await? > 0)
}

/// Members by id; `role` filters.
pub async fn members(
    query: &mut impl Query,
    org_id: i64,
    role: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE id IN (SELECT user_id FROM memberships WHERE org_id = $1 AND ($2 = '' OR role = $2)) \
         ORDER BY id LIMIT $3 OFFSET $4",
        User::COLUMNS
    );
    query.fetch_all(sql, args![org_id, role.unwrap_or(""), limit, offset]).await
}

pub async fn count_owners(query: &mut impl Query, org_id: i64) -> Result<i64> {
    query.fetch_one("SELECT COUNT(*) FROM memberships WHERE org_id = $1 AND role = 'admin'", args![org_id]).await
}

/// The organisations a user is a member of.
pub async fn organizations_of(query: &mut impl Query, user_id: i64, offset: i64, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE id IN (SELECT org_id FROM memberships WHERE user_id = $1) ORDER BY id LIMIT $2 OFFSET $3",
        User::COLUMNS
    );
    query.fetch_all(sql, args![user_id, limit, offset]).await
}
