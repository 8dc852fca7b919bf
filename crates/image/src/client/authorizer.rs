//! Tokens and passwords, as registries ask for them: the token specification of distribution, OAuth 2 with refresh tokens,
//! and Basic.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::challenge::{self, Challenge};
use super::connections::Connections;
use super::endpoint::Endpoint;
use super::refusal::{BODY_BYTES, Refusal};
use super::routes::is_loopback;
use super::{ClientError, transport};
use crate::auth::{Credentials, Found, Keychain};

/// How long a token lives when nobody says (the token specification's default).
const LIFETIME: Duration = Duration::from_secs(60);

/// A token is renewed so long before its end.
const MARGIN: Duration = Duration::from_secs(10);

/// What a request wants to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    /// `repository:owner/app:pull,push`, several with a blank between; empty for none.
    pub(super) text: String,
    /// A repository's name, for credentials that belong to a part of a registry.
    pub(super) repository: String,
}

impl Scope {
    pub(super) fn none() -> Self {
        Self { text: String::new(), repository: String::new() }
    }

    pub(super) fn pull(repository: &str) -> Self {
        Self { text: format!("repository:{repository}:pull"), repository: repository.to_owned() }
    }

    pub(super) fn push(repository: &str) -> Self {
        Self { text: format!("repository:{repository}:pull,push"), repository: repository.to_owned() }
    }

    pub(super) fn delete(repository: &str) -> Self {
        Self { text: format!("repository:{repository}:delete,pull,push"), repository: repository.to_owned() }
    }

    /// Also to read another repository, for a mount.
    pub(super) fn and_pull(&self, other: &str) -> Self {
        Self { text: format!("{} repository:{other}:pull", self.text), repository: self.repository.clone() }
    }
}

/// What is sent, and until when.
#[derive(Clone, Default)]
struct Slot {
    header: Option<HeaderValue>,
    until: Option<Instant>,
    /// Whose credentials are in it, for messages.
    shown: Option<String>,
}

type Slots = HashMap<(String, Scope), Arc<tokio::sync::Mutex<Slot>>>;

#[derive(Default)]
pub(super) struct Authorizer {
    slots: Mutex<Slots>,
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").finish_non_exhaustive()
    }
}

/// How a token server answers. The two names of the token are the token specification's and OAuth 2's.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: String,
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// What a token server gave.
pub(super) struct Token {
    bearer: String,
    pub(super) refresh: Option<String>,
    lifetime: Duration,
}

impl Authorizer {
    fn slot(&self, endpoint: &Endpoint, scope: &Scope) -> Arc<tokio::sync::Mutex<Slot>> {
        let key = (endpoint.authority.clone(), scope.clone());
        Arc::clone(self.slots.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }

    /// What is known to be wanted with a request, if anything.
    pub(super) async fn header(&self, endpoint: &Endpoint, scope: &Scope) -> Option<HeaderValue> {
        let slot = self.slot(endpoint, scope);
        let slot = slot.lock().await;
        slot.header.clone().filter(|_| slot.until.is_none_or(|until| Instant::now() < until))
    }

    /// Whose credentials were shown, for messages.
    pub(super) async fn shown(&self, endpoint: &Endpoint, scope: &Scope) -> Option<String> {
        self.slot(endpoint, scope).lock().await.shown.clone()
    }

    /// Answers a `401`. `used` is what the refused request carried. `None` when there is nothing (more) to show.
    pub(super) async fn answer(
        &self,
        asking: &Asking<'_>,
        scope: &Scope,
        headers: &HeaderMap,
        used: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, ClientError> {
        let slot = self.slot(asking.endpoint, scope);
        let mut slot = slot.lock().await;
        if slot.header.is_some() && slot.header.as_ref() != used {
            // Another request was faster.
            return Ok(slot.header.clone());
        }
        *slot = Slot::default();
        let found = asking.credentials(&scope.repository).await?;
        slot.shown = found.as_ref().map(shown);
        let challenges: Vec<Challenge> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(challenge::parse)
            .collect();
        let credentials = found.map(|found| found.credentials);
        if let Some(challenge) = challenges.iter().find(|challenge| challenge.scheme == "bearer") {
            if let Some(Credentials::Bearer { token }) = &credentials {
                slot.header = Some(bearer(asking.endpoint, token)?).filter(|header| Some(header) != used);
            } else {
                let token = asking.token(challenge, &scope.text, credentials.as_ref(), false).await;
                let token = token.map_err(|error| match error {
                    ClientError::Refused(refusal) => refusal.with_credentials(slot.shown.clone()).into(),
                    other => other,
                })?;
                slot.header = Some(bearer(asking.endpoint, &token.bearer)?);
                slot.until = Some(Instant::now() + token.lifetime.saturating_sub(MARGIN).max(MARGIN / 2));
            }
        } else if challenges.iter().any(|challenge| challenge.scheme == "basic")
            && let Some(Credentials::Basic { username, password }) = &credentials
        {
            slot.header = Some(basic(username, password)).filter(|header| Some(header) != used);
        }
        Ok(slot.header.clone())
    }
}

/// One question to a token server or the keychain.
pub(super) struct Asking<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) connections: &'a Connections,
    pub(super) keychain: &'a Keychain,
    /// Whether the registry itself is spoken to without TLS.
    pub(super) in_clear: bool,
    /// What it is for: `pull owner/app`.
    pub(super) what: &'a str,
}

