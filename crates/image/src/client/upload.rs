//! One blob from the store to a registry: not at all when it is there, by mount when another repository has it, else in one
//! request or in pieces, continued where a connection broke.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE};
use reqwest::{Method, Response, StatusCode, Url};

use super::ClientError;
use super::authorizer::Scope;
use super::body::{Part, Payload};
use super::endpoint::Endpoint;
use super::progress::{Event, Outcome, Progress};
use super::retry;
use super::transport::{Call, Transport};
use crate::Digest;

/// The size of pieces for registries that refuse a whole blob as too large.
const PIECE: u64 = 32 << 20;

/// The smallest pieces that are tried where connections break: registries over S3 can store no smaller ones.
const LEAST: u64 = 5 << 20;

/// What is uploaded where.
pub(super) struct Upload<'a> {
    pub(super) transport: &'a Transport,
    pub(super) endpoint: &'a Endpoint,
    /// As it is called over there.
    pub(super) repository: &'a str,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) path: PathBuf,
    /// Repositories of the same registry that may have the blob.
    pub(super) mounts: Vec<String>,
    pub(super) progress: &'a dyn Progress,
}

/// How far an upload is.
struct At {
    location: Url,
    offset: u64,
}

enum Begun {
    Mounted,
    At(At),
}

enum Step {
    Done,
    Further(At),
    /// The same may work a little later, or from another place.
    Again(ClientError, Option<std::time::Duration>),
    /// Too much for one request.
    TooLarge(ClientError),
}

