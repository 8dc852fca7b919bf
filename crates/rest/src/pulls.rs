//! Pull requests.

use forge::pulls::{ChangePull, MergeMethod, MergePull, NewPull};
use forge::shape::file_diff;
use identity::{Level, Permission, Role};
use serde_json::{Value, json};
use store::issues::Issue;
use store::pulls::{Pull, PullFilter};

use crate::acting::actor;
use crate::conditions;
use crate::route::fields::{COMMIT, PULL};
use crate::{Access, Answer, Api, Call, Field, Gives, Kind, Media, Param, Problem, Result, Route, handler};

const READ: Access = Access::repo(Permission::PullRequests, Level::Read, Role::Read);
const SPEAK: Access = Access::repo(Permission::PullRequests, Level::Write, Role::Read);
/// Merging changes contents, whatever else it does.
const MERGE: Access = Access::repo(Permission::Contents, Level::Write, Role::Write);

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/repos/{owner}/{repo}/pulls", READ, handler!(list), "Pull requests, newest first.")
        .params(&[
            Param::text("state", "`open`, `closed` or `all`"),
            Param::text("head", "`owner:branch`"),
            Param::text("base", "a branch"),
            Param::text("sort", "`created` or `updated`"),
            Param::text("direction", "`asc` or `desc`"),
        ])
        .list(PULL),
    Route::post("/repos/{owner}/{repo}/pulls", SPEAK, handler!(create), "Opens a pull request.")
        .body(&[
            Field::new("title", Kind::String),
            Field::nullable("body", Kind::String),
            Field::required("head", Kind::String),
            Field::new("head_repo", Kind::String),
            Field::required("base", Kind::String),
            Field::new("draft", Kind::Boolean),
            Field::new("maintainer_can_modify", Kind::Boolean),
        ])
        .gives(201, Gives::Object(PULL)),
    Route::get("/repos/{owner}/{repo}/pulls/{number}", READ, handler!(get), "A pull request.").gives(200, Gives::Bytes),
    Route::patch("/repos/{owner}/{repo}/pulls/{number}", SPEAK, handler!(change), "Changes a pull request.")
        .body(&[
            Field::nullable("title", Kind::String),
            Field::nullable("body", Kind::String),
            Field::new("state", Kind::Choice(&["open", "closed"])),
            Field::new("base", Kind::String),
            Field::new("draft", Kind::Boolean),
            Field::new("maintainer_can_modify", Kind::Boolean),
        ])
        .gives(200, Gives::Object(PULL)),
    Route::get("/repos/{owner}/{repo}/pulls/{number}/commits", READ, handler!(commits), "Commits of a pull request.")
        .list(COMMIT),
    Route::get("/repos/{owner}/{repo}/pulls/{number}/files", READ, handler!(files), "Changes of a pull request.")
        .list(&[]),
    Route::get("/repos/{owner}/{repo}/pulls/{number}/merge", READ, handler!(is_merged), "Whether it has been merged.")
        .gives(204, Gives::Nothing),
    Route::put("/repos/{owner}/{repo}/pulls/{number}/merge", MERGE, handler!(merge), "Merges a pull request.").body(&[
        Field::nullable("commit_title", Kind::String),
        Field::nullable("commit_message", Kind::String),
        Field::nullable("sha", Kind::String),
        Field::new("merge_method", Kind::Choice(&["merge", "squash", "rebase"])),
    ]),
    Route::put(
        "/repos/{owner}/{repo}/pulls/{number}/update-branch",
        Access::repo(Permission::PullRequests, Level::Write, Role::Write),
        handler!(update_branch),
        "Takes the newest base into the head.",
    )
    .body(&[Field::nullable("expected_head_sha", Kind::String)])
    .gives(202, Gives::Object(&[])),
];

/// A pull request with everything.
pub(crate) async fn whole(api: &Api, call: &Call, issue: &Issue, pull: &Pull) -> Result<Value> {
    let forge = api.forge();
    Ok(forge.whole_pull(&mut forge.shape(), call.repo()?, issue, pull).await?)
}

pub(crate) async fn find(api: &Api, call: &Call) -> Result<(Issue, Pull)> {
    Ok(api.forge().pull(call.repo()?, call.id("number")?).await?)
}

async fn list(api: &Api, call: &mut Call) -> Result {
    let (page, repository) = (call.page(), call.repo()?);
    let head = match call.query("head") {
        None => None,
        Some(text) => match text.split_once(':') {
            None => Some((None, text)),
            Some((owner, branch)) => {
                let mut query = api.store().read();
                let own = owner.eq_ignore_ascii_case(&repository.owner);
                let root = repository.fork_root.unwrap_or(repository.id);
                let found = match store::users::by_login(&mut query, owner).await? {
                    _ if own => Some(repository.id),
                    Some(user) => store::repositories::of_owner(&mut query, user.id)
                        .await?
                        .into_iter()
                        .find(|candidate| candidate.id == root || candidate.fork_root == Some(root))
                        .map(|candidate| candidate.id),
                    None => None,
                };
                match found {
                    Some(id) => Some((Some(id), branch)),
                    None => return Ok(Answer::page(call, page, Vec::new())),
                }
            }
        },
    };
    let filter = PullFilter {
        state: Some(call.query("state").unwrap_or("open")).filter(|state| *state != "all"),
        base: call.query("base"),
        head,
        sort: call.query("sort").unwrap_or("created"),
        ascending: call.query("direction") == Some("asc"),
    };
    let mut query = api.store().read();
    let pulls = store::pulls::list(&mut query, repository.id, &filter, page.sql_limit(), page.sql_offset()).await?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for pull in &pulls {
        if let Some(issue) = store::issues::by_id(&mut query, pull.issue_id).await? {
            items.push(shape.pull(repository, &issue, pull).await?);
        }
    }
    Ok(Answer::page(call, page, items))
}

