//! Runs: lists with all filters, one with its attempts, and what is done to them.

use std::collections::HashMap;

use axum::http::StatusCode;
use control::{Again, Which};
use forge::git::Commit;
use forge::shape::Shape;
use identity::{Action, Level, Permission, Role};
use serde_json::{Value, json};
use store::runs::{Filter, Run};

use super::workflows::{READ, WRITE};
use crate::route::fields::RUN;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

/// Counting stops here where a list is narrowed, as GitHub's does; what is counted is found by reading it.
const MOST_FOUND: i64 = 1_000;

const PARAMS: &[Param] = &[
    Param::text("actor", "Only runs of this login."),
    Param::text("branch", "Only runs of this branch."),
    Param::text("event", "Only runs of this event."),
    Param::text("status", "Only runs with this status or conclusion."),
    Param::text("created", "Only runs of this time: `2026-11-30`, `>=2026-11-30`, `2026-11-01..2026-11-30`."),
    Param::new(
        "exclude_pull_requests",
        Kind::Boolean,
        "Without the pull requests of each run; the runs are all there.",
    ),
    Param::new("check_suite_id", Kind::Integer, "Only runs of this check suite."),
    Param::text("head_sha", "Only runs of this commit."),
];
const DEBUG: &[Field] = &[Field::new("enable_debug_logging", Kind::Boolean)];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/runs", READ, handler!(list), "Runs of a repository, newest first.")
        .params(PARAMS)
        .wrapped("workflow_runs", RUN),
    Route::get(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
        READ,
        handler!(of_workflow),
        "Runs of a workflow, newest first.",
    )
    .params(PARAMS)
    .wrapped("workflow_runs", RUN),
    Route::get("/repos/{owner}/{repo}/actions/runs/{run_id}", READ, handler!(get), "A run.")
        .gives(200, Gives::Object(RUN)),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runs/{run_id}",
        WRITE,
        handler!(delete),
        "Deletes a completed run with its logs and artifacts.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
        READ,
        handler!(attempt),
        "A run as it was in one attempt.",
    )
    .gives(200, Gives::Object(RUN)),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/timing",
        READ,
        handler!(timing),
        "How long a run took; it costs nothing here.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/verdict",
        READ,
        handler!(verdict),
        "Why a run was started: the gate that decided, and its reason.",
    ),
    Route::post("/repos/{owner}/{repo}/actions/runs/{run_id}/cancel", WRITE, handler!(cancel), "Cancels a run.")
        .gives(202, Gives::Object(&[])),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel",
        WRITE,
        handler!(force_cancel),
        "Cancels a run, whatever its `always()` says.",
    )
    .gives(202, Gives::Object(&[])),
    Route::post("/repos/{owner}/{repo}/actions/runs/{run_id}/rerun", WRITE, handler!(rerun), "Runs all jobs again.")
        .body(DEBUG)
        .gives(201, Gives::Object(&[])),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs",
        WRITE,
        handler!(rerun_failed),
        "Runs the jobs again that failed, and those that depend on them.",
    )
    .body(DEBUG)
    .gives(201, Gives::Object(&[])),
    Route::post(
        "/repos/{owner}/{repo}/actions/jobs/{job_id}/rerun",
        WRITE,
        handler!(rerun_job),
        "Runs one job again, and those that depend on it.",
    )
    .body(DEBUG)
    .gives(201, Gives::Object(&[])),
    Route::post(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/approve",
        Access::repo(Permission::Actions, Level::Write, Role::Write),
        handler!(approve),
        "Lets a run of an outside contributor begin.",
    )
    .gives(201, Gives::Object(&[])),
];

/// The run of `{run_id}`, which is of the path's repository.
pub(crate) async fn found(api: &Api, call: &Call) -> Result<Run> {
    let run = store::runs::by_id(&mut api.store().read(), call.id("run_id")?).await?;
    let repo = call.repo()?.id;
    run.filter(|run| run.repo_id == repo).ok_or_else(Problem::not_found)
}

/// A run in full.
pub(crate) async fn shape(
    api: &Api,
    shapes: &mut Shape<'_>,
    repo: &store::repositories::Repository,
    run: &Run,
) -> Result<Value> {
    shape_with(shapes, repo, run, &commits(api, repo.id, &[&run.head_sha]).await).await
}

