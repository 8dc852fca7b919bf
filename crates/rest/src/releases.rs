//! Releases and their files.

use axum::http::header;
use forge::releases::NewRelease;
use identity::{Level, Need, Permission, Role};
use serde_json::{Value, json};
use store::releases::{Asset, Release};

use crate::acting::actor;
use crate::route::fields::{ASSET, RELEASE};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Media, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Contents, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Contents, Level::Write, Role::Write);

const FIELDS: &[Field] = &[
    Field::new("tag_name", Kind::String),
    Field::nullable("target_commitish", Kind::String),
    Field::nullable("name", Kind::String),
    Field::nullable("body", Kind::String),
    Field::new("draft", Kind::Boolean),
    Field::new("prerelease", Kind::Boolean),
    Field::new("generate_release_notes", Kind::Boolean),
    Field::new("make_latest", Kind::String),
];

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/releases", READ, handler!(list), "Releases, newest first.").list(RELEASE),
    Route::post("/repos/{owner}/{repo}/releases", WRITE, handler!(create), "Makes a release, and its tag.")
        .body(FIELDS)
        .gives(201, Gives::Object(RELEASE)),
    Route::get("/repos/{owner}/{repo}/releases/latest", READ, handler!(latest), "The newest release.")
        .gives(200, Gives::Object(RELEASE)),
    Route::get("/repos/{owner}/{repo}/releases/tags/{tag*}", READ, handler!(by_tag), "The release of a tag.")
        .gives(200, Gives::Object(RELEASE)),
    Route::post("/repos/{owner}/{repo}/releases/generate-notes", WRITE, handler!(notes), "What changed since a tag.")
        .body(&[
            Field::required("tag_name", Kind::String),
            Field::new("target_commitish", Kind::String),
            Field::new("previous_tag_name", Kind::String),
        ])
        .gives(200, Gives::Object(&[])),
    Route::get("/repos/{owner}/{repo}/releases/{id}", READ, handler!(get), "A release.")
        .gives(200, Gives::Object(RELEASE)),
    Route::patch("/repos/{owner}/{repo}/releases/{id}", WRITE, handler!(change), "Changes a release.")
        .body(FIELDS)
        .gives(200, Gives::Object(RELEASE)),
    Route::delete("/repos/{owner}/{repo}/releases/{id}", WRITE, handler!(delete), "Deletes a release; its tag stays."),
    Route::get("/repos/{owner}/{repo}/releases/{id}/assets", READ, handler!(assets), "Files of a release.").list(ASSET),
    Route::post("/repos/{owner}/{repo}/releases/{id}/assets", WRITE, handler!(upload), "Adds a file to a release.")
        .params(&[Param::text("name", "the file's name"), Param::text("label", "what it is shown as")])
        .raw()
        .gives(201, Gives::Object(ASSET)),
    Route::get("/repos/{owner}/{repo}/releases/assets/{id}", READ, handler!(asset), "A file of a release.")
        .gives(200, Gives::Bytes),
    Route::patch("/repos/{owner}/{repo}/releases/assets/{id}", WRITE, handler!(change_asset), "Renames a file.")
        .body(&[Field::new("name", Kind::String), Field::nullable("label", Kind::String)])
        .gives(200, Gives::Object(ASSET)),
    Route::delete("/repos/{owner}/{repo}/releases/assets/{id}", WRITE, handler!(delete_asset), "Deletes a file."),
];

/// Whether the caller sees drafts.
async fn sees_drafts(api: &Api, call: &Call) -> Result<bool> {
    call.could(api, Need::new(Permission::Contents, Level::Write)).await
}

async fn shape(api: &Api, call: &Call, release: &Release) -> Result<Value> {
    Ok(api.forge().shape().release(call.repo()?, release).await?)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repository) = (call.page(), call.repo()?);
    let drafts = sees_drafts(api, call).await?;
    let mut query = api.store().read();
    let releases =
        store::releases::list(&mut query, repository.id, drafts, page.sql_limit(), page.sql_offset()).await?;
    let mut items = Vec::new();
    for release in &releases {
        items.push(shape(api, call, release).await?);
    }
    Ok(Answer::page(call, page, items))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let tag = call.required("tag_name")?;
    let target = call.text("target_commitish").filter(|target| !target.is_empty());
    let mut body = call.text("body").unwrap_or_default().to_owned();
    let mut name = call.text("name").map(str::to_owned);
    if call.flag("generate_release_notes").unwrap_or(false) {
        let (title, notes) = api.forge().release_notes(repository, tag, target, None).await?;
        name = name.or(Some(title));
        body = if body.is_empty() { notes } else { format!("{body}\n\n{notes}") };
    }
    let new = NewRelease {
        tag,
        target,
        name: name.as_deref(),
        body: &body,
        draft: call.flag("draft").unwrap_or(false),
        prerelease: call.flag("prerelease").unwrap_or(false),
    };
    let release = api.forge().create_release(repository, &actor(call)?, &new).await?;
    Ok(Answer::created(shape(api, call, &release).await?))
}

