//! Requests to a server's services, repeated while it is away.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Handle;

use crate::disk::blob::Blob;
use crate::{Error, Result};

/// Bytes of one block, and of the largest body that is sent as it is.
const BLOCK: usize = 8 * 1024 * 1024;

/// Waits between attempts, in seconds: a server that is away for a minute is only late.
const WAITS: [u64; 9] = [1, 1, 2, 4, 8, 15, 30, 30, 30];

/// Nothing came for so long: the connection is given up.
const STALL: Duration = Duration::from_secs(60);

/// Must be used on threads that may block, within a tokio runtime.
pub(crate) struct Client {
    http: reqwest::Client,
    /// With a closing slash.
    url: String,
    token: String,
    pub(crate) run_backend_id: String,
    pub(crate) job_backend_id: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Client {
    /// # Errors
    /// A token without the scope that names run and job; no TLS to be had.
    pub(crate) fn new(url: &str, token: &str) -> Result<Client> {
        let (run_backend_id, job_backend_id) =
            scope(token).ok_or_else(|| Error::Server("the runtime token names no run and job".to_owned()))?;
        // Somebody else may have installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).read_timeout(STALL).build();
        Ok(Client {
            http: http.map_err(|error| Error::Server(error.to_string()))?,
            url: format!("{}/", url.trim_end_matches('/')),
            token: token.to_owned(),
            run_backend_id,
            job_backend_id,
        })
    }

    /// A Twirp call.
    pub(crate) fn call(&self, service: &str, method: &str, request: &Value) -> Result<Value> {
        let url = format!("{}twirp/github.actions.results.api.v1.{service}/{method}", self.url);
        let body = request.to_string();
        let answer = self.send(&format!("{service}.{method}"), || {
            self.http
                .request(Method::POST, &url)
                .bearer_auth(&self.token)
                .header("content-type", "application/json")
                .body(body.clone())
        })?;
        let bytes = Handle::current().block_on(answer.bytes()).map_err(|error| broken(method, error))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Server(format!("{method}: {error}")))
    }

    /// Sends content to an address that the server gave.
    pub(crate) fn upload(&self, url: &str, blob: &Blob) -> Result<()> {
        let mut file = File::open(blob.path()).map_err(Error::io(blob.path()))?;
        let mut buffer = Vec::new();
        let read = |file: &mut File, buffer: &mut Vec<u8>| {
            buffer.clear();
            file.take(BLOCK as u64).read_to_end(buffer).map_err(Error::io(blob.path()))
        };
        if blob.size <= BLOCK as u64 {
            read(&mut file, &mut buffer)?;
            let body = bytes::Bytes::from(buffer);
            let put = || self.http.put(url).header("x-ms-blob-type", "BlockBlob").body(body.clone());
            return self.send("upload", put).map(drop);
        }
        let mut list = String::from("<BlockList>");
        for number in 0_u64.. {
            if read(&mut file, &mut buffer)? == 0 {
                break;
            }
            let id = BASE64_STANDARD.encode(format!("block-{number:010}"));
            let body = bytes::Bytes::copy_from_slice(&buffer);
            let target = format!("{url}&comp=block&blockid={}", id.replace('+', "%2B").replace('=', "%3D"));
            self.send("upload", || self.http.put(&target).body(body.clone()))?;
            list.push_str(&format!("<Latest>{id}</Latest>"));
        }
        list.push_str("</BlockList>");
        let target = format!("{url}&comp=blocklist");
        self.send("upload", || self.http.put(&target).body(list.clone())).map(drop)
    }

    /// Writes the content behind an address to `file`.
    pub(crate) fn download(&self, url: &str, file: &File) -> Result<()> {
        let mut last = None;
        for _ in 0..3 {
            file.set_len(0).and_then(|()| { &*file }.rewind()).map_err(Error::io(Path::new("download")))?;
            let response = self.send("download", || self.http.get(url))?;
            let copied = Handle::current().block_on(async {
                let mut stream = response.bytes_stream();
                while let Some(piece) = stream.next().await {
                    let piece = piece.map_err(|error| broken("download", error))?;
                    { file }.write_all(&piece).map_err(Error::io(Path::new("download")))?;
                }
                Ok(())
            });
            match copied {
                Err(error @ Error::Server(_)) => last = Some(error),
                done => return done,
            }
        }
        Err(last.unwrap_or_else(|| Error::Server("download".to_owned())))
    }

    /// Repeats while the server is away or asks for patience; the last answer decides.
    fn send(&self, what: &str, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Response> {
        let handle = Handle::current();
        let mut waits = WAITS.iter();
        loop {
            let failure = match handle.block_on(request().send()) {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) if passing(response.status()) => Error::Server(format!("{what}: {}", response.status())),
                Ok(response) => return Err(handle.block_on(refused(what, response))),
                Err(error) => broken(what, error),
            };
            let Some(seconds) = waits.next() else { return Err(failure) };
            handle.block_on(tokio::time::sleep(Duration::from_secs(*seconds)));
        }
    }
}

fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// The innermost reason says the most; addresses hold signatures and stay out.
fn broken(what: &str, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    Error::Server(format!("{what}: the server cannot be reached: {reason}"))
}

async fn refused(what: &str, response: Response) -> Error {
    let status = response.status();
    let body: Value =
        response.bytes().await.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let word = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let message = word("msg");
    let message = if message.is_empty() { format!("{what}: {status}") } else { message };
    Error::Refused { code: word("code"), message }
}

/// Run and job of a runtime token, as GitHub's clients find them: the scope `Actions.Results:<run>:<job>`.
fn scope(token: &str) -> Option<(String, String)> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims["scp"].as_str()?.split(' ').find_map(|scope| {
        let (run, job) = scope.strip_prefix("Actions.Results:")?.split_once(':')?;
        Some((run.to_owned(), job.to_owned()))
    })
}
