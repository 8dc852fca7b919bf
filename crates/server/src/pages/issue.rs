//! Issues and pull requests, to read: what they are, what a pull request waits for, what was said.

use axum::extract::Path;
use identity::Permission;
use maud::{Markup, html};
use store::Micros;
use store::issues::{Issue, IssueFilter};
use store::pulls::Pull;
use store::repositories::Repository;

use super::layout::{self, sign};
use super::refusal::Refusal;
use super::visit::Visit;
use super::words::moment;

/// Issues and comments shown; more of them are for the API.
const MOST: i64 = 200;

/// Something that was said.
struct Said {
    at: Micros,
    by: String,
    /// Such as `approved`.
    how: &'static str,
    /// The file and line that it is about.
    place: String,
    text: String,
    /// What links lead to.
    anchor: String,
}

struct Check {
    name: String,
    status: String,
    conclusion: Option<String>,
    link: Option<String>,
    told: String,
}

/// What a pull request has beside an issue.
struct Change {
    pull: Pull,
    blockers: Vec<String>,
    /// Checks that are not required failed or run still.
    unstable: bool,
    checks: Vec<Check>,
    reviewers: Vec<String>,
}

pub(super) async fn page(
    visit: Visit,
    Path((owner, name, number)): Path<(String, String, i64)>,
) -> Result<Markup, Refusal> {
    // Whether it is one or the other is told to those only who may read either.
    let repository = visit.readable(&owner, &name, Permission::Issues).await?;
    let issue = store::issues::by_number(&mut visit.server.store().read(), repository.id, number).await?;
    let issue = issue.ok_or(Refusal::Nothing)?;
    let change = match issue.is_pull {
        true => {
            visit.readable(&owner, &name, Permission::PullRequests).await?;
            Some(change(&visit, &repository, &issue).await?)
        }
        false => None,
    };
    let said = said(&visit, &issue).await?;
    let author = visit.name_of(issue.author_id).await?;
    let labels = store::issues::labels_of(&mut visit.server.store().read(), issue.id).await?;
    let now = visit.server.store().now();
    let body = html! {
        div.head {
            div.grow {
                h1 { (issue.title) span.number { " #" (issue.number) } }
                p.soft {
                    (state(&issue, change.as_ref()))
                    @match &change {
                        Some(change) => {
                            (author) " wants to merge " code { (change.pull.head_ref) } " into " code { (change.pull.base_ref) }
                        }
                        None => { "opened by " (author) }
                    }
                    " · " (moment(issue.created_at, now))
                    @for label in &labels { span.tag { (label.name) } }
                }
            }
        }
        @if let Some(change) = &change { (waits(&issue, change)) (checks(change)) }
        h2 { "Conversation" }
        ul.reasons {
            @if issue.body.is_empty() && said.is_empty() { li.soft { "Nothing was said yet." } }
            @if !issue.body.is_empty() { li { span.soft { (author) } pre.said { (issue.body) } } }
            @for one in &said {
                li id=(one.anchor) {
                    span.soft {
                        (one.by) " " (one.how) @if !one.place.is_empty() { " " code { (one.place) } } " · " (moment(one.at, now))
                    }
                    @if !one.text.is_empty() { pre.said { (one.text) } }
                }
            }
        }
    };
    let full_name = repository.full_name();
    let (kind, list) = if issue.is_pull { ("Pull requests", "pulls") } else { ("Issues", "issues") };
    let way = [(full_name.as_str(), format!("/{full_name}")), (kind, format!("/{full_name}/{list}"))];
    Ok(layout::page(&visit, &format!("{} #{number} · {full_name}", issue.title), &way, &body))
}

fn state(issue: &Issue, change: Option<&Change>) -> Markup {
    let word = match change.map(|change| &change.pull) {
        Some(pull) if pull.merged => "merged",
        _ if !issue.is_open() => "closed",
        Some(pull) if pull.draft => "draft",
        _ => "open",
    };
    html! { span class={ "state " (word) } { (word) } }
}

async fn change(visit: &Visit, repository: &Repository, issue: &Issue) -> Result<Change, Refusal> {
    let forge = visit.server.forge();
    let (_, pull) = forge.pull(repository, issue.number).await?;
    let check = match issue.is_open() {
        true => forge.check_merge(repository, issue, &pull, None).await?,
        false => forge::protection::MergeCheck::default(),
    };
    let blockers = check.blockers.into_iter().map(|blocker| blocker.reason).collect();
    let mut query = visit.server.store().read();
    let mut checks: Vec<Check> = Vec::new();
    for run in store::checks::of_commit(&mut query, repository.id, &pull.head_sha).await? {
        // The newest of each name; they come newest first.
        if checks.iter().any(|known| known.name == run.name) {
            continue;
        }
        let told = run.output["title"].as_str().unwrap_or_default().to_owned();
        checks.push(Check {
            name: run.name,
            status: run.status,
            conclusion: run.conclusion,
            link: run.details_url,
            told,
        });
    }
    for status in store::statuses::latest(&mut query, repository.id, &pull.head_sha).await? {
        let (word, conclusion) = match status.state.as_str() {
            "pending" => ("in_progress", None),
            "error" => ("completed", Some("failure".to_owned())),
            other => ("completed", Some(other.to_owned())),
        };
        checks.push(Check {
            name: status.context,
            status: word.to_owned(),
            conclusion,
            link: status.target_url,
            told: status.description.unwrap_or_default(),
        });
    }
    let mut reviewers = Vec::new();
    for (kind, id) in store::pulls::requested(&mut query, issue.id).await? {
        reviewers.push(match kind.as_str() {
            "team" => store::teams::by_id(&mut query, id).await?.map(|team| team.name).unwrap_or_default(),
            _ => visit.name_of(id).await?,
        });
    }
    Ok(Change { pull, blockers, unstable: check.unstable, checks, reviewers })
}

