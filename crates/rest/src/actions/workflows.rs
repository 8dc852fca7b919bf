//! Workflows: those of a repository, starting one by hand, turning one off.

use control::{Dispatch, RepositoryDispatch};
use identity::{Action, Level, Permission, Role};
use serde_json::{Map, Value, json};
use store::workflows::Workflow;

use crate::route::fields::WORKFLOW;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Problem, Result, Route, handler};

pub(crate) const READ: Access = Access::repo(Permission::Actions, Level::Read, Role::Read);
pub(crate) const WRITE: Access = Access::repo(Permission::Actions, Level::Write, Role::Write);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/actions/workflows", READ, handler!(list), "Workflows of a repository.")
        .wrapped("workflows", WORKFLOW),
    Route::get(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}",
        READ,
        handler!(get),
        "A workflow, by its id or the name of its file.",
    )
    .gives(200, Gives::Object(WORKFLOW)),
    Route::put(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/enable",
        WRITE,
        handler!(enable),
        "Lets a workflow run again.",
    )
    .gives(204, Gives::Nothing),
    Route::put(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/disable",
        WRITE,
        handler!(disable),
        "Lets a workflow run no more.",
    )
    .gives(204, Gives::Nothing),
    Route::post(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
        WRITE,
        handler!(dispatch),
        "Starts a workflow that has `workflow_dispatch`.",
    )
    .body(&[
        Field::required("ref", Kind::String),
        Field::new("inputs", Kind::Object(&[])),
        Field::new("priority", Kind::Integer),
    ])
    .gives(204, Gives::Nothing),
    Route::get(
        "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/timing",
        READ,
        handler!(timing),
        "What a workflow costs: nothing here.",
    ),
    Route::post(
        "/repos/{owner}/{repo}/dispatches",
        Access::repo(Permission::Contents, Level::Write, Role::Write),
        handler!(repository_dispatch),
        "An event of one's own, for workflows that have `repository_dispatch`.",
    )
    .body(&[Field::required("event_type", Kind::String), Field::new("client_payload", Kind::Object(&[]))])
    .gives(204, Gives::Nothing),
];

fn shape(api: &Api, call: &Call, workflow: &Workflow) -> Result<Value> {
    let (urls, repo) = (api.forge().urls(), call.repo()?);
    let full_name = repo.full_name();
    let page = urls.page(&full_name);
    let file = workflow.path.rsplit('/').next().unwrap_or_default();
    Ok(json!({
        "id": workflow.id,
        "node_id": forge::ids::node_id("Workflow", workflow.id),
        "name": workflow.name,
        "path": workflow.path,
        "state": workflow.state,
        "created_at": forge::shape::at(workflow.created_at),
        "updated_at": forge::shape::at(workflow.updated_at),
        "url": format!("{}/actions/workflows/{}", urls.repo(&full_name), workflow.id),
        "html_url": format!("{page}/blob/{}/{}", repo.default_branch, workflow.path),
        "badge_url": format!("{page}/workflows/{file}/badge.svg"),
    }))
}

/// The workflow of `{workflow_id}`: an id, or the name of the file below `.github/workflows`.
pub(crate) async fn found(api: &Api, call: &Call) -> Result<Workflow> {
    let (repo, text) = (call.repo()?, call.param("workflow_id"));
    let mut query = api.store().read();
    let by_id = match text.parse() {
        Ok(id) => store::workflows::by_id(&mut query, repo.id, id).await?,
        Err(_) => None,
    };
    let workflow = match by_id {
        Some(workflow) => Some(workflow),
        None => {
            let name = text.strip_prefix(".github/workflows/").unwrap_or(text);
            store::workflows::by_path(&mut query, repo.id, &format!(".github/workflows/{name}")).await?
        }
    };
    workflow.filter(|workflow| workflow.state != "deleted").ok_or_else(Problem::not_found)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo) = (call.page(), call.repo()?);
    let found = store::workflows::of_repo(&mut api.store().read(), repo.id).await?;
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let items = found.iter().skip(page.offset()).map(|workflow| shape(api, call, workflow)).collect::<Result<_>>()?;
    Ok(Answer::wrapped(call, page, "workflows", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, call, &found(api, call).await?)?))
}

async fn enable(api: &Api, call: &mut Call) -> Result {
    set_state(api, call, "active").await
}

async fn disable(api: &Api, call: &mut Call) -> Result {
    set_state(api, call, "disabled_manually").await
}

async fn set_state(api: &Api, call: &Call, state: &str) -> Result {
    let (repo, workflow) = (call.repo()?, found(api, call).await?);
    let mut tx = api.store().begin().await?;
    store::workflows::set_state(&mut tx, workflow.id, state).await?;
    let action = Action::new("workflow.state", &workflow.path).repo(repo.id).details(json!({ "state": state }));
    api.identity().audit(&mut tx, &call.caller, action).await?;
    tx.commit().await?;
    Ok(Answer::empty())
}

fn object(call: &Call, name: &str) -> Map<String, Value> {
    call.json.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

async fn dispatch(api: &Api, call: &mut Call) -> Result {
    let text = call.param("workflow_id");
    // A workflow that never ran has no row yet, but has a file.
    let workflow = match found(api, call).await {
        Ok(workflow) => workflow.path,
        Err(_) if text.parse::<i64>().is_err() => {
            format!(".github/workflows/{}", text.strip_prefix(".github/workflows/").unwrap_or(text))
        }
        Err(problem) => return Err(problem),
    };
    let git_ref = call.required("ref")?.to_owned();
    let dispatch = Dispatch { workflow, git_ref, inputs: object(call, "inputs"), priority: call.integer("priority") };
    api.control().dispatch(&call.caller, call.repo()?, &dispatch).await?;
    Ok(Answer::empty())
}

async fn repository_dispatch(api: &Api, call: &mut Call) -> Result {
    let event_type = call.required("event_type")?.to_owned();
    let dispatch = RepositoryDispatch { event_type, client_payload: object(call, "client_payload") };
    api.control().repository_dispatch(&call.caller, call.repo()?, &dispatch).await?;
    Ok(Answer::empty())
}

async fn timing(api: &Api, call: &mut Call) -> Result {
    found(api, call).await?;
    Ok(Answer::json(json!({ "billable": {} })))
}
