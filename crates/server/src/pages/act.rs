//! Decisions: approvals, cancelling, running again.

use axum::Form;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use control::{Again, Decision, Which};
use identity::{Level, Permission};
use serde::Deserialize;

use super::refusal::Refusal;
use super::run::run_of;
use super::visit::Visit;

type At = Path<(String, String, i64)>;

#[derive(Deserialize)]
pub(super) struct ReviewForm {
    #[serde(default)]
    csrf: String,
    environment: i64,
    decision: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn review(visit: Visit, Path(at): At, Form(form): Form<ReviewForm>) -> Result<Response, Refusal> {
    visit.check_form(&form.csrf)?;
    let (owner, name, id) = &at;
    let (_, run) = run_of(&visit, owner, name, *id).await?;
    let decision = if form.decision == "approve" { Decision::Approve } else { Decision::Reject };
    let control = visit.server.control();
    control.review_deployments(&visit.caller, run.id, &[form.environment], decision, &form.comment).await?;
    Ok(back(&at))
}

#[derive(Deserialize)]
pub(super) struct Plain {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    which: String,
    /// With debug logging; whatever its value, as checkboxes are.
    debug: Option<String>,
}

pub(super) async fn approve(visit: Visit, Path(at): At, Form(form): Form<Plain>) -> Result<Response, Refusal> {
    let run = writable(&visit, &at, &form.csrf).await?;
    visit.server.control().approve_run(&visit.caller, run).await?;
    Ok(back(&at))
}

pub(super) async fn cancel(visit: Visit, Path(at): At, Form(form): Form<Plain>) -> Result<Response, Refusal> {
    let run = writable(&visit, &at, &form.csrf).await?;
    visit.server.control().cancel_run(&visit.caller, run, false).await?;
    Ok(back(&at))
}

pub(super) async fn rerun(visit: Visit, Path(at): At, Form(form): Form<Plain>) -> Result<Response, Refusal> {
    let run = writable(&visit, &at, &form.csrf).await?;
    let which = match (form.which.as_str(), form.which.strip_prefix("job:").and_then(|id| id.parse().ok())) {
        (_, Some(job)) => Which::Job(job),
        ("failed", None) => Which::Failed,
        _ => Which::All,
    };
    let debug = form.debug.is_some();
    visit.server.control().rerun(&visit.caller, run, &Again { which, debug }).await?;
    Ok(back(&at))
}

/// The run's id, when the visitor may change runs here.
async fn writable(visit: &Visit, (owner, name, id): &(String, String, i64), csrf: &str) -> Result<i64, Refusal> {
    visit.check_form(csrf)?;
    let (repository, run) = run_of(visit, owner, name, *id).await?;
    let repo = forge::repo_ref(&repository);
    visit.server.identity().allow(&visit.caller, &repo, Permission::Actions, Level::Write).await?;
    Ok(run.id)
}

fn back((owner, name, id): &(String, String, i64)) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/{owner}/{name}/runs/{id}"))]).into_response()
}
