//! Whether the server lives, and whether it can do its work.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use store::{Health, Query as _, args};

use crate::Server;

pub(crate) fn router(server: &Server) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(crate::metrics::figures))
        .with_state(server.clone())
}

/// 200 when the database answers, blobs can be written and the disk has room; 503 with the reason otherwise.
async fn ready(State(server): State<Server>) -> Response {
    let asked = server.store().read().fetch_one::<i64>("SELECT CAST(1 AS BIGINT)", args![]).await;
    let database = match (asked, server.store().health()) {
        (Ok(_), Health::Well) => None,
        (Ok(_), Health::Away { message, .. }) => Some(message),
        (Err(error), _) => Some(error.to_string()),
    };
    let blobs = server.depot().objects().check().await.err().map(|error| error.to_string());
    let disk = server.disk().look().err();
    let tasks = server.control().stalled().map(|name| format!("`{name}` has not come round for minutes"));
    let well = database.is_none() && blobs.is_none() && disk.is_none() && tasks.is_none();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |problem: Option<String>| problem.unwrap_or_else(|| "ok".to_owned());
    (status, Json(json!({"ready": well, "database": word(database), "blobs": word(blobs), "disk": word(disk), "tasks": word(tasks)})))
        .into_response()
}
