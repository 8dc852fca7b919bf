//! The runner protocol, asked.

mod failure;

use std::sync::Arc;
use std::time::Duration;

use api::wire::{
    Claim, Events, EventsStored, Finish, Heartbeat, Hello, JobSpec, LogStored, Orders, Progress, ROOT, Registered,
    Registration, Secret, Settings,
};
use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use failure::Failure;

use crate::AgentError;

/// How long a server may take for an answer that it does not hold back on purpose.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pieces of a log from this size on are squeezed.
const SQUEEZED: usize = 1024;

/// One server, and who this runner is to it. Clones share connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    /// With [`ROOT`], without a closing slash.
    root: Arc<str>,
    secret: Secret,
}

/// A job and the number of its claim: what every word about it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) job: i64,
    pub(crate) fence: i64,
}

impl Client {
    pub(crate) fn new(server: &str, secret: Secret) -> Result<Self, AgentError> {
        let wrong = |reason: &str| AgentError::Address { url: server.to_owned(), reason: reason.to_owned() };
        if !server.starts_with("http://") && !server.starts_with("https://") {
            return Err(wrong("it begins with http:// or https://"));
        }
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .build()
            .map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { http, root: format!("{}{ROOT}", server.trim_end_matches('/')).into(), secret })
    }

    pub(crate) fn with_secret(&self, secret: Secret) -> Self {
        Self { secret, ..self.clone() }
    }

    pub(crate) async fn register(&self, registration: &Registration) -> Result<Registered, Failure> {
        self.ask(Method::POST, "register", Some(registration), PATIENCE).await
    }

    pub(crate) async fn hello(&self, hello: &Hello) -> Result<Settings, Failure> {
        self.ask(Method::POST, "hello", Some(hello), PATIENCE).await
    }

    /// Waits for a job, at most [`api::wire::LONGEST_WAIT`] seconds; `None` when there was none.
    pub(crate) async fn claim(&self, claim: &Claim, wait: u64) -> Result<Option<JobSpec>, Failure> {
        let path = format!("claim?wait={wait}");
        let answer = self.send(Method::POST, &path, json(claim)?, Duration::from_secs(wait) + PATIENCE).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read(answer).await.map(Some)
    }

    pub(crate) async fn heartbeat(&self, held: Held, knows: Orders, wait: Duration) -> Result<Orders, Failure> {
        let path = format!("{}/heartbeat?wait={}", held.path(), wait.as_secs());
        self.ask(Method::POST, &path, Some(&Heartbeat { knows }), wait + Duration::from_secs(10)).await
    }

    pub(crate) async fn events(&self, held: Held, events: &Events) -> Result<EventsStored, Failure> {
        self.ask(Method::POST, &format!("{}/events", held.path()), Some(events), PATIENCE).await
    }

    pub(crate) async fn progress(&self, held: Held) -> Result<Progress, Failure> {
        self.ask(Method::GET, &format!("{}/progress", held.path()), None::<&()>, PATIENCE).await
    }

    /// Bytes of the log stream from `offset` on.
    pub(crate) async fn log(&self, held: Held, offset: u64, bytes: &[u8]) -> Result<LogStored, Failure> {
        let path = format!("{}/log?offset={offset}", held.path());
        let squeezed = (bytes.len() >= SQUEEZED).then(|| zstd::bulk::compress(bytes, 1)).and_then(Result::ok);
        let body = match squeezed {
            Some(squeezed) => Body { kind: "application/octet-stream", encoding: Some("zstd"), bytes: squeezed.into() },
            None => Body { kind: "application/octet-stream", encoding: None, bytes: Bytes::copy_from_slice(bytes) },
        };
        read(self.send(Method::PUT, &path, Some(body), PATIENCE).await?).await
    }

    pub(crate) async fn finish(&self, held: Held, finish: &Finish) -> Result<(), Failure> {
        self.send(Method::POST, &format!("{}/finish", held.path()), json(finish)?, PATIENCE).await.map(drop)
    }

    pub(crate) async fn drain(&self) -> Result<(), Failure> {
        self.send(Method::POST, "drain", None, PATIENCE).await.map(drop)
    }

    /// Forgets this runner.
    pub(crate) async fn leave(&self) -> Result<(), Failure> {
        self.send(Method::DELETE, "runner", None, PATIENCE).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        patience: Duration,
    ) -> Result<T, Failure> {
        let body = body.map(json).transpose()?.flatten();
        read(self.send(method, path, body, patience).await?).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Body>,
        patience: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let url = format!("{}/{path}", self.root);
        let mut request = self.http.request(method, url).bearer_auth(self.secret.expose()).timeout(patience);
        if let Some(body) = body {
            request = request.header("content-type", body.kind).body(body.bytes);
            if let Some(encoding) = body.encoding {
                request = request.header("content-encoding", encoding);
            }
        }
        let answer = request.send().await.map_err(Failure::away)?;
        if answer.status().is_success() { Ok(answer) } else { Err(Failure::of(answer).await) }
    }
}

impl Held {
    fn path(self) -> String {
        format!("jobs/{}/{}", self.job, self.fence)
    }
}

struct Body {
    kind: &'static str,
    encoding: Option<&'static str>,
    bytes: Bytes,
}

fn json(value: &impl Serialize) -> Result<Option<Body>, Failure> {
    let bytes = serde_json::to_vec(value).map_err(|error| Failure::Strange(error.to_string()))?;
    Ok(Some(Body { kind: "application/json", encoding: None, bytes: bytes.into() }))
}

async fn read<T: DeserializeOwned>(answer: reqwest::Response) -> Result<T, Failure> {
    let bytes = answer.bytes().await.map_err(Failure::away)?;
    // Without the value: it may hold secrets.
    serde_json::from_slice(&bytes).map_err(|error| {
        Failure::Strange(format!(
            "the server's answer is not understood (line {} column {})",
            error.line(),
            error.column()
        ))
    })
}
