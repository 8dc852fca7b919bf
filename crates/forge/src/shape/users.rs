use serde_json::{Value, json};
use store::users::User;

use super::Shape;
use crate::Result;
use crate::ids::node_id;

impl Shape<'_> {
    /// An account by its id. Who is gone is GitHub's ghost.
    pub async fn user(&mut self, id: impl Into<Option<i64>>) -> Result<Value> {
        let Some(id) = id.into() else { return Ok(Value::Null) };
        if let Some(known) = self.users.get(&id) {
            return Ok(known.clone());
        }
        let found = store::users::by_id(&mut self.read(), id).await?;
        let shape = found.map_or_else(|| self.account(id, "ghost", "User", false), |user| self.simple_user(&user));
        self.users.insert(id, shape.clone());
        Ok(shape)
    }

    /// An account by its name, if there is one.
    pub async fn user_by_login(&mut self, login: &str) -> Result<Option<Value>> {
        if let Some(known) = self.logins.get(login) {
            return Ok(known.clone());
        }
        let found = store::users::by_login(&mut self.read(), login).await?;
        let shape = found.map(|user| self.simple_user(&user));
        self.logins.insert(login.to_owned(), shape.clone());
        Ok(shape)
    }

    /// An account that was read.
    #[must_use]
    pub fn simple_user(&self, user: &User) -> Value {
        self.account(user.id, &user.login, &user.kind, user.site_admin)
    }

    fn account(&self, id: i64, login: &str, kind: &str, site_admin: bool) -> Value {
        let web = format!("{}/{login}", self.urls().web);
        let api = format!("{}/users/{login}", self.urls().api);
        json!({
            "login": login,
            "id": id,
            "node_id": node_id(kind, id),
            "avatar_url": "",
            "gravatar_id": "",
            "url": api,
            "html_url": web,
            "followers_url": format!("{api}/followers"),
            "following_url": format!("{api}/following{{/other_user}}"),
            "gists_url": format!("{api}/gists{{/gist_id}}"),
            "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{api}/subscriptions"),
            "organizations_url": format!("{api}/orgs"),
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events{{/privacy}}"),
            "received_events_url": format!("{api}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": site_admin,
        })
    }
}