async fn shape_with(
    shapes: &mut Shape<'_>,
    repo: &store::repositories::Repository,
    run: &Run,
    commits: &HashMap<String, Commit>,
) -> Result<Value> {
    let mut value = control::run_json(shapes.urls(), &repo.full_name(), run);
    let head = run.head_repo_id.filter(|id| *id != repo.id);
    let repository = shapes.repository(repo).await?;
    let head_repository = match head {
        Some(id) => shapes.repository_by_id(id).await?,
        None => repository.clone(),
    };
    let actor = shapes.user(run.actor_id).await?;
    let trigger = match run.trigger_login == run.actor_login {
        true => None,
        false => shapes.user_by_login(&run.trigger_login).await?,
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("triggering_actor".to_owned(), trigger.unwrap_or_else(|| actor.clone()));
        object.insert("actor".to_owned(), actor);
        object.insert("repository".to_owned(), repository);
        object.insert("head_repository".to_owned(), head_repository);
        object.insert("head_commit".to_owned(), commits.get(&run.head_sha).map_or(Value::Null, head_commit));
        object.insert("referenced_workflows".to_owned(), json!([]));
        if let Some(reason) = run.reason.as_deref().and_then(|reason| serde_json::from_str::<Value>(reason).ok()) {
            object.insert("reason".to_owned(), reason);
        }
    }
    Ok(value)
}

/// Those that git has, by id.
async fn commits(api: &Api, repo_id: i64, shas: &[&str]) -> HashMap<String, Commit> {
    let found = api.forge().git(repo_id).commits(shas).await.unwrap_or_default();
    found.into_iter().map(|commit| (commit.sha.clone(), commit)).collect()
}

/// A commit in short.
fn head_commit(commit: &Commit) -> Value {
    let person = |signature: &forge::git::Signature| json!({ "name": signature.name, "email": signature.email });
    json!({
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message.trim_end(),
        "timestamp": forge::shape::git_time(&commit.committer),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
    })
}

async fn list(api: &Api, call: &mut Call) -> Result {
    page_of(api, call, Filter::default()).await
}

async fn of_workflow(api: &Api, call: &mut Call) -> Result {
    let workflow_id = Some(super::workflows::found(api, call).await?.id);
    page_of(api, call, Filter { workflow_id, ..Filter::default() }).await
}

async fn page_of(api: &Api, call: &Call, base: Filter) -> Result {
    let text = |name: &str| call.query(name).map(str::to_owned);
    let (created_from, created_to) = match call.query("created") {
        Some(range) => created(range)?,
        None => (None, None),
    };
    let filter = Filter {
        status: text("status"),
        branch: text("branch"),
        event: text("event"),
        actor: text("actor"),
        head_sha: text("head_sha"),
        suite_id: call.query("check_suite_id").and_then(|id| id.parse().ok()),
        created_from,
        created_to,
        ..base
    };
    let (page, repo) = (call.page(), call.repo()?);
    let mut query = api.store().read();
    let wanted = (page.sql_offset(), page.sql_limit());
    let (runs, total) = store::runs::find(&mut query, repo.id, &filter, wanted, MOST_FOUND).await?;
    let runs = &runs[..runs.len().min(page.per_page)];
    let shas: Vec<&str> = runs.iter().map(|run| run.head_sha.as_str()).collect();
    let commits = commits(api, repo.id, &shas).await;
    let mut shapes = api.forge().shape();
    let mut items = Vec::new();
    for run in runs {
        let mut item = shape_with(&mut shapes, repo, run, &commits).await?;
        if call.query("exclude_pull_requests") == Some("true") {
            item["pull_requests"] = json!([]);
        }
        items.push(item);
    }
    Ok(Answer::wrapped(call, page, "workflow_runs", items, total))
}

/// A range of time as GitHub's search writes it.
fn created(range: &str) -> Result<(Option<i64>, Option<i64>)> {
    let wrong = || Problem::invalid("created", "expected `2026-11-30`, `>=2026-11-30` or `2026-11-01..2026-11-30`");
    let from = |text: &str| if text == "*" { Ok(None) } else { start_of(text).map(Some).ok_or_else(wrong) };
    let to = |text: &str| if text == "*" { Ok(None) } else { end_of(text).map(Some).ok_or_else(wrong) };
    if let Some((first, last)) = range.split_once("..") {
        return Ok((from(first)?, to(last)?));
    }
    Ok(if let Some(text) = range.strip_prefix(">=") {
        (from(text)?, None)
    } else if let Some(text) = range.strip_prefix("<=") {
        (None, to(text)?)
    } else if let Some(text) = range.strip_prefix('>') {
        (to(text)?.map(|time| time + 1), None)
    } else if let Some(text) = range.strip_prefix('<') {
        (None, from(text)?.map(|time| time - 1))
    } else {
        (from(range)?, to(range)?)
    })
}

/// The first microsecond of a day or of a second.
fn start_of(text: &str) -> Option<i64> {
    let time = match text.parse::<jiff::civil::Date>() {
        Ok(date) if !text.contains('T') => date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
        _ => text.parse::<jiff::Timestamp>().ok()?,
    };
    Some(time.as_microsecond())
}

