//! All repositories that the visitor may see, with their last run.

use maud::{Markup, html};
use store::repositories::Repository;
use store::runs::{Filter, Run};

use super::layout::{self, sign};
use super::refusal::Refusal;
use super::visit::Visit;
use super::words::moment;

/// Repositories shown; a longer list is for the API.
const MOST: usize = 200;

pub(super) async fn page(visit: Visit) -> Result<Markup, Refusal> {
    if visit.caller.is_anonymous() && !visit.server.identity().settings().open {
        return Err(Refusal::Login("/".to_owned()));
    }
    let mut rows = Vec::new();
    let mut after = 0;
    let mut reader = visit.server.store().read();
    'pages: loop {
        let page = store::repositories::all(&mut reader, after, 100).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for repository in page {
            if visit.server.identity().sees(&visit.caller, &forge::repo_ref(&repository)).await? {
                let runs = store::runs::list(&mut reader, repository.id, &Filter::default(), 0, 1).await?;
                rows.push((repository, runs.into_iter().next()));
                if rows.len() == MOST {
                    break 'pages;
                }
            }
        }
    }
    rows.sort_by_key(|(repository, run)| {
        std::cmp::Reverse(run.as_ref().map_or(repository.created_at, |run| run.created_at))
    });
    Ok(layout::page(&visit, "Repositories", &[], &body(&visit, &rows)))
}

fn body(visit: &Visit, rows: &[(Repository, Option<Run>)]) -> Markup {
    let now = visit.server.store().now();
    html! {
        h1 { "Repositories" }
        @if rows.is_empty() {
            p.soft { "There is none yet. A push makes one:" }
        } @else {
            ul.list {
                @for (repository, run) in rows {
                    li {
                        @match run {
                            Some(run) => (sign(&run.status, run.conclusion.as_deref())),
                            None => (sign("none", None)),
                        }
                        div.grow {
                            a.title href={ "/" (repository.full_name()) } { (repository.full_name()) }
                            @if repository.is_private() { span.tag { "private" } }
                            @if let Some(run) = run {
                                div.soft { (run.workflow_name) " #" (run.number) " · " (run.title) }
                            } @else {
                                div.soft { "no run yet" }
                            }
                        }
                        @if let Some(run) = run { span.soft { (moment(run.created_at, now)) } }
                    }
                }
            }
        }
        @if let Some(login) = visit.login() {
            section.hint {
                pre { "git push " (visit.server.url()) "/" (login) "/NAME.git main" }
                p.soft { "git asks for your name and your password, or a token made with " code { "trunkline admin token " (login) } "." }
            }
        }
    }
}
