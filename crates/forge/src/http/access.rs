//! Who asks, for which repository.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use identity::{Caller, Credentials, Level, Permission};
use store::repositories::Repository;

use super::answer::Refusal;
use crate::names::check_repository_name;
use crate::repositories::CreateRepository;
use crate::{Actor, Error, Forge, Result, repo_ref};

/// Who asks, from the headers of a request. Wrong passwords are counted against the address it came from.
pub(super) struct Asking(pub(super) Caller);

/// The same for what a browser may follow a link to: its session counts, too.
pub(super) struct Viewing(pub(super) Caller);

impl FromRequestParts<Forge> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, forge: &Forge) -> Result<Asking, Refusal> {
        Ok(Asking(caller(parts, forge, false).await?))
    }
}

impl FromRequestParts<Forge> for Viewing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, forge: &Forge) -> Result<Viewing, Refusal> {
        Ok(Viewing(caller(parts, forge, true).await?))
    }
}

async fn caller(parts: &Parts, forge: &Forge, session: bool) -> Result<Caller> {
    let text = |name| parts.headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let cookie = if session { text(header::COOKIE) } else { None };
    let credentials = Credentials::from_headers(text(header::AUTHORIZATION), cookie)
        .map_err(|error| Error::Identity(identity::Error::BadCredentials { reason: error.to_string() }))?;
    let from = crate::client_address(forge.identity(), &parts.extensions, &parts.headers);
    Ok(forge.identity().authenticate(&credentials, &from).await?)
}

/// The name without `.git`.
pub(super) fn plain(name: &str) -> &str {
    name.strip_suffix(".git").unwrap_or(name)
}

/// The repository of a request that reads or writes it.
pub(super) async fn repository(
    forge: &Forge,
    caller: &Caller,
    owner: &str,
    name: &str,
    level: Level,
) -> Result<Repository> {
    let found = store::repositories::by_name(&mut forge.store().read(), owner, plain(name)).await?;
    let Some(repository) = found else {
        // Nobody learns what there is not either.
        return Err(match caller {
            Caller::Anonymous => Error::Identity(identity::Denied::login("nobody is logged in").into()),
            _ => Error::not_found(format!("the repository {owner}/{}", plain(name))),
        });
    };
    allow(forge, caller, &repository, Permission::Contents, level).await?;
    Ok(repository)
}

pub(super) async fn allow(
    forge: &Forge,
    caller: &Caller,
    repository: &Repository,
    permission: Permission,
    level: Level,
) -> Result<()> {
    match forge.identity().allow(caller, &repo_ref(repository), permission, level).await {
        // git asks its user for a password on 401 only.
        Err(identity::Error::Denied(_)) if caller.is_anonymous() => {
            Err(Error::Identity(identity::Denied::login("nobody is logged in").into()))
        }
        other => Ok(other?),
    }
}

/// Whether the caller may make a repository of this name by pushing to it.
pub(super) async fn may_create(forge: &Forge, caller: &Caller, owner: &str, name: &str) -> Result<bool> {
    if !forge.settings().push_to_create || check_repository_name(plain(name)).is_err() {
        return Ok(false);
    }
    // Of nobody it is not asked: that is what they hear for whatever is not there.
    if caller.user().is_none() {
        return Ok(false);
    }
    let Some(account) = store::users::by_login(&mut forge.store().read(), owner).await? else { return Ok(false) };
    match forge.identity().allow_create_repository(caller, account.id).await {
        Ok(()) => Ok(true),
        // What they are told depends on whether they may know of the repository.
        Err(identity::Error::Denied(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the caller may push here at all, to a repository that is there or is made by it.
pub(super) async fn may_push(forge: &Forge, caller: &Caller, owner: &str, name: &str) -> Result<()> {
    let there = store::repositories::by_name(&mut forge.store().read(), owner, plain(name)).await?.is_some();
    if !there && may_create(forge, caller, owner, name).await? {
        return Ok(());
    }
    repository(forge, caller, owner, name, Level::Write).await.map(drop)
}

/// The repository of a push, made where it is missing and may be.
pub(super) async fn repository_to_push(forge: &Forge, caller: &Caller, owner: &str, name: &str) -> Result<Repository> {
    let found = store::repositories::by_name(&mut forge.store().read(), owner, plain(name)).await?;
    if found.is_some() || !may_create(forge, caller, owner, name).await? {
        return repository(forge, caller, owner, name, Level::Write).await;
    }
    let account = store::users::by_login(&mut forge.store().read(), owner).await?;
    let account = account.ok_or_else(|| Error::not_found(format!("the account {owner}")))?;
    let actor = Actor::of(caller).ok_or_else(|| Error::Forbidden("nobody is logged in".to_owned()))?;
    let new = CreateRepository { name: plain(name), visibility: "private", ..CreateRepository::default() };
    match forge.create_repository(caller, &actor, account.id, &new).await {
        // Two pushes at once: the other has made it.
        Err(Error::Invalid { code: "already_exists", .. }) => {
            repository(forge, caller, owner, name, Level::Write).await
        }
        other => other,
    }
}