/// The last microsecond of a day or of a second.
fn end_of(text: &str) -> Option<i64> {
    let length = if text.contains('T') { 1_000_000 } else { 24 * 3600 * 1_000_000 };
    Some(start_of(text)? + length - 1)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    Ok(Answer::json(shape(api, &mut api.forge().shape(), call.repo()?, &run).await?))
}

async fn attempt(api: &Api, call: &mut Call) -> Result {
    let (run, number) = (found(api, call).await?, call.id("attempt_number")?);
    let attempt = store::runs::attempt(&mut api.store().read(), run.id, number).await?;
    let attempt = attempt.ok_or_else(Problem::not_found)?;
    let run = if number == run.attempt {
        run
    } else {
        Run {
            attempt: number,
            status: attempt.status,
            conclusion: attempt.conclusion,
            trigger_login: attempt.trigger_login,
            started_at: attempt.started_at,
            updated_at: attempt.completed_at.unwrap_or(attempt.started_at),
            completed_at: attempt.completed_at,
            reason: None,
            ..run
        }
    };
    Ok(Answer::json(shape(api, &mut api.forge().shape(), call.repo()?, &run).await?))
}

async fn timing(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    let end = run.completed_at.unwrap_or_else(|| api.store().now());
    Ok(Answer::json(json!({ "billable": {}, "run_duration_ms": (end - run.started_at).max(0) / 1000 })))
}

async fn verdict(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    let verdict = store::verdicts::of_run(&mut api.store().read(), run.id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(json!({
        "workflow": verdict.workflow_path,
        "runs": verdict.runs,
        "gate": verdict.gate,
        "reason": verdict.reason,
        "line": verdict.line,
        "column": verdict.col,
        "evidence": verdict.evidence,
    })))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    if !run.is_completed() {
        return Err(Problem::forbidden("Only a completed run can be deleted."));
    }
    let mut query = api.store().read();
    for job in store::jobs::of_run(&mut query, run.id).await? {
        api.depot().delete_logs(job.id).await?;
    }
    for artifact in store::artifacts::ids_of_run(&mut query, run.id).await? {
        api.depot().delete_artifact(artifact).await?;
    }
    let mut tx = api.store().begin().await?;
    // It may have been started again meanwhile.
    let run = store::runs::lock(&mut tx, run.id).await?.ok_or_else(Problem::not_found)?;
    if !run.is_completed() {
        return Err(Problem::forbidden("Only a completed run can be deleted."));
    }
    store::runs::delete(&mut tx, run.id).await?;
    let subject = format!("{} #{}", run.workflow_path, run.number);
    api.identity().audit(&mut tx, &call.caller, Action::new("run.delete", &subject).repo(run.repo_id)).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

async fn cancel(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    api.control().cancel_run(&call.caller, run.id, false).await?;
    Ok(Answer::accepted(json!({})))
}

async fn force_cancel(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    api.control().cancel_run(&call.caller, run.id, true).await?;
    Ok(Answer::accepted(json!({})))
}

async fn again(api: &Api, call: &Call, run_id: i64, which: Which) -> Result {
    let debug = call.flag("enable_debug_logging").unwrap_or(false);
    api.control().rerun(&call.caller, run_id, &Again { which, debug }).await.map_err(|error| match error {
        // As GitHub words it.
        control::Error::Conflict(reason) => {
            Problem::forbidden(format!("This workflow run cannot be run again: {reason}"))
        }
        other => other.into(),
    })?;
    Ok(Answer::with_status(StatusCode::CREATED, json!({})))
}

async fn rerun(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    again(api, call, run.id, Which::All).await
}

async fn rerun_failed(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    again(api, call, run.id, Which::Failed).await
}

async fn rerun_job(api: &Api, call: &mut Call) -> Result {
    let job = super::jobs::found(api, call).await?;
    again(api, call, job.run_id, Which::Job(job.id)).await
}

async fn approve(api: &Api, call: &mut Call) -> Result {
    let run = found(api, call).await?;
    api.control().approve_run(&call.caller, run.id).await?;
    Ok(Answer::created(json!({})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let day = 24 * 3600 * 1_000_000;
        let first = start_of("2026-11-30").unwrap();
        let table = [
            ("2026-11-30", (Some(first), Some(first + day - 1))),
            (">=2026-11-30", (Some(first), None)),
            (">2026-11-30", (Some(first + day), None)),
            ("<=2026-11-30", (None, Some(first + day - 1))),
            ("<2026-11-30", (None, Some(first - 1))),
            ("2026-11-30..2026-12-01", (Some(first), Some(first + 2 * day - 1))),
            ("*..2026-11-30", (None, Some(first + day - 1))),
            ("2026-11-30T00:00:01Z..*", (Some(first + 1_000_000), None)),
        ];
        for (range, expected) in table {
            assert_eq!(created(range).unwrap(), expected, "{range}");
        }
        assert!(created("yesterday").is_err());
    }
}
