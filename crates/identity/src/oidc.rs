//! Login at an OpenID provider: the authorization code flow with PKCE, a nonce and a state that is good once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse as _,
};
use serde_json::Value;
use store::users::User;
use tokio::sync::Mutex;

use crate::audit::Action;
use crate::identity::{Identity, NewAccount, NewSession};
use crate::token::TokenHash;
use crate::{Aad, Actor, Error, Result};

/// How long somebody may take at the provider, in microseconds.
const PATIENCE: i64 = 10 * 60 * 1_000_000;
/// How long its description is believed where a login begins.
const DESCRIBED: Duration = Duration::from_secs(300);
/// Logins that may be under way; of more the oldest are forgotten.
const MOST_BEGUN: i64 = 10_000;
/// The largest answer of a provider that is read.
const LARGEST: usize = 1024 * 1024;

/// A provider and what this server is to it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// `https://id.example.com`, below which the discovery document is found.
    pub issuer: String,
    pub client_id: String,
    /// None for a public client, which PKCE alone protects.
    pub client_secret: Option<String>,
    /// This server's address that the provider sends users back to.
    pub redirect_url: String,
    /// Beside `openid`.
    pub scopes: Vec<String>,
    /// Which claim becomes the login of a new user.
    pub login_claim: String,
    /// Whether who is unknown here becomes a user.
    pub create_users: bool,
    /// Only addresses in one of these domains, by a verified `email`; empty: all.
    pub email_domains: Vec<String>,
}

impl std::fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProviderSettings({}, client {})", self.issuer, self.client_id)
    }
}

/// A provider. Its keys are asked for where a login ends: they change.
#[derive(Clone, Debug)]
pub struct Provider {
    settings: ProviderSettings,
    client: reqwest::Client,
    known: Arc<Mutex<Option<(Instant, CoreProviderMetadata)>>>,
}

/// Where a login begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Send the browser there.
    pub url: String,
    /// To be kept in a cookie of the browser until it comes back: another browser cannot finish this login.
    pub state: String,
}

/// Where a login ends.
#[derive(Clone, Debug)]
pub struct Finished {
    pub session: NewSession,
    /// The page that was asked for; a path of this server.
    pub return_to: String,
}

/// What the provider says of a user.
struct Claims {
    subject: String,
    login: Option<String>,
    name: Option<String>,
    email: Option<String>,
    email_verified: bool,
}

impl Provider {
    /// # Errors
    /// When the settings are wrong.
    pub fn new(settings: ProviderSettings) -> Result<Self> {
        let wrong = |what: &str| Error::Provider(format!("{what} of the settings is no address"));
        IssuerUrl::new(settings.issuer.clone()).map_err(|_| wrong("the issuer"))?;
        RedirectUrl::new(settings.redirect_url.clone()).map_err(|_| wrong("the redirect address"))?;
        let client = reqwest::Client::builder()
            // A redirect could lead anywhere; providers need none here.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| Error::Provider(error.to_string()))?;
        Ok(Self { settings, client, known: Arc::default() })
    }

    /// As it was described a moment ago: whoever begins a login makes this server ask nobody.
    async fn known(&self) -> Result<CoreProviderMetadata> {
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &*known
            && at.elapsed() < DESCRIBED
        {
            return Ok(metadata.clone());
        }
        let metadata = self.discover().await?;
        *known = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    async fn discover(&self) -> Result<CoreProviderMetadata> {
        let issuer =
            IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| Error::Provider(error.to_string()))?;
        CoreProviderMetadata::discover_async(issuer, &|request| call(&self.client, request))
            .await
            .map_err(|error| failed("its description cannot be had", &error))
    }

