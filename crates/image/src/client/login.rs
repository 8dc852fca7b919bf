use reqwest::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};

use super::authorizer::{Scope, basic};
use super::progress::Silent;
use super::refusal::Refusal;
use super::transport::Call;
use super::{Client, ClientError, challenge};
use crate::auth::{Credentials, SavedTo, registry_name};

/// A login that the registry accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// As it is named in references: `docker.io`, `ghcr.io`.
    pub registry: String,
    pub saved: SavedTo,
}

impl Client {
    /// Asks the registry whether it accepts credentials, and keeps them as `docker login` does. `registry` may be a URL.
    ///
    /// # Errors
    /// When the registry refuses them or cannot be asked, or when they cannot be kept.
    pub async fn login(&self, registry: &str, credentials: &Credentials) -> Result<Login, ClientError> {
        let registry = registry_name(registry);
        let accepted = self.check_login(registry, credentials).await?;
        let saved = self.keychain().save(registry, &accepted).await?;
        Ok(Login { registry: registry.to_owned(), saved })
    }

    /// Forgets the credentials of a registry, as `docker logout` does. Says whether there were any.
    ///
    /// # Errors
    /// When the configuration cannot be read or written.
    pub async fn logout(&self, registry: &str) -> Result<bool, ClientError> {
        Ok(self.keychain().forget(registry_name(registry)).await?)
    }

    /// Asks the registry whether it accepts credentials. Returns what is to be kept: these, or the refresh token the registry
    /// gave for them.
    ///
    /// # Errors
    /// When it refuses them or cannot be asked.
    pub async fn check_login(&self, registry: &str, credentials: &Credentials) -> Result<Credentials, ClientError> {
        let registry = registry_name(registry);
        let endpoint = self.transport.config().routes.endpoint(registry)?;
        let what = "log in";
        let scope = Scope::none();
        let url = self.transport.url(&endpoint, "", what).await?;
        let mut call = Call::new(Method::GET, url, &endpoint, &scope, what, &Silent);
        let response = self.transport.plain(&call).await?;
        if response.status() != StatusCode::UNAUTHORIZED && !response.status().is_success() {
            return Err(self.transport.refuse(&call, response).await);
        }
        // A registry that lets everybody in may still know who has which password.
        let challenges = challenges(response.headers());
        if let Some(challenge) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
            if matches!(credentials, Credentials::Bearer { .. }) {
                return Ok(credentials.clone());
            }
            let asking = self.transport.asking(&call);
            let token = asking.token(challenge, "", Some(credentials), true).await.map_err(|error| match error {
                ClientError::Refused(refusal) => refusal.with_credentials(given(credentials)).into(),
                other => other,
            })?;
            return Ok(match token.refresh {
                Some(token) => Credentials::Identity { token },
                None => credentials.clone(),
            });
        }
        let Credentials::Basic { username, password } = credentials else {
            return if response.status().is_success() {
                Ok(credentials.clone())
            } else {
                Err(call.broken("it takes a user and a password only"))
            };
        };
        call.headers.insert(AUTHORIZATION, basic(username, password));
        let response = self.transport.plain(&call).await?;
        if response.status().is_success() {
            return Ok(credentials.clone());
        }
        let status = response.status().as_u16();
        Err(Refusal::new(&endpoint, what, status, b"").with_credentials(given(credentials)).into())
    }
}

fn given(credentials: &Credentials) -> Option<String> {
    Some(credentials.username().map_or_else(|| "the token".to_owned(), |username| format!("`{username}`")))
}

fn challenges(headers: &HeaderMap) -> Vec<challenge::Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(challenge::parse).collect()
}
