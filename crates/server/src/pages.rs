//! Pages for people: set-up, login, repositories, runs with their jobs and logs, approvals.
//!
//! Markup is made here, whole, for every request; two small scripts keep a page that is open up to date. Whoever may not see
//! a repository is told that it does not exist. Sessions alone get in here, not tokens.

mod account;
mod act;
mod armour;
mod home;
mod issue;
mod job;
mod layout;
mod provider;
mod refusal;
mod release;
mod run;
mod runs;
mod stream;
mod visit;
mod words;

pub(crate) use refusal::Refusal;
pub(crate) use stream::Feeds;
pub(crate) use visit::Visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::Server;

/// Forms are small.
const MAX_FORM: usize = 64 * 1024;

pub(crate) fn router(server: &Server) -> Router {
    let pages = Router::new()
        .route("/", get(home::page))
        .route("/setup", get(account::set_up_page).post(account::set_up))
        .route("/login", get(account::login_page).post(account::login))
        .route("/login/provider", get(provider::begin))
        .route("/login/callback", get(provider::finish))
        .route("/logout", post(account::logout))
        .route("/static/style.css", get(style))
        .route("/static/live.js", get(script))
        .route("/static/mark.svg", get(picture))
        .route("/{owner}/{repo}", get(runs::page))
        .route("/{owner}/{repo}/runs", get(runs::page))
        .route("/{owner}/{repo}/actions", get(runs::page))
        .route("/{owner}/{repo}/runs/{run}", get(run::page))
        .route("/{owner}/{repo}/actions/runs/{run}", get(run::page))
        .route("/{owner}/{repo}/runs/{run}/changes", get(stream::run))
        .route("/{owner}/{repo}/runs/{run}/jobs/{job}", get(job::page))
        .route("/{owner}/{repo}/actions/runs/{run}/job/{job}", get(job::page))
        .route("/{owner}/{repo}/runs/{run}/jobs/{job}/lines", get(stream::job))
        .route("/{owner}/{repo}/runs/{run}/jobs/{job}/log.txt", get(job::text))
        .route("/{owner}/{repo}/runs/{run}/review", post(act::review))
        .route("/{owner}/{repo}/runs/{run}/approve", post(act::approve))
        .route("/{owner}/{repo}/runs/{run}/cancel", post(act::cancel))
        .route("/{owner}/{repo}/runs/{run}/rerun", post(act::rerun))
        .route("/{owner}/{repo}/pulls", get(issue::pulls))
        .route("/{owner}/{repo}/issues", get(issue::issues))
        .route("/{owner}/{repo}/pull/{number}", get(issue::page))
        .route("/{owner}/{repo}/issues/{number}", get(issue::page))
        .route("/{owner}/{repo}/releases", get(release::list))
        .route("/{owner}/{repo}/releases/tag/{*tag}", get(release::page))
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .fallback(refusal::nothing_here)
        .layer(middleware::from_fn_with_state(server.clone(), armour::put_on))
        .with_state(server.clone());
    pages.merge(server.health_routes())
}

async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("pages/style.css"))
}

async fn picture() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("pages/mark.svg"))
}

async fn script() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, include_str!("pages/live.js"))
}