async fn create(api: &Api, call: &mut Call) -> Result {
    let new = NewPull {
        title: call.text("title").unwrap_or_default(),
        body: call.text("body").unwrap_or_default(),
        head: call.required("head")?,
        head_repo: call.text("head_repo"),
        base: call.required("base")?,
        draft: call.flag("draft").unwrap_or(false),
        maintainer_can_modify: call.flag("maintainer_can_modify").unwrap_or(true),
    };
    let (issue, pull) = api.forge().create_pull(call.repo()?, &call.caller, &actor(call)?, &new).await?;
    Ok(Answer::created(whole(api, call, &issue, &pull).await?))
}

async fn get(api: &Api, call: &mut Call) -> Result {
    let (issue, pull) = find(api, call).await?;
    let repo = api.forge().git(call.repo()?.id);
    match call.media {
        Media::Diff => {
            let text = repo.diff_text(&pull.base_sha, &pull.head_sha).await.map_err(forge::Error::from)?;
            Ok(Answer::bytes("application/vnd.github.diff; charset=utf-8", text))
        }
        Media::Patch => {
            let base = api.forge().pull_base(&pull).await?;
            let text = repo.patch_text(&base, &pull.head_sha).await.map_err(forge::Error::from)?;
            Ok(Answer::bytes("application/vnd.github.patch; charset=utf-8", text))
        }
        _ => Ok(Answer::json(whole(api, call, &issue, &pull).await?)),
    }
}

async fn change(api: &Api, call: &mut Call) -> Result {
    let (issue, _) = find(api, call).await?;
    let only_state = call.json.keys().all(|name| name == "state");
    call.allow(api, conditions::change_pull(&issue, &call.caller, only_state)).await?;
    let change = ChangePull {
        title: call.text("title").map(str::to_owned),
        body: call.text("body").map(str::to_owned),
        state: call.text("state").map(str::to_owned),
        base: call.text("base").map(str::to_owned),
        draft: call.flag("draft"),
        maintainer_can_modify: call.flag("maintainer_can_modify"),
    };
    let (issue, pull) = api.forge().change_pull(call.repo()?, &actor(call)?, issue.number, change).await?;
    Ok(Answer::json(whole(api, call, &issue, &pull).await?))
}

async fn commits(api: &Api, call: &mut Call) -> Result {
    let (_, pull) = find(api, call).await?;
    let repository = call.repo()?;
    let base = api.forge().pull_base(&pull).await?;
    let repo = api.forge().git(repository.id);
    let order = forge::git::Order::OldestFirst;
    let commits = repo.commits_between(Some(&base), &pull.head_sha, 250, order).await.map_err(forge::Error::from)?;
    let mut shape = api.forge().shape();
    let mut items = Vec::new();
    for commit in &commits {
        items.push(shape.commit(repository, commit).await?);
    }
    Ok(Answer::whole(call, call.page(), items))
}

async fn files(api: &Api, call: &mut Call) -> Result {
    let (_, pull) = find(api, call).await?;
    let repository = call.repo()?;
    let base = api.forge().pull_base(&pull).await?;
    let files = api.forge().git(repository.id).diff_files(&base, &pull.head_sha).await.map_err(forge::Error::from)?;
    let (urls, full_name) = (api.forge().urls(), repository.full_name());
    let items = files.iter().take(3000).map(|file| file_diff(urls, &full_name, &pull.head_sha, file)).collect();
    Ok(Answer::whole(call, call.page(), items))
}

async fn is_merged(api: &Api, call: &mut Call) -> Result {
    let (_, pull) = find(api, call).await?;
    if pull.merged { Ok(Answer::empty()) } else { Err(Problem::not_found()) }
}

async fn merge(api: &Api, call: &mut Call) -> Result {
    let number = call.id("number")?;
    let wanted = MergePull {
        method: MergeMethod::parse(call.text("merge_method").unwrap_or("merge"))?,
        title: call.text("commit_title"),
        message: call.text("commit_message"),
        sha: call.text("sha"),
    };
    let sha = api.forge().merge_pull(call.repo()?, &actor(call)?, number, &wanted).await?;
    Ok(Answer::json(json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

async fn update_branch(api: &Api, call: &mut Call) -> Result {
    let number = call.id("number")?;
    let expected = call.text("expected_head_sha");
    api.forge().update_branch(call.repo()?, &call.caller, number, expected).await?;
    let url = format!("{}/pulls/{number}", api.forge().urls().repo(&call.repo()?.full_name()));
    Ok(Answer::accepted(json!({ "message": "Updating pull request branch.", "url": url })))
}
