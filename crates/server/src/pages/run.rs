//! One run: its jobs with their reasons, what waits for a decision, what was told.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use store::environments::Gate;
use store::jobs::Job;
use store::repositories::Repository;
use store::runs::Run;

use super::layout::{self, sign};
use super::refusal::Refusal;
use super::visit::Visit;
use super::words::{length, moment, short};

/// Events read for annotations and summaries; a run with more of them is for the API.
const EVENTS: i64 = 5000;

#[derive(Deserialize)]
pub(super) struct Part {
    /// Only what changes, for the script.
    part: Option<String>,
}

/// A run with what its page shows.
struct Shown {
    repository: Repository,
    run: Run,
    jobs: Vec<Job>,
    gates: Vec<Gate>,
    annotations: Vec<Annotation>,
    summaries: Vec<(String, String)>,
    may_act: bool,
}

struct Annotation {
    level: &'static str,
    job: String,
    place: String,
    message: String,
}

pub(super) async fn page(
    visit: Visit,
    Path((owner, name, run)): Path<(String, String, i64)>,
    Query(part): Query<Part>,
) -> Result<Response, Refusal> {
    let shown = find(&visit, &owner, &name, run).await?;
    let body = body(&visit, &shown);
    if part.part.is_some() {
        return Ok(body.into_response());
    }
    let top = format!("/{}", shown.repository.full_name());
    let full_name = shown.repository.full_name();
    let number = format!("{} #{}", shown.run.workflow_name, shown.run.number);
    let here = format!("{top}/runs/{}", shown.run.id);
    let way = [(full_name.as_str(), top.clone()), (number.as_str(), here.clone())];
    let live = (!shown.run.is_completed()).then(|| format!("{here}/changes"));
    let whole = html! { div #live data-follow=[live] data-part={ (here) "?part=run" } { (body) } };
    Ok(layout::page(&visit, &format!("{number} · {}", shown.run.title), &way, &whole).into_response())
}

/// The run, if the visitor may see it and it is of this repository.
pub(super) async fn run_of(visit: &Visit, owner: &str, name: &str, id: i64) -> Result<(Repository, Run), Refusal> {
    let repository = visit.repository(owner, name).await?;
    let run = store::runs::by_id(&mut visit.server.store().read(), id).await?;
    let run = run.filter(|run| run.repo_id == repository.id).ok_or(Refusal::Nothing)?;
    Ok((repository, run))
}

async fn find(visit: &Visit, owner: &str, name: &str, id: i64) -> Result<Shown, Refusal> {
    let (repository, run) = run_of(visit, owner, name, id).await?;
    let mut reader = visit.server.store().read();
    let jobs = store::jobs::of_attempt(&mut reader, run.id, run.attempt).await?;
    let gates = store::environments::waiting_gates(&mut reader, run.id).await?;
    let events = store::runs::events_after(&mut reader, run.id, run.attempt, 0, EVENTS).await?;
    let (mut annotations, mut summaries) = (Vec::new(), Vec::new());
    for event in &events {
        let Ok(event) = serde_json::from_str::<api::Event>(&event.json) else { continue };
        let job_name = |leg: api::LegId| {
            jobs.iter().find(|job| job.leg == i64::from(leg.0)).map(|job| job.name.clone()).unwrap_or_default()
        };
        match event {
            api::Event::Annotation { leg, annotation, .. } => annotations.push(Annotation {
                level: match annotation.level {
                    api::AnnotationLevel::Error => "error",
                    api::AnnotationLevel::Warning => "warning",
                    api::AnnotationLevel::Notice => "notice",
                },
                job: job_name(leg),
                place: match (annotation.file, annotation.line) {
                    (Some(file), Some(line)) => format!("{file}:{line}"),
                    (Some(file), None) => file,
                    (None, _) => String::new(),
                },
                message: annotation.message,
            }),
            api::Event::Summary { leg, markdown, .. } => summaries.push((job_name(leg), markdown)),
            _ => {}
        }
    }
    let may_act = visit.may_act(&repository).await?;
    Ok(Shown { repository, run, jobs, gates, annotations, summaries, may_act })
}

fn body(visit: &Visit, shown: &Shown) -> Markup {
    let (run, now) = (&shown.run, visit.server.store().now());
    let here = format!("/{}/runs/{}", shown.repository.full_name(), run.id);
    let end = run.completed_at.unwrap_or(now);
    html! {
        div.head {
            (sign(&run.status, run.conclusion.as_deref()))
            div.grow {
                h1 { (run.title) }
                p.soft {
                    (run.event_name.replace('_', " ")) " by " (run.trigger_login) " · "
                    @if let Some(branch) = &run.head_branch { code { (branch) } " · " }
                    code { (short(&run.head_sha)) } " · " code { (run.workflow_path) } " · "
                    (moment(run.created_at, now)) " · " (length(end - run.started_at))
                    @if run.attempt > 1 { " · attempt " (run.attempt) }
                }
            }
            (buttons(visit, shown, &here))
        }
        @if let Some(reason) = run.reason.as_deref().and_then(reason) { p.problem { (reason) } }
        (approvals(visit, shown, &here))
        h2 { "Jobs" }
        ul.list {
            @for job in shown.jobs.iter().filter(|job| !job.call) {
                li {
                    (sign(&job.status, job.conclusion.as_deref()))
                    div.grow {
                        a.title href={ (here) "/jobs/" (job.id) } { (job.name) }
                        div.soft { (told(job, now)) }
                    }
                    div.right {
                        @if let Some(started) = job.started_at {
                            span.soft { (length(job.completed_at.unwrap_or(now) - started)) }
                        }
                        @if shown.may_act && run.is_completed() {
                            button.quiet.small form="rerun" name="which" value={ "job:" (job.id) } title={ "Run " (job.name) " again" } {
                                "Again"
                            }
                        }
                        @if let Some(url) = job.environment_url.as_deref().filter(|url| url.starts_with("http")) {
                            div { a href=(url) rel="noopener nofollow" { (job.environment.as_deref().unwrap_or("deployment")) } }
                        }
                    }
                }
            }
        }
        @if !shown.annotations.is_empty() {
            h2 { "Annotations" }
            ul.reasons {
                @for one in &shown.annotations {
                    li class=(one.level) {
                        span { (one.job) @if !one.place.is_empty() { " · " code { (one.place) } } }
                        div { (one.message) }
                    }
                }
            }
        }
        @for (job, markdown) in &shown.summaries {
            h2 { "Summary of " (job) }
            pre.summary { (markdown) }
        }
    }
}

/// What is to be said of a job: its reason, or what it waits for.
fn told(job: &Job, now: i64) -> String {
    if let Some(reason) = job.reason.as_deref().and_then(reason) {
        return reason;
    }
    if let Some(error) = &job.first_error {
        return error.clone();
    }
    match (job.status.as_str(), &job.runner_name) {
        ("queued", _) => {
            let labels: Vec<String> = serde_json::from_str(&job.labels).unwrap_or_default();
            let waited = length(now - job.queued_at.unwrap_or(job.created_at));
            let word = if labels.len() == 1 { "label" } else { "labels" };
            format!("has waited {waited} for a runner with the {word} {}", labels.join(", "))
        }
        ("planned", _) => "waits for the jobs it needs".to_owned(),
        (_, Some(runner)) => format!("on {runner}"),
        _ => String::new(),
    }
}

fn reason(json: &str) -> Option<String> {
    let reason: api::Reason = serde_json::from_str(json).ok()?;
    let place = reason.location.map(|place| format!(" ({}:{}:{})", place.file, place.line, place.column));
    Some(reason.reason + &place.unwrap_or_default())
}

fn approvals(visit: &Visit, shown: &Shown, here: &str) -> Markup {
    let run = &shown.run;
    let now = visit.server.store().now();
    html! {
        @if run.status == "action_required" {
            section.ask {
                div.grow {
                    strong { "This run waits for approval" }
                    div.soft { (run.actor_login) " has not contributed here before: a maintainer looks at the change first." }
                }
                @if shown.may_act {
                    form method="post" action={ (here) "/approve" } {
                        input type="hidden" name="csrf" value=(visit.csrf());
                        button { "Approve and run" }
                    }
                }
            }
        }
        @for gate in &shown.gates {
            section.ask {
                div.grow {
                    strong { "Deployment to " (gate.environment) }
                    div.soft {
                        @if gate.approvals_needed > 0 { "waits for " (gate.approvals_needed) " approval" @if gate.approvals_needed > 1 { "s" } }
                        @if let Some(until) = gate.wait_until.filter(|until| *until > now) { " · not before " (length(until - now)) " have passed" }
                        " · since " (moment(gate.waiting_since, now))
                    }
                }
                @if visit.login().is_some() {
                    form.row method="post" action={ (here) "/review" } {
                        input type="hidden" name="csrf" value=(visit.csrf());
                        input type="hidden" name="environment" value=(gate.environment_id);
                        input name="comment" placeholder="Comment" aria-label="Comment";
                        button name="decision" value="approve" { "Approve" }
                        button.quiet name="decision" value="reject" { "Reject" }
                    }
                }
            }
        }
    }
}

fn buttons(visit: &Visit, shown: &Shown, here: &str) -> Markup {
    let failed = shown.run.conclusion.as_deref().is_some_and(|conclusion| conclusion != "success");
    html! {
        @if shown.may_act {
            div.row {
                @if shown.run.is_completed() {
                    form.row #rerun method="post" action={ (here) "/rerun" } {
                        input type="hidden" name="csrf" value=(visit.csrf());
                        label.check { input type="checkbox" name="debug"; "with debug logging" }
                        @if failed { button.quiet name="which" value="failed" { "Run failed jobs again" } }
                        button.quiet name="which" value="all" { "Run again" }
                    }
                } @else {
                    form method="post" action={ (here) "/cancel" } {
                        input type="hidden" name="csrf" value=(visit.csrf());
                        button.quiet { "Cancel" }
                    }
                }
            }
        }
    }
}

/// What is to be said of a job beside its conclusion.
pub(super) fn reason_of(job: &Job) -> Option<String> {
    job.reason.as_deref().and_then(reason)
}
