//! The runs of a repository, and why workflows did not run.

use axum::extract::{Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use store::events::Troubled;
use store::repositories::Repository;
use store::runs::{Filter, Run};
use store::verdicts::Verdict;

use super::layout::{self, sign};
use super::refusal::Refusal;
use super::visit::Visit;
use super::words::{length, moment, short};

const PAGE: i64 = 30;
/// Decisions shown beside the runs, and how many events they are looked for in.
const VERDICTS: i64 = 8;
const EVENTS: i64 = 20;

#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    page: i64,
    branch: Option<String>,
    status: Option<String>,
}

pub(super) async fn page(
    visit: Visit,
    Path((owner, name)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Markup, Refusal> {
    let repository = visit.repository(&owner, &name).await?;
    let mut reader = visit.server.store().read();
    let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let filter = Filter { branch: some(&which.branch), status: some(&which.status), ..Filter::default() };
    let offset = which.page.clamp(0, 10_000) * PAGE;
    let runs = store::runs::list(&mut reader, repository.id, &filter, offset, PAGE + 1).await?;
    let verdicts = store::verdicts::surprising(&mut reader, repository.id, EVENTS, VERDICTS).await?;
    let way = [(repository.full_name(), format!("/{}", repository.full_name()))];
    let way: Vec<(&str, String)> = way.iter().map(|(text, href)| (text.as_str(), href.clone())).collect();
    let troubled = store::events::troubled(&mut reader, Some(repository.id), 3).await?;
    let runs = body(&visit, &repository, &which, &runs, &verdicts);
    let body = html! { (troubles(&troubled)) (runs) };
    Ok(layout::page(&visit, &repository.full_name(), &way, &body))
}

/// What happened and could not be acted on.
fn troubles(troubled: &[Troubled]) -> Markup {
    html! {
        @for event in troubled {
            p.no-room role="alert" {
                "A " (event.name.replace('_', " ")) " of " code { (event.git_ref) }
                @if event.state == "failed" { " could not be acted on: " } @else { " could not be acted on yet, it is tried again: " }
                (event.error.as_deref().unwrap_or("no reason is known"))
            }
        }
    }
}

/// What a repository has pages of; `here` is the one that is shown.
pub(super) fn tabs(full_name: &str, here: &str) -> Markup {
    let pages = [("Runs", ""), ("Pull requests", "/pulls"), ("Issues", "/issues"), ("Releases", "/releases")];
    html! {
        h1.hidden { (here) }
        nav.tabs aria-label="The repository's pages" {
            @for (text, path) in pages {
                a href={ "/" (full_name) (path) } aria-current=[(text == here).then_some("page")] { (text) }
            }
        }
    }
}

fn body(visit: &Visit, repository: &Repository, which: &Which, runs: &[Run], verdicts: &[Verdict]) -> Markup {
    let now = visit.server.store().now();
    let top = format!("/{}", repository.full_name());
    let shown = runs.iter().take(usize::try_from(PAGE).unwrap_or(30));
    let more = i64::try_from(runs.len()).unwrap_or(0) > PAGE;
    html! {
        (tabs(&repository.full_name(), "Runs"))
        @if runs.is_empty() {
            p.soft { "No run yet. Push a commit with a workflow in " code { ".github/workflows" } "." }
            pre { "git push " (visit.server.url()) "/" (repository.full_name()) ".git " (repository.default_branch) }
        }
        ul.list {
            @for run in shown {
                li {
                    (sign(&run.status, run.conclusion.as_deref()))
                    div.grow {
                        a.title href={ (top) "/runs/" (run.id) } { (run.title) }
                        div.soft {
                            (run.workflow_name) " #" (run.number) " · " (run.event_name.replace('_', " ")) " · "
                            @if let Some(branch) = &run.head_branch { code { (branch) } " · " }
                            code { (short(&run.head_sha)) } " · " (run.actor_login)
                        }
                    }
                    div.right {
                        span.soft { (moment(run.created_at, now)) }
                        @if let Some(completed) = run.completed_at { div.soft { (length(completed - run.started_at)) } }
                    }
                }
            }
        }
        @if which.page > 0 || more {
            p.pages {
                @if which.page > 0 { a href={ (top) "?page=" (which.page - 1) } { "Newer" } }
                @if more { a href={ (top) "?page=" (which.page + 1) } { "Older" } }
            }
        }
        @if !verdicts.is_empty() {
            h2 { "Workflows that did not run" }
            ul.reasons {
                @for verdict in verdicts {
                    li {
                        span { code { (verdict.workflow_path) } @if let Some(line) = verdict.line { span.soft { ":" (line) } } }
                        div { (verdict.reason) span.soft { " · " (verdict.gate) " · " (moment(verdict.created_at, now)) } }
                    }
                }
            }
        }
    }
}
