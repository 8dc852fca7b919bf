//! Git's own objects and refs.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forge::RefChange;
use forge::git::{CommitAuthor, EMPTY_TREE, GitRef, NewCommit, NewTag, ObjectKind, TreeChange, ZERO, is_oid};
use forge::shape::{git_commit, git_ref, git_tag, tree};
use identity::{Level, Permission, Role};
use serde_json::{Value, json};

use crate::acting::actor;
use crate::contents::person;
use crate::route::fields::{GIT_COMMIT, GIT_REF};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Media, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Contents, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Contents, Level::Write, Role::Write);
/// Entries of a tree in one answer.
const MOST_ENTRIES: usize = 100_000;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/git/blobs/{sha}", READ, handler!(blob), "A blob."),
    Route::post("/repos/{owner}/{repo}/git/blobs", WRITE, handler!(make_blob), "Writes a blob.")
        .body(&[Field::required("content", Kind::String), Field::new("encoding", Kind::Choice(&["utf-8", "base64"]))])
        // 40 MB, which is GitHub's bound, in base64.
        .limit(56 << 20),
    Route::get("/repos/{owner}/{repo}/git/trees/{sha}", READ, handler!(get_tree), "A tree.")
        .params(&[Param::text("recursive", "anything: with what is in its directories")]),
    Route::post("/repos/{owner}/{repo}/git/trees", WRITE, handler!(make_tree), "Writes a tree.")
        .body(&[
            Field::nullable("base_tree", Kind::String),
            Field::required(
                "tree",
                Kind::Array(&Kind::Object(&[
                    Field::required("path", Kind::String),
                    Field::new("mode", Kind::Choice(&["100644", "100755", "040000", "160000", "120000"])),
                    Field::new("type", Kind::Choice(&["blob", "tree", "commit"])),
                    Field::nullable("sha", Kind::String),
                    Field::new("content", Kind::String),
                ])),
            ),
        ])
        .limit(40 << 20),
    Route::get("/repos/{owner}/{repo}/git/commits/{sha}", READ, handler!(commit), "A commit object.")
        .gives(200, Gives::Object(GIT_COMMIT)),
    Route::post("/repos/{owner}/{repo}/git/commits", WRITE, handler!(make_commit), "Writes a commit.")
        .body(&[
            Field::required("message", Kind::String),
            Field::required("tree", Kind::String),
            Field::new("parents", Kind::Array(&Kind::String)),
            Field::nullable("author", Kind::Any),
            Field::nullable("committer", Kind::Any),
        ])
        .gives(201, Gives::Object(GIT_COMMIT)),
    Route::get("/repos/{owner}/{repo}/git/tags/{sha}", READ, handler!(tag), "A tag object."),
    Route::post("/repos/{owner}/{repo}/git/tags", WRITE, handler!(make_tag), "Writes a tag object.").body(&[
        Field::required("tag", Kind::String),
        Field::required("message", Kind::String),
        Field::required("object", Kind::String),
        Field::required("type", Kind::Choice(&["commit", "tree", "blob"])),
        Field::nullable("tagger", Kind::Any),
    ]),
    Route::get("/repos/{owner}/{repo}/git/ref/{ref*}", READ, handler!(one_ref), "A ref.")
        .gives(200, Gives::Object(GIT_REF)),
    Route::get("/repos/{owner}/{repo}/git/matching-refs/{ref*}", READ, handler!(matching), "Refs that begin so.")
        .list(GIT_REF),
    Route::get("/repos/{owner}/{repo}/git/refs", READ, handler!(matching), "All refs.").list(GIT_REF),
    Route::get("/repos/{owner}/{repo}/git/refs/{ref*}", READ, handler!(one_ref), "A ref.")
        .gives(200, Gives::Object(GIT_REF)),
    Route::post("/repos/{owner}/{repo}/git/refs", WRITE, handler!(make_ref), "Makes a ref.")
        .body(&[Field::required("ref", Kind::String), Field::required("sha", Kind::String)])
        .gives(201, Gives::Object(GIT_REF)),
    Route::patch("/repos/{owner}/{repo}/git/refs/{ref*}", WRITE, handler!(move_ref), "Moves a ref.")
        .body(&[Field::required("sha", Kind::String), Field::new("force", Kind::Boolean)])
        .gives(200, Gives::Object(GIT_REF)),
    Route::delete("/repos/{owner}/{repo}/git/refs/{ref*}", WRITE, handler!(delete_ref), "Deletes a ref."),
];

