//! Artifacts of runs.

use axum::http::{StatusCode, header};
use identity::Action;
use serde_json::{Value, json};
use store::artifacts::Artifact;

use super::downloads::{Content, redirect};
use super::workflows::{READ, WRITE};
use crate::route::fields::ARTIFACT;
use crate::{Answer, Api, Call, Gives, Param, Problem, Result, Route, handler};

const NAME: &[Param] = &[Param::text("name", "Only artifacts of this name.")];

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}/actions/artifacts",
        READ,
        handler!(list),
        "Artifacts of a repository, newest first.",
    )
    .params(NAME)
    .wrapped("artifacts", ARTIFACT),
    Route::get(
        "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts",
        READ,
        handler!(of_run),
        "Artifacts of a run; of several attempts' the last one's.",
    )
    .params(NAME)
    .wrapped("artifacts", ARTIFACT),
    Route::get("/repos/{owner}/{repo}/actions/artifacts/{artifact_id}", READ, handler!(get), "An artifact.")
        .gives(200, Gives::Object(ARTIFACT)),
    Route::delete(
        "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}",
        WRITE,
        handler!(delete),
        "Deletes an artifact.",
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}",
        READ,
        handler!(download),
        "Where the content of an artifact is, as it was uploaded: a zip for all but the newest clients' single files.",
    )
    .gives(302, Gives::Redirect),
];

async fn found(api: &Api, call: &Call) -> Result<Artifact> {
    let artifact = store::artifacts::by_id(&mut api.store().read(), call.id("artifact_id")?).await?;
    let repo = call.repo()?.id;
    artifact.filter(|artifact| artifact.repo_id == repo).ok_or_else(Problem::not_found)
}

async fn shape(api: &Api, call: &Call, artifact: &Artifact) -> Result<Value> {
    let repo = call.repo()?;
    let url = format!("{}/actions/artifacts/{}", api.forge().urls().repo(&repo.full_name()), artifact.id);
    let run = store::runs::by_id(&mut api.store().read(), artifact.run_id).await?;
    let run = run.map(|run| {
        json!({
            "id": run.id,
            "repository_id": run.repo_id,
            "head_repository_id": run.head_repo_id,
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
        })
    });
    Ok(json!({
        "id": artifact.id,
        "node_id": forge::ids::node_id("Artifact", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.size,
        "url": url,
        "archive_download_url": format!("{url}/zip"),
        "expired": artifact.is_expired(),
        "digest": artifact.digest,
        "created_at": forge::shape::at(artifact.created_at),
        "updated_at": forge::shape::at(artifact.created_at),
        "expires_at": forge::shape::at(artifact.expires_at),
        "workflow_run": run,
    }))
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repo, name) = (call.page(), call.repo()?.id, call.query("name"));
    let mut query = api.store().read();
    let found = store::artifacts::of_repo(&mut query, repo, name, page.sql_offset(), page.sql_limit()).await?;
    let total = store::artifacts::count_of_repo(&mut query, repo, name).await?;
    let mut items = Vec::new();
    for artifact in found.iter().take(page.per_page) {
        items.push(shape(api, call, artifact).await?);
    }
    Ok(Answer::wrapped(call, page, "artifacts", items, total))
}

async fn of_run(api: &Api, call: &mut Call) -> Result {
    let (page, run) = (call.page(), super::runs::found(api, call).await?);
    let mut found = store::artifacts::of_run(&mut api.store().read(), run.id).await?;
    if let Some(name) = call.query("name") {
        found.retain(|artifact| artifact.name == name);
    }
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let mut items = Vec::new();
    for artifact in found.iter().skip(page.offset()).take(page.per_page) {
        items.push(shape(api, call, artifact).await?);
    }
    Ok(Answer::wrapped(call, page, "artifacts", items, total))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let artifact = found(api, call).await?;
    Ok(Answer::json(shape(api, call, &artifact).await?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let artifact = found(api, call).await?;
    let mut tx = api.store().begin().await?;
    api.identity()
        .audit(&mut tx, &call.caller, Action::new("artifact.delete", &artifact.name).repo(artifact.repo_id))
        .await?;
    tx.commit().await?;
    api.depot().delete_artifact(artifact.id).await?;
    Ok(Answer::empty())
}

async fn download(api: &Api, call: &mut Call) -> Result {
    if call.param("archive_format") != "zip" {
        return Err(Problem::not_found());
    }
    let artifact = found(api, call).await?;
    if artifact.object.is_none() {
        return Err(expired());
    }
    redirect(api, Content::Artifact { id: artifact.id })
}

fn expired() -> Problem {
    Problem::new(StatusCode::GONE, "Artifact has expired")
}

/// What was uploaded.
pub(super) async fn content(api: &Api, id: i64) -> Result {
    let artifact = store::artifacts::by_id(&mut api.store().read(), id).await?.ok_or_else(Problem::not_found)?;
    let object = artifact.object.as_ref().ok_or_else(expired)?;
    let size = u64::try_from(artifact.size).unwrap_or(0);
    let pieces = api.depot().objects().stream(object, 0..size).await.map_err(depot::Error::from)?;
    let zipped = artifact.mime_type == "application/zip";
    // Quotes and line ends have no place in a header.
    let plain: String = artifact.name.chars().map(|c| if c.is_ascii_graphic() && c != '"' { c } else { '_' }).collect();
    let name = format!("attachment; filename=\"{plain}{}\"", if zipped { ".zip" } else { "" });
    let answer = Answer::stream(&artifact.mime_type, axum::body::Body::from_stream(pieces));
    Ok(answer.header(header::CONTENT_DISPOSITION, &name).header(header::CONTENT_LENGTH, &size.to_string()))
}
