//! Files of a repository.

use axum::http::header;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forge::contents::{FileChange, FileChanged};
use forge::git::{CommitAuthor, ObjectKind};
use forge::shape::{contents_entry, git_commit};
use identity::{Level, Permission, Role};
use serde_json::{Value, json};

use crate::acting::actor;
use crate::route::fields::CONTENT;
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Media, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Contents, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Contents, Level::Write, Role::Write);
const REF: &[Param] = &[Param::text("ref", "a branch, a tag or a commit; the default branch where it is not given")];
const PERSON: Kind = Kind::Object(&[
    Field::new("name", Kind::String),
    Field::new("email", Kind::String),
    Field::new("date", Kind::String),
]);
/// Larger files have no content in JSON, and larger ones still none at all, as on GitHub.
const LARGEST_IN_JSON: u64 = 1 << 20;
const LARGEST: u64 = 100 << 20;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/contents", READ, handler!(get), "The files at the top.")
        .params(REF)
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/contents/{path*}", READ, handler!(get), "A file, or what is in a directory.")
        .params(REF)
        .gives(200, Gives::Bytes),
    Route::put("/repos/{owner}/{repo}/contents/{path*}", WRITE, handler!(put), "Makes or replaces a file by a commit.")
        .body(&[
            Field::required("message", Kind::String),
            Field::required("content", Kind::String),
            Field::nullable("sha", Kind::String),
            Field::new("branch", Kind::String),
            Field::nullable("committer", PERSON),
            Field::nullable("author", PERSON),
        ])
        .limit(56 << 20)
        .gives(200, Gives::Object(CONTENT)),
    Route::delete("/repos/{owner}/{repo}/contents/{path*}", WRITE, handler!(delete), "Removes a file by a commit.")
        .body(&[
            Field::required("message", Kind::String),
            Field::required("sha", Kind::String),
            Field::new("branch", Kind::String),
            Field::nullable("committer", PERSON),
            Field::nullable("author", PERSON),
        ])
        .gives(200, Gives::Object(CONTENT)),
    Route::get("/repos/{owner}/{repo}/readme", READ, handler!(readme), "The README at the top.")
        .params(REF)
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/tarball/{ref*}", READ, handler!(tarball), "All files as a tar archive.")
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/tarball", READ, handler!(tarball), "All files as a tar archive.")
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/zipball/{ref*}", READ, handler!(zipball), "All files as a zip archive.")
        .gives(200, Gives::Bytes),
    Route::get("/repos/{owner}/{repo}/zipball", READ, handler!(zipball), "All files as a zip archive.")
        .gives(200, Gives::Bytes),
];

/// The name and the commit that a request is about.
async fn revision(api: &Api, call: &Call) -> Result<(String, String)> {
    let repository = call.repo()?;
    let name = call.query("ref").unwrap_or(&repository.default_branch).to_owned();
    let commit = api.forge().git(repository.id).resolve(&name).await.map_err(forge::Error::from)?;
    let missing = || {
        let message = format!("No commit found for the ref {name}");
        Problem::new(axum::http::StatusCode::NOT_FOUND, message)
    };
    Ok((name.clone(), commit.ok_or_else(missing)?))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let path = call.param("path").trim_matches('/').to_owned();
    file_or_directory(api, call, &path).await
}

async fn file_or_directory(api: &Api, call: &Call, path: &str) -> Result {
    let repository = call.repo()?;
    let (name, commit) = revision(api, call).await?;
    let repo = api.forge().git(repository.id);
    let (urls, full_name) = (api.forge().urls(), repository.full_name());
    let entry = match path {
        "" => None,
        path => Some(repo.entry(&commit, path).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?),
    };
    let Some(entry) = entry.filter(|entry| entry.kind != ObjectKind::Tree) else {
        let entries = repo.list(&commit, path).await.map_err(forge::Error::from)?;
        let items: Vec<Value> =
            entries.iter().map(|entry| contents_entry(urls, &full_name, entry, &name, None)).collect();
        return Ok(Answer::json(items));
    };
    if entry.kind == ObjectKind::Commit {
        return Ok(Answer::json(contents_entry(urls, &full_name, &entry, &name, None)));
    }
    let size = entry.size.unwrap_or_default();
    if size > LARGEST {
        return Err(Problem::forbidden("The file has more than 100 MB; fetch it with git."));
    }
    if call.media == Media::Raw {
        let content = repo.blob(&entry.oid).await.map_err(forge::Error::from)?;
        return Ok(Answer::bytes("application/vnd.github.raw+json; charset=utf-8", content));
    }
    let content = match size <= LARGEST_IN_JSON {
        true => Some(repo.blob(&entry.oid).await.map_err(forge::Error::from)?),
        false => None,
    };
    let mut shape = contents_entry(urls, &full_name, &entry, &name, content.as_deref());
    if content.is_none() {
        shape["encoding"] = "none".into();
        shape["content"] = "".into();
    } else if entry.mode == "120000" {
        shape["target"] = content.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into();
    }
    Ok(Answer::json(shape))
}

