//! Images of other registries, fetched when they are asked for and kept.

use axum::response::Response;
use blob::Digest;

use crate::http::Call;
use crate::name::{Repository, Target};
use crate::problem::Problem;
use crate::storage::Stored;
use crate::{Config, Error, Upstream};

/// What is needed to ask upstreams.
#[derive(Debug)]
pub(crate) struct Cache;

impl Cache {
    pub(crate) fn new(_config: &Config) -> Result<Self, Error> {
        Ok(Self)
    }
}

pub(crate) async fn manifest(
    call: &Call,
    name: &Repository,
    target: &Target,
    _upstream: &Upstream,
) -> Result<Option<Stored>, Problem> {
    let _ = call.registry.cache();
    let (name, target) = (name.clone(), target.clone());
    Ok(call.registry.blocking(move |storage| crate::http::find(storage, &name, &target)).await?)
}

pub(crate) async fn blob(
    _call: &Call,
    _name: &Repository,
    digest: &Digest,
    _upstream: &Upstream,
) -> Result<Response, Problem> {
    Err(Problem::blob_unknown(digest))
}