fn sha(call: &Call) -> Result<&str> {
    let sha = call.param("sha");
    if is_oid(sha) { Ok(sha) } else { Err(Problem::not_found()) }
}

/// An object of a kind, of at most so many bytes.
async fn object(api: &Api, call: &Call, kind: ObjectKind) -> Result<forge::git::Object> {
    let repo = api.forge().git(call.repo()?.id);
    let sha = sha(call)?;
    let found = repo.kind(sha).await.map_err(forge::Error::from)?;
    match found {
        Some((found, size)) if found == kind && size <= 100 << 20 => {}
        Some((found, _)) if found == kind => return Err(Problem::forbidden("The object has more than 100 MB.")),
        _ => return Err(Problem::not_found()),
    }
    let mut objects = repo.objects(&[sha]).await.map_err(forge::Error::from)?;
    objects.pop().ok_or_else(Problem::not_found)
}

async fn blob(api: &Api, call: &mut Call) -> Result {
    let object = object(api, call, ObjectKind::Blob).await?;
    if call.media == Media::Raw {
        return Ok(Answer::bytes("application/vnd.github.raw+json; charset=utf-8", object.content));
    }
    let repo = api.forge().urls().repo(&call.repo()?.full_name());
    Ok(Answer::json(json!({
        "sha": object.oid,
        "node_id": object.oid,
        "size": object.content.len(),
        "url": format!("{repo}/git/blobs/{}", object.oid),
        "content": BASE64_STANDARD.encode(&object.content),
        "encoding": "base64",
    })))
}

async fn make_blob(api: &Api, call: &mut Call) -> Result {
    call.required("content")?;
    // Taken out, not copied: it may be large.
    let Some(Value::String(mut text)) = call.json.remove("content") else { return Err(Problem::not_found()) };
    let content = match call.text("encoding") {
        Some("base64") => {
            text.retain(|c| !c.is_ascii_whitespace());
            BASE64_STANDARD.decode(text).map_err(|_| Problem::invalid("content", "it is no valid base64"))?
        }
        _ => text.into_bytes(),
    };
    let repository = call.repo()?;
    api.forge().check_room(repository).await?;
    let oid = api.forge().git(repository.id).write_blob(content).await.map_err(forge::Error::from)?;
    let url = format!("{}/git/blobs/{oid}", api.forge().urls().repo(&repository.full_name()));
    Ok(Answer::created(json!({ "sha": oid, "url": url })))
}

async fn get_tree(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let id = repo.tree_id(call.param("sha")).await.map_err(forge::Error::from)?;
    let (mut entries, mut truncated) = match call.query("recursive") {
        Some(_) => repo.list_all(&id, true, MOST_ENTRIES).await,
        None => repo.list(&id, "").await.map(|entries| (entries, false)),
    }
    .map_err(forge::Error::from)?;
    truncated |= entries.len() > MOST_ENTRIES;
    entries.truncate(MOST_ENTRIES);
    Ok(Answer::json(tree(api.forge().urls(), &repository.full_name(), &id, &entries, truncated)))
}