async fn readme(api: &Api, call: &mut Call) -> Result {
    let (_, commit) = revision(api, call).await?;
    let repo = api.forge().git(call.repo()?.id);
    let entries = repo.list(&commit, "").await.map_err(forge::Error::from)?;
    let is_readme =
        |path: &str| path.eq_ignore_ascii_case("readme") || path.to_ascii_lowercase().starts_with("readme.");
    let found = entries.into_iter().find(|entry| entry.kind == ObjectKind::Blob && is_readme(&entry.path));
    let path = found.ok_or_else(Problem::not_found)?.path;
    file_or_directory(api, call, &path).await
}

async fn put(api: &Api, call: &mut Call) -> Result {
    let text: String = call.required("content")?.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let content = BASE64_STANDARD.decode(text).map_err(|_| Problem::invalid("content", "it is no valid base64"))?;
    let is_new = call.text("sha").is_none();
    let changed = change(api, call, Some(content)).await?;
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let path = call.param("path").trim_matches('/');
    let entry = repo.entry(&changed.commit, path).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?;
    let (urls, full_name) = (api.forge().urls(), repository.full_name());
    let commit = repo.commit(&changed.commit).await.map_err(forge::Error::from)?;
    let body = json!({
        "content": contents_entry(urls, &full_name, &entry, &changed.branch, None),
        "commit": git_commit(urls, &full_name, &commit),
    });
    Ok(if is_new { Answer::created(body) } else { Answer::json(body) })
}

async fn delete(api: &Api, call: &mut Call) -> Result {
    let changed = change(api, call, None).await?;
    let repository = call.repo()?;
    let commit = api.forge().git(repository.id).commit(&changed.commit).await.map_err(forge::Error::from)?;
    let shape = git_commit(api.forge().urls(), &repository.full_name(), &commit);
    Ok(Answer::json(json!({ "content": null, "commit": shape })))
}

async fn change(api: &Api, call: &Call, content: Option<Vec<u8>>) -> Result<FileChanged> {
    let path = call.param("path").trim_matches('/').to_owned();
    let actor = actor(call)?;
    let now = api.store().now().div_euclid(1_000_000);
    let change = FileChange {
        path,
        content,
        sha: call.text("sha").map(str::to_owned),
        branch: call.text("branch").map(str::to_owned),
        message: call.required("message")?.to_owned(),
        author: person(call, "author", now)?,
        committer: person(call, "committer", now)?,
    };
    Ok(api.forge().change_file(call.repo()?, &actor, &change).await?)
}

/// `{name, email, date}` of a body.
pub(crate) fn person(call: &Call, field: &str, now: i64) -> Result<Option<CommitAuthor>> {
    let Some(person) = call.json.get(field).filter(|person| !person.is_null()) else { return Ok(None) };
    let text = |name: &str| person[name].as_str().unwrap_or_default().to_owned();
    let seconds = match person["date"].as_str() {
        None => now,
        Some(date) => date
            .parse::<jiff::Timestamp>()
            .map_err(|_| Problem::invalid(field, "`date` is a time like 2026-11-30T07:00:00Z"))?
            .as_second(),
    };
    let (name, email) = (text("name"), text("email"));
    if name.is_empty() || email.is_empty() {
        return Err(Problem::invalid(field, "a name and an address are expected"));
    }
    Ok(Some(CommitAuthor { name, email, seconds, offset_minutes: 0 }))
}

async fn tarball(api: &Api, call: &mut Call) -> Result {
    archive(api, call, "tar.gz").await
}

async fn zipball(api: &Api, call: &mut Call) -> Result {
    archive(api, call, "zip").await
}

async fn archive(api: &Api, call: &Call, format: &'static str) -> Result {
    let repository = call.repo()?;
    let name = match call.param("ref") {
        "" => repository.default_branch.as_str(),
        name => name,
    };
    let repo = api.forge().git(repository.id);
    let commit = repo.resolve(name).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?;
    let short = &commit[..7];
    let directory = format!("{}-{}-{short}/", repository.owner, repository.name);
    let body = repo.archive(&commit, format, &directory).await.map_err(forge::Error::from)?;
    let kind = if format == "zip" { "application/zip" } else { "application/x-gzip" };
    let file = format!("attachment; filename={}-{}-{short}.{format}", repository.owner, repository.name);
    Ok(Answer::stream(kind, body).header(header::CONTENT_DISPOSITION, &file))
}
