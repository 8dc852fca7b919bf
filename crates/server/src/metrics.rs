//! Figures for Prometheus.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use store::{Health, Query as _, args};

use crate::Server;
use crate::pages::{Refusal, Visit};

/// On the address for figures alone: for everybody who gets there.
pub(crate) fn router(server: &Server) -> Router {
    Router::new().route("/metrics", get(everybody)).with_state(server.clone())
}

async fn everybody(State(server): State<Server>) -> Response {
    answer(&server).await
}

/// Where everything else is, too: for administrators, in a session or by a token. That somebody comes from this machine says
/// nothing: a proxy does, and so do jobs.
pub(crate) async fn figures(State(server): State<Server>, request: Request) -> Response {
    let visit = match Visit::with_token(&request.into_parts().0, &server).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal.into_response(),
    };
    if !visit.caller.is_site_admin() {
        return Refusal::Nothing.into_response();
    }
    answer(&server).await
}

async fn answer(server: &Server) -> Response {
    match text(server).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn text(server: &Server) -> store::Result<String> {
    let mut reader = server.store().read();
    let (queued, running) = store::queue::counts(&mut reader).await?;
    let since = server.store().now() - 2 * 60 * 1_000_000;
    let runners: i64 =
        reader.fetch_one("SELECT COUNT(*) FROM runners WHERE seen_at > $1 AND NOT given_up", args![since]).await?;
    let (logs, unsealed): (i64, i64) =
        reader.fetch_one("SELECT COUNT(*), COUNT(*) - COUNT(object) FROM logs", args![]).await?;
    let artifacts: i64 = reader
        .fetch_one("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM artifacts WHERE object IS NOT NULL", args![])
        .await?;
    let caches: i64 = reader.fetch_one("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM caches", args![]).await?;
    let up = i64::from(server.store().health() == Health::Well);
    let mut text = String::new();
    for (name, help, value) in [
        ("trunkline_database_up", "Whether the database answered last", up),
        ("trunkline_jobs_queued", "Jobs that wait for a runner", queued),
        ("trunkline_jobs_running", "Jobs that runners have", running),
        ("trunkline_runners_online", "Runners heard of within two minutes", runners),
        ("trunkline_logs", "Logs that are kept", logs),
        ("trunkline_logs_unsealed", "Logs that are in the database still", unsealed),
        ("trunkline_artifact_bytes", "Bytes of artifacts", artifacts),
        ("trunkline_cache_bytes", "Bytes of caches", caches),
        ("process_resident_memory_bytes", "Memory of the process", resident()),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    Ok(text)
}

/// From the system; 0 where it does not say.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<i64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
