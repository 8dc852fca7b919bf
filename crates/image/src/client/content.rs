//! Manifests as they come from a registry, checked against what they should be.

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use reqwest::{Method, Response, StatusCode};
use tokio::sync::mpsc;

use super::authorizer::Scope;
use super::download::Download;
use super::endpoint::Endpoint;
use super::progress::{Progress, Silent};
use super::transport::{Call, Transport, body};
use super::{Client, ClientError};
use crate::manifest::{self, Descriptor, Document};
use crate::{Digest, Reference, media_type};

pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A manifest or an index with the bytes that have its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub descriptor: Descriptor,
    pub bytes: Bytes,
}

impl Fetched {
    /// What the bytes say.
    ///
    /// # Errors
    /// When they are no manifest and no index.
    pub fn document(&self) -> crate::Result<Document> {
        Document::parse(&self.descriptor.digest, &self.descriptor.media_type, &self.bytes)
    }
}

impl Client {
    /// What a name means at its registry, without getting it.
    ///
    /// # Errors
    /// As [`Client::manifest`].
    pub async fn resolve(&self, reference: &Reference) -> Result<Descriptor, ClientError> {
        let mut last = None;
        for endpoint in self.transport.config().routes.sources(reference.domain())? {
            match head(&self.transport, &endpoint, reference).await {
                Ok(Some(descriptor)) => return Ok(descriptor),
                // Some registries do not answer this question whole.
                Ok(None) => match get(&self.transport, &endpoint, reference, &Silent).await {
                    Ok(fetched) => return Ok(fetched.descriptor),
                    Err(error) => last = Some(error),
                },
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Address { address: reference.domain().to_owned() }))
    }

    /// A manifest or an index, with its digest checked.
    ///
    /// # Errors
    /// A registry that cannot be reached, refuses, or answers with something else.
    pub async fn manifest(&self, reference: &Reference) -> Result<Fetched, ClientError> {
        let mut last = None;
        for endpoint in self.transport.config().routes.sources(reference.domain())? {
            match get(&self.transport, &endpoint, reference, &Silent).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Address { address: reference.domain().to_owned() }))
    }

    /// Brings one blob of a repository into a store, unless it is there.
    ///
    /// # Errors
    /// As [`Client::manifest`]; the blob is there whole and checked, or not at all.
    pub async fn blob(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        blobs: &blob::Store,
        progress: &dyn Progress,
    ) -> Result<(), ClientError> {
        let mut last = None;
        for endpoint in self.transport.config().routes.sources(reference.domain())? {
            let download = Download {
                transport: &self.transport,
                endpoint: &endpoint,
                repository: &endpoint.repository(reference.path()),
                digest: descriptor.digest,
                size: descriptor.size,
                blobs,
                progress,
                busy: mpsc::channel(1).0,
            };
            match download.run().await {
                Ok(_) => return Ok(()),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ClientError::Address { address: reference.domain().to_owned() }))
    }
}

/// Asks for a manifest's head. `None` when the answer is not enough to know it.
pub(super) async fn head(
    transport: &Transport,
    endpoint: &Endpoint,
    reference: &Reference,
) -> Result<Option<Descriptor>, ClientError> {
    let what = format!("find {}", shown(reference));
    let repository = endpoint.repository(reference.path());
    let scope = Scope::pull(&repository);
    let url = transport.url(endpoint, &format!("{repository}/manifests/{}", reference.selector()), &what).await?;
    let call = Call::new(Method::HEAD, url, endpoint, &scope, &what, &Silent).header(ACCEPT, &accepted());
    let response = transport.send(&call).await?;
    if matches!(response.status(), StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) {
        return Ok(None);
    }
    if !response.status().is_success() {
        return Err(transport.refuse(&call, response).await);
    }
    let size = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let digest = said_digest(&call, &response)?.or(reference.digest().copied());
    Ok(match (digest, size) {
        (Some(digest), Some(size)) => {
            if let Some(expected) = reference.digest().filter(|expected| **expected != digest) {
                return Err(wrong(endpoint, reference, *expected, digest));
            }
            Some(Descriptor::new(&content_type(&response), digest, size))
        }
        _ => None,
    })
}

/// Gets a manifest.
pub(super) async fn get(
    transport: &Transport,
    endpoint: &Endpoint,
    reference: &Reference,
    progress: &dyn Progress,
) -> Result<Fetched, ClientError> {
    let what = format!("pull {}", shown(reference));
    let repository = endpoint.repository(reference.path());
    let scope = Scope::pull(&repository);
    let url = transport.url(endpoint, &format!("{repository}/manifests/{}", reference.selector()), &what).await?;
    let call = Call::new(Method::GET, url, endpoint, &scope, &what, progress).header(ACCEPT, &accepted());
    let mut backoff = transport.backoff();
    loop {
        let response = transport.succeed(&call).await?;
        let (said, given) = (said_digest(&call, &response)?, content_type(&response));
        let limit = usize::try_from(manifest::LARGEST).unwrap_or(usize::MAX) + 1;
        let read = transport.in_time(&call, body(response, limit)).await;
        let bytes = match read.and_then(|read| read.map_err(|error| call.lost(&error))) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.is_passing() && transport.wait(&call, &mut backoff, None, &error.to_string()).await {
                    continue;
                }
                return Err(error);
            }
        };
        if bytes.len() == limit {
            return Err(call.broken(format!("its manifest has more than {} bytes", manifest::LARGEST)));
        }
        let expected = reference.digest().copied().or(said);
        let digest = Digest::with(expected.map_or(blob::Algorithm::Sha256, |digest| digest.algorithm()), &bytes);
        if let Some(expected) = expected.filter(|expected| *expected != digest) {
            return Err(wrong(endpoint, reference, expected, digest));
        }
        let document = Document::parse(&digest, &given, &bytes)?;
        let descriptor = Descriptor::new(document.media_type(), digest, bytes.len() as u64);
        return Ok(Fetched { descriptor, bytes });
    }
}

fn wrong(endpoint: &Endpoint, reference: &Reference, expected: Digest, found: Digest) -> ClientError {
    let object = format!("the manifest of {}", shown(reference));
    ClientError::WrongContent { registry: endpoint.shown(), object, expected, found }
}

fn said_digest(call: &Call<'_>, response: &Response) -> Result<Option<Digest>, ClientError> {
    let Some(value) = response.headers().get(CONTENT_DIGEST) else { return Ok(None) };
    let digest = value.to_str().ok().and_then(|text| text.parse().ok());
    digest.map(Some).ok_or_else(|| call.broken("its Docker-Content-Digest is no digest"))
}

/// The media type a header gives, when it is one of a manifest; servers of plain files say nothing useful.
fn content_type(response: &Response) -> String {
    let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = media_type::essence(given);
    if media_type::MANIFESTS.contains(&given) { given.to_owned() } else { String::new() }
}

pub(super) fn accepted() -> String {
    let mut accepted = media_type::MANIFESTS.join(", ");
    accepted.push_str(", */*;q=0.1");
    accepted
}

/// `owner/app:1`, without the registry, which stands before it in messages.
pub(super) fn shown(reference: &Reference) -> String {
    match (reference.tag(), reference.digest()) {
        (_, Some(digest)) => format!("{}@{digest}", reference.path()),
        (tag, None) => format!("{}:{}", reference.path(), tag.unwrap_or("latest")),
    }
}
