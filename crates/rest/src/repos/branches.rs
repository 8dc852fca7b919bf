//! Branches and tags, and merging one branch into another.

use forge::RefChange;
use forge::git::ZERO;
use forge::protection::Protections;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};

use crate::acting::actor;
use crate::route::fields::{BRANCH, COMMIT};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::Contents, Level::Read, Role::Read);
const WRITE: Access = Access::repo(Permission::Contents, Level::Write, Role::Write);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/branches", READ, handler!(list), "Branches of a repository.")
        .params(&[Param::text("protected", "`true` or `false`: only these")])
        .list(BRANCH),
    Route::get("/repos/{owner}/{repo}/branches/{branch}", READ, handler!(get), "A branch with its commit.")
        .gives(200, Gives::Object(BRANCH)),
    Route::post(
        "/repos/{owner}/{repo}/branches/{branch}/rename",
        WRITE,
        handler!(rename),
        "Gives a branch another name.",
    )
    .body(&[Field::required("new_name", Kind::String)])
    .gives(201, Gives::Object(BRANCH)),
    Route::get("/repos/{owner}/{repo}/tags", READ, handler!(tags), "Tags of a repository.").list(&[]),
    Route::post("/repos/{owner}/{repo}/merges", WRITE, handler!(merge), "Merges a branch into another.")
        .body(&[
            Field::required("base", Kind::String),
            Field::required("head", Kind::String),
            Field::new("commit_message", Kind::String),
        ])
        .gives(201, Gives::Object(COMMIT)),
];

async fn list(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let protections = Protections::of(api.forge(), repository).await?;
    let wanted = call.query("protected").and_then(|text| text.parse::<bool>().ok());
    let base = api.forge().urls().repo(&repository.full_name());
    let mut items = Vec::new();
    for branch in api.forge().git(repository.id).refs(&["refs/heads/"]).await.map_err(forge::Error::from)? {
        let name = branch.name.trim_start_matches("refs/heads/");
        let protected = protections.of_branch(name).is_some();
        if wanted.is_none_or(|wanted| wanted == protected) {
            items.push(json!({
                "name": name,
                "commit": { "sha": branch.oid, "url": format!("{base}/commits/{}", branch.oid) },
                "protected": protected,
                "protection": super::protection::summary(protections.of_branch(name)),
                "protection_url": format!("{base}/branches/{name}/protection"),
            }));
        }
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    Ok(Answer::json(shape(api, call, call.param("branch")).await?))
}

async fn shape(api: &Api, call: &Call, name: &str) -> Result<Value> {
    let repository = call.repo()?;
    let repo = api.forge().git(repository.id);
    let oid = repo.ref_oid(&format!("refs/heads/{name}")).await.map_err(forge::Error::from)?;
    let oid = oid.ok_or_else(|| Problem::new(axum::http::StatusCode::NOT_FOUND, "Branch not found"))?;
    let commit = repo.commit(&oid).await.map_err(forge::Error::from)?;
    let protections = Protections::of(api.forge(), repository).await?;
    let base = api.forge().urls().repo(&repository.full_name());
    let page = api.forge().urls().page(&repository.full_name());
    Ok(json!({
        "name": name,
        "commit": api.forge().shape().commit(repository, &commit).await?,
        "_links": { "self": format!("{base}/branches/{name}"), "html": format!("{page}/tree/{name}") },
        "protected": protections.of_branch(name).is_some(),
        "protection": super::protection::summary(protections.of_branch(name)),
        "protection_url": format!("{base}/branches/{name}/protection"),
    }))
}

async fn rename(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let (old, new) = (call.param("branch"), call.required("new_name")?);
    forge::names::check_branch(new)?;
    let is_default = old == repository.default_branch;
    if is_default {
        call.allow(api, identity::Need::new(Permission::Administration, Level::Write)).await?;
    }
    let repo = api.forge().git(repository.id);
    let name = format!("refs/heads/{old}");
    let oid = repo.ref_oid(&name).await.map_err(forge::Error::from)?.ok_or_else(Problem::not_found)?;
    let actor = actor(call)?;
    let make = RefChange { name: format!("refs/heads/{new}"), old: ZERO.to_owned(), new: oid.clone() };
    let drop = RefChange { name, old: oid, new: ZERO.to_owned() };
    // By then the new one is the default branch.
    let default_branch = if is_default { new.to_owned() } else { repository.default_branch.clone() };
    let renamed = store::repositories::Repository { default_branch, ..repository.clone() };
    for change in [&make, &drop] {
        api.forge().judge_change(&renamed, &actor, change).await?;
    }
    // The new one is there before the default branch becomes it, the old one goes last.
    api.forge().change_refs(repository, &actor, "api", Value::Null, &[make]).await?;
    if is_default {
        let change =
            forge::repositories::ChangeRepository { default_branch: Some(new.to_owned()), ..Default::default() };
        api.forge().change_repository(&call.caller, &actor, repository, change).await?;
    }
    api.forge().change_refs(repository, &actor, "api", Value::Null, &[drop]).await?;
    Ok(Answer::created(shape(api, call, new).await?))
}

async fn tags(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let base = api.forge().urls().repo(&repository.full_name());
    let tags = api.forge().git(repository.id).refs(&["refs/tags/"]).await.map_err(forge::Error::from)?;
    let items = tags
        .iter()
        .rev()
        .map(|tag| {
            let name = tag.name.trim_start_matches("refs/tags/");
            json!({
                "name": name,
                "commit": { "sha": tag.commit(), "url": format!("{base}/commits/{}", tag.commit()) },
                "zipball_url": format!("{base}/zipball/refs/tags/{name}"),
                "tarball_url": format!("{base}/tarball/refs/tags/{name}"),
                "node_id": tag.name,
            })
        })
        .collect();
    Ok(Answer::whole(call, call.page(), items))
}

async fn merge(api: &Api, call: &mut Call) -> Result {
    let repository = call.repo()?;
    let (base, head) = (call.required("base")?, call.required("head")?);
    let actor = actor(call)?;
    match api.forge().merge_branches(repository, &actor, base, head, call.text("commit_message")).await? {
        Some(sha) => {
            let commit = api.forge().git(repository.id).commit(&sha).await.map_err(forge::Error::from)?;
            Ok(Answer::created(api.forge().shape().commit(repository, &commit).await?))
        }
        None => Ok(Answer::empty()),
    }
}