    /// Begins a login. `return_to` is the page to go to afterwards; what is no path of this server becomes `/`.
    pub async fn begin(&self, identity: &Identity, return_to: &str) -> Result<Begin> {
        let metadata = self.known().await?;
        let redirect =
            RedirectUrl::new(self.settings.redirect_url.clone()).map_err(|error| Error::Provider(error.to_string()))?;
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.settings.client_id.clone()),
            self.settings.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(redirect);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request =
            client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let kept = serde_json::json!({ "nonce": nonce.secret(), "verifier": verifier.secret() }).to_string();
        let hash = TokenHash::of(state.secret());
        let sealed = identity.seal(kept.as_bytes(), &aad(&hash))?;
        let mut tx = identity.store().begin().await?;
        let expires = tx.now() + PATIENCE;
        let return_to = crate::local_path(return_to);
        store::sessions::insert_provider_login(&mut tx, hash.as_str(), &sealed, return_to, expires).await?;
        store::sessions::bound_provider_logins(&mut tx, MOST_BEGUN).await?;
        tx.commit().await?;
        Ok(Begin { url: url.to_string(), state: state.secret().clone() })
    }

    /// Finishes a login: `code` and `state` are what the provider sent along, `cookie` what the browser kept.
    pub async fn finish(
        &self,
        identity: &Identity,
        code: &str,
        state: &str,
        cookie: Option<&str>,
        agent: Option<&str>,
    ) -> Result<Finished> {
        use subtle::ConstantTimeEq as _;
        let own = cookie.is_some_and(|cookie| bool::from(cookie.as_bytes().ct_eq(state.as_bytes())));
        if !own {
            return Err(Error::bad_credentials("this login was begun in another browser"));
        }
        let hash = TokenHash::of(state);
        let mut tx = identity.store().begin().await?;
        let row = store::sessions::take_provider_login(&mut tx, hash.as_str()).await?;
        let now = tx.now();
        tx.commit().await?;
        let (sealed, return_to, _) = row
            .filter(|(_, _, expires)| *expires > now)
            .ok_or_else(|| Error::bad_credentials("this login was finished before, or took too long"))?;
        let kept = identity.open(&sealed, &aad(&hash))?;
        let kept: Value = serde_json::from_slice(&kept).map_err(|_| Error::Envelope("it holds no login"))?;
        let text = |name: &str| kept[name].as_str().unwrap_or_default().to_owned();
        let claims = self.claims(code, &Nonce::new(text("nonce")), PkceCodeVerifier::new(text("verifier"))).await?;
        let user = self.user(identity, &claims).await?;
        let session = identity.begin_session(&user, agent, "provider").await?;
        Ok(Finished { session, return_to })
    }

    async fn claims(&self, code: &str, nonce: &Nonce, verifier: PkceCodeVerifier) -> Result<Claims> {
        let metadata = self.discover().await?;
        let redirect =
            RedirectUrl::new(self.settings.redirect_url.clone()).map_err(|error| Error::Provider(error.to_string()))?;
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(self.settings.client_id.clone()),
            self.settings.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(redirect);
        let response = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| failed("it has no token endpoint", &error))?
            .set_pkce_verifier(verifier)
            .request_async(&|request| call(&self.client, request))
            .await
            .map_err(|error| failed("the code was not taken", &error))?;
        let token = response.id_token().ok_or_else(|| Error::Provider("it sent no identity token".to_owned()))?;
        let id_verifier = client.id_token_verifier();
        let claims = token.claims(&id_verifier, nonce).map_err(|error| failed("its identity token", &error))?;
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&id_verifier).map_err(|error| failed("its key", &error))?;
            let algorithm = token.signing_alg().map_err(|error| failed("its algorithm", &error))?;
            let actual = AccessTokenHash::from_token(response.access_token(), algorithm, key)
                .map_err(|error| failed("its access token", &error))?;
            if actual != *expected {
                return Err(Error::Provider("the access token is not the one of the identity token".to_owned()));
            }
        }
        // Some providers tell a user's name and address only when asked with the access token.
        let mut all = serde_json::to_value(claims).map_err(|error| failed("its claims", &error))?;
        if let Ok(request) = client.user_info(response.access_token().clone(), Some(claims.subject().clone()))
            && let Ok(info) = request
                .request_async::<openidconnect::EmptyAdditionalClaims, _, openidconnect::core::CoreGenderClaim>(
                    &|request| call(&self.client, request),
                )
                .await
            && let (Ok(Value::Object(info)), Some(all)) = (serde_json::to_value(&info), all.as_object_mut())
        {
            for (name, value) in info.into_iter().filter(|(_, value)| !value.is_null()) {
                all.entry(name).or_insert(value);
            }
        }
        let text = |name: &str| all[name].as_str().map(str::to_owned).filter(|text| !text.is_empty());
        Ok(Claims {
            subject: claims.subject().to_string(),
            login: text(&self.settings.login_claim),
            name: text("name"),
            email: text("email").map(|email| email.to_lowercase()),
            email_verified: all["email_verified"].as_bool() == Some(true),
        })
    }

    /// The user of these claims; made if the settings say so. An account that is there already is never taken over by its
    /// name or address: whoever made it may be somebody else.
    async fn user(&self, identity: &Identity, claims: &Claims) -> Result<User> {
        let issuer = self.settings.issuer.as_str();
        self.check_domain(claims)?;
        if let Some(user) = store::users::by_identity(&mut identity.store().read(), issuer, &claims.subject).await? {
            return Ok(user);
        }
        if !self.settings.create_users {
            return Err(Error::bad_credentials("nobody here is known to the provider by this subject"));
        }
        let login =
            claims.login.as_deref().and_then(login_from).ok_or_else(|| {
                Error::Provider(format!("the claim `{}` has no login in it", self.settings.login_claim))
            })?;
        let email = claims.email.as_deref().filter(|_| claims.email_verified);
        let account = NewAccount { login: &login, name: claims.name.as_deref(), email, password: None };
        let mut tx = identity.store().begin().await?;
        let id = identity.insert_user_by_provider(&mut tx, &account).await?;
        store::users::link_identity(&mut tx, id, issuer, &claims.subject).await?;
        let details = serde_json::json!({ "provider": issuer });
        identity.audit(&mut tx, Actor::server(), Action::new("user.create", &login).details(details)).await?;
        let user = store::users::by_id(&mut tx, id).await?.ok_or(store::Error::Missing)?;
        tx.commit().await?;
        Ok(user)
    }

    fn check_domain(&self, claims: &Claims) -> Result<()> {
        if self.settings.email_domains.is_empty() {
            return Ok(());
        }
        let domain = claims.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let known = domain
            .is_some_and(|domain| self.settings.email_domains.iter().any(|known| known.eq_ignore_ascii_case(domain)));
        if known && claims.email_verified {
            return Ok(());
        }
        Err(Error::bad_credentials("the user's verified address is in none of the domains that may log in"))
    }
}

