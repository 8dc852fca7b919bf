//! The server's side of the runner protocol ([`api::wire`]), and the callback of custom gates.

mod jobs;
mod logs;
mod problem;
mod runners;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::middleware::map_response;
use axum::routing::{delete, get, post, put};
use identity::{Caller, Credentials};

use crate::Control;
use problem::Refused;

/// The largest body of most requests: a piece of a log, with room for what does not compress.
const LARGEST_BODY: usize = 2 * api::wire::LOG_PIECE;

type Answer<T> = Result<T, Refused>;

/// The routes, at their places below the server's root.
pub fn router(control: Control) -> Router {
    let runner = Router::new()
        .route("/register", post(runners::register))
        .route("/hello", post(runners::hello))
        .route("/claim", post(runners::claim))
        .route("/drain", post(runners::drain))
        .route("/runner", delete(runners::forget))
        .route("/jobs/{id}/{fence}/heartbeat", post(jobs::heartbeat))
        .route("/jobs/{id}/{fence}/progress", get(jobs::progress))
        .route("/jobs/{id}/{fence}/log", put(logs::append))
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    let reports = Router::new()
        .route("/jobs/{id}/{fence}/events", post(jobs::events))
        .route("/jobs/{id}/{fence}/finish", post(jobs::finish))
        .layer(DefaultBodyLimit::max(api::wire::LARGEST_REPORT));
    let runner = runner.merge(reports).layer(map_response(problem::always));
    Router::new()
        .nest(api::wire::ROOT, runner)
        .route(crate::gate::CALLBACK, post(runners::gate_answer))
        .with_state(control)
}

fn bearer(headers: &HeaderMap) -> Answer<String> {
    let value = headers.get(axum::http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match Credentials::from_headers(value, None) {
        Ok(Credentials::Token(token)) => Ok(token),
        _ => Err(Refused::unauthorized("a bearer token is expected")),
    }
}

/// The runner whose secret came with the request.
async fn runner_of(control: &Control, headers: &HeaderMap) -> Answer<i64> {
    let credentials = Credentials::Token(bearer(headers)?);
    match control.identity().authenticate(&credentials, "runner").await {
        Ok(Caller::Runner(runner)) => Ok(runner.id),
        Ok(_) => Err(Refused::unauthorized("this token is no runner's")),
        Err(error) => Err(crate::Error::from(error).into()),
    }
}
