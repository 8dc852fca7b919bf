//! One job: its steps, and its log as it grows.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use store::jobs::Job;

use super::layout::{self, sign};
use super::refusal::Refusal;
use super::run::run_of;
use super::visit::Visit;
use super::words::{length, moment};

/// A job of a run of a repository that the visitor may see.
pub(super) async fn job_of(
    visit: &Visit,
    (owner, name, run, job): &(String, String, i64, i64),
) -> Result<(store::repositories::Repository, store::runs::Run, Job), Refusal> {
    let (repository, run) = run_of(visit, owner, name, *run).await?;
    let job = store::jobs::by_id(&mut visit.server.store().read(), *job).await?;
    let job = job.filter(|job| job.run_id == run.id).ok_or(Refusal::Nothing)?;
    Ok((repository, run, job))
}

pub(super) async fn page(visit: Visit, Path(at): Path<(String, String, i64, i64)>) -> Result<Markup, Refusal> {
    let (repository, run, job) = job_of(&visit, &at).await?;
    let full_name = repository.full_name();
    let top = format!("/{full_name}");
    let run_page = format!("{top}/runs/{}", run.id);
    let here = format!("{run_page}/jobs/{}", job.id);
    let number = format!("{} #{}", run.workflow_name, run.number);
    let way = [(full_name.as_str(), top), (number.as_str(), run_page), (job.name.as_str(), here.clone())];
    let now = visit.server.store().now();
    let body = html! {
        div.head {
            span #job-sign { (sign(&job.status, job.conclusion.as_deref())) }
            div.grow {
                h1 { (job.name) }
                p.soft {
                    @if let Some(runner) = &job.runner_name { "on " (runner) " · " }
                    @match (job.started_at, job.completed_at) {
                        (Some(started), Some(completed)) => { (length(completed - started)) " · " (moment(started, now)) },
                        (Some(started), None) => { "began " (moment(started, now)) },
                        _ => (job.status),
                    }
                }
                @if let Some(reason) = super::run::reason_of(&job) { p.problem { (reason) } }
            }
            a.button.quiet href={ (here) "/log.txt" } { "Text" }
        }
        div #log data-lines={ (here) "/lines" } {
            noscript { p { "The log is shown by a script; without it, read " a href={ (here) "/log.txt" } { "the text" } "." } }
        }
    };
    Ok(layout::page(&visit, &format!("{} · {number}", job.name), &way, &body))
}

pub(super) async fn text(visit: Visit, Path(at): Path<(String, String, i64, i64)>) -> Result<Response, Refusal> {
    let (_, _, job) = job_of(&visit, &at).await?;
    let text = axum::body::Body::from_stream(visit.server.depot().log_text(job.id, job.fence));
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
