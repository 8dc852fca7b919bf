//! One request to a registry, with everything around it: how it is spoken to, credentials, repetitions, stalls.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode, Url};

use super::authorizer::{Asking, Authorizer, Scope};
use super::body::Payload;
use super::connections::Connections;
use super::endpoint::{Endpoint, Scheme};
use super::error::chain;
use super::progress::{Event, Progress};
use super::refusal::{BODY_BYTES, Refusal};
use super::retry::{self, Backoff};
use super::{ClientConfig, ClientError};

#[derive(Debug)]
pub(super) struct Transport {
    config: ClientConfig,
    connections: Connections,
    authorizer: Authorizer,
    /// How places are spoken to that may be without TLS, once found out.
    schemes: Mutex<HashMap<String, Scheme>>,
}

/// One request.
pub(super) struct Call<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) scope: &'a Scope,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    /// For messages: `pull owner/app:1`.
    pub(super) what: &'a str,
    /// Whether it is repeated here. Uploads are not: they continue instead.
    pub(super) repeat: bool,
    pub(super) progress: &'a dyn Progress,
    /// Told how much of the payload's file is through.
    pub(super) advanced: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl<'a> Call<'a> {
    /// A request without a body, which may be repeated.
    pub(super) fn new(
        method: Method,
        url: Url,
        endpoint: &'a Endpoint,
        scope: &'a Scope,
        what: &'a str,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            endpoint,
            scope,
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Nothing,
            what,
            repeat: true,
            progress,
            advanced: None,
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        // What is put here is made of media types and digests; anything else could only be left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    pub(super) fn broken(&self, reason: impl Into<String>) -> ClientError {
        let (registry, what) = (self.endpoint.shown(), self.what.to_owned());
        ClientError::Protocol { registry, what, reason: reason.into() }
    }

    /// A failure of the connection while an answer is read.
    pub(super) fn lost(&self, error: &reqwest::Error) -> ClientError {
        ClientError::Connection { registry: self.endpoint.shown(), what: self.what.to_owned(), reason: chain(error) }
    }
}

impl Transport {
    pub(super) fn new(config: ClientConfig) -> Result<Self, ClientError> {
        config.routes.check()?;
        Ok(Self {
            connections: Connections::new(&config.user_agent),
            authorizer: Authorizer::default(),
            schemes: Mutex::default(),
            config,
        })
    }

    pub(super) fn config(&self) -> &ClientConfig {
        &self.config
    }

    pub(super) fn backoff(&self) -> Backoff {
        Backoff::new(self.config.retries, self.config.patience)
    }

    /// The URL of something below `/v2/`, such as `owner/app/tags/list`.
    pub(super) async fn url(&self, endpoint: &Endpoint, path: &str, what: &str) -> Result<Url, ClientError> {
        let base = endpoint.base(self.scheme(endpoint, what).await?)?;
        base.join(&format!("v2/{path}")).map_err(|_| ClientError::Address { address: endpoint.authority.clone() })
    }