async fn make_tree(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let base = match call.text("base_tree") {
        Some(base) => Some(repo.tree_id(base).await.map_err(forge::Error::from)?),
        None => None,
    };
    let mut changes = Vec::new();
    for entry in call.json.get("tree").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| entry[name].as_str();
        let path = text("path").unwrap_or_default().to_owned();
        let mode = text("mode").unwrap_or("100644").to_owned();
        let oid = match (text("sha"), text("content")) {
            (Some(sha), _) if is_oid(sha) => {
                if mode != "160000" && repo.kind(sha).await.map_err(forge::Error::from)?.is_none() {
                    return Err(Problem::invalid("tree.sha", format!("there is no object {sha} here")));
                }
                Some(sha.to_owned())
            }
            (Some(sha), _) => return Err(Problem::invalid("tree.sha", format!("`{sha}` is no object's id"))),
            (None, Some(content)) => {
                Some(repo.write_blob(content.as_bytes().to_vec()).await.map_err(forge::Error::from)?)
            }
            (None, None) => None,
        };
        changes.push(TreeChange { path, entry: oid.map(|oid| (mode, oid)) });
    }
    let id = repo.change_tree(base.as_deref().or(Some(EMPTY_TREE)), &changes).await.map_err(forge::Error::from)?;
    let entries = repo.list(&id, "").await.map_err(forge::Error::from)?;
    Ok(Answer::created(tree(api.forge().urls(), &repository.full_name(), &id, &entries, false)))
}

async fn commit(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let commit = api.forge().git(repository.id).commit(sha(call)?).await;
    // Something that is no commit is no commit here either.
    let commit = commit.map_err(|_| Problem::not_found())?;
    Ok(Answer::json(git_commit(api.forge().urls(), &repository.full_name(), &commit)))
}

async fn make_commit(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let default = caller_as_author(api, call).await?;
    let now = default.seconds;
    let tree = call.required("tree")?;
    match repo.kind(tree).await.map_err(forge::Error::from)? {
        Some((ObjectKind::Tree, _)) if is_oid(tree) => {}
        _ => return Err(Problem::invalid("tree", "there is no such tree")),
    }
    let parents = call.texts("parents").unwrap_or_default();
    for parent in &parents {
        match repo.kind(parent).await.map_err(forge::Error::from)? {
            Some((ObjectKind::Commit, _)) if is_oid(parent) => {}
            _ => return Err(Problem::invalid("parents", format!("there is no commit {parent}"))),
        }
    }
    let author = person(call, "author", now)?.unwrap_or_else(|| default.clone());
    let committer = person(call, "committer", now)?.unwrap_or_else(|| author.clone());
    let message = call.required("message")?.to_owned();
    let new = NewCommit { tree: tree.to_owned(), parents, message, author, committer };
    let oid = repo.write_commit(&new).await.map_err(forge::Error::from)?;
    let commit = repo.commit(&oid).await.map_err(forge::Error::from)?;
    Ok(Answer::created(git_commit(api.forge().urls(), &repository.full_name(), &commit)))
}

async fn caller_as_author(api: &Api, call: &Call) -> Result<CommitAuthor> {
    Ok(api.forge().commit_author(actor(call)?.account_id).await?)
}

async fn tag(api: &Api, call: &mut Call) -> Result {
    let object = object(api, call, ObjectKind::Tag).await?;
    Ok(Answer::json(git_tag(api.forge().urls(), &call.repo()?.full_name(), &object)))
}

async fn make_tag(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let object = call.required("object")?;
    let kind = call.required("type")?;
    match repo.kind(object).await.map_err(forge::Error::from)? {
        Some((found, _)) if is_oid(object) && found.name() == kind => {}
        _ => return Err(Problem::invalid("object", format!("there is no {kind} {object}"))),
    }
    let name = call.required("tag")?;
    forge::git::check_ref_name(&format!("refs/tags/{name}")).map_err(|why| Problem::invalid("tag", why))?;
    let default = caller_as_author(api, call).await?;
    let tagger = person(call, "tagger", default.seconds)?.unwrap_or(default);
    let new = NewTag {
        name: name.to_owned(),
        object: object.to_owned(),
        kind: kind.to_owned(),
        message: call.required("message")?.to_owned(),
        tagger,
    };
    let oid = repo.write_tag(&new).await.map_err(forge::Error::from)?;
    let mut objects = repo.objects(&[&oid]).await.map_err(forge::Error::from)?;
    let object = objects.pop().ok_or_else(Problem::not_found)?;
    Ok(Answer::created(git_tag(api.forge().urls(), &repository.full_name(), &object)))
}