fn aad(state: &TokenHash) -> Aad {
    Aad::new(&["provider login", state.as_str()])
}

/// A login from a claim: what is before an `@`, with everything that cannot be in a login made a hyphen.
fn login_from(claim: &str) -> Option<String> {
    let name = claim.split('@').next()?;
    let login: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let login: String = login.trim_matches(['-', '_']).chars().take(39).collect();
    let login = login.trim_end_matches('-').to_owned();
    crate::check_login(&login).is_ok().then_some(login)
}

fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> Error {
    let mut text = format!("{what}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Error::Provider(text)
}

/// A request of the library, sent by the client of this program.
async fn call(
    client: &reqwest::Client,
    request: openidconnect::HttpRequest,
) -> std::result::Result<openidconnect::HttpResponse, CallError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    let response = client.request(parts.method, url).headers(parts.headers).body(body).send().await?;
    let mut answer = openidconnect::http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        answer = answer.header(name, value);
    }
    if response.content_length().is_some_and(|length| length > LARGEST as u64) {
        return Err(CallError::TooLarge);
    }
    let mut response = response;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(CallError::TooLarge);
        }
    }
    Ok(answer.body(bytes)?)
}

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error(transparent)]
    Form(#[from] openidconnect::http::Error),
    #[error("its answer is larger than a megabyte")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_of_claims() {
        for (claim, expected) in [
            ("ann@example.com", Some("ann")),
            ("Ann.Smith", Some("Ann-Smith")),
            ("_x_", Some("x")),
            ("admin", None),
            ("äö", None),
            ("", None),
        ] {
            assert_eq!(login_from(claim).as_deref(), expected, "{claim}");
        }
    }
}
