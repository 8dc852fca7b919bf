//! Images of other registries, fetched when they are asked for and kept.
//!
//! Manifests by digest and blobs are fetched once. What a tag means is asked again when the answer is no longer fresh; while
//! the upstream cannot be asked, the old answer stands.

mod fetches;
mod following;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use blob::Digest;
use image::Reference;
use image::client::{Client, ClientError, RefusalCode};

use crate::http::{Call, find};
use crate::manifest::Manifest;
use crate::metrics::CacheResult;
use crate::name::{Repository, Tag, Target};
use crate::problem::Problem;
use crate::storage::Stored;
use crate::{Config, Error, Registry, Upstream};

use fetches::Fetches;

/// What is needed to ask upstreams.
#[derive(Debug)]
pub(crate) struct Cache {
    client: Client,
    fetches: Arc<Fetches>,
}

impl Cache {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let client = Client::new(config.client.clone()).map_err(|error| Error::Config(error.to_string()))?;
        Ok(Self { client, fetches: Arc::default() })
    }
}

/// How a repository is called at its upstream.
fn reference(name: &Repository, upstream: &Upstream, target: &Target) -> Result<Reference, Problem> {
    let path = name.as_str().strip_prefix(&upstream.prefix).unwrap_or_default();
    let text = match target {
        Target::Tag(tag) => format!("{}{path}:{tag}", upstream.host),
        Target::Digest(digest) => format!("{}{path}@{digest}", upstream.host),
    };
    Reference::parse(&text).map_err(|error| Problem::name_invalid(error.to_string()))
}

/// A manifest of a repository that belongs to an upstream.
pub(crate) async fn manifest(
    call: &Call,
    name: &Repository,
    target: &Target,
    upstream: &Upstream,
) -> Result<Option<Stored>, Problem> {
    let registry = &call.registry;
    let (repository, wanted, fresh) = (name.clone(), target.clone(), upstream.fresh);
    let (known, is_fresh) = registry
        .blocking(move |storage| {
            let known = find(storage, &repository, &wanted)?;
            let is_fresh = match &wanted {
                Target::Digest(_) => true,
                Target::Tag(tag) => storage.tag_age(&repository, tag)?.is_some_and(|age| age < fresh),
            };
            Ok((known, is_fresh))
        })
        .await?;
    if is_fresh && known.is_some() {
        registry.metrics().cached(CacheResult::Hit);
        return Ok(known);
    }
    match ask(registry, name, target, upstream, known.as_ref()).await {
        Ok(found) => Ok(Some(found)),
        Err(Asked::Problem(problem)) => Err(problem),
        Err(Asked::Upstream(error)) if is_unknown(&error) => Ok(None),
        Err(Asked::Upstream(error)) => match known {
            Some(known) => {
                registry.metrics().cached(CacheResult::Stale);
                Ok(Some(known))
            }
            None => Err(upstream_failed(&error)),
        },
    }
}

enum Asked {
    Upstream(ClientError),
    Problem(Problem),
}

impl From<Problem> for Asked {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ClientError> for Asked {
    fn from(error: ClientError) -> Self {
        Self::Upstream(error)
    }
}

async fn ask(
    registry: &Registry,
    name: &Repository,
    target: &Target,
    upstream: &Upstream,
    known: Option<&Stored>,
) -> Result<Stored, Asked> {
    let wanted = reference(name, upstream, target)?;
    let client = &registry.cache().client;
    if let (Target::Tag(tag), Some(known)) = (target, known)
        && client.resolve(&wanted).await?.digest == known.digest
    {
        registry.metrics().cached(CacheResult::Hit);
        confirm(registry, name, tag, known.digest).await?;
        return Ok(known.clone());
    }
    registry.metrics().cached(CacheResult::Miss);
    let fetched = client.manifest(&wanted).await?;
    let (digest, media_type) = (fetched.descriptor.digest, fetched.descriptor.media_type.clone());
    let manifest = Manifest::parse(&fetched.bytes, Some(&media_type)).map_err(|error| {
        Problem::new(StatusCode::BAD_GATEWAY, "MANIFEST_INVALID", format!("{}: {error}", upstream.host))
    })?;
    let tags: Vec<Tag> = match target {
        Target::Tag(tag) => vec![tag.clone()],
        Target::Digest(_) => Vec::new(),
    };
    let repository = name.clone();
    let stored = Stored { digest, media_type, content: fetched.bytes.to_vec() };
    let content = stored.content.clone();
    registry
        .blocking(move |storage| storage.put_manifest(&repository, &digest, &manifest, &content, &tags, false))
        .await
        .map_err(Problem::from)?;
    Ok(stored)
}

/// The tag still means what it meant.
async fn confirm(registry: &Registry, name: &Repository, tag: &Tag, digest: Digest) -> Result<(), Problem> {
    let (name, tag) = (name.clone(), tag.clone());
    Ok(registry.blocking(move |storage| storage.set_tag(&name, &tag, &digest)).await?)
}

fn is_unknown(error: &ClientError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.code == RefusalCode::Unknown)
}

fn upstream_failed(error: &ClientError) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "UNKNOWN", format!("the upstream registry failed: {error}"))
}

/// A blob that is not here yet: sent to the client while it arrives.
pub(crate) async fn blob(
    call: &Call,
    name: &Repository,
    digest: &Digest,
    upstream: &Upstream,
) -> Result<Response, Problem> {
    let (repository, wanted) = (name.clone(), *digest);
    // Without a manifest that says so, the blob is none of this repository's.
    let size = call.registry.blocking(move |storage| storage.size_in_manifests(&repository, &wanted)).await?;
    let size = size.ok_or_else(|| Problem::blob_unknown(digest))?;
    let body = if call.method == Method::HEAD {
        Body::empty()
    } else {
        call.registry.metrics().cached(CacheResult::Miss);
        let from = reference(name, upstream, &Target::Digest(*digest))?;
        let cache = call.registry.cache();
        let mut fetch = cache.fetches.join(&call.registry, &cache.client, name, &from, *digest, size);
        fetch.begun().await?;
        call.registry.metrics().sent(size);
        following::body(fetch, call.registry.blobs().clone(), *digest, size)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    if let Ok(digest) = HeaderValue::from_str(&digest.to_string()) {
        headers.insert("docker-content-digest", digest);
    }
    Ok(response)
}
