//! Who asks for a page, and the repository it is about.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use forge::repo_ref;
use identity::{Caller, Credentials, Level, Permission, Via};
use store::repositories::Repository;

use super::refusal::Refusal;
use crate::Server;

/// One request for a page.
pub(crate) struct Visit {
    pub(super) server: Server,
    pub(crate) caller: Caller,
    /// The address it comes from: wrong passwords are counted by it.
    pub(crate) from: String,
    /// The path, to come back to after a login.
    pub(super) path: String,
}

impl FromRequestParts<Server> for Visit {
    type Rejection = Refusal;

    /// By the session only: tokens are for the API, which looks at their scopes, and a browser that was asked for a password
    /// by git's addresses sends that along with whatever another site makes it post.
    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Refusal> {
        let cookie = parts.headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
        Self::by(Credentials::from_headers(None, cookie), parts, server).await
    }
}

impl Visit {
    /// With a token as well, for what is no page.
    pub(crate) async fn with_token(parts: &Parts, server: &Server) -> Result<Self, Refusal> {
        let text = |name| parts.headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
        Self::by(Credentials::from_headers(text(header::AUTHORIZATION), text(header::COOKIE)), parts, server).await
    }

    async fn by(
        credentials: Result<Credentials, identity::Malformed>,
        parts: &Parts,
        server: &Server,
    ) -> Result<Self, Refusal> {
        let from = forge::client_address(server.identity(), &parts.extensions, &parts.headers);
        let caller = match server.identity().authenticate(&credentials.unwrap_or_default(), &from).await {
            Ok(caller) => caller,
            // An old cookie is as good as none.
            Err(identity::Error::BadCredentials { .. }) => Caller::Anonymous,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { server: server.clone(), caller, from, path: parts.uri.path().to_owned() })
    }
}

impl Visit {
    pub(super) fn login(&self) -> Option<&str> {
        self.caller.user().map(|user| user.login.as_str())
    }

    /// What forms must bring back.
    pub(super) fn csrf(&self) -> &str {
        match self.caller.user().map(|user| &user.via) {
            Some(Via::Session { csrf, .. }) => csrf,
            _ => "",
        }
    }

    /// A form that changes something must come from one of our pages.
    pub(super) fn check_form(&self, csrf: &str) -> Result<(), Refusal> {
        match identity::Identity::csrf_holds(&self.caller, Some(csrf)) && self.caller.user().is_some() {
            true => Ok(()),
            false => Err(Refusal::Expired),
        }
    }

    /// The repository, if its runs may be read.
    pub(super) async fn repository(&self, owner: &str, name: &str) -> Result<Repository, Refusal> {
        self.readable(owner, name, Permission::Actions).await
    }

    /// The repository, if this of it may be read.
    pub(super) async fn readable(&self, owner: &str, name: &str, what: Permission) -> Result<Repository, Refusal> {
        let found = store::repositories::by_name(&mut self.server.store().read(), owner, name).await?;
        let Some(repository) = found else { return Err(self.absent()) };
        let need = identity::Need::new(what, Level::Read).role(identity::Role::Read);
        let settled = self.server.identity().decide(&self.caller, &repo_ref(&repository), need).await?;
        settled.map(|_| repository).map_err(|_| self.absent())
    }

    /// The name of an account.
    pub(super) async fn name_of(&self, id: i64) -> Result<String, Refusal> {
        let user = store::users::by_id(&mut self.server.store().read(), id).await?;
        Ok(user.map_or_else(|| "somebody who is gone".to_owned(), |user| user.login))
    }

    /// Whether the caller may change runs of this repository.
    pub(super) async fn may_act(&self, repository: &Repository) -> Result<bool, Refusal> {
        let need = identity::Need::new(Permission::Actions, Level::Write);
        Ok(self.server.identity().decide(&self.caller, &repo_ref(repository), need).await?.is_ok())
    }

    /// What is not there, or not for the caller. Whoever is not logged in may do that first.
    pub(super) fn absent(&self) -> Refusal {
        if self.caller.is_anonymous() { Refusal::Login(self.path.clone()) } else { Refusal::Nothing }
    }
}
