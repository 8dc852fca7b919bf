use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use blob::{Algorithm, Digest};

use super::blobs::value;
use super::dispatch::Call;
use super::range::chunk;
use crate::access::Action;
use crate::name::Repository;
use crate::problem::Problem;
use crate::sessions::{Session, receive};
use crate::storage::Storage;

/// `POST /v2/<name>/blobs/uploads/`: starts an upload, mounts a blob, or takes a whole one.
pub(crate) async fn start(call: Call, body: Body, name: Repository) -> Result<Response, Problem> {
    if let Some(digest) = call.query.get("mount") {
        let digest = parse_digest(digest)?;
        if mount(&call, &name, digest).await? {
            return created(&name, &digest);
        }
        // As if there had been no word of it: the client sends the blob.
        return begin(&call, &name, Some(digest.algorithm())).await;
    }
    let Some(digest) = call.query.get("digest") else {
        let algorithm = call.query.get("digest-algorithm").map(|name| {
            let message = format!("digest algorithm `{name}` is not supported: expected sha256 or sha512");
            Algorithm::named(name).ok_or_else(|| Problem::digest_invalid(message))
        });
        return begin(&call, &name, algorithm.transpose()?).await;
    };
    let digest = parse_digest(digest)?;
    check_length(&call, 0)?;
    let session = call.registry.sessions().create(&name, Some(digest.algorithm())).await?;
    let length = content_length(&call.headers);
    let registry = call.registry.clone();
    let session = receive(&registry, session, body).await?;
    if let Some(length) = length.filter(|length| *length != session.len()) {
        let message = format!("Content-Length says {length} bytes, {} arrived", session.len());
        session.cancel().await?;
        return Err(Problem::size_invalid(message));
    }
    session.commit(&registry, &name, &digest).await?;
    created(&name, &digest)
}

async fn begin(call: &Call, name: &Repository, algorithm: Option<Algorithm>) -> Result<Response, Problem> {
    let session = call.registry.sessions().create(name, algorithm).await?;
    let response = accepted(name, &session);
    call.registry.sessions().keep(session);
    response
}

/// Takes the blob from another repository: that of `from`, else any that the client may pull from.
async fn mount(call: &Call, name: &Repository, digest: Digest) -> Result<bool, Problem> {
    let access = call.registry.access();
    let may = |from: &Repository| access.allows(&call.identity, from, Action::Pull);
    let to = name.clone();
    match call.query.get("from").filter(|from| !from.is_empty()) {
        Some(from) => {
            let from: Repository =
                from.parse().map_err(|error: crate::NameError| Problem::name_invalid(error.to_string()))?;
            if !may(&from) {
                return Ok(false);
            }
            Ok(call.registry.blocking(move |storage| storage.mount_blob(&from, &to, &digest)).await?)
        }
        None => {
            let mut all = call.registry.blocking(Storage::all_repositories).await?;
            all.retain(may);
            Ok(call
                .registry
                .blocking(move |storage| {
                    if !storage.blobs().contains(&digest) {
                        return Ok(storage.hold_blob(&to, &digest)?.is_some());
                    }
                    for from in std::iter::once(to.clone()).chain(all) {
                        if storage.mount_blob(&from, &to, &digest)? {
                            return Ok(true);
                        }
                    }
                    Ok(false)
                })
                .await?)
        }
    }
}