impl Asking<'_> {
    async fn credentials(&self, repository: &str) -> Result<Option<Found>, ClientError> {
        for name in &self.endpoint.logins {
            if let Some(found) = self.keychain.find(name, repository).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Asks the token server a challenge names. `offline`: for a refresh token as well.
    pub(super) async fn token(
        &self,
        challenge: &Challenge,
        scope: &str,
        credentials: Option<&Credentials>,
        offline: bool,
    ) -> Result<Token, ClientError> {
        let realm = challenge.parameters.get("realm").map(String::as_str).unwrap_or_default();
        let url = Url::parse(realm).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(mut url) = url else {
            return Err(self.broken("it asks for a token without saying where to get one"));
        };
        let server = url.host_str().unwrap_or_default().to_owned();
        if url.scheme() == "http" && credentials.is_some() && !self.in_clear && !is_loopback(&server) {
            return Err(ClientError::TokenInClear { registry: self.endpoint.shown(), server });
        }
        let http = self.connections.to(&url, self.endpoint.lax)?;
        let service = challenge.parameters.get("service").map(String::as_str).unwrap_or_default();
        // What the registry itself asks for counts when the request has no scope of its own.
        let asked = challenge.parameters.get("scope").map(String::as_str).unwrap_or_default();
        let scopes: Vec<&str> =
            if scope.is_empty() { asked } else { scope }.split(' ').filter(|s| !s.is_empty()).collect();

        if let Some(Credentials::Identity { token }) = credentials {
            let form = form(&[
                ("grant_type", "refresh_token"),
                ("service", service),
                ("client_id", "trunkline"),
                ("scope", &scopes.join(" ")),
                ("refresh_token", token),
            ]);
            let request =
                http.post(url).header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
            return self.ask(request).await;
        }
        {
            let mut query = url.query_pairs_mut();
            if !service.is_empty() {
                query.append_pair("service", service);
            }
            for scope in scopes {
                query.append_pair("scope", scope);
            }
            if let Some(Credentials::Basic { username, .. }) = credentials {
                query.append_pair("account", username);
            }
            if offline {
                query.append_pair("offline_token", "true").append_pair("client_id", "trunkline");
            }
        }
        let mut request = http.get(url);
        if let Some(Credentials::Basic { username, password }) = credentials {
            request = request.header(AUTHORIZATION, basic(username, password));
        }
        self.ask(request).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Token, ClientError> {
        let failed = |error: &reqwest::Error| ClientError::Connection {
            registry: self.endpoint.shown(),
            what: format!("get a token to {}", self.what),
            reason: super::error::chain(error),
        };
        let response = request.timeout(Duration::from_secs(60)).send().await.map_err(|error| failed(&error))?;
        let status = response.status();
        let wait = super::retry::asked(response.headers());
        let body = transport::body(response, BODY_BYTES).await.map_err(|error| failed(&error))?;
        if !status.is_success() {
            // A token server says "no" in several ways; with credentials all of them mean these.
            let status = if matches!(status.as_u16(), 400 | 401) { 401 } else { status.as_u16() };
            return Err(Refusal::new(self.endpoint, self.what, status, &body).with_wait(wait).into());
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|_| self.broken("its token server's answer is not understood"))?;
        let bearer = if answer.token.is_empty() { answer.access_token } else { answer.token };
        if bearer.is_empty() {
            return Err(self.broken("its token server gave no token"));
        }
        Ok(Token {
            bearer,
            refresh: Some(answer.refresh_token).filter(|token| !token.is_empty()),
            lifetime: answer.expires_in.map_or(LIFETIME, Duration::from_secs).max(Duration::from_secs(1)),
        })
    }

    fn broken(&self, reason: &str) -> ClientError {
        ClientError::Protocol { registry: self.endpoint.shown(), what: self.what.to_owned(), reason: reason.to_owned() }
    }
}

/// `` `ann` from /home/ann/.docker/config.json ``
pub(super) fn shown(found: &Found) -> String {
    match found.credentials.username() {
        Some(username) => format!("`{username}` from {}", found.source),
        None => found.source.clone(),
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    let mut text = reqwest::Url::parse("x:").map(|mut url| {
        url.query_pairs_mut().extend_pairs(pairs);
        url.query().unwrap_or_default().to_owned()
    });
    text.as_mut().map(std::mem::take).unwrap_or_default()
}

pub(super) fn basic(username: &str, password: &str) -> HeaderValue {
    let encoded = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
    #[expect(clippy::expect_used, reason = "base64 has only letters, digits, +, / and =")]
    let mut value = HeaderValue::from_str(&encoded).expect("base64 fits into a header");
    value.set_sensitive(true);
    value
}

fn bearer(endpoint: &Endpoint, token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ClientError::Protocol {
        registry: endpoint.shown(),
        what: "use its token".to_owned(),
        reason: "the token does not fit into a header".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