/// The ref of the path; what is there may be given with or without `refs/`.
fn ref_name(call: &Call) -> String {
    let name = call.param("ref").trim_matches('/');
    if name.starts_with("refs/") { name.to_owned() } else { format!("refs/{name}") }
}

async fn find(api: &Api, call: &Call) -> Result<GitRef> {
    let name = ref_name(call);
    let found = api.forge().git(call.repo()?.id).read_ref(&name).await.map_err(forge::Error::from)?;
    found.ok_or_else(Problem::not_found)
}

async fn one_ref(api: &Api, call: &mut Call) -> Result {
    let found = find(api, call).await?;
    Ok(Answer::json(git_ref(api.forge().urls(), &call.repo()?.full_name(), &found)))
}

async fn matching(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let prefix = ref_name(call);
    let refs = api.forge().git(repository.id).refs(&["refs/"]).await.map_err(forge::Error::from)?;
    let full_name = repository.full_name();
    let urls = api.forge().urls();
    let items =
        refs.iter().filter(|found| found.name.starts_with(&prefix)).map(|found| git_ref(urls, &full_name, found));
    Ok(Answer::whole(call, call.page(), items.collect()))
}

async fn make_ref(api: &Api, call: &mut Call) -> Result {
    let name = call.required("ref")?;
    if name.matches('/').count() < 2 {
        return Err(Problem::unprocessable("Reference name must start with 'refs' and have at least two slashes."));
    }
    let sha = call.required("sha")?;
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    if !is_oid(sha) || repo.kind(sha).await.map_err(forge::Error::from)?.is_none() {
        return Err(Problem::unprocessable("Object does not exist"));
    }
    if repo.read_ref(name).await.map_err(forge::Error::from)?.is_some() {
        return Err(Problem::unprocessable("Reference already exists"));
    }
    let change = RefChange { name: name.to_owned(), old: ZERO.to_owned(), new: sha.to_owned() };
    apply(api, call, &change).await?;
    let found = repo.read_ref(name).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?;
    Ok(Answer::created(git_ref(api.forge().urls(), &repository.full_name(), &found)))
}

async fn move_ref(api: &Api, call: &mut Call) -> Result {
    let found = find(api, call).await.map_err(|_| Problem::unprocessable("Reference does not exist"))?;
    let sha = call.required("sha")?;
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    if !is_oid(sha) || repo.kind(sha).await.map_err(forge::Error::from)?.is_none() {
        return Err(Problem::unprocessable("Object does not exist"));
    }
    let force = call.flag("force").unwrap_or(false);
    if !force && !repo.is_ancestor(found.commit(), sha).await.map_err(forge::Error::from)? {
        return Err(Problem::unprocessable("Update is not a fast forward"));
    }
    let change = RefChange { name: found.name.clone(), old: found.oid, new: sha.to_owned() };
    apply(api, call, &change).await?;
    let found = repo.read_ref(&found.name).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?;
    Ok(Answer::json(git_ref(api.forge().urls(), &repository.full_name(), &found)))
}

async fn delete_ref(api: &Api, call: &mut Call) -> Result {
    let found = find(api, call).await.map_err(|_| Problem::unprocessable("Reference does not exist"))?;
    if found.name == format!("refs/heads/{}", call.repo()?.default_branch) {
        return Err(Problem::unprocessable("Cannot delete the default branch"));
    }
    let change = RefChange { name: found.name, old: found.oid, new: ZERO.to_owned() };
    apply(api, call, &change).await?;
    Ok(Answer::empty())
}

async fn apply(api: &Api, call: &Call, change: &RefChange) -> Result<()> {
    let (repository, actor) = (call.repo()?, actor(call)?);
    api.forge().judge_change(repository, &actor, change).await?;
    Ok(api.forge().change_refs(repository, &actor, "api", Value::Null, std::slice::from_ref(change)).await?)
}
