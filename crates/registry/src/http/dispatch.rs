use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::query::Query;
use super::route::Route;
use super::{blobs, catalog, manifests, referrers, tags, uploads};
use crate::access::{Identity, Need};
use crate::outlet::Outlet;
use crate::problem::{Cause, Problem};
use crate::{Registry, RequestLine};

/// A request on its way to its handler.
pub(crate) struct Call {
    pub(crate) registry: Registry,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Query,
    pub(crate) identity: Identity,
    /// The way out of the connection, where files can take it directly.
    pub(crate) outlet: Option<Outlet>,
}

/// Answers every request below `/v2`.
pub(crate) async fn dispatch(State(registry): State<Registry>, request: Request) -> Response {
    let start = Instant::now();
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let path = parts.uri.path().to_owned();
    let mut user = String::new();
    let (kind, result) = match Route::parse(&method, &path) {
        Err(problem) => {
            // Nobody learns which paths there are before logging in.
            let admitted = admit(&registry, &parts.headers, &Need::Entry).await;
            ("none", Err(admitted.err().unwrap_or(problem)))
        }
        Ok(route) => {
            let kind = route.kind();
            let need = route.need(&method);
            let result = match admit(&registry, &parts.headers, &need).await {
                Err(problem) => Err(problem),
                Ok(identity) => {
                    identity.name().clone_into(&mut user);
                    let query = Query::parse(parts.uri.query().unwrap_or_default());
                    let (registry, method, headers) = (registry.clone(), method.clone(), parts.headers);
                    let outlet = parts.extensions.get::<Outlet>().cloned();
                    let call = Call { registry, method, headers, query, identity, outlet };
                    handle(call, route, body).await
                }
            };
            (kind, result)
        }
    };
    let mut response = result.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if method == Method::HEAD {
        strip_body(&mut response);
    }
    let cause = response.extensions_mut().remove::<Cause>().map(|cause| cause.0);
    let status = response.status();
    registry.metrics().request(&method, kind, status, start.elapsed());
    registry.log(&RequestLine {
        method: method.as_str().to_owned(),
        path,
        status: status.as_u16(),
        user,
        time: start.elapsed(),
        cause,
    });
    response
}

async fn admit(registry: &Registry, headers: &HeaderMap, need: &Need) -> Result<Identity, Problem> {
    let access = registry.access();
    let result = match access.identify(headers).await {
        Ok(identity) => access.check(&identity, need).map(|()| identity),
        Err(refusal) => Err(refusal),
    };
    result.map_err(|refusal| {
        registry.metrics().refused();
        access.refuse(refusal, need, &registry.base_url(headers))
    })
}

async fn handle(call: Call, route: Route, body: Body) -> Result<Response, Problem> {
    let changes = !matches!(call.method, Method::GET | Method::HEAD);
    let config = call.registry.config();
    if config.read_only && (changes || matches!(route, Route::Upload(..))) {
        return Err(Problem::unsupported("this registry is read-only"));
    }
    if call.method == Method::DELETE && !config.deletes && !matches!(route, Route::Upload(..)) {
        return Err(Problem::unsupported("this registry lets nobody delete"));
    }
    if changes
        && let Some(name) = route.repository()
        && let Some(upstream) = call.registry.upstream_of(name)
    {
        let message = format!("`{}` holds what comes from {}; push to another name", upstream.prefix, upstream.host);
        return Err(Problem::unsupported(message));
    }
    let method = call.method.clone();
    match (route, method) {
        (Route::Base, Method::GET | Method::HEAD) => Ok(axum::Json(json!({})).into_response()),
        (Route::Catalog, Method::GET) => catalog::list(call).await,
        (Route::Tags(name), Method::GET) => tags::list(call, name).await,
        (Route::Referrers(name, digest), Method::GET) => referrers::list(call, name, digest).await,
        (Route::Blob(name, digest), Method::GET | Method::HEAD) => blobs::get(call, name, digest).await,
        (Route::Blob(name, digest), Method::DELETE) => blobs::delete(call, name, digest).await,
        (Route::Manifest(name, target), Method::GET | Method::HEAD) => manifests::get(call, name, target).await,
        (Route::Manifest(name, target), Method::PUT) => manifests::put(call, body, name, target).await,
        (Route::Manifest(name, target), Method::DELETE) => manifests::delete(call, name, target).await,
        (Route::Uploads(name), Method::POST) => uploads::start(call, body, name).await,
        (Route::Upload(name, id), Method::GET | Method::HEAD) => uploads::status(call, name, id).await,
        (Route::Upload(name, id), Method::PATCH) => uploads::append(call, body, name, id).await,
        (Route::Upload(name, id), Method::PUT) => uploads::finish(call, body, name, id).await,
        (Route::Upload(name, id), Method::DELETE) => uploads::cancel(call, name, id).await,
        (_, method) => Err(Problem::unsupported(format!("{method} means nothing at this path"))),
    }
}

/// Keeps the headers of an answer, its length above all, and nothing else.
fn strip_body(response: &mut Response) {
    if !response.headers().contains_key(header::CONTENT_LENGTH)
        && let Some(length) = axum::body::HttpBody::size_hint(response.body()).exact()
        && let Ok(length) = HeaderValue::from_str(&length.to_string())
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    *response.body_mut() = Body::empty();
}

/// The figures, for Prometheus.
pub(crate) async fn metrics_endpoint(State(registry): State<Registry>) -> Response {
    let figures = registry.metrics().render();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], figures).into_response()
}
