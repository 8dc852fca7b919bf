//! Login at an identity provider.

use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use identity::oidc::Provider;
use serde::Deserialize;

use super::account::{Next, agent, enter, login_form};
use super::refusal::Refusal;
use super::visit::Visit;
use crate::Server;

/// Holds the state of a login until the browser comes back: another browser cannot finish it.
const COOKIE: &str = "trunkline_login";

fn provider(server: &Server) -> Result<&Provider, Refusal> {
    let none = || Refusal::Forbidden("This server has no identity provider.".to_owned());
    server.provider().ok_or_else(none)
}

/// Talks to the provider on a thread of its own: what the library waits for cannot move between threads.
async fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>>,
{
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    done.unwrap_or_else(|error| Err(Refusal::Broken(error.to_string())))
}

pub(super) async fn begin(visit: Visit, Query(next): Query<Next>) -> Result<Response, Refusal> {
    let server = visit.server.clone();
    let begun = apart(move || async move { Ok(provider(&server)?.begin(server.identity(), &next.next).await) }).await?;
    match begun {
        Ok(begin) => {
            let secure = if visit.server.url().starts_with("https://") { "; Secure" } else { "" };
            let cookie = format!("{COOKIE}={}; Path=/login; Max-Age=600; HttpOnly; SameSite=Lax{secure}", begin.state);
            let headers = [(header::SET_COOKIE, cookie), (header::LOCATION, begin.url)];
            Ok((StatusCode::SEE_OTHER, headers).into_response())
        }
        Err(error @ identity::Error::Provider(_)) => Ok(again(&visit, StatusCode::BAD_GATEWAY, &error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// What the provider sends the browser back with.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    error: Option<String>,
}

pub(super) async fn finish(visit: Visit, headers: HeaderMap, Query(back): Query<Back>) -> Result<Response, Refusal> {
    if let Some(error) = &back.error {
        let problem = format!("The identity provider said: {}", error.chars().take(100).collect::<String>());
        return Ok(again(&visit, StatusCode::UNAUTHORIZED, &problem));
    }
    let identity = visit.server.identity();
    let kept = cookie(&headers);
    let server = visit.server.clone();
    let agent = agent(&headers).map(str::to_owned);
    let finished = apart(move || async move {
        let provider = provider(&server)?;
        let (identity, agent) = (server.identity(), agent.as_deref());
        Ok(provider.finish(identity, &back.code, &back.state, kept.as_deref(), agent).await)
    });
    let finished = finished.await?;
    match finished {
        Ok(finished) => Ok(enter(&visit.server, &finished.session, &finished.return_to)),
        Err(identity::Error::BadCredentials { reason }) => {
            identity.refused(&visit.caller, "login", None, &format!("provider from {}", visit.from), &reason);
            Ok(again(&visit, StatusCode::UNAUTHORIZED, &format!("That did not work: {reason}.")))
        }
        Err(error @ (identity::Error::Provider(_) | identity::Error::Exists { .. })) => {
            Ok(again(&visit, StatusCode::UNAUTHORIZED, &error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

fn again(visit: &Visit, status: StatusCode, problem: &str) -> Response {
    (status, login_form(visit.server.provider().is_some(), "", "", Some(problem))).into_response()
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    let found = all.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    Some(found.to_owned())
}
