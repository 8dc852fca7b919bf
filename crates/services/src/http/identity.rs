//! Identity tokens, and what a verifier needs to check them.

use super::answer::Plain;
use super::{Shared, bearer, blocking};
use crate::backend::TokenUse;
use crate::oidc::claims::claims;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Audiences are addresses or names; far beyond any.
const MAX_AUDIENCE: usize = 1024;

#[derive(Deserialize)]
pub(super) struct Wanted {
    audience: Option<String>,
}

pub(super) async fn token(
    State(backend): State<Shared>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Json<Value>, Plain> {
    let asked = Arc::clone(&backend);
    let job = blocking(move || bearer(&*asked, &headers, TokenUse::IdToken)).await?;
    let Some(job) = job.filter(|job| job.identity.id_token) else {
        let refused = "the request token is missing, not ours, or its job has ended";
        return Err(Plain(StatusCode::UNAUTHORIZED, refused.to_owned()));
    };
    let owner = job.identity.repository.split('/').next().unwrap_or_default();
    let audience = wanted.audience.filter(|audience| !audience.is_empty());
    let server_url = backend.edge().server_url.trim_end_matches('/');
    let audience = audience.unwrap_or_else(|| format!("{server_url}/{owner}"));
    if audience.len() > MAX_AUDIENCE {
        return Err(Plain(StatusCode::BAD_REQUEST, format!("the audience is longer than {MAX_AUDIENCE} bytes")));
    }
    let value = blocking(move || {
        let edge = backend.edge();
        let claims = claims(&job.identity, &backend.repository(&job), &edge.issuer, &audience, edge.now());
        backend.issuer_key()?.sign(&claims)
    });
    Ok(Json(json!({"count": 1, "value": value.await?})))
}

pub(super) async fn configuration(State(backend): State<Shared>) -> Json<Value> {
    let issuer = &backend.edge().issuer;
    Json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{}/.well-known/jwks", issuer.trim_end_matches('/')),
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": [
            "sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "ref_type", "sha", "repository", "repository_id",
            "repository_owner", "repository_owner_id", "repository_visibility", "run_id", "run_number", "run_attempt",
            "actor", "actor_id", "workflow", "workflow_ref", "workflow_sha", "job_workflow_ref", "job_workflow_sha",
            "head_ref", "base_ref", "event_name", "environment", "runner_environment",
        ],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }))
}

pub(super) async fn keys(State(backend): State<Shared>) -> Result<Json<Value>, Plain> {
    let key = blocking(move || backend.issuer_key()).await?;
    Ok(Json(key.jwks()))
}