    /// Where TLS is left out by choice it is found out whether it is. This machine is asked without TLS first, others with it.
    async fn scheme(&self, endpoint: &Endpoint, what: &str) -> Result<Scheme, ClientError> {
        if let Some(scheme) = endpoint.scheme {
            return Ok(scheme);
        }
        let known = |schemes: &Mutex<HashMap<String, Scheme>>| {
            schemes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&endpoint.authority).copied()
        };
        if let Some(scheme) = known(&self.schemes) {
            return Ok(scheme);
        }
        let local = super::routes::is_loopback(&endpoint.authority);
        let order = if local { [Scheme::Http, Scheme::Https] } else { [Scheme::Https, Scheme::Http] };
        let mut first_failure = None;
        let mut backoff = self.backoff();
        loop {
            for scheme in order {
                let url = endpoint
                    .base(scheme)?
                    .join("v2/")
                    .map_err(|_| ClientError::Address { address: endpoint.authority.clone() })?;
                let http = self.connections.to(&url, endpoint.lax)?;
                let reason = match http.get(url).timeout(self.config.stall).send().await {
                    // Servers of TLS answer plain requests with a 400 that says so.
                    Ok(response) if scheme == Scheme::Http && response.status() == StatusCode::BAD_REQUEST => {
                        "it does not speak plain HTTP".to_owned()
                    }
                    Ok(_) => {
                        let mut schemes = self.schemes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        schemes.insert(endpoint.authority.clone(), scheme);
                        return Ok(scheme);
                    }
                    Err(error) => chain(&error),
                };
                first_failure.get_or_insert(reason);
            }
            match backoff.next(None) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => break,
            }
        }
        Err(ClientError::Connection {
            registry: endpoint.shown(),
            what: what.to_owned(),
            reason: first_failure.unwrap_or_default(),
        })
    }

    /// Sends a request. The answer may have any status but those that come from missing or refused credentials, and, where
    /// it is repeated, those that pass.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Response, ClientError> {
        let mut backoff = self.backoff();
        let mut answered = 0;
        loop {
            let header =
                if self.same_place(call) { self.authorizer.header(call.endpoint, call.scope).await } else { None };
            let sent = self.once(call, header.as_ref()).await;
            match sent {
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED && self.same_place(call) => {
                    answered += 1;
                    // Once for a first challenge, once more for a token that has just run out.
                    let challenged = response.headers().contains_key(WWW_AUTHENTICATE);
                    let next = if challenged && answered <= 2 {
                        let asking = self.asking(call);
                        self.authorizer.answer(&asking, call.scope, response.headers(), header.as_ref()).await?
                    } else {
                        None
                    };
                    if next.is_none() {
                        return Err(self.refuse(call, response).await);
                    }
                }
                Ok(response) if call.repeat && retry::is_passing(response.status()) => {
                    let reason = format!("HTTP status {}", response.status().as_u16());
                    if !self.wait(call, &mut backoff, retry::asked(response.headers()), &reason).await {
                        return Err(self.refuse(call, response).await);
                    }
                }
                Err(error) if call.repeat && error.is_passing() => {
                    if !self.wait(call, &mut backoff, None, &error.reason()).await {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
    }

    /// Waits before the next try; `false` when there is none.
    pub(super) async fn wait(
        &self,
        call: &Call<'_>,
        backoff: &mut Backoff,
        asked: Option<Duration>,
        reason: &str,
    ) -> bool {
        let Some(after) = backoff.next(asked) else { return false };
        call.progress.event(Event::Retrying { what: call.what, reason, after });
        tokio::time::sleep(after).await;
        true
    }

    /// Sends a request without credentials but those in its headers; repeated while the connection fails.
    pub(super) async fn plain(&self, call: &Call<'_>) -> Result<Response, ClientError> {
        let mut backoff = self.backoff();
        loop {
            match self.once(call, None).await {
                Err(error) if error.is_passing() => {
                    if !self.wait(call, &mut backoff, None, &error.reason()).await {
                        return Err(error);
                    }
                }
                done => return done,
            }
        }
    }

    /// Sends a request whose answer has to be a success.
    pub(super) async fn succeed(&self, call: &Call<'_>) -> Result<Response, ClientError> {
        let response = self.send(call).await?;
        if response.status().is_success() { Ok(response) } else { Err(self.refuse(call, response).await) }
    }

    /// The error that a response means.
    pub(super) async fn refuse(&self, call: &Call<'_>, response: Response) -> ClientError {
        let status = response.status().as_u16();
        let wait = retry::asked(response.headers());
        let body = tokio::time::timeout(self.config.stall, body(response, BODY_BYTES)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        let shown = self.authorizer.shown(call.endpoint, call.scope).await;
        Refusal::new(call.endpoint, call.what, status, &body).with_credentials(shown).with_wait(wait).into()
    }

    pub(super) fn asking<'a>(&'a self, call: &'a Call<'a>) -> Asking<'a> {
        Asking {
            endpoint: call.endpoint,
            connections: &self.connections,
            keychain: &self.config.keychain,
            in_clear: call.url.scheme() == "http",
            what: call.what,
        }
    }

    /// Credentials go to the registry alone, wherever it sends its clients.
    fn same_place(&self, call: &Call<'_>) -> bool {
        let scheme = if call.url.scheme() == "http" { Scheme::Http } else { Scheme::Https };
        let known = call.endpoint.scheme.or_else(|| {
            self.schemes
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .get(&call.endpoint.authority)
                .copied()
        });
        call.endpoint.base(scheme).is_ok_and(|base| {
            base.origin() == call.url.origin() && (known != Some(Scheme::Https) || scheme == Scheme::Https)
        })
    }

    async fn once(&self, call: &Call<'_>, header: Option<&HeaderValue>) -> Result<Response, ClientError> {
        let http = self.connections.to(&call.url, call.endpoint.lax)?;
        let mut request = http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header.clone());
        }
        if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            request = request.header(CONTENT_LENGTH, call.payload.len()).body(call.payload.to_body());
        }
        let sending = request.send();
        let sent = match &call.payload {
            Payload::File(part) => {
                let taken = || part.taken.load(Ordering::Relaxed);
                self.watched(call, sending, taken).await?
            }
            _ => self.in_time(call, sending).await?,
        };
        sent.map_err(|error| call.lost(&error))
    }

    /// A wait that ends when nothing comes for too long.
    pub(super) async fn in_time<T>(&self, call: &Call<'_>, waiting: impl Future<Output = T>) -> Result<T, ClientError> {
        tokio::time::timeout(self.config.stall, waiting).await.map_err(|_| self.stalled(call))
    }

    fn stalled(&self, call: &Call<'_>) -> ClientError {
        ClientError::Stalled { registry: call.endpoint.shown(), what: call.what.to_owned(), after: self.config.stall }
    }

    /// A long upload: it may take any time as long as it goes on.
    async fn watched<T>(
        &self,
        call: &Call<'_>,
        sending: impl Future<Output = T>,
        taken: impl Fn() -> u64,
    ) -> Result<T, ClientError> {
        tokio::pin!(sending);
        let mut ticks = tokio::time::interval(Duration::from_millis(100).min(self.config.stall));
        let (mut last, mut since) = (taken(), Instant::now());
        loop {
            tokio::select! {
                sent = &mut sending => return Ok(sent),
                _ = ticks.tick() => {
                    let now = taken();
                    if now != last {
                        (last, since) = (now, Instant::now());
                        if let Some(advanced) = call.advanced {
                            advanced(now);
                        }
                    } else if since.elapsed() > self.config.stall {
                        return Err(self.stalled(call));
                    }
                }
            }
        }
    }
}

/// A response's body, as far as `limit`.
pub(super) async fn body(mut response: Response, limit: usize) -> Result<Bytes, reqwest::Error> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == limit {
            break;
        }
    }
    Ok(body.freeze())
}