impl Upload<'_> {
    pub(super) async fn run(&self) -> Result<Outcome, ClientError> {
        let (digest, size) = (self.digest, self.size);
        self.progress.event(Event::Started { digest: &digest, size });
        let outcome = self.send().await?;
        self.progress.event(Event::Finished { digest: &digest, size, outcome });
        Ok(outcome)
    }

    async fn send(&self) -> Result<Outcome, ClientError> {
        let what = format!("push blob {} to {}", self.digest, self.repository);
        let scope = Scope::push(self.repository);
        let mut backoff = self.transport.backoff();
        let mut piece = self.transport.config().chunk;
        let mut mounts = self.mounts.as_slice();
        'anew: loop {
            if self.is_there(&what).await? {
                return Ok(Outcome::Present);
            }
            let mut at = match self.begin(&what, std::mem::take(&mut mounts)).await? {
                Begun::Mounted => return Ok(Outcome::Mounted),
                Begun::At(at) => at,
            };
            loop {
                let advanced = |bytes| {
                    self.progress.event(Event::Advanced { digest: &self.digest, bytes, size: self.size });
                };
                let call = Call {
                    repeat: false,
                    advanced: Some(&advanced),
                    ..Call::new(Method::PUT, at.location.clone(), self.endpoint, &scope, &what, self.progress)
                };
                match self.step(call, at.offset, piece).await? {
                    Step::Done => return Ok(Outcome::Moved),
                    Step::Further(further) => {
                        if further.offset > at.offset {
                            backoff.reset();
                        }
                        at = further;
                        advanced(at.offset);
                    }
                    Step::TooLarge(error) => {
                        if piece.is_some_and(|piece| piece <= PIECE) || self.size <= PIECE {
                            return Err(error);
                        }
                        piece = Some(PIECE);
                        continue 'anew;
                    }
                    Step::Again(error, asked) => {
                        let call =
                            Call::new(Method::GET, at.location.clone(), self.endpoint, &scope, &what, self.progress);
                        if !self.transport.wait(&call, &mut backoff, asked, &error.reason()).await {
                            return Err(error);
                        }
                        let Some(further) = self.status(&call).await? else { continue 'anew };
                        if error.is_passing() && further.offset <= at.offset {
                            // It keeps nothing of what breaks off: a connection that does not last for all may last for less.
                            let tried = piece.unwrap_or(self.size).min(self.size - further.offset);
                            piece = Some((tried / 4).max(LEAST));
                        }
                        at = further;
                    }
                }
            }
        }
    }

    async fn is_there(&self, what: &str) -> Result<bool, ClientError> {
        let scope = Scope::push(self.repository);
        let url =
            self.transport.url(self.endpoint, &format!("{}/blobs/{}", self.repository, self.digest), what).await?;
        let call = Call::new(Method::HEAD, url, self.endpoint, &scope, what, self.progress);
        let response = self.transport.send(&call).await?;
        Ok(response.status().is_success())
    }

    async fn begin(&self, what: &str, mounts: &[String]) -> Result<Begun, ClientError> {
        let own = Scope::push(self.repository);
        let url = self.transport.url(self.endpoint, &format!("{}/blobs/uploads/", self.repository), what).await?;
        for from in mounts {
            let scope = own.and_pull(from);
            let mut url = url.clone();
            url.query_pairs_mut().append_pair("mount", &self.digest.to_string()).append_pair("from", from);
            let call = Call::new(Method::POST, url, self.endpoint, &scope, what, self.progress);
            // Whatever keeps it from mounting, the blob can still be sent.
            if let Ok(response) = self.transport.send(&call).await {
                if response.status() == StatusCode::CREATED {
                    return Ok(Begun::Mounted);
                }
                if response.status() == StatusCode::ACCEPTED {
                    return self.location(&call, &response).map(|location| Begun::At(At { location, offset: 0 }));
                }
            }
        }
        let call = Call::new(Method::POST, url, self.endpoint, &own, what, self.progress);
        let response = self.transport.succeed(&call).await?;
        if response.status() == StatusCode::CREATED {
            return Ok(Begun::Mounted);
        }
        self.location(&call, &response).map(|location| Begun::At(At { location, offset: 0 }))
    }

    async fn step(&self, mut call: Call<'_>, offset: u64, piece: Option<u64>) -> Result<Step, ClientError> {
        let rest = self.size.saturating_sub(offset);
        let len = piece.map_or(rest, |piece| rest.min(piece.max(1)));
        let whole = offset == 0 && len == self.size;
        let last = whole || rest == 0;
        call = call.header(CONTENT_TYPE, "application/octet-stream");
        if last {
            call.url.query_pairs_mut().append_pair("digest", &self.digest.to_string());
        } else {
            call.method = Method::PATCH;
            call = call.header(CONTENT_RANGE, &format!("{offset}-{}", offset + len - 1));
        }
        if len > 0 {
            let taken = Arc::new(AtomicU64::new(offset));
            call.payload = Payload::File(Part { path: self.path.clone(), offset, len, taken });
        }
        let response = match self.transport.send(&call).await {
            Ok(response) => response,
            Err(error) if error.is_passing() => return Ok(Step::Again(error, None)),
            Err(error) => return Err(error),
        };
        let status = response.status();
        if status.is_success() {
            if last {
                return Ok(Step::Done);
            }
            let location = self.location(&call, &response)?;
            let next = end_of(&response).unwrap_or(offset + len).min(self.size);
            if next <= offset {
                return Err(call.broken("it took a piece and says that it has nothing of it"));
            }
            return Ok(Step::Further(At { location, offset: next }));
        }
        let asked = retry::asked(response.headers());
        let again = retry::is_passing(status)
            // The place or the offset is not what the registry thinks: it is asked.
            || matches!(status, StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::NOT_FOUND);
        let error = self.transport.refuse(&call, response).await;
        Ok(match status {
            StatusCode::PAYLOAD_TOO_LARGE => Step::TooLarge(error),
            _ if again => Step::Again(error, asked),
            _ => return Err(error),
        })
    }

    /// How much of an upload the registry has; `None` when it knows nothing of it.
    async fn status(&self, call: &Call<'_>) -> Result<Option<At>, ClientError> {
        let response = self.transport.send(call).await?;
        if !response.status().is_success() {
            return Ok(None);
        }
        let location =
            if response.headers().contains_key(LOCATION) { self.location(call, &response)? } else { call.url.clone() };
        Ok(Some(At { location, offset: end_of(&response).unwrap_or(0).min(self.size) }))
    }

    fn location(&self, call: &Call<'_>, response: &Response) -> Result<Url, ClientError> {
        let text = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let url = text.and_then(|text| response.url().join(text).ok());
        let Some(mut url) = url.filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return Err(call.broken("it does not say where to upload to"));
        };
        // A registry behind a proxy that ends TLS may not know that it is spoken to with it.
        if call.url.scheme() == "https" && url.scheme() == "http" && url.host_str() == call.url.host_str() {
            let _ = url.set_scheme("https");
            let _ = url.set_port(call.url.port());
        }
        Ok(url)
    }
}

/// The number of bytes a registry has (`Range: 0-99` are 100). `0-0` is what some say about nothing, too.
fn end_of(response: &Response) -> Option<u64> {
    let text = response.headers().get(RANGE)?.to_str().ok()?;
    let last: u64 = text.trim().trim_start_matches("bytes=").strip_prefix("0-")?.parse().ok()?;
    Some(if last == 0 { 0 } else { last + 1 })
}