fn waits(issue: &Issue, change: &Change) -> Markup {
    html! {
        @if issue.is_open() {
            section class={ "ask" @if change.blockers.is_empty() { " calm" } } {
                div.grow {
                    @if change.blockers.is_empty() {
                        strong { "It may be merged" }
                        @if change.unstable { div.soft { "Checks that are not required failed, or run still." } }
                    } @else {
                        strong { "It may not be merged yet" }
                        @for reason in &change.blockers { div.soft { (reason) } }
                    }
                    @if !change.reviewers.is_empty() { div.soft { "Asked for a review: " (change.reviewers.join(", ")) } }
                    @if change.pull.auto_merge.is_some() { div.soft { "It merges itself as soon as it may." } }
                }
            }
        }
    }
}

fn checks(change: &Change) -> Markup {
    html! {
        h2 { "Checks" }
        @if change.checks.is_empty() { p.soft { "None has been reported for " code { (super::words::short(&change.pull.head_sha)) } "." } }
        ul.list {
            @for check in &change.checks {
                li {
                    (sign(&check.status, check.conclusion.as_deref()))
                    div.grow {
                        // Whoever reported it gave the address.
                        @match check.link.as_deref().filter(|link| link.starts_with("http://") || link.starts_with("https://")) {
                            Some(link) => a.title href=(link) rel="noopener nofollow" { (check.name) },
                            None => span.title { (check.name) },
                        }
                        @if !check.told.is_empty() { div.soft { (check.told) } }
                    }
                }
            }
        }
    }
}

/// Comments and reviews, oldest first. Reviews that are not submitted are their authors' alone, and not shown here.
async fn said(visit: &Visit, issue: &Issue) -> Result<Vec<Said>, Refusal> {
    let mut query = visit.server.store().read();
    let mut all = Vec::new();
    for comment in store::comments::of_issue(&mut query, issue.id, MOST, 0).await? {
        let by = visit.name_of(comment.author_id).await?;
        let anchor = format!("issuecomment-{}", comment.id);
        all.push(Said { at: comment.created_at, by, how: "", place: String::new(), text: comment.body, anchor });
    }
    if issue.is_pull {
        let reviews = store::reviews::of_issue(&mut query, issue.id).await?;
        for comment in store::reviews::comments_of_issue(&mut query, issue.id).await? {
            if reviews.iter().any(|review| review.id == comment.review_id && review.state == "PENDING") {
                continue;
            }
            let by = visit.name_of(comment.author_id).await?;
            let place = comment.line.map_or_else(|| comment.path.clone(), |line| format!("{}:{line}", comment.path));
            let how = if comment.resolved_by.is_some() { "about (resolved)" } else { "about" };
            let anchor = format!("discussion_r{}", comment.id);
            all.push(Said { at: comment.created_at, by, how, place, text: comment.body, anchor });
        }
        for review in reviews {
            let how = match review.state.as_str() {
                "APPROVED" => "approved",
                "CHANGES_REQUESTED" => "asked for changes",
                "DISMISSED" => "had a review, which was dismissed",
                "COMMENTED" if !review.body.is_empty() => "reviewed",
                _ => continue,
            };
            let by = visit.name_of(review.author_id).await?;
            let (at, anchor) =
                (review.submitted_at.unwrap_or(review.created_at), format!("pullrequestreview-{}", review.id));
            all.push(Said { at, by, how, place: String::new(), text: review.body, anchor });
        }
    }
    all.sort_by_key(|one| one.at);
    Ok(all)
}

pub(super) async fn pulls(visit: Visit, Path((owner, name)): Path<(String, String)>) -> Result<Markup, Refusal> {
    let repository = visit.readable(&owner, &name, Permission::PullRequests).await?;
    list(&visit, &repository, true).await
}

pub(super) async fn issues(visit: Visit, Path((owner, name)): Path<(String, String)>) -> Result<Markup, Refusal> {
    let repository = visit.readable(&owner, &name, Permission::Issues).await?;
    list(&visit, &repository, false).await
}

async fn list(visit: &Visit, repository: &Repository, pulls: bool) -> Result<Markup, Refusal> {
    let mut query = visit.server.store().read();
    let filter = IssueFilter { state: Some("open"), is_pull: Some(pulls), sort: "created", ..IssueFilter::default() };
    let found = store::issues::list(&mut query, repository.id, &filter, MOST, 0).await?;
    let (now, full_name) = (visit.server.store().now(), repository.full_name());
    let (title, path) = if pulls { ("Pull requests", "pull") } else { ("Issues", "issues") };
    let mut rows = Vec::new();
    for issue in &found {
        rows.push((issue, visit.name_of(issue.author_id).await?));
    }
    let body = html! {
        (super::runs::tabs(&full_name, title))
        @if rows.is_empty() { p.soft { "None is open." } }
        ul.list {
            @for (issue, author) in &rows {
                li {
                    div.grow {
                        a.title href={ "/" (full_name) "/" (path) "/" (issue.number) } { (issue.title) }
                        div.soft { "#" (issue.number) " · " (author) }
                    }
                    div.right { span.soft { (moment(issue.created_at, now)) } }
                }
            }
        }
    };
    let way = [(full_name.as_str(), format!("/{full_name}"))];
    Ok(layout::page(visit, &format!("{title} · {full_name}"), &way, &body))
}
