//! One blob from a registry to the store. A stream that breaks is continued where it broke, also by a later process.

use std::convert::Infallible;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::sync::mpsc;

use super::ClientError;
use super::authorizer::Scope;
use super::endpoint::Endpoint;
use super::progress::{Event, Outcome, Progress};
use super::transport::{Call, Transport};
use crate::Digest;

/// Pieces between the network and the disk.
const QUEUE: usize = 16;

/// Less than this is not worth keeping.
const WORTH_KEEPING: u64 = 1 << 20;

/// What is downloaded from where.
pub(super) struct Download<'a> {
    pub(super) transport: &'a Transport,
    pub(super) endpoint: &'a Endpoint,
    /// As it is called over there.
    pub(super) repository: &'a str,
    pub(super) digest: Digest,
    pub(super) size: u64,
    pub(super) blobs: &'a blob::Store,
    pub(super) progress: &'a dyn Progress,
    /// Held by the threads that write, so that it can be waited for their end.
    pub(super) busy: mpsc::Sender<Infallible>,
}

impl Download<'_> {
    /// Leaves the blob in the store, whole and checked.
    pub(super) async fn run(&self) -> Result<Outcome, ClientError> {
        let (digest, size) = (self.digest, self.size);
        self.progress.event(Event::Started { digest: &digest, size });
        let blobs = self.blobs.clone();
        let outcome = if blocking(move || blobs.hold(&digest)).await? {
            Outcome::Present
        } else {
            self.fetch().await?;
            Outcome::Moved
        };
        self.progress.event(Event::Finished { digest: &digest, size, outcome });
        Ok(outcome)
    }

    async fn fetch(&self) -> Result<(), ClientError> {
        let what = format!("get blob {} of {}", self.digest, self.repository);
        let scope = Scope::pull(self.repository);
        let path = format!("{}/blobs/{}", self.repository, self.digest);
        let url = self.transport.url(self.endpoint, &path, &what).await?;
        // Content that was kept from an earlier time may be wrong where new content would be right.
        for may_continue in [true, false] {
            let sink = self.open(may_continue).await?;
            let continued = sink.at > 0;
            let call = Call::new(Method::GET, url.clone(), self.endpoint, &scope, &what, self.progress);
            match self.fill(sink, call).await {
                Err(ClientError::WrongContent { .. }) if continued => {}
                done => return done,
            }
        }
        Ok(())
    }

    async fn open(&self, may_continue: bool) -> Result<Sink, ClientError> {
        let (blobs, digest, size, busy) = (self.blobs.clone(), self.digest, self.size, self.busy.clone());
        let (target, at) = blocking(move || match blobs.upload(&partial_name(&digest)) {
            Ok(mut upload) => {
                if !may_continue || upload.len() > size {
                    upload.truncate(0)?;
                }
                upload.expect_algorithm(digest.algorithm());
                let at = upload.len();
                Ok((Target::Upload(upload, blobs), at))
            }
            Err(blob::Error::UploadInUse(_) | blob::Error::UnknownUpload(_)) => {
                Ok((Target::Writer(blobs.writer_with(digest.algorithm())?), 0))
            }
            Err(error) => Err(error),
        })
        .await?;
        let (orders, queue) = mpsc::channel(QUEUE);
        let thread = tokio::task::spawn_blocking(move || {
            let _busy = busy;
            target.follow(queue, &digest)
        });
        Ok(Sink { orders: Some(orders), thread, at })
    }

    async fn fill(&self, mut sink: Sink, mut call: Call<'_>) -> Result<(), ClientError> {
        let mut backoff = self.transport.backoff();
        // As the blob is: encodings would make its bytes others.
        call = call.header(ACCEPT_ENCODING, "identity");
        while sink.at < self.size {
            call.headers.remove(RANGE);
            if sink.at > 0 {
                let range = format!("bytes={}-", sink.at);
                call = call.header(RANGE, &range);
            }
            let response = self.transport.send(&call).await?;
            let skip = match response.status() {
                StatusCode::OK => sink.at,
                StatusCode::PARTIAL_CONTENT => {
                    let from = start_of(&response).filter(|from| *from <= sink.at);
                    let Some(from) = from else {
                        return Err(call.broken("it answers with another range than the one that was asked for"));
                    };
                    sink.at - from
                }
                _ => return Err(self.transport.refuse(&call, response).await),
            };
            let before = sink.at;
            match self.stream(&mut sink, &call, response, skip).await {
                Ok(()) => {}
                Err(error) if error.is_passing() => {
                    if sink.at > before {
                        backoff.reset();
                    }
                    if !self.transport.wait(&call, &mut backoff, None, &error.reason()).await {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        match sink.commit().await {
            Err(ClientError::Image(error)) => match *error {
                crate::Error::Blob(blob::Error::Mismatch { expected, found }) => Err(ClientError::WrongContent {
                    registry: self.endpoint.shown(),
                    object: format!("a blob of {}", self.repository),
                    expected,
                    found,
                }),
                other => Err(other.into()),
            },
            other => other,
        }
    }

    /// Moves what a response brings. Ends well only when everything is there.
    async fn stream(
        &self,
        sink: &mut Sink,
        call: &Call<'_>,
        mut response: Response,
        skip: u64,
    ) -> Result<(), ClientError> {
        let mut skip = skip;
        loop {
            let next = self.transport.in_time(call, response.chunk()).await?;
            let Some(mut chunk) = next.map_err(|error| call.lost(&error))? else {
                break;
            };
            let passed = skip.min(chunk.len() as u64);
            skip -= passed;
            let chunk = chunk.split_off(usize::try_from(passed).unwrap_or(usize::MAX));
            if chunk.len() as u64 > self.size - sink.at {
                let reason = format!("there are more bytes than the {} its manifest says", self.size);
                sink.discard().await;
                return Err(self.wrong_size(reason));
            }
            sink.write(chunk).await?;
            self.progress.event(Event::Advanced { digest: &self.digest, bytes: sink.at, size: self.size });
        }
        if sink.at == self.size {
            return Ok(());
        }
        // The response ended in good order, and still something is missing.
        let reason = format!("there are {} bytes, its manifest says {}", sink.at, self.size);
        sink.discard().await;
        Err(self.wrong_size(reason))
    }

    fn wrong_size(&self, reason: String) -> ClientError {
        let object = format!("blob {} of {}", self.digest, self.repository);
        ClientError::WrongSize { registry: self.endpoint.shown(), object, reason }
    }
}

/// The first byte of a partial answer (`Content-Range: bytes 5-9/10`).
fn start_of(response: &Response) -> Option<u64> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    text.trim().strip_prefix("bytes")?.trim_start().split('-').next()?.parse().ok()
}

/// A blob on its way into the store: a thread that writes and hashes while the next bytes come.
struct Sink {
    orders: Option<mpsc::Sender<Order>>,
    thread: tokio::task::JoinHandle<Result<(), blob::Error>>,
    /// Bytes handed over, with those that were there before.
    at: u64,
}

enum Order {
    Write(bytes::Bytes),
    Commit,
    Discard,
}

/// Where the bytes go: a file that outlives this process, or one that does not when another process fills the former.
enum Target {
    Upload(blob::Upload, blob::Store),
    Writer(blob::Writer),
}

impl Sink {
    async fn write(&mut self, bytes: bytes::Bytes) -> Result<(), ClientError> {
        let len = bytes.len() as u64;
        self.order(Order::Write(bytes)).await?;
        self.at += len;
        Ok(())
    }

    async fn order(&mut self, order: Order) -> Result<(), ClientError> {
        if let Some(orders) = &self.orders
            && orders.send(order).await.is_ok()
        {
            return Ok(());
        }
        // The thread ended early: it says why.
        self.orders = None;
        self.join().await
    }

    async fn join(&mut self) -> Result<(), ClientError> {
        match (&mut self.thread).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(crate::Error::invalid("the store", "a thread that wrote to it was ended").into()),
        }
    }

    async fn commit(mut self) -> Result<(), ClientError> {
        self.order(Order::Commit).await?;
        self.orders = None;
        self.join().await
    }

    async fn discard(&mut self) {
        let _ = self.order(Order::Discard).await;
        self.orders = None;
        let _ = self.join().await;
    }
}

impl Target {
    fn follow(mut self, mut queue: mpsc::Receiver<Order>, digest: &Digest) -> Result<(), blob::Error> {
        while let Some(order) = queue.blocking_recv() {
            match (order, &mut self) {
                (Order::Write(bytes), Self::Upload(upload, _)) => upload.append(&bytes)?,
                (Order::Write(bytes), Self::Writer(writer)) => writer.append(&bytes)?,
                (Order::Discard, _) => return self.discard(),
                (Order::Commit, _) => return self.commit(digest),
            }
        }
        // Given up in between: by an error or since nobody waits any more.
        match self {
            Self::Upload(upload, _) if upload.len() >= WORTH_KEEPING => upload.sync(),
            other => other.discard(),
        }
    }

    fn commit(self, digest: &Digest) -> Result<(), blob::Error> {
        match self {
            Self::Writer(writer) => writer.commit(Some(digest)).map(drop),
            Self::Upload(upload, store) => {
                let id = upload.id().to_owned();
                let done = upload.commit(Some(digest));
                if matches!(done, Err(blob::Error::Mismatch { .. })) {
                    // Wrong bytes are nothing to continue.
                    store.existing_upload(&id)?.cancel()?;
                }
                done.map(drop)
            }
        }
    }

    fn discard(self) -> Result<(), blob::Error> {
        match self {
            Self::Upload(upload, _) => upload.cancel(),
            Self::Writer(_) => Ok(()),
        }
    }
}

/// The name of a blob's upload in its store while it is downloaded, the same for every try. Names have at most 128 characters.
pub fn partial_name(digest: &Digest) -> String {
    format!("pull-{}-{:.64}", digest.algorithm().name(), digest.hex())
}

/// Runs what blocks where it may.
pub(super) async fn blocking<T: Send + 'static, E: Into<ClientError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, ClientError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(crate::Error::invalid("the store", "a thread that used it was ended").into()),
    }
}