async fn latest(api: &Api, call: &mut Call) -> Result {
    let found = store::releases::latest(&mut api.store().read(), call.repo()?.id).await?;
    let release = found.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(shape(api, call, &release).await?))
}

async fn by_tag(api: &Api, call: &mut Call) -> Result {
    let found = store::releases::by_tag(&mut api.store().read(), call.repo()?.id, call.param("tag")).await?;
    let release = found.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(shape(api, call, &release).await?))
}

async fn notes(api: &Api, call: &mut Call) -> Result {
    let (tag, target) = (call.required("tag_name")?, call.text("target_commitish"));
    let previous = call.text("previous_tag_name");
    let (name, body) = api.forge().release_notes(call.repo()?, tag, target, previous).await?;
    Ok(Answer::json(json!({ "name": name, "body": body })))
}

async fn find(api: &Api, call: &Call) -> Result<Release> {
    let found = store::releases::by_id(&mut api.store().read(), call.repo()?.id, call.id("id")?).await?;
    let release = found.ok_or_else(Problem::not_found)?;
    if release.draft && !sees_drafts(api, call).await? {
        return Err(Problem::not_found());
    }
    Ok(release)
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let release = find(api, call).await?;
    Ok(Answer::json(shape(api, call, &release).await?))
}

async fn change(api: &Api, call: &mut Call) -> Result {
    let before = find(api, call).await?;
    let mut release = before.clone();
    let set = |field: &mut String, name: &str| {
        if let Some(text) = call.text(name) {
            text.clone_into(field);
        }
    };
    set(&mut release.tag, "tag_name");
    set(&mut release.target, "target_commitish");
    set(&mut release.name, "name");
    set(&mut release.body, "body");
    release.draft = call.flag("draft").unwrap_or(release.draft);
    release.prerelease = call.flag("prerelease").unwrap_or(release.prerelease);
    let release = api.forge().change_release(call.repo()?, &actor(call)?, &before, release).await?;
    Ok(Answer::json(shape(api, call, &release).await?))
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let release = find(api, call).await?;
    api.forge().delete_release(call.repo()?, &actor(call)?, &release).await?;
    Ok(Answer::empty())
}

async fn assets(api: &Api, call: &mut Call) -> Result {
    let release = find(api, call).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for asset in store::releases::assets(&mut api.store().read(), release.id).await? {
        items.push(shape.asset(call.repo()?, &release, &asset).await?);
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn upload(api: &Api, call: &mut Call) -> Result {
    let release = find(api, call).await?;
    let body = call.take_body();
    let name = call.query("name").ok_or_else(|| Problem::invalid("name", "`name` is missing"))?;
    let kind = call.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or("application/octet-stream");
    let (repository, actor) = (call.repo()?, actor(call)?);
    let label = call.query("label");
    let asset = api.forge().create_asset(repository, &actor, &release, name, label, kind, body).await?;
    Ok(Answer::created(api.forge().shape().asset(repository, &release, &asset).await?))
}

async fn find_asset(api: &Api, call: &Call) -> Result<(Release, Asset)> {
    let mut query = api.store().read();
    let asset = store::releases::asset(&mut query, call.id("id")?).await?.ok_or_else(Problem::not_found)?;
    let release = store::releases::by_id(&mut query, call.repo()?.id, asset.release_id).await?;
    let release = release.ok_or_else(Problem::not_found)?;
    if release.draft && !sees_drafts(api, call).await? {
        return Err(Problem::not_found());
    }
    Ok((release, asset))
}

async fn asset(api: &Api, call: &mut Call) -> Result {
    let (release, asset) = find_asset(api, call).await?;
    if call.media != Media::Bytes {
        return Ok(Answer::json(api.forge().shape().asset(call.repo()?, &release, &asset).await?));
    }
    let range = call.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let response = api.forge().download_asset(&asset, range).await?;
    let (parts, body) = response.into_parts();
    let mut answer = Answer::stream(&asset.content_type, body);
    answer.status = parts.status;
    for name in [header::CONTENT_LENGTH, header::CONTENT_RANGE, header::ACCEPT_RANGES] {
        if let Some(value) = parts.headers.get(&name).and_then(|value| value.to_str().ok()) {
            answer = answer.header(name, value);
        }
    }
    let plain: String = asset.name.chars().map(|c| if c.is_ascii_graphic() && c != '"' { c } else { '_' }).collect();
    Ok(answer.header(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{plain}\"")))
}

async fn change_asset(api: &Api, call: &mut Call) -> Result {
    let (release, asset) = find_asset(api, call).await?;
    let (name, label) = (call.text("name"), call.text("label"));
    let asset = api.forge().change_asset(&call.caller, call.repo()?, &release, &asset, name, label).await?;
    Ok(Answer::json(api.forge().shape().asset(call.repo()?, &release, &asset).await?))
}

async fn delete_asset(api: &Api, call: &mut Call) -> Result {
    let (release, asset) = find_asset(api, call).await?;
    api.forge().delete_asset(&call.caller, call.repo()?, &release, &asset).await?;
    Ok(Answer::empty())
}
