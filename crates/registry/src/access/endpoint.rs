use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde_json::json;

use super::decide::Refusal;
use super::{Action, Grant, Identity, Need};
use crate::Registry;
use crate::http::query::Query;
use crate::name::Repository;
use crate::problem::Problem;

/// The largest form.
const LARGEST: usize = 64 << 10;

/// Gives tokens: `GET` with basic credentials or none, `POST` with a form (OAuth 2 password and refresh grants), as clients
/// of registries ask for them. A token has those of the wanted scopes that its owner may have, and no more.
pub(crate) async fn token_endpoint(State(registry): State<Registry>, request: Request) -> Response {
    answer(&registry, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(registry: &Registry, request: Request) -> Result<Response, Problem> {
    let access = registry.access();
    let (parts, body) = request.into_parts();
    let refuse = |refusal: Refusal| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            match refusal {
                Refusal::Failed(error) => return error.into(),
                _ => "the user name or the password is wrong",
            },
        )
        .header(header::WWW_AUTHENTICATE, "Basic realm=\"trunkline\"")
    };
    let (query, identity) = match parts.method {
        Method::GET => {
            let query = Query::parse(parts.uri.query().unwrap_or_default());
            (query, access.identify(&parts.headers).await.map_err(refuse)?)
        }
        Method::POST => {
            let form = http_body_util::Limited::new(body, LARGEST).collect().await;
            let form =
                form.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", "the form cannot be read"))?;
            let query = Query::parse(&String::from_utf8_lossy(&form.to_bytes()));
            let identity = match query.get("grant_type") {
                Some("password") => {
                    let (name, password) = (query.get("username"), query.get("password"));
                    access.log_in(name.unwrap_or_default(), password.unwrap_or_default()).await.map_err(refuse)?
                }
                Some("refresh_token") => {
                    access.refresh(query.get("refresh_token").unwrap_or_default()).map_err(refuse)?
                }
                _ => {
                    let message = "grant_type is password or refresh_token";
                    return Err(Problem::new(StatusCode::BAD_REQUEST, "UNSUPPORTED", message));
                }
            };
            (query, identity)
        }
        _ => return Err(Problem::unsupported("tokens are asked for with GET or POST")),
    };
    let mut grants = Vec::new();
    for scope in query.all("scope").flat_map(str::split_whitespace) {
        grants.extend(Grant::parse(scope).and_then(|wanted| allowed(registry, &identity, wanted)));
    }
    let token = access.sign(identity.name(), grants, access.token_life);
    let mut body = json!({
        "token": token,
        "access_token": token,
        "expires_in": access.token_life.as_secs(),
        "token_type": "Bearer",
    });
    let offline = query.get("access_type") == Some("offline") || query.get("offline_token") == Some("true");
    if offline && let (Identity::User(name), Some(body)) = (&identity, body.as_object_mut()) {
        let grant = Grant { kind: "refresh".to_owned(), name: String::new(), actions: Vec::new() };
        let refresh = access.sign(name, vec![grant], Duration::from_secs(30 * 24 * 3600));
        body.insert("refresh_token".to_owned(), refresh.into());
    }
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from(body.to_string())).into_response())
}

/// What of a wanted scope its owner may have.
fn allowed(registry: &Registry, identity: &Identity, wanted: Grant) -> Option<Grant> {
    let access = registry.access();
    if wanted.allows_catalog() {
        return access.check(identity, &Need::Catalog).is_ok().then_some(wanted);
    }
    let repository: Repository = (wanted.kind == "repository").then(|| wanted.name.parse().ok())??;
    let wants = |action: Action| wanted.actions.iter().any(|wanted| wanted == action.name() || wanted == "*");
    let actions: Vec<Action> = Action::ALL
        .into_iter()
        .filter(|action| wants(*action) && access.allows(identity, &repository, *action))
        .collect();
    (!actions.is_empty()).then(|| Grant::repository(repository.as_str(), &actions))
}
