//! Check runs and check suites.

use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::checks::{CheckRun, CheckSuite};

use crate::acting::actor;
use crate::commits::resolve;
use crate::route::fields::{CHECK_RUN, CHECK_SUITE};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Checks, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Checks, Level::Write, Role::Write);

const FIELDS: &[Field] = &[
    Field::new("name", Kind::String),
    Field::new("head_sha", Kind::String),
    Field::nullable("details_url", Kind::String),
    Field::nullable("external_id", Kind::String),
    Field::new("status", Kind::String),
    Field::nullable("started_at", Kind::String),
    Field::nullable("conclusion", Kind::String),
    Field::nullable("completed_at", Kind::String),
    Field::nullable("output", Kind::Any),
    Field::new("actions", Kind::Array(&Kind::Any)),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::post("/repos/{owner}/{repo}/check-runs", WRITE, handler!(create), "Reports a check.")
        .body(FIELDS)
        .gives(201, Gives::Object(CHECK_RUN)),
    Route::get("/repos/{owner}/{repo}/check-runs/{id}", READ, handler!(get), "A check.")
        .gives(200, Gives::Object(CHECK_RUN)),
    Route::patch("/repos/{owner}/{repo}/check-runs/{id}", WRITE, handler!(update), "Reports how a check goes on.")
        .body(FIELDS)
        .gives(200, Gives::Object(CHECK_RUN)),
    Route::get(
        "/repos/{owner}/{repo}/check-runs/{id}/annotations",
        READ,
        handler!(annotations),
        "Annotations of a check.",
    )
    .list(&[]),
    Route::get("/repos/{owner}/{repo}/commits/{ref}/check-runs", READ, handler!(of_commit), "Checks of a commit.")
        .params(&[
            Param::text("check_name", "only checks of this name"),
            Param::text("status", "`queued`, `in_progress` or `completed`"),
            Param::text("filter", "`latest` of each name, or `all`"),
        ])
        .wrapped("check_runs", CHECK_RUN),
    Route::get("/repos/{owner}/{repo}/commits/{ref}/check-suites", READ, handler!(suites), "Check suites of a commit.")
        .wrapped("check_suites", CHECK_SUITE),
    Route::get("/repos/{owner}/{repo}/check-suites/{id}", READ, handler!(suite), "A check suite.")
        .gives(200, Gives::Object(CHECK_SUITE)),
    Route::get("/repos/{owner}/{repo}/check-suites/{id}/check-runs", READ, handler!(of_suite), "Checks of a suite.")
        .wrapped("check_runs", CHECK_RUN),
];

fn time(call: &Call, name: &str) -> Result<Option<store::Micros>> {
    let Some(text) = call.text(name) else { return Ok(None) };
    let time: jiff::Timestamp =
        text.parse().map_err(|_| Problem::invalid(name, "a time like 2026-11-30T07:00:00Z is expected"))?;
    Ok(Some(time.as_microsecond()))
}

/// Writes the fields of a body into a run.
fn apply(call: &Call, run: &mut CheckRun, now: store::Micros) -> Result<()> {
    let set = |field: &mut String, name: &str| {
        if let Some(text) = call.text(name) {
            text.clone_into(field);
        }
    };
    set(&mut run.name, "name");
    set(&mut run.external_id, "external_id");
    set(&mut run.status, "status");
    if let Some(url) = call.text("details_url") {
        run.details_url = Some(url.to_owned());
    }
    if let Some(conclusion) = call.text("conclusion") {
        run.conclusion = Some(conclusion.to_owned());
        "completed".clone_into(&mut run.status);
    }
    run.started_at = time(call, "started_at")?.or(run.started_at).or((run.status != "queued").then_some(now));
    run.completed_at = time(call, "completed_at")?.or(run.completed_at).or(run.conclusion.is_some().then_some(now));
    if let Some(output) = call.json.get("output").filter(|output| output.is_object()) {
        run.output = json!({ "title": output["title"], "summary": output["summary"], "text": output["text"] });
        if let (Some(all), Some(new)) = (run.annotations.as_array_mut(), output["annotations"].as_array()) {
            if new.len() > 50 {
                return Err(Problem::invalid("output.annotations", "50 annotations at most in one request"));
            }
            all.extend(new.iter().cloned());
        }
    }
    Ok(())
}

