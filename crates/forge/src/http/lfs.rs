//! Git LFS: the batch API, the basic transfer and locks.

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::{Caller, Level, Role};
use serde::Deserialize;
use serde_json::{Value, json};
use store::lfs::LfsLock;
use store::repositories::Repository;

use super::access::{self, Asking};
use super::incoming::Incoming;
use crate::shape::at;
use crate::{Actor, Error, Forge, Result, repo_ref};

const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
const MOST_OBJECTS: usize = 1000;

/// An error as LFS clients read it.
pub(super) struct Refusal(Error);

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match status {
            StatusCode::INTERNAL_SERVER_ERROR => "the server made a mistake".to_owned(),
            _ => self.0.to_string(),
        };
        let mut response = answer(status, &json!({ "message": message }));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = header::HeaderValue::from_static("Basic realm=\"Trunkline\"");
            response.headers_mut().insert("lfs-authenticate", challenge.clone());
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

#[derive(Deserialize)]
pub(super) struct Batch {
    operation: String,
    #[serde(default)]
    transfers: Vec<String>,
    objects: Vec<Wanted>,
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    oid: String,
    size: i64,
}

/// Where each object is to be fetched from or sent to.
pub(super) async fn batch(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // Whoever sees nothing here is told so before anything is read.
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let batch: Batch = read(&forge, &headers, body).await?;
    if batch.operation == "upload" {
        access::allow(&forge, &caller, &repository, identity::Permission::Contents, Level::Write).await?;
    }
    if !batch.transfers.is_empty() && !batch.transfers.iter().any(|transfer| transfer == "basic") {
        return Err(Error::invalid("Batch", "transfers", "`basic` is the transfer that is spoken here").into());
    }
    if batch.objects.len() > MOST_OBJECTS {
        return Err(Error::TooLarge(format!("a batch may name {MOST_OBJECTS} objects")).into());
    }
    let oids: Vec<String> = batch.objects.iter().map(|object| object.oid.clone()).collect();
    let known = store::lfs::sizes(&mut forge.store().read(), repository.id, &oids).await?;
    // The client's own credentials serve for the transfer too.
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let base = format!("{}.git/info/lfs", forge.urls().page(&repository.full_name()));
    let action = |href: String| {
        let mut action = json!({ "href": href, "expires_in": 3600 });
        if let Some(authorization) = authorization {
            action["header"] = json!({ "Authorization": authorization });
        }
        action
    };
    let mut objects = Vec::new();
    for wanted in &batch.objects {
        let mut object = json!({ "oid": wanted.oid, "size": wanted.size, "authenticated": true });
        let there = known.iter().find(|(oid, _)| *oid == wanted.oid);
        let error = |code: u16, message: &str| json!({ "code": code, "message": message });
        if digest(&wanted.oid).is_none() || wanted.size < 0 {
            object["error"] = error(422, "the object's id is no SHA-256, or its size is none");
        } else if batch.operation == "upload" {
            if u64::try_from(wanted.size).unwrap_or(u64::MAX) > forge.settings().limits.push_bytes {
                object["error"] = error(413, "the object is larger than this server takes");
            } else if there.is_none() {
                let href = format!("{base}/objects/{}", wanted.oid);
                object["actions"] = json!({ "upload": action(href), "verify": action(format!("{base}/verify")) });
            }
        } else {
            match there {
                Some((_, size)) => {
                    object["size"] = (*size).into();
                    object["actions"] = json!({ "download": action(format!("{base}/objects/{}", wanted.oid)) });
                }
                None => object["error"] = error(404, "there is no such object in this repository"),
            }
        }
        objects.push(object);
    }
    Ok(answer(StatusCode::OK, &json!({ "transfer": "basic", "objects": objects, "hash_algo": "sha256" })))
}

/// Takes an object in. It is there once all of it came and its hash is right.
pub(super) async fn upload(
    State(forge): State<Forge>,
    Path((owner, name, oid)): Path<(String, String, String)>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Write).await?;
    forge.check_room(&repository).await?;
    let expected = digest(&oid).ok_or_else(|| Error::invalid("Object", "oid", "it is no SHA-256"))?;
    let limits = &forge.settings().limits;
    let incoming = Incoming::new(&headers, body, limits.push_bytes, limits.idle)?;
    let (_, size) = forge.files().store(incoming.into_stream(), Some(&expected)).await?;
    let mut tx = forge.store().begin().await?;
    store::lfs::insert(&mut tx, repository.id, &oid, i64::try_from(size).unwrap_or(i64::MAX)).await?;
    tx.commit().await?;
    Ok(StatusCode::OK.into_response())
}

pub(super) async fn download(
    State(forge): State<Forge>,
    Path((owner, name, oid)): Path<(String, String, String)>,
    Asking(caller): Asking,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let known = store::lfs::sizes(&mut forge.store().read(), repository.id, std::slice::from_ref(&oid)).await?;
    let known = known.first().and_then(|(_, size)| Some((digest(&oid)?, u64::try_from(*size).ok()?)));
    let (digest, size) = known.ok_or_else(|| Error::not_found("the object"))?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    Ok(forge.files().serve(&digest, size, range, "application/octet-stream").await?)
}

/// Whether an object arrived.
pub(super) async fn verify(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Write).await?;
    let wanted: Wanted = read(&forge, &headers, body).await?;
    let known = store::lfs::sizes(&mut forge.store().read(), repository.id, std::slice::from_ref(&wanted.oid)).await?;
    match known.as_slice() {
        [(_, size)] if *size == wanted.size => Ok(StatusCode::OK.into_response()),
        [_] => Err(Error::invalid("Object", "size", "the object has another size").into()),
        _ => Err(Error::not_found("the object").into()),
    }
}

