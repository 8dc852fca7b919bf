use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use blob::Digest;
use http_body_util::BodyExt as _;
use serde_json::json;

use super::blobs::{is_known, value};
use super::dispatch::Call;
use crate::cache;
use crate::manifest::{DOCKER_MANIFEST, Manifest, OCI_MANIFEST};
use crate::name::{Repository, Tag, Target};
use crate::problem::Problem;
use crate::storage::{Put, Storage, Stored};

/// `GET` and `HEAD /v2/<name>/manifests/<tag or digest>`
pub(crate) async fn get(call: Call, name: Repository, target: Target) -> Result<Response, Problem> {
    let mut stored = match call.registry.upstream_of(&name).cloned() {
        Some(upstream) => cache::manifest(&call, &name, &target, &upstream).await?,
        None => {
            let (repository, target) = (name.clone(), target.clone());
            call.registry.blocking(move |storage| find(storage, &repository, &target)).await?
        }
    };
    if let (Some(found), Target::Tag(_)) = (&stored, &target)
        && Manifest::is_index(&found.media_type)
        && wants_only_images(&call.headers)
        && let Some(digest) = default_platform(found)
    {
        let image = Target::Digest(digest);
        let child = match call.registry.upstream_of(&name).cloned() {
            Some(upstream) => cache::manifest(&call, &name, &image, &upstream).await?,
            None => call.registry.blocking(move |storage| find(storage, &name, &image)).await?,
        };
        stored = child.or(stored);
    }
    let unknown = || match &target {
        Target::Tag(tag) => Problem::manifest_unknown(tag),
        Target::Digest(digest) => Problem::manifest_unknown(digest),
    };
    answer(&call.headers, stored.ok_or_else(unknown)?)
}

fn answer(headers: &HeaderMap, stored: Stored) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", stored.digest);
    let mut response = if is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let length = stored.content.len();
        let mut response = Response::new(Body::from(stored.content));
        response.headers_mut().insert(header::CONTENT_TYPE, value(&stored.media_type)?);
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        response
    };
    response.headers_mut().insert(header::ETAG, value(&etag)?);
    response.headers_mut().insert(header::VARY, value("Accept")?);
    response.headers_mut().insert("docker-content-digest", value(&stored.digest.to_string())?);
    Ok(response)
}

pub(crate) fn find(storage: &Storage, name: &Repository, target: &Target) -> Result<Option<Stored>, crate::Error> {
    match target {
        Target::Digest(digest) => storage.manifest(name, digest),
        Target::Tag(tag) => match storage.tag(name, tag)? {
            Some(digest) => storage.manifest(name, &digest),
            None => Ok(None),
        },
    }
}

/// Whether a client can do with images but not with indexes: old ones get the image for the usual platform. Everybody else
/// gets what there is, as HTTP allows.
fn wants_only_images(headers: &HeaderMap) -> bool {
    let mut images = false;
    for accepted in headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()) {
        for media_type in accepted.split(',') {
            let media_type = media_type.split(';').next().unwrap_or_default().trim();
            if Manifest::is_index(media_type) || matches!(media_type, "*/*" | "application/*" | "application/json") {
                return false;
            }
            images |= matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST);
        }
    }
    images
}

fn default_platform(index: &Stored) -> Option<Digest> {
    let manifest = Manifest::parse(&index.content, Some(&index.media_type)).ok()?;
    let child = manifest.manifests.iter().find(|child| child.platform.as_deref() == Some("linux/amd64"))?;
    Some(child.digest)
}

/// `PUT /v2/<name>/manifests/<tag or digest>`
pub(crate) async fn put(call: Call, body: Body, name: Repository, target: Target) -> Result<Response, Problem> {
    let limit = call.registry.config().max_manifest;
    let content_type = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(|text| text.split(';').next().unwrap_or(text).trim().to_owned());
    let content_type = content_type.filter(|text| !text.is_empty());
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let content = match http_body_util::Limited::new(body, most).collect().await {
        Ok(content) => content.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(Problem::too_large("MANIFEST_INVALID", limit));
        }
        Err(error) => return Err(Problem::manifest_invalid(format!("the body did not arrive: {error}"))),
    };
    let manifest = Manifest::parse(&content, content_type.as_deref())
        .map_err(|error| Problem::manifest_invalid(error.to_string()))?;
    let mut tags = Vec::new();
    for tag in call.query.all("tag") {
        tags.push(tag.parse::<Tag>().map_err(|error| Problem::manifest_invalid(error.to_string()))?);
    }
    let wanted = match &target {
        Target::Digest(digest) => Some(*digest),
        Target::Tag(tag) => {
            tags.push(tag.clone());
            call.query
                .get("digest")
                .map(|text| text.parse::<Digest>().map_err(|error| Problem::digest_invalid(error.to_string())))
                .transpose()?
        }
    };
    let registry = call.registry.clone();
    let repository = name.clone();
    let (subject, named) = (manifest.subject, tags.clone());
    let (digest, put) = registry
        .blocking(move |storage| {
            let digest = Storage::digest_of(&content, wanted.map(|wanted| wanted.algorithm()));
            if let Some(expected) = wanted.filter(|wanted| *wanted != digest) {
                return Err(blob::Error::Mismatch { expected, found: digest }.into());
            }
            Ok((digest, storage.put_manifest(&repository, &digest, &manifest, &content, &named, true)?))
        })
        .await?;
    match put {
        Put::Stored => {}
        Put::Unknown(digests) => {
            let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
            let message = format!("the manifest refers to what this repository does not have: {}", digests.join(", "));
            let problem = Problem::new(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", message);
            return Err(problem.detail(json!({ "digests": digests })));
        }
        Put::WrongSize { digest, said, actual } => {
            let message = format!("{digest} has {actual} bytes, and not {said} as the manifest says");
            return Err(Problem::manifest_invalid(message));
        }
    }
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(&format!("/v2/{name}/manifests/{digest}"))?);
    headers.insert("docker-content-digest", value(&digest.to_string())?);
    if let Some(subject) = subject {
        headers.insert("oci-subject", value(&subject.to_string())?);
    }
    if matches!(target, Target::Digest(_)) {
        for tag in tags {
            headers.append("oci-tag", value(tag.as_str())?);
        }
    }
    Ok(response)
}

/// `DELETE /v2/<name>/manifests/<tag or digest>`: a tag alone, or a manifest with all its tags.
pub(crate) async fn delete(call: Call, name: Repository, target: Target) -> Result<Response, Problem> {
    let wanted = target.clone();
    let removed = call
        .registry
        .blocking(move |storage| match &wanted {
            Target::Tag(tag) => storage.delete_tag(&name, tag),
            Target::Digest(digest) => storage.delete_manifest(&name, digest),
        })
        .await?;
    match target {
        _ if removed => Ok(StatusCode::ACCEPTED.into_response()),
        Target::Tag(tag) => Err(Problem::manifest_unknown(tag)),
        Target::Digest(digest) => Err(Problem::manifest_unknown(digest)),
    }
}
