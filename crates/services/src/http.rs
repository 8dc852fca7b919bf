//! The wire: requests in GitHub's formats onto the stores.

mod answer;
mod artifacts;
mod blobs;
mod body;
mod cache_v1;
mod caches;
mod identity;
mod twirp;

use crate::services::{Job, Pending, Shared};
use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post, put};
use std::sync::Arc;

/// Seconds an address for uploading is good for; large uploads ask once for each block.
const UPLOAD_SECONDS: i64 = 6 * 3600;
/// Seconds an address for downloading is good for.
const DOWNLOAD_SECONDS: i64 = 3600;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/twirp/{service}/{method}", post(twirp::call))
        .route("/blobs/upload/{id}", put(blobs::put))
        .route("/blobs/artifact/{id}", get(blobs::get_artifact))
        .route("/blobs/cache/{id}", get(blobs::get_cache))
        .route("/_apis/artifactcache/cache", get(cache_v1::find))
        .route("/_apis/artifactcache/caches", get(cache_v1::list).post(cache_v1::reserve))
        .route("/_apis/artifactcache/caches/{id}", post(cache_v1::commit).patch(cache_v1::upload))
        .route("/oidc/token", get(identity::token))
        .route("/.well-known/openid-configuration", get(identity::configuration))
        .route("/.well-known/jwks", get(identity::keys))
        .fallback(answer::unknown_route)
        .with_state(shared)
}

/// The running job whose bearer token this is.
fn bearer(shared: &Shared, headers: &HeaderMap, use_: &str) -> Option<Arc<Job>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| shared.authenticate(token.trim(), use_)).flatten()
}

fn signed_url(shared: &Shared, path: &str, seconds: i64) -> String {
    let query = shared.signer.address_query(path, shared.now() + seconds);
    format!("{}{path}?{query}", shared.url)
}

/// Where the content of an upload goes.
fn upload_url(shared: &Shared, pending: &Pending) -> String {
    signed_url(shared, &format!("/blobs/upload/{}", pending.id), UPLOAD_SECONDS)
}

fn download_url(shared: &Shared, kind: &str, id: u64) -> String {
    signed_url(shared, &format!("/blobs/{kind}/{id}"), DOWNLOAD_SECONDS)
}

/// Runs disk work where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> crate::Result<T> + Send + 'static) -> crate::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(crate::Error::Io { path: "services".into(), source: std::io::Error::other(error) }),
    }
}