/// `GET` of an upload: how far it is.
pub(crate) async fn status(call: Call, name: Repository, id: String) -> Result<Response, Problem> {
    let session = call.registry.sessions().take(&name, &id).await?;
    let mut response = accepted(&name, &session)?;
    call.registry.sessions().keep(session);
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// `PATCH` of an upload: the next piece, with its place in `Content-Range` or without.
pub(crate) async fn append(call: Call, body: Body, name: Repository, id: String) -> Result<Response, Problem> {
    let registry = call.registry.clone();
    let session = registry.sessions().take(&name, &id).await?;
    let session = take_piece(&call, body, &name, session).await?;
    let response = accepted(&name, &session);
    registry.sessions().keep(session);
    response
}

/// `PUT` of an upload: the last piece, if any, and the digest of the whole.
pub(crate) async fn finish(call: Call, body: Body, name: Repository, id: String) -> Result<Response, Problem> {
    let digest = call.query.get("digest").ok_or_else(|| {
        Problem::digest_invalid("the request that ends an upload has the digest of the blob as its parameter `digest`")
    })?;
    let digest = parse_digest(digest)?;
    let registry = call.registry.clone();
    let session = registry.sessions().take(&name, &id).await?;
    let session = take_piece(&call, body, &name, session).await?;
    session.commit(&registry, &name, &digest).await?;
    created(&name, &digest)
}

/// Receives the body of a request as the next piece. Whatever is wrong with it, what came before stays.
async fn take_piece(call: &Call, body: Body, name: &Repository, mut session: Session) -> Result<Session, Problem> {
    let registry = call.registry.clone();
    let before = session.len();
    let range = call.headers.get(header::CONTENT_RANGE).map(|value| value.to_str().ok().and_then(chunk));
    let length = content_length(&call.headers);
    let refused = match range {
        Some(None) => Some(Problem::upload_invalid("Content-Range of a chunk is `first-last`, in bytes")),
        Some(Some((first, _))) if first != before => {
            let message = format!("the next chunk starts at byte {before}, not {first}");
            let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message);
            Some(problem.header(header::LOCATION, &location(name, &session)).header(header::RANGE, &progress(before)))
        }
        Some(Some((first, last))) if length.is_some_and(|length| length != (last - first).saturating_add(1)) => {
            Some(Problem::size_invalid("Content-Length and Content-Range do not fit together"))
        }
        _ => check_length(call, before).err(),
    };
    if let Some(problem) = refused {
        registry.sessions().keep(session);
        return Err(problem);
    }
    session = receive(&registry, session, body).await?;
    if let Some(Some((first, last))) = range
        && session.len() - before != (last - first).saturating_add(1)
    {
        let (said, arrived) = ((last - first).saturating_add(1), session.len() - before);
        let message = format!("Content-Range says {said} bytes, {arrived} arrived");
        session = session.truncate(before).await?;
        registry.sessions().keep(session);
        return Err(Problem::size_invalid(message));
    }
    Ok(session)
}

/// `DELETE` of an upload.
pub(crate) async fn cancel(call: Call, name: Repository, id: String) -> Result<Response, Problem> {
    call.registry.sessions().take(&name, &id).await?.cancel().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Refuses what says of itself that it is too large.
fn check_length(call: &Call, before: u64) -> Result<(), Problem> {
    let length = content_length(&call.headers).unwrap_or(0);
    match call.registry.config().max_blob {
        Some(limit) if before.saturating_add(length) > limit => Err(Problem::too_large("SIZE_INVALID", limit)),
        _ => Ok(()),
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn parse_digest(text: &str) -> Result<Digest, Problem> {
    text.parse().map_err(|error: blob::ParseDigestError| Problem::digest_invalid(error.to_string()))
}

fn location(name: &Repository, session: &Session) -> String {
    format!("/v2/{name}/blobs/uploads/{}", session.id())
}

/// The bytes that are there, as `Range` has them; there is no way to write that there are none.
fn progress(len: u64) -> String {
    format!("0-{}", len.saturating_sub(1))
}

fn accepted(name: &Repository, session: &Session) -> Result<Response, Problem> {
    let mut response = StatusCode::ACCEPTED.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(&location(name, session))?);
    headers.insert(header::RANGE, value(&progress(session.len()))?);
    headers.insert("docker-upload-uuid", value(session.id())?);
    Ok(response)
}

fn created(name: &Repository, digest: &Digest) -> Result<Response, Problem> {
    let mut response = StatusCode::CREATED.into_response();
    response.headers_mut().insert(header::LOCATION, value(&format!("/v2/{name}/blobs/{digest}"))?);
    response.headers_mut().insert("docker-content-digest", value(&digest.to_string())?);
    Ok(response)
}
