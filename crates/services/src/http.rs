//! The wire: requests in GitHub's formats onto a back end.

mod answer;
mod artifacts;
mod blobs;
mod body;
mod cache_v1;
mod caches;
mod identity;
mod twirp;

use crate::backend::{Backend, Job, TokenUse};
use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post, put};
use std::sync::Arc;

/// Seconds an address for uploading is good for; large uploads ask once for each block.
const UPLOAD_SECONDS: i64 = 6 * 3600;
/// Seconds an address for downloading is good for.
const DOWNLOAD_SECONDS: i64 = 3600;

/// What every request sees.
pub(crate) type Shared = Arc<dyn Backend>;

pub(crate) fn router(backend: Shared) -> Router {
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
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(backend)
}

/// The running job whose bearer token this is. Blocks.
fn bearer(backend: &dyn Backend, headers: &HeaderMap, use_: TokenUse) -> crate::Result<Option<Arc<Job>>> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => backend.job(token.trim(), use_),
        _ => Ok(None),
    }
}

fn signed_url(backend: &dyn Backend, path: &str, seconds: i64) -> String {
    let edge = backend.edge();
    let query = edge.signer.address_query(path, edge.now() + seconds);
    format!("{}{path}?{query}", edge.url)
}

/// Where the content of an upload goes.
fn upload_url(backend: &dyn Backend, id: u64) -> String {
    signed_url(backend, &format!("/blobs/upload/{id}"), UPLOAD_SECONDS)
}

fn download_url(backend: &dyn Backend, kind: &str, id: u64) -> String {
    signed_url(backend, &format!("/blobs/{kind}/{id}"), DOWNLOAD_SECONDS)
}

/// Runs work where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> crate::Result<T> + Send + 'static) -> crate::Result<T> {
    blocked(work).await
}

/// The same with any error that ours become.
async fn blocked<T: Send + 'static, E: From<crate::Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(crate::Error::Io { path: "services".into(), source: std::io::Error::other(error) }.into()),
    }
}