/// As which application a caller reports: a job as the workflow it is, everybody else by their name.
fn app(call: &Call) -> String {
    match &call.caller {
        identity::Caller::Job(_) => forge::checks::ACTIONS_APP.to_owned(),
        other => other.login().unwrap_or("trunkline").to_owned(),
    }
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let mut run = CheckRun {
        id: 0,
        repo_id: repository.id,
        suite_id: 0,
        head_sha: call.required("head_sha")?.to_owned(),
        name: call.required("name")?.to_owned(),
        status: "queued".to_owned(),
        conclusion: None,
        external_id: String::new(),
        details_url: None,
        source_key: None,
        started_at: None,
        completed_at: None,
        output: json!({ "title": null, "summary": null, "text": null }),
        annotations: json!([]),
        actions: json!([]),
        created_at: 0,
        updated_at: 0,
    };
    apply(call, &mut run, api.store().now())?;
    let app = app(call);
    let run = api.forge().put_check_run(repository, &actor(call)?, &app, run).await?;
    Ok(Answer::created(api.forge().shape().check_run(repository, &app, &run).await?))
}

async fn find(api: &Api, call: &Call) -> Result<(CheckRun, CheckSuite)> {
    let (id, repository) = (call.id("id")?, call.repo()?);
    let mut query = api.store().read();
    let run = store::checks::run(&mut query, repository.id, id).await?.ok_or_else(Problem::not_found)?;
    let suite = store::checks::suite(&mut query, repository.id, run.suite_id).await?;
    Ok((run, suite.ok_or_else(Problem::not_found)?))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let (run, suite) = find(api, call).await?;
    Ok(Answer::json(api.forge().shape().check_run(call.repo()?, &suite.app, &run).await?))
}

async fn update(api: &Api, call: &mut Call) -> Result {
    let (mut run, suite) = find(api, call).await?;
    // The checks of workflow runs are what their jobs make them.
    if run.source_key.is_some() {
        return Err(Problem::forbidden("This check is reported by a workflow run."));
    }
    if suite.app != app(call) {
        return Err(Problem::forbidden("A check is changed by who reported it."));
    }
    apply(call, &mut run, api.store().now())?;
    let run = api.forge().put_check_run(call.repo()?, &actor(call)?, &suite.app, run).await?;
    Ok(Answer::json(api.forge().shape().check_run(call.repo()?, &suite.app, &run).await?))
}

async fn annotations(api: &Api, call: &mut Call) -> Result {
    let (run, _) = find(api, call).await?;
    let items = run.annotations.as_array().cloned().unwrap_or_default();
    Ok(Answer::whole(call, call.page(), items))
}

async fn of_commit(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let sha = resolve(api, repository, call.param("ref")).await?;
    let runs = store::checks::of_commit(&mut api.store().read(), repository.id, &sha).await?;
    list(api, call, runs).await
}

async fn of_suite(api: &Api, call: &mut Call) -> Result {
    let suite = find_suite(api, call).await?;
    let runs = store::checks::of_suite(&mut api.store().read(), suite.id).await?;
    list(api, call, runs).await
}

async fn list(api: &Api, call: &Call, runs: Vec<CheckRun>) -> Result {
    let (repository, page) = (call.repo()?, call.page());
    let latest = call.query("filter").unwrap_or("latest") == "latest";
    let mut seen = std::collections::HashSet::new();
    let wanted: Vec<CheckRun> = runs
        .into_iter()
        .filter(|run| call.query("check_name").is_none_or(|name| run.name == name))
        .filter(|run| call.query("status").is_none_or(|status| run.status == status))
        .filter(|run| !latest || seen.insert((run.suite_id, run.name.clone())))
        .collect();
    let total = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let mut shape = api.forge().shape();
    let mut items: Vec<Value> = Vec::new();
    for run in wanted.iter().skip(page.offset()).take(page.per_page) {
        let suite = store::checks::suite(&mut api.store().read(), repository.id, run.suite_id).await?;
        let app = suite.map(|suite| suite.app).unwrap_or_default();
        items.push(shape.check_run(repository, &app, run).await?);
    }
    Ok(Answer::wrapped(call, page, "check_runs", items, total))
}

async fn find_suite(api: &Api, call: &Call) -> Result<CheckSuite> {
    let found = store::checks::suite(&mut api.store().read(), call.repo()?.id, call.id("id")?).await?;
    found.ok_or_else(Problem::not_found)
}

async fn suite(api: &Api, call: &mut Call) -> Result {
    let suite = find_suite(api, call).await?;
    Ok(Answer::json(api.forge().shape().check_suite(call.repo()?, &suite).await?))
}

async fn suites(api: &Api, call: &mut Call) -> Result {
    let (repository, page) = (call.repo()?, call.page());
    let sha = resolve(api, repository, call.param("ref")).await?;
    let suites = store::checks::suites_of_commit(&mut api.store().read(), repository.id, &sha).await?;
    let total = i64::try_from(suites.len()).unwrap_or(i64::MAX);
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for suite in suites.iter().skip(page.offset()).take(page.per_page) {
        items.push(shape.check_suite(repository, suite).await?);
    }
    Ok(Answer::wrapped(call, page, "check_suites", items, total))
}