#[derive(Deserialize)]
pub(super) struct LockQuery {
    path: Option<String>,
    id: Option<String>,
}

pub(super) async fn locks(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Query<LockQuery>,
    Asking(caller): Asking,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Read).await?;
    let mut shapes = Vec::new();
    for lock in store::lfs::locks(&mut forge.store().read(), repository.id).await? {
        let by_path = query.path.as_ref().is_none_or(|path| *path == lock.path);
        let by_id = query.id.as_ref().is_none_or(|id| *id == lock.id.to_string());
        if by_path && by_id {
            shapes.push(lock_shape(&forge, &lock).await?);
        }
    }
    Ok(answer(StatusCode::OK, &json!({ "locks": shapes })))
}

#[derive(Deserialize)]
pub(super) struct NewLock {
    path: String,
    r#ref: Option<LockRef>,
}

#[derive(Deserialize)]
pub(super) struct LockRef {
    name: String,
}

pub(super) async fn lock(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Write).await?;
    let new: NewLock = read(&forge, &headers, body).await?;
    let owner_id = account(&caller)?;
    if new.path.is_empty() || new.path.len() > 4096 {
        return Err(Error::invalid("Lock", "path", "a path has 1 to 4,096 bytes").into());
    }
    let git_ref = new.r#ref.map(|git_ref| git_ref.name).unwrap_or_default();
    let mut tx = forge.store().begin().await?;
    match store::lfs::lock(&mut tx, repository.id, &new.path, &git_ref, owner_id).await {
        Ok(lock) => {
            tx.commit().await?;
            Ok(answer(StatusCode::CREATED, &json!({ "lock": lock_shape(&forge, &lock).await? })))
        }
        Err(error) if error.is_taken() => {
            drop(tx);
            let locks = store::lfs::locks(&mut forge.store().read(), repository.id).await?;
            let there = locks.iter().find(|lock| lock.path == new.path);
            let mut body = json!({ "message": "already created lock" });
            if let Some(there) = there {
                body["lock"] = lock_shape(&forge, there).await?;
            }
            Ok(answer(StatusCode::CONFLICT, &body))
        }
        Err(error) => Err(error.into()),
    }
}

/// Own locks and others', before a push.
pub(super) async fn verify_locks(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    Asking(caller): Asking,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Write).await?;
    let me = account(&caller)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for lock in store::lfs::locks(&mut forge.store().read(), repository.id).await? {
        let shape = lock_shape(&forge, &lock).await?;
        if lock.owner_id == me { ours.push(shape) } else { theirs.push(shape) }
    }
    Ok(answer(StatusCode::OK, &json!({ "ours": ours, "theirs": theirs })))
}

#[derive(Deserialize)]
pub(super) struct Unlock {
    #[serde(default)]
    force: bool,
}

pub(super) async fn unlock(
    State(forge): State<Forge>,
    Path((owner, name, id)): Path<(String, String, i64)>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let repository = access::repository(&forge, &caller, &owner, &name, Level::Write).await?;
    let unlock: Unlock = read(&forge, &headers, body).await?;
    let locks = store::lfs::locks(&mut forge.store().read(), repository.id).await?;
    let lock = locks.into_iter().find(|lock| lock.id == id).ok_or_else(|| Error::not_found("the lock"))?;
    if lock.owner_id != account(&caller)? && !(unlock.force && is_maintainer(&forge, &caller, &repository).await?) {
        let message = "the lock is somebody else's; a maintainer may force it open";
        return Err(Error::Forbidden(message.to_owned()).into());
    }
    let mut tx = forge.store().begin().await?;
    store::lfs::unlock(&mut tx, repository.id, id).await?;
    tx.commit().await?;
    Ok(answer(StatusCode::OK, &json!({ "lock": lock_shape(&forge, &lock).await? })))
}

async fn is_maintainer(forge: &Forge, caller: &Caller, repository: &Repository) -> Result<bool> {
    Ok(forge.identity().role(caller, &repo_ref(repository)).await? >= Role::Maintain)
}

fn account(caller: &Caller) -> Result<i64> {
    Actor::of(caller).map(|actor| actor.account_id).ok_or_else(|| Error::Forbidden("nobody is logged in".to_owned()))
}

async fn lock_shape(forge: &Forge, lock: &LfsLock) -> Result<Value> {
    let owner = store::users::by_id(&mut forge.store().read(), lock.owner_id).await?;
    let name = owner.map_or_else(|| "ghost".to_owned(), |user| user.login);
    Ok(
        json!({ "id": lock.id.to_string(), "path": lock.path, "locked_at": at(lock.locked_at), "owner": { "name": name } }),
    )
}

fn digest(oid: &str) -> Option<blob::Digest> {
    format!("sha256:{oid}").parse().ok()
}

async fn read<T: serde::de::DeserializeOwned>(forge: &Forge, headers: &HeaderMap, body: Body) -> Result<T> {
    let limits = &forge.settings().limits;
    let mut incoming = Incoming::new(headers, body, 4 << 20, limits.idle)?;
    let mut all = Vec::new();
    while let Some(chunk) = incoming.chunk().await? {
        all.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&all).map_err(|error| Error::invalid("Request", "body", error.to_string()))
}
